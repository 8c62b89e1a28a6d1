"""Transactions: the only door to the tables, and what happens at their end.

A service takes `tx` first, writes business rows and calls `tx.touch(kind, id)`. At commit every
touched object is projected into `sync_row` with its bucket's next version, in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.domain import ids, instants
from server_stub import tables as t
from server_stub.clock import Clock, WallClock, from_env
from server_stub.config import Secrets, Settings

BUSY_TIMEOUT_MS = 15_000
# PostgreSQL: who waits longer than this for a lock, or works longer on one statement, gives up with 503.
LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
IDLE_TIMEOUT_MS = 60_000
CONNECT_TIMEOUT_S = 5
POOL_WAIT_S = 5
SYSTEM = "system"
CHANNEL = "daogou_live"  # carries the names of changed buckets, one a line
ANYTHING = "*"
NAMES_MAX = 80  # of 96 letters at most: a notification holds 8,000 bytes
log = structlog.get_logger("db")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from the token and nothing else. role: guide | manager | hq."""

    staff_id: str
    role: str
    store_id: str | None
    device_id: str


@dataclass(slots=True)
class Tx:
    """One write transaction.

    `now` is fixed at its start. `at` is when the actor did it: equal to `now` but in a mutation,
    there the device's time bounded by the server; `mid` is the mutation's id for ever.
    """

    conn: Connection
    now: datetime
    settings: Settings
    actor: Actor | None = None
    at: datetime = field(default_factory=lambda: datetime.min)
    mid: str | None = None
    touched: dict[tuple[str, str], None] = field(default_factory=dict)

    @property
    def secrets(self) -> Secrets:
        """The server's keys."""
        return self.settings.secrets

    @property
    def now_text(self) -> str:
        """`now` as it is stored."""
        return instants.to_text(self.now)

    @property
    def at_text(self) -> str:
        """`at` as it is stored."""
        return instants.to_text(self.at)

    def new_id(self) -> str:
        """Return a fresh UUIDv7 of this transaction's time."""
        return ids.uuid7(self.now, os.urandom(ids.UUID7_RANDOM_BYTES))

    def touch(self, kind: str, *object_ids: str) -> None:
        """Say that these objects of the client view may have changed or gone; `kind` as in protocol.objects."""
        for object_id in object_ids:
            self.touched[kind, object_id] = None

    def audit(self, action: str, subject: str, fields: Mapping[str, Any] | None = None) -> None:
        """Append to the hash-chained audit; `fields` hold ids and amounts, never a name or a phone."""
        append_audit(self, action, subject, dict(fields or {}))

    def alone(self, name: str) -> bool:
        """Take the named turn until the end of this transaction; False when another process has it."""
        if self.conn.dialect.name != "postgresql":  # one writer at a time there
            return True
        turn = func.pg_try_advisory_xact_lock(func.hashtext(name))
        return bool(self.conn.execute(select(turn)).scalar_one())


Listener = Callable[[frozenset[str]], None]


