"""The live channel: names of buckets that changed, so that phones pull at once.

On SQLite a dedicated connection watches `PRAGMA data_version` (6 microseconds), which moves with every
commit of every other connection: commands in other processes wake the phones too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

from sqlalchemy import Connection, select

from server_stub import tables as t
from server_stub.db import Database

POLL_S = 0.25
POLL_SERVER_S = 1.0
HEARTBEAT_S = 15.0


class Live:
    """One watcher for all subscribers of a process; it runs only while somebody listens."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._subscribers: dict[asyncio.Queue[str], frozenset[str]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._heads: dict[str, int] = {}

    async def stream(self, buckets: Iterable[str], life_s: float) -> AsyncIterator[str]:
        """Yield server-sent events for these buckets until `life_s` is over."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._subscribers[queue] = frozenset(buckets)
        self._ensure_watcher()
        ends_at = asyncio.get_running_loop().time() + life_s
        try:
            yield ": ready\n\n"
            while (left_s := ends_at - asyncio.get_running_loop().time()) > 0:
                yield await self._next(queue, min(HEARTBEAT_S, left_s))
        finally:
            del self._subscribers[queue]
            self._stop_if_idle()

    async def _next(self, queue: asyncio.Queue[str], wait_s: float) -> str:
        try:
            names = {await asyncio.wait_for(queue.get(), wait_s)}
        except TimeoutError:
            return ": beat\n\n"
        while not queue.empty():
            names.add(queue.get_nowait())
        return f"event: poke\ndata: {' '.join(sorted(names))}\n\n"

    def _ensure_watcher(self) -> None:
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.get_running_loop().create_task(self._watch())

    def _stop_if_idle(self) -> None:
        if not self._subscribers and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        conn = self.db.connect_without_transaction()
        try:
            self._heads = self._read_heads(conn)
            seen = self._change_mark(conn)
            while True:
                await asyncio.sleep(POLL_S if self.db.is_sqlite else POLL_SERVER_S)
                mark = self._change_mark(conn)
                if mark != seen or not self.db.is_sqlite:
                    seen = mark
                    self._tell(self._read_heads(conn))
        finally:
            with suppress(Exception):  # the loop is ending; the pool discards a connection it cannot reset
                conn.close()

    def _change_mark(self, conn: Connection) -> int:
        if not self.db.is_sqlite:
            return 0
        return int(conn.exec_driver_sql("PRAGMA data_version").scalar_one())

    def _read_heads(self, conn: Connection) -> dict[str, int]:
        wanted = frozenset().union(*self._subscribers.values())
        rows = conn.execute(select(t.bucket.c.id, t.bucket.c.ver).where(t.bucket.c.id.in_(wanted)))
        return {row.id: row.ver for row in rows}

    def _tell(self, heads: dict[str, int]) -> None:
        changed = {bucket for bucket, ver in heads.items() if self._heads.get(bucket) != ver}
        self._heads = heads
        for queue, buckets in self._subscribers.items():
            for bucket in changed & buckets:
                queue.put_nowait(bucket)
