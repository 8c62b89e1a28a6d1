"""The whole server in this process: the real app over ASGI, its database put back to one first state for every seed.

The app and its engine are made once a process (routes and compiled statements are costly). SQLite is one file whose
pages are copied back; PostgreSQL is a new copy of a database for each seed, behind the same engine.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError

from app.account import Session
from app.account import session as sessions
from server_stub import app as app_module
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Database, Tx, count_up
from server_stub.sync import cookie as cookies
from server_stub.sync import epoch, pull, push, routes
from server_stub.trade import leases
from tests.fakes.memory import place
from tests.fakes.server import NOW, PIN, START, open_database

FOREVER = "2099-01-01T00:00:00Z"
SEATS = (("a", "G0101"), ("b", "G0101"), ("c", "G0102"), ("d", "G0201"), ("m", "M01"))
CONTACT = {"day": 3, "week": 999, "month": 999, "quiet": ["03:00", "03:01"]}
QUOTA = {"total": 30, "per_customer": 3, "lease_size": 3}


class ServerKilled(BaseException):
    """The server's process ends here: nothing behind this point runs."""


@dataclass(frozen=True)
class Seat:
    """A phone that is signed in and has pulled once: its session and the folder of its store."""

    name: str
    session: Session
    folder: Path

    @property
    def row_id(self) -> str:
        """The device's id in the server's tables."""
        return f"{self.session.staff.no}.{self.session.device_id}"


