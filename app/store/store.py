"""The local database of one member of staff on one device.

One writer connection on one thread, first in first out within a priority: a tap overtakes the queued pages of
a pull. One `query_only` connection for the loop, and one for the reader thread. After each commit the loop is
told which objects were touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from app.domain.errors import GuideError, LocalFault
from app.store import indexes, numbers, unpark
from app.store.json_text import JsonDamage
from app.store.read import Read
from app.store.schema import bring
from app.store.sealing import Sealer
from app.store.tx import WriteTx

P = ParamSpec("P")
R = TypeVar("R")
Notice = Callable[[frozenset[str]], None]

TAP = 0
SYNC = 10
FILE_NAME = "store.db"
MARK = "DAMAGED"
DAMAGED = "database_damaged"
WRITER_PRAGMAS = (
    "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "recursive_triggers = ON",
    "cache_size = -8000", "wal_autocheckpoint = 2000",  # kB and pages: a page of a pull fits in, and is written once
)  # fmt: skip


class Touched(frozenset[str]):
    """The objects a commit touched; `ids` names their rows, None = any of them."""

    ids: dict[str, frozenset[str] | None]

    @classmethod
    def of(cls, touched: dict[str, set[str] | None]) -> Touched:
        """Return the notice of a finished transaction."""
        made = cls(touched)
        made.ids = {name: None if ids is None else frozenset(ids) for name, ids in touched.items()}
        return made


@dataclass(order=True)
class _Job:
    priority: int
    order: int
    run: Callable[[], None] | None = field(compare=False)


class Store:
    """The local rows: `write` changes them in one transaction, `read` shows them, `subscribe` tells of commits."""

    def __init__(self, folder: Path, sealer: Sealer, writer: sqlite3.Connection) -> None:
        self.folder = folder
        self.sealer = sealer
        self.read = Read(_reader(folder), sealer)
        self._background = Read(_reader(folder), sealer)
        self._writer = writer
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._order = itertools.count()
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, Notice]] = {}
        self._tokens = itertools.count()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="store-reader")

    @classmethod
    def open(cls, folder: Path, sealer: Sealer) -> Store:
        """Open or create the store of a folder and bring its schema to this version.

        Raises:
            LocalFault: `database_damaged` or `disk_full`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        writer = None
        try:
            looked_over = _SOUND.pop(folder, None) == _stamp(folder)
            writer = _writer(folder)
            if not looked_over:
                _check(writer)
            bring(writer)
            store = cls(folder, sealer, writer)
        except Exception as exc:  # whatever the schema's own steps stumble over, the schema is not what we wrote
            if writer is not None:
                writer.close()
            fault = _fault(exc)
            passing = fault.code != "internal" or "locked" in fault.detail or "unable to open" in fault.detail
            raise (fault if passing else LocalFault(DAMAGED, fault.detail)) from exc
        try:
            store.submit(store._prepare).result()
        except BaseException:
            store.close()
            raise
        return store

    async def write(self, change: Callable[[WriteTx], R], *, priority: int = TAP) -> R:
        """Run `change` in one transaction on the writer thread and return its answer.

        Raises:
            LocalFault: the disk is full or the file is damaged; nothing was written.
        """
        return await asyncio.wrap_future(self.submit(change, priority=priority))

    def submit(self, change: Callable[[WriteTx], R], *, priority: int = TAP) -> Future[R]:
        """Queue `change` for the writer thread."""
        if self._closed:
            raise LocalFault("internal", "the store is closed")
        done: Future[R] = Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(self._transact(change))
            except BaseException as exc:  # handed over to who waits, never lost
                done.set_exception(exc)

        self._jobs.put(_Job(priority, next(self._order), run))
        return done

    def query(self, query: Callable[Concatenate[Read, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query on the loop's own connection (for what takes under 5 ms).

        Raises:
            LocalFault: the file is damaged.
        """
        return self._run(lambda: query(self.read, *args, **kwargs))

    async def query_in_thread(self, query: Callable[Concatenate[Read, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a slower query on the reader thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, lambda: self._run(lambda: query(self._background, *args, **kwargs))
        )

    def subscribe(self, notice: Notice) -> Callable[[], None]:
        """Call `notice(objects)` on the running loop after each commit; return what ends it."""
        token = next(self._tokens)
        self._listeners[token] = (asyncio.get_running_loop(), notice)
        return lambda: self._listeners.pop(token, None) and None

    def close(self) -> None:
        """Finish what is queued, then close; closing twice is fine. On the loop's thread, as `read` is used there."""
        if self._stop_reading():
            self._finish()

    async def aclose(self) -> None:
        """Close as `close` does, without holding the loop up while what is queued is written."""
        if self._stop_reading():
            await asyncio.to_thread(self._finish)

    def _stop_reading(self) -> bool:
        """Take no more work; False when that was so already. SQLite dies when another thread closes under a query."""
        if self._closed:
            return False
        self._closed = True
        self._listeners.clear()
        self.read.conn.close()
        return True

    def _finish(self) -> None:
        self._jobs.put(_Job(1_000_000, next(self._order), None))
        self._thread.join()
        self._readers.shutdown(wait=True)
        self._background.conn.close()
        with contextlib.suppress(sqlite3.Error):  # another process still reads, or the disk is full or damaged: the
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # log keeps what is committed
        self._writer.close()

    async def checkpoint(self) -> bool:
        """Write the log back and empty it, so that nothing deleted is left in it; False while somebody reads."""
        done: Future[bool] = Future()

        def run() -> None:
            try:
                done.set_result(self._write_back())
            except BaseException as exc:  # handed over to who waits, never lost
                done.set_exception(exc)

        self._jobs.put(_Job(SYNC, next(self._order), run))
        return await asyncio.wrap_future(done)

    def _write_back(self) -> bool:
        try:
            return not self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as exc:
            raise _fault(exc) from exc

    def mark_damaged(self) -> None:
        """Let the next start set this store aside (`repair.open_store`)."""
        with contextlib.suppress(OSError):  # a full disk: then the damage is met again
            (self.folder / MARK).touch()

    def _prepare(self, tx: WriteTx) -> None:
        numbers.check(tx, self.folder)
        unpark.take_in(tx)
        indexes.bring_back(tx)

    def _work(self) -> None:
        while (job := self._jobs.get()).run is not None:
            job.run()

    def _transact(self, change: Callable[[WriteTx], R]) -> R:
        tx = WriteTx(self._writer, self.sealer)
        try:
            answer = self._run(lambda: self._commit(tx, change))
        except BaseException:
            self._roll_back()
            raise
        self._tell(Touched.of(tx.touched))
        return answer

    def _commit(self, tx: WriteTx, change: Callable[[WriteTx], R]) -> R:
        self._writer.execute("BEGIN IMMEDIATE")
        answer = change(tx)
        self._writer.execute("COMMIT")
        return answer

    def _run(self, work: Callable[[], R]) -> R:
        """Return what `work` returns; say in one code what went wrong, and remember a damage for the next start."""
        try:
            return work()
        except sqlite3.Error as exc:
            fault = _fault(exc)
            if fault.code == DAMAGED:
                self.mark_damaged()
            raise fault from exc
        except JsonDamage as exc:  # the store wrote what it reads here
            self.mark_damaged()
            raise LocalFault(DAMAGED, type(exc).__name__) from exc
        except LocalFault as exc:
            if exc.code != "key_lost":
                raise
            self.mark_damaged()  # the key opened this store: a row it does not open is not what was written
            raise LocalFault(DAMAGED, exc.detail) from exc

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself, or does at the next start
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _tell(self, touched: Touched) -> None:
        if not touched:
            return
        for token, (loop, _) in list(self._listeners.items()):
            with contextlib.suppress(RuntimeError):  # that loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(self._notice, token, touched)

    def _notice(self, token: int, touched: Touched) -> None:
        """Tell a listener on its loop, unless it has gone since the commit."""
        if token in self._listeners:
            self._listeners[token][1](touched)


def _writer(folder: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(folder / FILE_NAME, isolation_level=None, check_same_thread=False, timeout=10)
    for pragma in WRITER_PRAGMAS:
        conn.execute(f"PRAGMA {pragma}")
    return conn


def _reader(folder: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(folder / FILE_NAME, isolation_level=None, check_same_thread=False, timeout=10)
    conn.execute("PRAGMA query_only = ON")
    return conn


def _check(conn: sqlite3.Connection) -> None:
    """Look the file over before it is trusted: a damaged root page looks like a new store, and would become one."""
    said = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)


Stamp = tuple[tuple[int, int], ...]
_SOUND: dict[Path, Stamp] = {}  # files that were sound when last looked at, until they are opened


def look_over(folder: Path) -> None:
    """Look a store's file over before there is a key, so that opening it need not; nothing is written.

    What is damaged, or changed before it is opened, is met then.
    """
    before = _stamp(folder)
    with contextlib.suppress(sqlite3.Error, OSError):  # no file, or not sound
        how = (
            "mode=ro" if (folder / f"{FILE_NAME}-wal").exists() else "immutable=1"
        )  # without a log one cannot just read
        uri = f"{(folder / FILE_NAME).absolute().as_uri()}?{how}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as conn:
            _check(conn)
        if before == _stamp(folder):
            _SOUND[folder] = before


def _stamp(folder: Path) -> Stamp:
    """Return what tells a store's file and its log from any later state of them."""
    found = []
    for name in (FILE_NAME, f"{FILE_NAME}-wal"):
        with contextlib.suppress(FileNotFoundError):
            stat = (folder / name).stat()
            found.append((stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _fault(exc: Exception) -> GuideError:
    """Return the one error a user understands for what SQLite said."""
    text = str(exc)
    if "full" in text or "disk I/O" in text:  # both faces of a full disk
        return LocalFault("disk_full", text)
    if isinstance(exc, sqlite3.OperationalError | sqlite3.ProgrammingError | sqlite3.IntegrityError):
        damaged = "malformed" in text or "Could not decode" in text
        return LocalFault(DAMAGED if damaged else "internal", text)
    return LocalFault(DAMAGED, text)
