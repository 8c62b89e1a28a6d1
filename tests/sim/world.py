"""One simulated run: a model server, several phones, a bad network, and what must hold whatever happens."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.errors import GuideError, Rejected
from app.mutations import replay_for
from app.mutations.call import Call
from app.mutations.mutate import perform
from app.protocol.mutations import AddTag, EditNote
from app.security import RowSealer
from app.store import Store, outbox
from app.store.queries import customers, work
from app.sync import OfflineSwitch, ServerClock, SyncEngine, make_http
from tests.fakes.device import TestClock
from tests.fakes.transport import FaultyTransport
from tests.sim.model import GUIDES, ModelServer
from tests.unit.client.conftest import KEY, NOW

SHM = Path("/dev/shm")


class SimPhone:
    """One phone of a guide; `made` are the mids of what its guide did."""

    def __init__(
        self, number: int, guide: str, server: ModelServer, folder: Path, random: Random, rate: float, replay: Any
    ) -> None:
        self.number, self.guide, self.folder, self.random = number, guide, folder, random
        self.faults = FaultyTransport(server, random, rate)
        self.replay = replay or replay_for(guide, f"dev-{number}", "Asia/Shanghai")
        self.made: list[str] = []
        self.open()

    def open(self) -> None:
        self.store = Store.open(self.folder, RowSealer(KEY))
        switch = OfflineSwitch(self.faults)
        self.http = make_http("http://model.test", switch)
        self.http.headers["X-Guide"] = self.guide
        clock = ServerClock(TestClock(NOW))
        self.engine = SyncEngine(self.store, self.http, switch, clock, self.replay, live=False, random=self.random)

    async def restart(self) -> None:
        """Close as an app does that is killed between two commits, and open again."""
        self.store.close()
        await self.http.aclose()
        self.open()

    async def tap(self) -> None:
        """Let the guide do something; what the rules on the phone refuse is no work."""
        known = self.store.query(customers.all_customers)
        if not known:
            return
        target = self.random.choice(sorted(c.id for c in known))
        text = f"{self.number}.{self.random.randrange(1000)}"
        tag = "refused" if self.random.random() < 0.15 else text
        change = EditNote(target, text) if self.random.random() < 0.6 else AddTag(target, tag)
        call = Call(self.guide, f"dev-{self.number}", ZoneInfo("Asia/Shanghai"), NOW)
        try:
            number = await self.store.write(lambda tx: perform(tx, change, call))
        except Rejected:
            return
        (made,) = [p for p in self.store.query(outbox.pending) if p.id == number]
        self.made.append(made.args["mid"])

    async def sync(self) -> bool:
        try:
            await self.engine.sync_now()
        except GuideError:
            return False
        return True

    def rows(self) -> dict[str, tuple[str, str, tuple[str, ...]]]:
        """Return what the guide sees of each customer."""
        return {
            f"customer/{c.id}": (c.guide_id, c.note, tuple(sorted(tag.name for tag in c.tags)))
            for c in self.store.query(customers.all_customers)
        }


class Broken(AssertionError):
    """An invariant does not hold; the message says which."""


async def run(
    seed: int, bugs: frozenset[str] = frozenset(), *, steps: int = 30, rate: float = 0.3, replay: Any = None
) -> Counter[str]:
    """Run one seed and return what the network did.

    Raises:
        Broken: lost, twice, foreign, hidden or diverged.
    """
    random = Random(seed)
    server = ModelServer(bugs)
    root = Path(tempfile.mkdtemp(prefix="sim-", dir=SHM if SHM.is_dir() else None))
    guides = (GUIDES[0], GUIDES[0], GUIDES[1])
    phones = [SimPhone(n, g, server, root / str(n), random, rate, replay) for n, g in enumerate(guides)]
    try:
        for _ in range(steps):
            await _step(random, server, phones)
            for phone in phones:
                check_pending(phone)
        await settle(phones)
        check_end(server, phones)
    finally:
        for phone in phones:
            phone.store.close()
            await phone.http.aclose()
        shutil.rmtree(root)
    return sum((phone.faults.seen for phone in phones), Counter())


async def _step(random: Random, server: ModelServer, phones: list[SimPhone]) -> None:
    phone = random.choice(phones)
    match random.choices(("tap", "sync", "both", "restart", "move", "level", "fault"), (35, 30, 15, 5, 8, 5, 2))[0]:
        case "tap":
            await phone.tap()
        case "sync":
            if await phone.sync():
                check_foreign(phone)
        case "both":
            await asyncio.gather(phone.sync(), phone.tap(), phone.tap())
        case "restart":
            await phone.restart()
        case "move":
            key = random.choice(sorted(k for k in server.rows if k.startswith("customer/")))
            server.put(key, server.rows[key] | {"guide_id": random.choice(GUIDES)})
        case "level":
            key = random.choice(sorted(k for k in server.rows if k.startswith("customer/")))
            server.put(key, server.rows[key] | {"level": random.choice("abc")})
        case "fault":
            server.fault_next = 1


async def settle(phones: list[SimPhone]) -> None:
    """Let the network be good and everybody sync until nothing waits."""
    for phone in phones:
        phone.faults.rate = 0.0
    for _ in range(6):
        for phone in phones:
            await phone.sync()
    for phone in phones:
        if phone.store.query(work.outbox_count):
            raise Broken(f"phone {phone.number} never sends what waits")


def check_pending(phone: SimPhone) -> None:
    """What the guide wrote last stands until the server confirmed or refused it."""
    shown = phone.rows()
    for one in phone.store.query(outbox.pending):
        key = f"customer/{one.args['customer_id']}"
        later = [
            p
            for p in phone.store.query(outbox.pending)
            if p.name == "edit_note" and p.id > one.id and f"customer/{p.args['customer_id']}" == key
        ]
        if one.name == "edit_note" and key in shown and not later and shown[key][1] != one.args["note"]:
            raise Broken(f"phone {phone.number} hides a pending note")


def check_foreign(phone: SimPhone) -> None:
    """Nobody holds a colleague's customers after a complete pull."""
    foreign = [key for key, row in phone.rows().items() if row[0] != phone.guide]
    if foreign:
        raise Broken(f"phone {phone.number} holds foreign {foreign}")


def check_end(server: ModelServer, phones: list[SimPhone]) -> None:
    """Nothing lost, nothing twice, everybody sees the server's rows, nobody had to start over."""
    for phone in phones:
        for mid in phone.made:
            if server.applied[mid] + server.refused[mid] != 1:
                raise Broken(f"{mid} applied {server.applied[mid]}, refused {server.refused[mid]} times")
        check_foreign(phone)
        wanted = {
            key: (v["guide_id"], v["note"], tuple(sorted(t["name"] for t in v["tags"])))
            for key, v in server.view(phone.guide).items() if key.startswith("customer/")
        }  # fmt: skip
        if phone.rows() != wanted:
            raise Broken(f"phone {phone.number} diverged")
        if problems := phone.store.query(work.problems):
            raise Broken(f"phone {phone.number}: {problems[0].code}")
    if any(writer != owner for writer, owner in server.writes):
        raise Broken("somebody wrote to a colleague's customer")
    for mid in server.applied:
        if all(mid not in phone.made for phone in phones):
            raise Broken("the server did what nobody asked")