class Database:
    """The engine, its clock, and who wants to know what changed."""

    def __init__(self, engine: Engine, settings: Settings, clock: Clock) -> None:
        self.engine = engine
        self.settings = settings
        self.clock = clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writer = threading.RLock()
        self._writing = False
        self._listeners: list[Listener] = []

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Database:
        """Open the database the settings name; the tables are made by `server_stub.migrations.upgrade`."""
        url = make_url(settings.url)
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return cls(make_engine(url, settings.pool_size), settings, clock or _clock(settings))

    def now(self) -> datetime:
        """Return the server's time."""
        return self.clock.now()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the changed buckets after each commit here; return how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def begin(self, actor: Actor | None = None) -> Iterator[Tx]:
        """Open one write transaction; it commits at the end of the block, or rolls back on any error."""
        with self._writer_turn(), self.engine.connect() as conn:
            with conn.begin():
                now = self.now()
                tx = Tx(conn, now, self.settings, actor, at=now)
                yield tx
                changed = self._project(tx)
            if changed and not self.is_sqlite:
                self._notify(conn, changed)
        if changed:
            self._tell(changed)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one consistent read-only snapshot."""
        options = {"sqlite_begin": "BEGIN"} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        if not self.is_sqlite:
            options["postgresql_readonly"] = True  # type: ignore[assignment]
        with self.engine.connect().execution_options(**options) as conn, conn.begin():
            yield conn

    def connect_without_transaction(self) -> Connection:
        """Return a connection that sees each statement's present state; for watching, never for writing."""
        options = {"sqlite_begin": ""} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        return self.engine.connect().execution_options(**options)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _writer_turn(self) -> Iterator[None]:
        # SQLite has one writer: threads of this process queue here instead of polling the file's lock.
        if not self.is_sqlite:
            yield
            return
        with self._writer:
            if self._writing:  # a second connection would wait for the first until SQLite gives up
                raise RuntimeError("a transaction was opened inside a transaction of the same thread")
            self._writing = True
            try:
                yield
            finally:
                self._writing = False

    def _project(self, tx: Tx) -> frozenset[str]:
        if not tx.touched:
            return frozenset()
        from server_stub.sync import projections  # it reads the tables through a Connection only

        changed: frozenset[str] = projections.flush(tx.conn, tx.touched, tx.now)
        return changed

    def _notify(self, conn: Connection, buckets: frozenset[str]) -> None:
        """Wake the live channels of every process, on the connection that has just committed.

        Not inside the transaction: PostgreSQL commits transactions with notifications one after the other,
        and what is lost between is only a hint, which the live channel's slow look round makes good.
        """
        text = "\n".join(sorted(buckets)) if len(buckets) <= NAMES_MAX else ANYTHING
        try:
            conn.execution_options(isolation_level="AUTOCOMMIT").execute(select(func.pg_notify(CHANNEL, text)))
        except SQLAlchemyError as exc:  # the transaction stands
            log.warning("notify", kind=type(exc).__name__)

    def _tell(self, buckets: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            listener(buckets)


def _clock(settings: Settings) -> Clock:
    return from_env(settings.env) if os.environ.get("DAOGOU_CLOCK_FILE") else WallClock()


def make_engine(url: Any, pool_size: int = 10) -> Engine:
    """Return an engine whose SQLite transactions are really `BEGIN IMMEDIATE`, and whose PostgreSQL waits end.

    pool_size: connections kept open to PostgreSQL; as many again under load.
    """
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_pre_ping=True, pool_size=pool_size, max_overflow=pool_size, pool_timeout=POOL_WAIT_S,
            connect_args={"options": POSTGRES_OPTIONS, "connect_timeout": CONNECT_TIMEOUT_S},
        )  # fmt: skip
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


POSTGRES_OPTIONS = (
    f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS} "
    f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS} -c application_name=daogou"
)


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # the driver must not begin transactions on its own
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
        "cache_size=-32000", "temp_store=MEMORY", "secure_delete=ON",
    ):  # fmt: skip
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    begin = conn.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
    if begin:
        conn.exec_driver_sql(begin)


def upsert(conn: Connection, table: Any) -> Any:
    """Return the dialect's INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def count_up(tx: Tx, name: str, n: int = 1) -> None:
    """Add to a named counter, for example of forged codes."""
    statement = upsert(tx.conn, t.counter).values(name=name, value=n)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": t.counter.c.value + n}))


def append_audit(tx: Tx, action: str, subject: str, fields: dict[str, Any]) -> None:
    """Append one line whose hash covers the line before it."""
    if tx.conn.dialect.name == "postgresql":  # one writer of the chain at a time
        tx.conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7346)")
    last = tx.conn.execute(select(t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)).scalar()
    row: dict[str, Any] = {
        "at": tx.now_text,
        "staff_id": tx.actor.staff_id if tx.actor else SYSTEM,
        "device_id": tx.actor.device_id if tx.actor else None,
        "action": action,
        "object": subject,
        "fields": fields,
        "prev_hash": last or "",
    }
    tx.conn.execute(insert(t.audit).values(**row, hash=audit_hash(row)))


def audit_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of one line of the audit: all its fields but `seq`, and the hash before it."""
    return hashlib.sha256(json.dumps(dict(row), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
