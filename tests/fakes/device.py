"""One whole phone without a screen: store, engine, content, keys; over any transport.

phone = await Device.sign_in(folder, transport, "G0101", clock)
await phone.sync()
await mutate(phone, EditNote("c1", "..."))
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx

from app.account import LeaseGuard, Opened, Session, SessionKeeper, login_online, unlock_offline
from app.content import Blobs, Content
from app.domain.instants import to_text
from app.mutations import replay_for
from app.security import FileKeyStore
from app.store import Store, open_store
from app.sync import OfflineSwitch, Patience, ServerClock, SyncEngine, make_http

PIN = "246810"
CALM = Patience(answer_s=300)  # a busy machine is no bad line


class TestClock:
    """A device clock moved by hand; `skew_s` is how wrong its owner set it."""

    __test__ = False

    def __init__(self, now: datetime, skew_s: float = 0.0) -> None:
        from datetime import timedelta

        self._step = timedelta
        self.true = now
        self.skew_s = skew_s

    def now(self) -> datetime:
        return self.true + self._step(seconds=self.skew_s)

    def monotonic(self) -> float:
        return self.true.timestamp()

    def advance(self, seconds: float) -> None:
        self.true += self._step(seconds=seconds)


@dataclass
class Device:
    """What `bootstrap.Client` is, for tests."""

    root: Path
    device_id: str
    switch: OfflineSwitch
    http: httpx.AsyncClient
    keystore: FileKeyStore
    device_clock: TestClock
    store: Store
    keeper: SessionKeeper
    clock: ServerClock
    engine: SyncEngine
    content: Content
    lease: LeaseGuard

    @property
    def session(self) -> Session:
        return self.keeper.session

    @classmethod
    async def sign_in(
        cls,
        root: Path,
        transport: httpx.AsyncBaseTransport,
        staff_no: str,
        clock: TestClock,
        device_id: str | None = None,
        **engine: Any,
    ) -> Device:
        device_id = device_id or f"dev-{uuid.uuid4().hex}"
        switch = OfflineSwitch(transport, CALM)
        http = make_http("http://server.test", switch)
        keystore = FileKeyStore(root / "keystore.json")
        opened = await login_online(
            http, keystore, clock, staff_no=staff_no, pin=PIN, device_id=device_id, device_name="test", root=root
        )
        return cls.assemble(root, device_id, switch, http, keystore, clock, opened, **engine)

    @classmethod
    async def unlock(
        cls,
        root: Path,
        transport: httpx.AsyncBaseTransport,
        staff_no: str,
        clock: TestClock,
        device_id: str,
        pin: str = PIN,
        **engine: Any,
    ) -> Device:
        switch = OfflineSwitch(transport, CALM)
        keystore = FileKeyStore(root / "keystore.json")
        opened = await unlock_offline(keystore, clock, staff_no=staff_no, pin=pin, device_id=device_id, root=root)
        http = make_http("http://server.test", switch)
        return cls.assemble(root, device_id, switch, http, keystore, clock, opened, **engine)

    @classmethod
    def assemble(
        cls,
        root: Path,
        device_id: str,
        switch: OfflineSwitch,
        http: httpx.AsyncClient,
        keystore: FileKeyStore,
        clock: TestClock,
        opened: Opened,
        **engine: Any,
    ) -> Device:
        session = opened.session
        store = open_store(opened.folder, opened.sealer, to_text(clock.now()))
        keeper = SessionKeeper(http, session, opened.folder, opened.sealer, clock)
        server_clock = ServerClock(clock)
        lease = LeaseGuard(opened.folder, session, opened.sealer, clock)
        replay = engine.pop("replay", None) or replay_for(session.staff.id, device_id, session.zone)
        sync = SyncEngine(
            store, http, switch, server_clock, replay,
            auth=keeper, profile=device_id, on_lease=lease.take, **({"live": False, "random": Random(1)} | engine),
        )  # fmt: skip
        blobs = Blobs(root / "blobs", http, keeper)
        content = Content(
            store, blobs, server_clock, session.pack_keys, store_id=session.staff.store_id, role=session.staff.role
        )
        return cls(root, device_id, switch, http, keystore, clock, store, keeper, server_clock, sync, content, lease)

    async def sync(self) -> None:
        await self.engine.sync_now()

    async def close(self) -> None:
        await self.content.stop()
        await self.engine.stop()
        self.store.close()
        await self.http.aclose()
