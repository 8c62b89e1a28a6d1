"""The live channel: names of buckets that changed, so that phones pull at once.

On SQLite a dedicated connection watches `PRAGMA data_version` (6 microseconds), which moves with every
commit of every other connection: commands in other processes wake the phones too. On PostgreSQL one connection
of the process listens to what every committing process notifies; while it is away, the bucket heads are polled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from server_stub import tables as t
from server_stub.db import ANYTHING, CHANNEL, CONNECT_TIMEOUT_S, Database
from server_stub.sync import epoch

POLL_S = 0.25
POLL_SERVER_S = 1.0  # while nobody listens
LOOK_ROUND_S = 30.0  # while somebody does: a process may die between its commit and its notification
RECONNECT_FIRST_S = 1.0
RECONNECT_LAST_S = 30.0
HEARTBEAT_S = 15.0
log = structlog.get_logger("live")


class Live:
    """One watcher for all subscribers of a process; it runs only while somebody listens."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._subscribers: dict[asyncio.Queue[str], frozenset[str]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._watching = asyncio.Event()
        self._heads: dict[str, int | None] = {}  # None: told by name, its version is not known

    async def stream(self, buckets: Iterable[str], life_s: float) -> AsyncIterator[str]:
        """Yield server-sent events for these buckets until `life_s` is over; after the first, no commit is missed."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._subscribers[queue] = frozenset(buckets)
        self._ensure_watcher()
        ends_at = asyncio.get_running_loop().time() + life_s
        try:
            await self._watching.wait()
            await self._note(self._subscribers[queue] - self._heads.keys())
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
            self._watching = asyncio.Event()
            watch = self._watch_file() if self.db.is_sqlite else self._watch_server()
            self._watcher = asyncio.get_running_loop().create_task(watch)

    def _stop_if_idle(self) -> None:
        if not self._subscribers and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    # --- SQLite --------------------------------------------------------------------------------

    async def _watch_file(self) -> None:
        conn = self.db.connect_without_transaction()
        try:
            seen = self._change_mark(conn)
            self._watching.set()
            while True:
                await asyncio.sleep(POLL_S)
                mark = self._change_mark(conn)
                if mark != seen:
                    seen = mark
                    self._tell(_read_heads(conn, self._wanted()))
        finally:
            with suppress(Exception):  # the loop is ending; the pool discards a connection it cannot reset
                conn.close()

    def _change_mark(self, conn: Connection) -> int:
        return int(conn.exec_driver_sql("PRAGMA data_version").scalar_one())

    # --- PostgreSQL ----------------------------------------------------------------------------

    async def _watch_server(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while True:
            try:
                async with await self._connect() as conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    if self._watching.is_set():  # it was away: perhaps it came back as an older copy
                        await asyncio.to_thread(epoch.check, self.db)
                    await self._look_round()  # what was committed while nobody listened
                    self._watching.set()
                    pause_s = RECONNECT_FIRST_S
                    await self._listen(conn)
            except (psycopg.Error, SQLAlchemyError, OSError) as exc:
                log.warning("not_listening", kind=type(exc).__name__, again_in_s=pause_s)
            await self._poll(pause_s)
            pause_s = min(RECONNECT_LAST_S, 2 * pause_s)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        dialect, url = self.db.engine.dialect, self.db.engine.url
        args, options = dialect.create_connect_args(url)
        options["connect_timeout"] = CONNECT_TIMEOUT_S
        return await psycopg.AsyncConnection.connect(*args, **options, autocommit=True)

    async def _listen(self, conn: psycopg.AsyncConnection[Any]) -> None:
        """Pass on what is notified; in quiet times look round, which also finds a connection that died silently."""
        while True:
            told = False
            async for note in conn.notifies(timeout=LOOK_ROUND_S, stop_after=1):
                told = True
                await self._hear(note.payload)
            if not told:
                await conn.execute("SELECT 1")
                await self._look_round()

    async def _hear(self, payload: str) -> None:
        if payload == ANYTHING:
            await self._look_round()
            return
        changed = frozenset(payload.split("\n"))
        self._heads.update(dict.fromkeys(changed & self._heads.keys()))
        self._wake(changed)

    async def _poll(self, for_s: float) -> None:
        """Compare the heads each second for a while: what the phones have as long as nobody listens."""
        left_s = for_s
        while left_s > 0:
            with suppress(SQLAlchemyError):  # the database itself is away: there is nothing to tell
                await self._look_round()
            self._watching.set()
            await asyncio.sleep(min(POLL_SERVER_S, left_s))
            left_s -= POLL_SERVER_S

    async def _look_round(self) -> None:
        self._tell(await asyncio.to_thread(self._read, self._wanted()))

    # --- both ----------------------------------------------------------------------------------

    async def _note(self, newcomers: frozenset[str]) -> None:
        """Remember where buckets stand that nobody watched: they are told what comes, not what is."""
        if newcomers:
            found = await asyncio.to_thread(self._read, newcomers)
            self._heads = {**found, **self._heads}

    def _read(self, wanted: frozenset[str]) -> dict[str, int]:
        with self.db.connect_without_transaction() as conn:
            return _read_heads(conn, wanted)

    def _wanted(self) -> frozenset[str]:
        return frozenset().union(*self._subscribers.values())

    def _tell(self, heads: Mapping[str, int]) -> None:
        before = self._heads
        self._heads = dict(heads)
        self._wake(frozenset(one for one, ver in heads.items() if before.get(one) not in (ver, None)))

    def _wake(self, changed: frozenset[str]) -> None:
        for queue, buckets in self._subscribers.items():
            for bucket in changed & buckets:
                queue.put_nowait(bucket)


def _read_heads(conn: Connection, wanted: frozenset[str]) -> dict[str, int]:
    """Return each bucket's version, 0 for one that holds nothing yet."""
    rows = conn.execute(select(t.bucket.c.id, t.bucket.c.ver).where(t.bucket.c.id.in_(wanted)))
    return {**dict.fromkeys(wanted, 0), **{row.id: row.ver for row in rows}}
