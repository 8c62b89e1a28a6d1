"""The live channel: server-sent events that say only that something changed; polling goes on without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import httpx

from app.domain.errors import GuideError, Rejected, Unauthorized
from app.sync.backoff import Backoff
from app.sync.transport import EVENTS

SILENCE_S = 60.0


class Live:
    """Listens while it runs.

    Args:
        http: From `make_http`.
        auth: Adds tokens.
        poked: Called for each event.
        reached: Called with whether the server could be reached, when the channel opens and when it does not: a phone
            that lost its network knows within seconds, not at its next poll. A channel that only broke says nothing,
            for a server that starts anew breaks all of them at once.
        random: Jitter.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        auth: httpx.Auth | None,
        poked: Callable[[], None],
        reached: Callable[[bool], None],
        random: Random,
    ) -> None:
        self._http = http
        self._auth = httpx.USE_CLIENT_DEFAULT if auth is None else auth
        self._poked = poked
        self._reached = reached
        self._open = False
        self._backoff = Backoff(random, first_s=2.0)

    async def run(self) -> None:
        """Listen for ever; after a break wait a while and listen again. Ends when the session does."""
        while True:
            try:
                await self._listen()
                wait = self._backoff.failed()
            except Unauthorized:
                return
            except Rejected:  # a server without the channel: polling is enough
                return
            except GuideError as exc:
                if not self._open:
                    self._reached(False)
                wait = self._backoff.failed(getattr(exc, "retry_after_s", None))
            await asyncio.sleep(wait)

    async def _listen(self) -> None:
        self._open = False
        timeout = httpx.Timeout(10.0, read=SILENCE_S)
        request = self._http.build_request("GET", "/api/sync/live", headers={"Accept": EVENTS}, timeout=timeout)
        response = await self._http.send(request, stream=True, auth=self._auth)
        try:
            async for line in response.aiter_lines():
                self._backoff.reset()
                if not self._open:
                    self._open = True
                    self._reached(True)
                if line.startswith("data:"):
                    self._poked()
        finally:
            await response.aclose()