class SimServer:
    """One server for many seeds; `begin` starts one. `trap` is what happens between two of its statements."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.folder = Path(tempfile.mkdtemp(prefix=f"sim-{os.getpid()}-", dir=place()))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.clock = FixedClock(NOW)
        self.db: Database = open_database(backend, self.folder / "home", self.clock)
        self.app = app_module.create_app(self.db.settings, database=self.db)
        self.db._listeners.clear()  # the side file is written when the simulation says so, not by the wall clock
        self.http = httpx.ASGITransport(app=self.app)
        self.seats: dict[str, Seat] = {}
        self.page_rows = 5
        self.sprung = 0
        self._trap: tuple[str, Callable[[], None]] | None = None
        self._left = 0
        self._copies: list[Any] = []
        self._url = self.db.settings.url
        event.listen(self.db.engine, "before_cursor_execute", self._on_statement)
        if backend == "postgresql":
            event.listen(self.db.engine, "do_connect", self._on_connect)

    # --- the first state -----------------------------------------------------------------------------------------
    def furnish(self) -> None:
        """Set what makes a busy little brand: loose contact budgets, a small coupon, bindings that can be taken."""
        with self.db.begin() as tx:
            settings = {"contact": CONTACT, "binding": {"mode": "override", "protection_days": 0}}
            tx.conn.execute(update(t.setting).values(settings))
            tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(**QUOTA))
            tx.conn.execute(update(t.binding).values(protected_until=START))
            tx.conn.execute(update(t.customer).values(protected_until=START))
            tx.touch("setting", "brand")
            tx.touch("coupon_template", "t1")
            tx.touch("customer", *(f"c{n}" for n in range(1, 7)))

    async def sign_in(self, name: str, staff_no: str) -> Session:
        """Sign an installation in by the real route; its tokens then last for ever."""
        body = {"staff_no": staff_no, "pin": PIN, "device_id": f"phone-{name}-0", "device_name": name}
        async with httpx.AsyncClient(transport=self.http, base_url="http://server.test") as http:
            answer = await http.post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        with self.db.begin() as tx:
            tx.conn.execute(update(t.token).values(access_until=FOREVER))
        return sessions.from_answer(answer.json(), body["device_id"], self.clock.now())

    def keep_first(self) -> None:
        """Remember the present state as the one every seed begins with."""
        self._first = self.backup()

    # --- a seed --------------------------------------------------------------------------------------------------
    def begin(self, page_rows: int) -> None:
        """Go back to the first state with a clean side file."""
        self.disarm()
        self.clock.at, self.page_rows, self.sprung = NOW, page_rows, 0
        (self.db.settings.folder / "epoch.json").unlink(missing_ok=True)
        self._put_back(self._first)
        epoch.check(self.db)

    def end(self) -> None:
        """Remove what the seed left."""
        self.disarm()
        if self.backend == "postgresql":
            from tests.fakes import postgres

            self.db.engine.dispose()
            for url in self._copies:
                postgres.drop(url)
        else:
            for kept in self._copies:
                kept.close()
        self._copies.clear()

    def restart(self) -> None:
        """Start again after a stop or a kill."""
        self.db.engine.dispose()
        epoch.check(self.db)

    def backup(self) -> Any:
        """Return a copy of the database as it is."""
        if self.backend == "postgresql":
            from tests.fakes import postgres

            self.db.engine.dispose()
            return postgres.copy(self._url)
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with self._raw() as live:
            live.backup(kept)
        return kept

    def keep(self) -> Any:
        """Return a backup of this seed; it goes with the seed."""
        self._copies.append(self.backup())
        return self._copies[-1]

    def restore(self, kept: Any) -> None:
        """Stop, put a backup in place of the database, and start; the side file stays."""
        epoch.check(self.db)
        self._put_back(kept)
        self.restart()

    def _put_back(self, kept: Any) -> None:
        if self.backend == "postgresql":
            from tests.fakes import postgres

            self.db.engine.dispose()
            self._url = postgres.copy(kept)
            self._copies.append(self._url)
        else:
            with self._raw() as live:
                kept.backup(live)

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        raw = self.db.engine.raw_connection()
        try:
            live: Any = raw.driver_connection
            yield live
        finally:
            raw.close()

    def _on_connect(self, dialect: Any, record: Any, cargs: Any, cparams: dict[str, Any]) -> None:
        from sqlalchemy.engine import make_url

        cparams["dbname"] = make_url(self._url).database

    # --- traps ---------------------------------------------------------------------------------------------------
    def arm(self, what: str, after: int, meanwhile: Callable[[], None]) -> None:
        """Let something happen once, before the statement after `after` more: kill | fault | meanwhile.

        `meanwhile` runs between two statements of a reading transaction: somebody else commits.
        """
        self._trap, self._left = (what, meanwhile), after

    def disarm(self) -> None:
        """Let nothing happen any more."""
        self._trap = None

    def _on_statement(self, conn: Any, *_: Any) -> None:
        if self._trap is None:
            return
        self._left -= 1
        what, meanwhile = self._trap
        if self._left > 0 or (what == "meanwhile" and not _is_reading(conn)):
            return
        self.disarm()
        self.sprung += 1
        if what == "kill":
            raise ServerKilled
        if what == "fault":
            raise OperationalError("the disk", {}, Exception("is full"))
        meanwhile()

    # --- what the server knows -----------------------------------------------------------------------------------
    def rows(self, table: Any, *where: Any) -> list[dict[str, Any]]:
        """Return rows as dicts."""
        with self.db.read() as conn:
            return [dict(row) for row in conn.execute(select(table).where(*where)).mappings()]

    def heads(self) -> list[tuple[Any, ...]]:
        """Return how far every bucket and every client has come: equal twice, nobody has anything to fetch."""
        with self.db.read() as conn:
            buckets, clients = select(t.bucket.c.id, t.bucket.c.ver), select(t.client.c.id, t.client.c.lmid)
            return sorted(tuple(row) for query in (buckets, clients) for row in conn.execute(query))

    def counts(self) -> dict[str, int]:
        """Return what the log of the simulation counted: done:<mid>, no:<mid> and foreign."""
        with self.db.read() as conn:
            counted = "name LIKE 'done:%' OR name LIKE 'no:%' OR name = 'foreign'"
            return {row[0]: row[1] for row in conn.execute(text(f"SELECT name, value FROM counter WHERE {counted}"))}

    def buckets_of(self, staff_id: str) -> tuple[str, ...]:
        """Return what a member of staff may see, by the table of staff alone."""
        (row,) = self.rows(t.staff, t.staff.c.id == staff_id)
        board = (f"manager:{row['store_id']}",) if row["role"] == "manager" else ()
        return ("brand", f"store:{row['store_id']}", *board, f"guide:{staff_id}")

    def view(self, staff_id: str) -> dict[str, str]:
        """Return key to JSON text of all that a member of staff may see."""
        c = t.sync_row.c
        with self.db.read() as conn:
            mine = select(c.key, c.value).where(c.bucket.in_(self.buckets_of(staff_id)), c.value.is_not(None))
            return {row.key: row.value for row in conn.execute(mine)}

    def reseal(self, cookie: dict[str, Any]) -> dict[str, Any]:
        """Return a cookie of the first state with this seed's epoch in it."""
        key = self.db.settings.secrets.cookie
        position = cookies.unseal(key, cookie)
        assert position is not None
        with self.db.read() as conn:
            position.epoch = conn.execute(select(t.meta.c.value).where(t.meta.c.name == "epoch")).scalar_one()
        return cookies.seal(key, position, cookies.order_of(cookie))


