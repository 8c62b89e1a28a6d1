"""Pull: page by page, each page committed with its cookie, so that an interrupted one goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.domain.errors import GuideError, LocalFault, ProtocolFault
from app.domain.instants import from_text, to_text
from app.store import SYNC, Store, WriteTx, erase, indexes, outbox
from app.store.outbox import Identity
from app.sync import rebase, sanity
from app.sync.clock import ServerClock
from app.sync.rebase import Replay
from app.sync.status import Progress
from app.sync.wire import Page, pull_body, read_page

MAX_STALE = 3


@dataclass(frozen=True, slots=True)
class _Start:
    who: Identity
    cookie: Any


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The next page on its way."""

    start: _Start
    answer: asyncio.Task[Page]

    async def drop(self) -> None:
        """Forget it, whatever becomes of it."""
        self.answer.cancel()
        await asyncio.gather(self.answer, return_exceptions=True)


class Pull:
    """Fetches patches until there are no more."""

    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        auth: httpx.Auth | None,
        clock: ServerClock,
        replay: Replay,
        profile: str,
        progress: Callable[[Progress | None], None],
        on_lease: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._http = http
        self._auth = httpx.USE_CLIENT_DEFAULT if auth is None else auth
        self._clock = clock
        self._replay = replay
        self._profile = profile
        self._progress = progress
        self._on_lease = on_lease

    async def run(self) -> int:
        """Pull to the end; return how many rows changed.

        Raises:
            Unavailable, Unauthorized: the pages so far are kept.
            ProtocolFault: `version_too_old`, or answers that never fit.
        """
        changed = stale = 0
        ahead: _Ahead | None = None
        try:
            while True:
                start = ahead.start if ahead else await self._start()
                page = await (ahead.answer if ahead else self._fetch(start))
                ahead = self._look_ahead(start, page)
                taken, complete = await self._save(start, page)
                if not taken and ahead is not None:
                    await ahead.drop()
                    ahead = None
                changed += len(page.patch) if taken else 0
                stale = 0 if taken else stale + 1
                if stale >= MAX_STALE:
                    raise ProtocolFault("sanity_mismatch", "every answer was older than what is known here")
                if complete:
                    await self._finish(page)
                    return changed
        except GuideError:
            await self._bring_indexes_back()
            raise
        finally:
            self._progress(None)
            if ahead is not None:
                await ahead.drop()

    async def _bring_indexes_back(self) -> None:
        """Make the indexes again that a load put aside which did not come to its end; most pulls put none aside."""
        with contextlib.suppress(LocalFault):
            if self._store.read.meta(indexes.ASIDE):
                await self._store.write(indexes.bring_back, priority=SYNC)

    async def _finish(self, page: Page) -> None:
        """Take the lease, and let the files lose what an erased customer left in them."""
        if page.lease and self._on_lease is not None:
            self._on_lease(page.lease)
        if self._store.read.meta(erase.RESIDUE) and await self._store.checkpoint():
            await self._store.write(lambda tx: tx.set_meta(erase.RESIDUE, None), priority=SYNC)

    async def _start(self) -> _Start:
        return await self._store.write(lambda tx: _Start(outbox.identity(tx), tx.meta("cookie")), priority=SYNC)

    async def _fetch(self, start: _Start) -> Page:
        body = pull_body(start.who, start.cookie, self._profile)
        response = await self._http.post("/api/sync/pull", json=body, auth=self._auth)
        page = read_page(response.content)
        if page.total:
            self._progress(Progress(page.done, page.total))
        return page

    def _look_ahead(self, start: _Start, page: Page) -> _Ahead | None:
        """Ask for the next page while this one is being saved; it is dropped should this one turn out stale."""
        if not page.more or page.cookie is None:
            return None
        after = _Start(start.who, page.cookie)
        return _Ahead(after, asyncio.create_task(self._fetch(after), name="sync-ahead"))

    async def _save(self, start: _Start, page: Page) -> tuple[bool, bool]:
        offset = self._clock.heard(from_text(page.server_time)) if page.server_time else None
        return await self._store.write(lambda tx: self._take(tx, page, start.cookie, offset), priority=SYNC)

    def _take(self, tx: WriteTx, page: Page, sent_cookie: Any, offset: float | None) -> tuple[bool, bool]:
        if not rebase.apply_page(tx, page, sent_cookie, self._replay):
            return False, False
        if offset is not None:
            tx.set_meta("server_time", page.server_time)
            tx.set_meta("clock_offset_s", offset)
        if page.more:
            return True, False
        if page.sums and not sanity.check(tx, page.sums, self._clock.now()):
            return True, False
        tx.set_meta("complete", True)
        tx.set_meta("last_sync_at", to_text(self._clock.now()))
        return True, True
