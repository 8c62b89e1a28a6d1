"""A live server on loopback, real Replicache clients on it, and our own client beside them as their twin."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.domain import ids, instants
from app.protocol.mutations import MUTATIONS
from app.store import codec, outbox
from app.store.json_text import loads
from app.store.read import Read
from app.store.read import select as select_row
from app.store.spec import TABLES
from server_stub import tables as t
from server_stub.app import create_app
from server_stub.clock import FixedClock
from server_stub.db import Database
from tests.fakes.device import Device, TestClock
from tests.fakes.free_port import free_port
from tests.fakes.server import NOW, PIN, URL_FILE, open_database
from tests.replicache.node import ANSWER_S, Node


class LiveServer:
    """The real server behind uvicorn on a port of its own; it can stop, be restored from a backup and start again."""

    def __init__(self, home: Path, backend: str) -> None:
        self.home = home
        self.backend = backend
        self.clock = FixedClock(NOW)
        self.port = free_port()
        self.db: Database

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.db = open_database(self.backend, self.home, self.clock)
        app = create_app(self.db.settings, database=self.db)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="error", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            self._thread.join(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self.db.close()

    def backup(self) -> str:
        """Return what `restore` takes; the server must be stopped."""
        if self.backend == "sqlite":
            copy = self.home / f"{uuid.uuid4().hex}.backup"
            shutil.copy(self.home / "server" / "daogou.db", copy)
            return str(copy)
        return _copy_of((self.home / URL_FILE).read_text("ascii"))

    def restore(self, backup: str) -> None:
        """Put a backup where the database was; the server must be stopped."""
        if self.backend != "sqlite":
            (self.home / URL_FILE).write_text(backup, "ascii")
            return
        for suffix in ("-wal", "-shm"):
            (self.home / "server" / f"daogou.db{suffix}").unlink(missing_ok=True)
        shutil.copy(backup, self.home / "server" / "daogou.db")

    def truth(self, guide: str, store: str) -> dict[str, Any]:
        """Return the view a guide must have."""
        c = t.sync_row.c
        buckets = ("brand", f"store:{store}", f"guide:{guide}")
        with self.db.read() as conn:
            rows = conn.execute(select(c.key, c.value).where(c.bucket.in_(buckets), c.value.is_not(None)))
            return {row.key: loads(row.value) for row in rows}


def _copy_of(url: str) -> str:
    from tests.fakes import postgres

    def never(_url: str) -> None:
        raise AssertionError("the database to copy is not there")

    return postgres.create(str(make_url(url).database), never)


class _ToLoopback(httpx.AsyncHTTPTransport):
    """Sends what our client addresses to `server.test` to the live server."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__()
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self._server.port)
        return await super().handle_async_request(request)


@dataclass
class Real:
    """One real Replicache client."""

    lab: Lab
    node: Node
    staff_no: str
    install: str
    who: str = field(default_factory=lambda: uuid.uuid4().hex)
    folder: Path | None = None
    session: dict[str, Any] = field(default_factory=dict)
    client: str = ""
    group: str = ""

    async def open(self, **options: Any) -> Real:
        named = await self.node.call(
            "open", who=self.who, base=self.lab.server.base, name=f"{self.staff_no}-{self.install}",
            access=self.session["access_token"], refresh=self.session["refresh_token"], device=self.install,
            folder=str(self.folder) if self.folder else None, **{"names": [*MUTATIONS], **options},
        )  # fmt: skip
        self.client, self.group = named["client"], named["group"]
        return self

    async def do(self, name: str, **args: Any) -> dict[str, Any]:
        """Mutate as an application would and return the arguments."""
        made = {"mid": ids.uuid7(NOW, os.urandom(10)), "at": instants.to_text(self.lab.server.clock.now()), **args}
        await self.node.call("mutate", who=self.who, name=name, args=made)
        return made

    @property
    def device_id(self) -> str:
        """The server's id of this installation."""
        return f"{self.session['staff']['no']}.{self.install}"

    async def pull(self) -> None:
        await self.call("pull")

    async def sync(self) -> None:
        """Push what waits and pull until it is confirmed."""
        assert await self.call("sync"), await self.call("seen")

    async def view(self) -> dict[str, Any]:
        return dict(await self.call("view"))

    async def statuses(self, kind: str) -> list[str]:
        """Return what the pushes so far said of each mutation, or the status of each other request."""
        requests = [one for one in (await self.call("seen"))["requests"] if one["kind"] == kind]
        if kind == "push":
            return [result for one in requests for result in one["results"]]
        return [one["status"] for one in requests]

    async def call(self, command: str, **args: Any) -> Any:
        return await self.node.call(command, who=self.who, **args)


