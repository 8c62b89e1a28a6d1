"""Push: the outbox in order, in batches; the server's answer is only a hint, the pull confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from app.domain.errors import ProtocolFault
from app.protocol.limits import BODY_MAX_BYTES, PUSH_BATCH
from app.store import Store, numbers, outbox
from app.store.json_text import dumps
from app.store.outbox import Pending
from app.sync.wire import push_body, read_body

HEADROOM_BYTES = 50_000


class Push:
    """Sends what waits."""

    def __init__(self, store: Store, http: httpx.AsyncClient, auth: httpx.Auth | None, profile: str) -> None:
        self._store = store
        self._http = http
        self._auth = httpx.USE_CLIENT_DEFAULT if auth is None else auth
        self._profile = profile

    async def run(self) -> int:
        """Send everything that waits once; return how many mutations went out.

        Raises:
            Unavailable, Unauthorized: nothing is lost, all stays queued until a pull confirms it.
            ProtocolFault: `mutation_gap` or `mutation_reused`: see `SyncEngine`.
        """
        sent = after = 0
        while batch := await self._store.query_in_thread(outbox.pending, PUSH_BATCH, after):
            batch = _fitting(batch)
            await self._send(batch)
            sent += len(batch)
            after = batch[-1].id
        return sent

    async def _send(self, batch: Sequence[Pending]) -> None:
        who = await self._store.write(outbox.identity)
        await asyncio.to_thread(numbers.sending, self._store.folder, who.client_id, batch[-1].id)
        body = dumps(push_body(who, batch, self._profile))
        headers = {"Content-Type": "application/json"}
        response = await self._http.post("/api/sync/push", content=body, headers=headers, auth=self._auth)
        answer = read_body(response.content)
        for result in answer.get("results") or ():
            if isinstance(result, dict) and result.get("code") in ("mutation_gap", "mutation_reused"):
                raise ProtocolFault(str(result["code"]))


def _fitting(batch: list[Pending]) -> list[Pending]:
    """Return as many of the first as fit the server's body limit, at least one."""
    size, fitting = 0, 0
    for one in batch:
        size += len(dumps(one.args).encode()) + 200
        if size > BODY_MAX_BYTES - HEADROOM_BYTES and fitting:
            break
        fitting += 1
    return batch[:fitting]
