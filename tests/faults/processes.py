"""Real processes to be killed: the server as `serve` runs it, and a phone's app without its screen.

Both are forked from one warm process (the fork server of `multiprocessing`): a start costs milliseconds, not seconds.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import httpx

from app.domain.errors import Rejected
from app.mutations.mutate import call_of, perform
from app.protocol.mutations import AddTag, EditNote, MarkSignal, Mutation, RemoveTag
from app.store import WriteTx
from app.store.queries import customers
from server_stub import __main__ as command
from server_stub import app as _warm
from server_stub import busy
from server_stub.db import Database
from server_stub.sync import pull as pulls
from tests.fakes.device import Device, TestClock
from tests.fakes.free_port import free_port
from tests.fakes.server import NOW, SECRETS, open_database, settings_at

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([__name__])
assert _warm  # what the fork server imports once for all


class To(httpx.AsyncBaseTransport):
    """Sends what is meant for `server.test` to a local port; `answers` are the statuses that came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: list[tuple[str, int]] = []
        self._inner = httpx.AsyncHTTPTransport(retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port)
        request.headers["host"] = f"127.0.0.1:{self.port}"
        answer = await self._inner.handle_async_request(request)
        self.answers.append((request.url.path, answer.status_code))
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


# --- the server ----------------------------------------------------------------------------


def _serve(env: dict[str, str], log: str, page_rows: int, at_once: int) -> None:
    os.environ.update(env)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    whole = pulls.pull
    pulls.pull = lambda *args: whole(*args, page_rows=page_rows)  # the small world has few rows: small pages
    busy.AT_ONCE = at_once
    command.serve(workers=1)


@dataclass
class ServerProcess:
    """`python -m server_stub serve` on a small world of its own, on either database."""

    home: Path
    backend: str = "sqlite"
    page_rows: int = 20
    at_once: int = 64
    port: int = field(default_factory=free_port)
    fill: Callable[[Database], None] | None = None
    process: Any = None
    kills: int = 0

    def __post_init__(self) -> None:
        db = open_database(self.backend, self.home)
        if self.fill is not None:
            self.fill(db)
        db.close()
        if not (self.home / "server" / "secrets.json").exists():
            SECRETS.save(self.home / "server" / "secrets.json")
        self.clock_file = self.home / "clock"
        self.clock_file.write_text(f"{(NOW - datetime.now(UTC)).total_seconds():.0f}")
        self._looking = Database.open(settings_at(self.home))

    def start(self) -> ServerProcess:
        env = {
            "DAOGOU_HOME": str(self.home), "DAOGOU_ENV": "test", "DAOGOU_SERVER_PORT": str(self.port),
            "DAOGOU_CLOCK_FILE": str(self.clock_file), "DATABASE_URL": settings_at(self.home).database_url,
        }  # fmt: skip
        args = (env, str(self.home / "server.log"), self.page_rows, self.at_once)
        self.process = FORK.Process(target=_serve, args=args, daemon=True)
        self.process.start()
        ends = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return self
            except OSError:
                assert self.process.is_alive() and time.monotonic() < ends, (self.home / "server.log").read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.kills += 1

    def stop(self) -> None:
        if self.process is not None and self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._looking.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside, as no phone can."""
        with self._looking.read() as conn:
            return [tuple(row) for row in conn.exec_driver_sql(query)]

    def arrived(self) -> dict[str, int]:
        """Return how often each mutation was applied, by its `mid`."""
        return dict(self.rows("SELECT mid, count(*) FROM seen_mutation WHERE status = 'applied' GROUP BY mid"))

    @property
    def log(self) -> str:
        file = self.home / "server.log"
        return file.read_text() if file.exists() else ""


# --- the phone -----------------------------------------------------------------------------


def some_tap(random: Random, known: list[Any]) -> Mutation:
    """Return something a guide does all day."""
    who = random.choice(known).id
    match random.randrange(6):
        case 0 | 1 | 2:
            return EditNote(who, f"记 {random.getrandbits(40)}")
        case 3:
            return AddTag(who, f"t{random.randrange(30)}")
        case 4:
            return RemoveTag(who, f"t{random.randrange(30)}")
        case _:
            return MarkSignal(f"mark-{random.getrandbits(60)}", who, "birthday", "2026", "done")


async def tap(phone: Device, what: Mutation) -> str | None:
    """Do one thing on the phone; return its mid once it is committed, None when the rules here said no."""
    call = call_of(phone)

    def change(tx: WriteTx) -> str:
        perform(tx, what, call)
        return str(tx.value("SELECT mid FROM outbox ORDER BY id DESC LIMIT 1"))

    try:
        mid = await phone.store.write(change)
    except Rejected:
        return None
    phone.engine.kick()
    return mid


def live(said: Connection, root: str, port: int, staff_no: str, device_id: str, seed: int) -> None:
    """Be a phone's app until killed: open the store, sync for ever, tap, and say what was committed."""
    asyncio.run(_live(said, Path(root), port, staff_no, device_id, seed))


async def _live(said: Connection, root: Path, port: int, staff_no: str, device_id: str, seed: int) -> None:
    phone = await Device.unlock(root, To(port), staff_no, TestClock(NOW), device_id, poll_s=0.02, random=Random(seed))
    say(said, opened=True)
    await phone.engine.start()
    random = Random(seed)
    while True:
        known = phone.store.query(customers.all_customers)
        if known:
            mid = await tap(phone, some_tap(random, known))
            if mid is not None:
                say(said, mid=mid)
        await asyncio.sleep(random.random() * 0.01)


def say(said: Connection, **what: Any) -> None:
    said.send_bytes(json.dumps(what).encode())


def spawn(root: Path, port: int, staff_no: str, device_id: str, seed: int) -> tuple[Any, Connection]:
    """Start a phone's app; return its process and where it says what it committed."""
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=live, args=(theirs, str(root), port, staff_no, device_id, seed), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def heard(said: Connection) -> list[dict[str, Any]]:
    """Return all that a killed process still said."""
    found = []
    try:
        while True:
            found.append(json.loads(said.recv_bytes()))
    except (EOFError, OSError):
        said.close()
        return found