class Lab:
    """The server, its clients and what compares them."""

    def __init__(self, server: LiveServer, root: Path) -> None:
        self.server = server
        self.root = root
        self.node = Node()
        self._nodes = [self.node]
        self._phones: list[Device] = []

    async def real(self, staff_no: str = "G0101", *, files: bool = False, **options: Any) -> Real:
        """Return an open real client on a new installation."""
        install = f"dev-{uuid.uuid4().hex}"
        made = Real(self, self.node, staff_no, install, folder=self.root / install if files else None)
        made.session = await self.sign_in(made)
        return await made.open(**options)

    async def restarted(self, real: Real, **options: Any) -> Real:
        """Return the same installation in a new process: same files, a new sign-in."""
        node = await Node().start()
        self._nodes.append(node)
        again = Real(self, node, real.staff_no, real.install, folder=real.folder)
        again.session = await self.sign_in(again)
        return await again.open(**options)

    async def twin(self, real: Real) -> Device:
        """Return our own client signed in on the same installation, so that both are one device to the server."""
        folder = self.root / f"twin-{uuid.uuid4().hex}"
        phone = await Device.sign_in(
            folder, _ToLoopback(self.server), real.staff_no, TestClock(self.server.clock.now()), device_id=real.install
        )
        self._phones.append(phone)
        return phone

    async def same(self, real: Real, ours: Device) -> dict[str, Any]:
        """Sync both, assert that the two views equal each other and the server's, key by key; return it."""
        await real.pull()
        await ours.sync()
        await real.pull()
        theirs, own = _without_nulls(await real.view()), view_of(ours)
        assert theirs.keys() == own.keys()
        for key, value in theirs.items():
            assert own[key] == value, key
        staff = ours.session.staff
        assert theirs == _without_nulls(self.server.truth(staff.id, self._store_of(staff.id)))
        return theirs

    def staff(self, guide: str, **values: Any) -> None:
        with self.server.db.begin() as tx:
            tx.conn.execute(t.staff.update().where(t.staff.c.id == guide).values(**values))
            tx.touch("staff", guide)

    def hand_over(self, customer: str, guide: str) -> None:
        with self.server.db.begin() as tx:
            tx.conn.execute(t.customer.update().where(t.customer.c.id == customer).values(guide_id=guide))
            tx.touch("customer", customer)

    async def close(self) -> None:
        for phone in self._phones:
            await phone.close()
        for node in self._nodes:
            await node.kill()

    def _store_of(self, guide: str) -> str:
        with self.server.db.read() as conn:
            return str(conn.execute(select(t.staff.c.store_id).where(t.staff.c.id == guide)).scalar_one())

    async def sign_in(self, real: Real) -> dict[str, Any]:
        """Return a new session of the client's installation."""
        body = {"staff_no": real.staff_no, "pin": PIN, "device_id": real.install, "device_name": "test"}
        return await self._post("/api/auth/login", body, {})

    async def push_as(self, real: Real, number: int, name: str, **args: Any) -> None:
        """Push one mutation under a real client's own number, as a stray request would."""
        made = {"mid": ids.uuid7(NOW, os.urandom(10)), "at": instants.to_text(NOW), **args}
        mutation = {"clientID": real.client, "id": number, "name": name, "args": made}
        body = {"clientGroupID": real.group, "mutations": [mutation], "pushVersion": 1, "schemaVersion": "1"}
        await self._post("/api/sync/push", body, {"Authorization": f"Bearer {real.session['access_token']}"})

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.server.base, trust_env=False, timeout=ANSWER_S) as http:
            answer = await http.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def view_of(phone: Device) -> dict[str, Any]:
    """Return all that stands in our own client's store, by key, parked rows too."""
    return phone.store.query(_read_all)


def _read_all(read: Read) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in TABLES:
        for row in read.rows(select_row(table)):
            value = codec.to_value(table, row, read.sealer) | codec.extra_of(table, row, read.sealer)
            found[f"{table.object}/{value['id']}"] = value
    for key, sealed in read.rows("SELECT key, value FROM parked"):
        found[key] = loads(read.sealer.open("parked", key, sealed))
    return {key: _without_none(value) for key, value in found.items()}


def waiting(phone: Device) -> list[tuple[str, dict[str, Any]]]:
    """Return our own client's outbox as (name, arguments)."""
    return [(one.name, dict(one.args)) for one in phone.store.query(outbox.pending)]


def _without_nulls(view: Mapping[str, Any]) -> dict[str, Any]:
    # Our store keeps absent and null fields alike: as nothing.
    return {key: _without_none(value) for key, value in view.items()}


def _without_none(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in value.items() if found is not None}
