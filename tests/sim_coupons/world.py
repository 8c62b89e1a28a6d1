"""One simulated run: two stores, three phones of guides and one of a manager, customers, orders, refunds, days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy import select

from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Actor
from server_stub.trade import coupons, orders, refunds
from server_stub.trade.drafts import DraftLine, OrderDraft
from tests.sim_coupons.brand import Brand
from tests.sim_coupons.holds import Broken, check_always, check_end
from tests.sim_coupons.phone import SimPhone

ACTORS = (
    Actor("g1", "guide", "s1", "11.a"), Actor("g1", "guide", "s1", "11.b"), Actor("g3", "guide", "s2", "21.a"),
    Actor("m2", "manager", "s2", "2.a"),
)  # fmt: skip
CUSTOMERS = {"g1": ("c1", "c2", "c3"), "g3": ("c6",), "m2": ()}
FAULTS = ("", "", "", "lost", "twice", "half")
ACTIONS: dict[str, int] = {
    "send": 24, "lease": 3, "undo": 8, "claim": 12, "redeem": 34, "sync": 18, "ask": 3, "buy": 3, "receipt": 5,
    "refund": 6, "hours": 4, "days": 2, "jobs": 2, "reserve": 2, "release": 2,
}  # fmt: skip
ON_THE_PHONE = ("send", "undo", "redeem", "ask")  # the server hears of it later
STEPS = 22


class Run:
    """What happens in one seed; every random choice comes from `random`."""

    def __init__(self, brand: Brand, seed: int) -> None:
        self.brand, self.random = brand, Random(seed)
        self.quota = brand.begin(self.random)
        self.phones = [SimPhone(brand, actor, self.random) for actor in ACTORS]
        self.links: dict[str, str] = {}  # coupon id to customer: what was sent over a messenger
        self.shown: list[str] = []  # codes and QR texts that customers can show: of screenshots, too
        self.placed: list[str] = []
        self.held: list[tuple[str, str]] = []
        self.seen: Counter[str] = Counter()
        self.events = 0

    def go(self) -> Counter[str]:
        """Do the steps, settle, check.

        Raises:
            Broken: what must hold does not.
        """
        for phone in self.phones:
            phone.pull()
        for _ in range(STEPS):
            action = self.random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            step: Callable[[SimPhone], None] = getattr(self, action)
            step(self.random.choice(self.phones))
            self.brand.clock.forward(seconds=self.random.randrange(1, 120))
            if action not in ON_THE_PHONE:
                check_always(self.brand, self.quota)
        for phone in self.phones:
            self._deliver(phone, "")
        for phone in self.phones:
            phone.pull()
        check_always(self.brand, self.quota)
        self.seen += check_end(self.brand, self.phones)
        return self.seen

    def send(self, phone: SimPhone) -> None:
        theirs = CUSTOMERS[phone.actor.staff_id]
        if not theirs:
            return
        customer = self.random.choice(theirs)
        coupon_id = phone.send(customer)
        if coupon_id is not None:
            self.links[coupon_id] = customer
            self.shown.append(phone.coupons[coupon_id].code)
            self.seen["sent"] += 1

    def undo(self, phone: SimPhone) -> None:
        if self.links:
            phone.undo(self.random.choice(list(self.links)))

    def claim(self, phone: SimPhone) -> None:
        """A customer opens the link that reached them; from then on the page shows the QR."""
        if not self.links:
            return
        coupon_id, customer = self.random.choice(list(self.links.items()))
        row = self._row(coupon_id)
        try:
            with self.brand.db.begin() as tx:
                coupons.claim(tx, row["code"], customer, f"page:{row['code']}")
        except Rejected:
            return
        self.shown.append(row["qr"])
        self.seen["claimed"] += 1

    def redeem(self, phone: SimPhone) -> None:
        """A customer shows something they have, often what was shown elsewhere just now."""
        if self.shown:
            text = self.shown[-1] if self.random.random() < 0.5 else self.random.choice(self.shown)
            self.seen["tried"] += phone.redeem(text)

    def sync(self, phone: SimPhone) -> None:
        fault = self.random.choice(FAULTS)
        self._deliver(phone, fault)
        if fault != "lost":
            phone.pull()
        self.seen[fault or "fine"] += 1

    def lease(self, phone: SimPhone) -> None:
        with self.brand.db.begin(phone.actor) as tx:
            coupons.ensure_leases(tx, phone.actor.device_id)
        phone.pull()

    def ask(self, phone: SimPhone) -> None:
        if self.shown:
            phone.ask(self.random.choice(self.shown))

    def buy(self, phone: SimPhone) -> None:
        """A customer uses a coupon for an order on the net."""
        if not self.links:
            return
        coupon_id, customer = self.random.choice(list(self.links.items()))
        self._order(customer, coupon_id)

    def receipt(self, phone: SimPhone) -> None:
        """A sale at the till whose receipt is named when the coupon is redeemed."""
        if not self.links:
            return
        coupon_id, customer = self.random.choice(list(self.links.items()))
        counters = [one for one in self.phones if coupon_id in one.coupons]
        order_id = self._order(customer, None) if counters else None
        if order_id is not None:
            phone = self.random.choice(counters)
            number = self.brand.rows(t.orders, t.orders.c.id == order_id)[0]["no"]
            self.seen["receipt"] += phone.redeem(self._row(coupon_id)["code"], number)

    def refund(self, phone: SimPhone) -> None:
        if not self.placed:
            return
        order_id = self.placed[-1] if self.random.random() < 0.5 else self.random.choice(self.placed)
        try:
            with self.brand.db.begin() as tx:
                refunds.refund(tx, order_id, None, f"refund-{order_id}")
        except Rejected:
            return
        self.seen["refunded"] += 1

    def reserve(self, phone: SimPhone) -> None:
        if self.links:
            self._hold(self.random.choice(list(self.links)))

    def _hold(self, coupon_id: str) -> None:
        self.events += 1
        try:
            with self.brand.db.begin() as tx:
                coupons.reserve(tx, coupon_id, f"open-{self.events}", f"reserve-{self.events}")
        except Rejected:
            return
        self.held.append((coupon_id, f"open-{self.events}"))

    def release(self, phone: SimPhone) -> None:
        if self.held:
            coupon_id, order_id = self.held.pop()
            with self.brand.db.begin() as tx:
                coupons.release(tx, coupon_id, order_id, f"release-{order_id}")

    def hours(self, phone: SimPhone) -> None:
        self.brand.clock.forward(hours=self.random.randrange(1, 20))

    def days(self, phone: SimPhone) -> None:
        self.brand.clock.forward(days=self.random.randrange(1, 9))

    def jobs(self, phone: SimPhone) -> None:
        with self.brand.db.begin() as tx:
            coupons.release_leases(tx)

    def _deliver(self, phone: SimPhone, fault: str) -> None:
        phone.push(fault)

    def _order(self, customer: str, coupon_id: str | None) -> str | None:
        self.events += 1
        draft = OrderDraft(f"event-{self.events}", customer, "private", (DraftLine("p1", 1, "S"),), coupon_id=coupon_id)
        try:
            with self.brand.db.begin() as tx:
                order_id = orders.place(tx, draft)
        except Rejected:
            return None
        self.placed.append(order_id)
        self.seen["bought"] += coupon_id is not None
        return order_id

    def _row(self, coupon_id: str) -> dict[str, Any]:
        with self.brand.db.read() as conn:
            return dict(conn.execute(select(t.coupon).where(t.coupon.c.id == coupon_id)).mappings().one())


def run(brand: Brand, seed: int) -> Counter[str]:
    """Run one seed and return what happened in it.

    Raises:
        Broken: with the seed in the message.
    """
    try:
        return Run(brand, seed).go()
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from broken
