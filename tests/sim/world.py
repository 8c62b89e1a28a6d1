"""One simulated run: guides tap, phones sync over a bad network, customers buy, headquarters and fate do the rest."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from sqlalchemy import select, update

from app.domain.errors import Rejected
from app.store import indexes
from server_stub import tables as t
from server_stub.people import auth, customers
from server_stub.sync import tombstones
from server_stub.trade import coupons, leases, orders, refunds
from server_stub.trade.drafts import DraftLine, OrderDraft
from tests.sim.holds import Broken, check_end, check_foreign, check_phone
from tests.sim.phone import Killed, SimPhone, install
from tests.sim.server import Seat, SimServer, server_on, watched

STEPS = 16
ROUNDS = 9
GUIDES = ("g1", "g2", "g3")
ON_PHONES: dict[str, int] = {"tap": 22, "sync": 18, "both": 20, "reopen": 3, "skew": 3}
ON_SERVER: dict[str, int] = {
    "order": 5, "claim": 5, "hand_over": 8, "refund": 2, "release": 2, "time": 5, "stop": 1,
}  # fmt: skip
SELDOM: dict[str, int] = {"move_store": 4, "purge": 2, "restore": 5, "revoke": 3}
SKEWS = (timedelta(0), timedelta(minutes=5), timedelta(minutes=-5), timedelta(days=7), timedelta(days=-7))


class Run:
    """What happens in one seed; every choice comes from `random`."""

    def __init__(self, server: SimServer, seed: int, folder: Path) -> None:
        self.server, self.random, self.folder = server, Random(seed), folder
        self.actions = ON_PHONES | ON_SERVER | {name: n for name, n in SELDOM.items() if self.random.random() < 0.3}
        self.seen: Counter[str] = Counter()
        self.shown: list[str] = []  # codes and QR texts that customers hold
        self.placed: list[str] = []
        self.backups: list[Any] = []
        self.excused: set[str] = set()
        self.events = 0
        self.phones: list[SimPhone] = []

    async def go(self) -> Counter[str]:
        """Do the steps, settle, check; return what happened.

        Raises:
            Broken: what must hold does not.
        """
        self.server.begin(self.random.choice((3, 5, 5, 20)))
        rate = self.random.choice((0.1, 0.25, 0.4))
        try:
            for seat in self._seats():
                home = self.folder / seat.name
                install(self.server, seat, home)
                self.phones.append(SimPhone(self.server, seat, home, Random(self.random.random()), rate))
            if "restore" in self.actions:
                self.backups.append(self.server.keep())
            for _ in range(STEPS):
                await self._step()
            await self._settle()
            check_end(self.server, self.phones, self.excused)
        finally:
            for phone in self.phones:
                await phone.close()
            self.server.end()
        return self.seen + sum((phone.line.seen for phone in self.phones), Counter())

    def _seats(self) -> list[Seat]:
        """Return the phones of this run: always both of one guide; a manager's tablet now and then."""
        seats = self.server.seats
        others = self.random.choice(("cd", "cd", "cd", "cm"))
        return [seats[name] for name in ("a", "b", *others)]

    async def _step(self) -> None:
        self.server.clock.forward(seconds=self.random.randrange(1, 300))
        name = self.random.choices(list(self.actions), list(self.actions.values()))[0]
        self.seen[name] += 1
        if name not in ON_PHONES:
            self._on_server(name)
            return
        phone = self.random.choice(self.phones)
        if not phone.wiped:
            await getattr(self, name)(phone)
        for one in self.phones:
            if not one.wiped:
                check_phone(one)

    def _on_server(self, name: str) -> None:
        try:
            getattr(self, name)()
        except Rejected as no:
            self.seen[f"{name}: {no.code}"] += 1

    # --- on the phones -------------------------------------------------------------------------------------------
    async def tap(self, phone: SimPhone) -> None:
        await self._together(phone, *(self._tap(phone) for _ in range(self.random.randrange(1, 4))))

    async def sync(self, phone: SimPhone) -> None:
        sprung, kills = self.server.sprung, phone.kills
        done = await self._together(phone, phone.sync())
        if done == [True] and (self.server.sprung, phone.kills) == (sprung, kills):
            check_foreign(phone)

    async def both(self, phone: SimPhone) -> None:
        """Sync while the owner goes on working, and another phone syncs too."""
        other = self.random.choice(self.phones)
        await self._together(phone, phone.sync(), self._tap(phone), other.sync(), self._tap(phone), self._tap(other))

    async def reopen(self, phone: SimPhone) -> None:
        phone.restart()

    async def skew(self, phone: SimPhone) -> None:
        phone.device_clock.skew = self.random.choice(SKEWS)

    async def _tap(self, phone: SimPhone) -> None:
        self.seen[f"tap {await phone.tap(self.shown)}"] += 1

    async def _together(self, phone: SimPhone, *work: Any) -> list[Any]:
        """Run things side by side; the phone may be killed in them, and something may happen in the server."""
        if self.random.random() < 0.15:
            phone.fuse.left = self.random.randrange(1, 90)
        if self.random.random() < 0.35:
            what = self.random.choice(("kill", "fault", "meanwhile"))
            self.server.arm(what, self.random.randrange(1, 60), self._meanwhile)
        done = await asyncio.gather(*work, return_exceptions=True)
        self.server.disarm()
        if phone.fuse.dead:
            self.seen["phone killed"] += 1
            phone.revive()
        phone.fuse.left = None
        for one in done:
            if isinstance(one, BaseException) and not isinstance(one, Killed):
                raise one
        return done

    def _meanwhile(self) -> None:
        self.seen["meanwhile"] += 1
        self._on_server(self.random.choice(("order", "claim", "hand_over")))

    # --- on the server -------------------------------------------------------------------------------------------
    def order(self) -> None:
        with self.server.db.begin() as tx:
            lines = (DraftLine(f"p{self.random.randrange(1, 5)}", 1, "S"),)
            draft = OrderDraft(self._event("order"), self._customer(), "private", lines)
            self.placed.append(orders.place(tx, draft))

    def refund(self) -> None:
        if self.placed:
            with self.server.db.begin() as tx:
                refunds.refund(tx, self.random.choice(self.placed), None, self._event("refund"))

    def claim(self) -> None:
        """A customer opens or claims what a guide sent; only what the server knows of can be."""
        c = t.coupon.c
        rows = sorted(self.server.rows(t.coupon, c.state == "issued"), key=lambda row: str(row["id"]))
        if rows:
            row = self.random.choice(rows)
            with self.server.db.begin() as tx:
                coupons.mark_opened(tx, row["code"])
                if self.random.random() < 0.6:
                    coupons.claim(tx, row["code"], row["customer_id"], self._event("claim"))

    def hand_over(self) -> None:
        """A customer takes another guide: they and all that hangs on them move."""
        with self.server.db.begin() as tx:
            customers.bind(tx, self._customer(), self.random.choice(GUIDES))

    def release(self) -> None:
        with self.server.db.begin() as tx:
            leases.release_leases(tx)

    def time(self) -> None:
        self.server.clock.forward(minutes=self.random.choice((5, 60, 600, 2_000, 12_000)))

    def stop(self) -> None:
        self.server.restart()

    def purge(self) -> None:
        """Nobody looks at the brand for a quarter; old tombstones go."""
        self.server.clock.forward(days=91)
        with self.server.db.begin() as tx:
            tombstones.purge(tx)
            tombstones.forget_seen(tx)

    def move_store(self) -> None:
        """A guide goes to another store."""
        guide = self.random.choice(GUIDES)
        with self.server.db.begin() as tx:
            now = tx.conn.execute(select(t.staff.c.store_id).where(t.staff.c.id == guide)).scalar()
            moved = {"store_id": "s1" if now == "s2" else "s2"}
            tx.conn.execute(update(t.staff).where(t.staff.c.id == guide).values(**moved))
            tx.touch("staff", guide)

    def revoke(self) -> None:
        """A phone was lost; at most one in a run."""
        self.actions.pop("revoke", None)
        with self.server.db.begin() as tx:
            auth.revoke_device(tx, self.random.choice(self.phones).seat.row_id)

    def restore(self) -> None:
        """The server's disk is replaced by a backup of some time ago; or a backup is made."""
        if not self.backups or (len(self.backups) < 2 and self.random.random() < 0.5):
            self.backups.append(self.server.keep())
            return
        before = self.server.counts().keys()
        self.server.restore(self.random.choice(self.backups))
        gone = {name.partition(":")[2] for name in before - self.server.counts().keys()}
        waiting = {mid for phone in self.phones if not phone.wiped for mid in phone.waiting()}
        self.excused |= gone - waiting
        known = {row["id"] for row in self.server.rows(t.orders)}
        self.placed = [one for one in self.placed if one in known]
        self.seen["restored"] += 1

    def _event(self, what: str) -> str:
        self.events += 1
        return f"{what}-{self.events}"

    def _customer(self) -> str:
        return f"c{self.random.randrange(1, 7)}"

    # --- the end -------------------------------------------------------------------------------------------------
    async def _settle(self) -> None:
        """The network is good from now on; everybody syncs until nothing waits and nothing is on its way."""
        for phone in self.phones:
            await phone.line.deliver_all()
            phone.line.rate = 0.0
        for _ in range(ROUNDS):
            before = self.server.heads()
            quiet = [await phone.sync() and not phone.waiting() for phone in self.phones if not phone.wiped]
            if all(quiet) and self.server.heads() == before:
                return
        for phone in self.phones:
            if not phone.wiped and not await phone.sync() and not phone.wiped:
                raise Broken(f"phone {phone.seat.name} cannot sync over a good network: {phone.engine.status.problem}")


def _many_rows(seed: int) -> int:
    """Return from how many rows on a load goes without indexes: in each fourth seed any of more than one page does."""
    return 1 if seed % 4 == 0 else indexes.MANY_ROWS


async def _at_once(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do in the caller's task what would go to a thread: two phones that push at once have one order."""
    await asyncio.sleep(0)
    return work(*args, **kwargs)


async def run(seed: int, backend: str = "sqlite") -> Counter[str]:
    """Run one seed and return what happened in it.

    Raises:
        Broken: with the seed in the message; also for a crash of anything.
    """
    server = await server_on(backend)
    folder = server.folder / "run"
    folder.mkdir()
    entropy = Random(f"entropy {seed}")
    fixed: Callable[[int], bytes] = entropy.randbytes
    try:
        with (
            watched(server),
            mock.patch("os.urandom", fixed),
            mock.patch("asyncio.to_thread", _at_once),
            mock.patch.object(indexes, "MANY_ROWS", _many_rows(seed)),
        ):
            return await Run(server, seed, folder).go()
    except Exception as exc:
        raise Broken(f"seed {seed} on {backend}: {exc!r}") from exc
    finally:
        shutil.rmtree(folder)


__all__ = ["Broken", "run"]