def _is_reading(conn: Any) -> bool:
    options = conn.get_execution_options()
    return bool(options.get("postgresql_readonly")) or options.get("sqlite_begin") == "BEGIN"


@contextmanager
def watched(server: SimServer) -> Iterator[None]:
    """Run the server's work in the caller's task, with small pages, and log in the same transaction what it does.

    `done:<mid>` counts effects, `no:<mid>` refusals, `foreign` effects on somebody else's customer or coupon.
    """
    from unittest import mock

    handlers, consume, real_pull = push.handlers, push._consume, pull.pull
    twins = {name: _counted(twin) for name, twin in handlers().items()}

    def consumed(tx: Tx, group: str, mutation: push.Incoming, status: str, code: str | None = None) -> None:
        consume(tx, group, mutation, status, code)
        if status == "rejected":
            count_up(tx, f"no:{mutation.args['mid']}")

    def pulled(*args: Any) -> str:
        return real_pull(*args, page_rows=server.page_rows)

    async def direct(call: Callable[..., Any], *args: Any) -> Any:
        return call(*args)

    with (
        mock.patch.object(push, "handlers", lambda: twins), mock.patch.object(push, "_consume", consumed),
        mock.patch.object(pull, "pull", pulled), mock.patch.object(routes, "run_in_threadpool", direct),
        mock.patch.object(app_module, "run_in_threadpool", direct),
    ):  # fmt: skip
        yield


def _counted(twin: Callable[[Tx, Any], None]) -> Callable[[Tx, Any], None]:
    def run(tx: Tx, args: Any) -> None:
        twin(tx, args)
        count_up(tx, f"done:{tx.mid}")
        for table, name in ((t.customer, "customer_id"), (t.coupon, "coupon_id")):
            about = getattr(args, name, None)
            if about is not None and tx.actor is not None:
                owner = tx.conn.execute(select(table.c.guide_id).where(table.c.id == about)).scalar()
                if owner != tx.actor.staff_id:
                    count_up(tx, "foreign")

    return run


_SERVERS: dict[str, SimServer] = {}


async def server_on(backend: str) -> SimServer:
    """Return this process's server on a kind of database, built at first: phones signed in and synced once."""
    from unittest import mock

    from tests.sim.phone import SimPhone, make_store

    if backend not in _SERVERS:
        from random import Random

        draws = Random(backend)
        with mock.patch("os.urandom", draws.randbytes):
            made = SimServer(backend)
            made.furnish()
            empty = make_store(made.folder / "empty")
            for name, staff_no in SEATS:
                session = await made.sign_in(name, staff_no)
                made.seats[name] = Seat(name, session, made.folder / "seats" / name)
            with watched(made):
                for seat in made.seats.values():
                    shutil.copytree(empty, seat.folder)
                    phone = SimPhone(made, seat, seat.folder, Random(0), rate=0.0)
                    await phone.sync()
                    phone.store.close()
            made.keep_first()
        _SERVERS[backend] = made
    return _SERVERS[backend]


def job_of_leases(server: SimServer) -> None:
    """Do what the minute's job does for ended blocks."""
    with server.db.begin() as tx:
        leases.release_leases(tx)
