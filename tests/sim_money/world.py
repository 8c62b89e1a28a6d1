"""A brand of twelve guides in three stores of three zones, and what its customers do in two months, by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert, select, update

from app.domain.binding import HANDED_OVER
from app.domain.errors import Rejected
from app.domain.instants import to_text
from app.protocol import share_code
from app.protocol.mutations import AskAboutOrder, DecideDispute
from server_stub import jobs
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Actor, Database, Tx
from server_stub.people import customers
from server_stub.sync import projections
from server_stub.trade import coupons, disputes, orders, shares
from server_stub.trade.drafts import DraftLine, OrderDraft, Person, RefundLine
from tests.fakes.server import FAR, HOURS, SECRETS, START, open_world

BEGIN = datetime(2026, 10, 21, tzinfo=UTC)
END = datetime(2026, 12, 13, tzinfo=UTC)
RAISED = "2026-11-16T00:00:00Z"  # a new version of the brand's rule
ZONES = {"s1": "Asia/Shanghai", "s2": "America/New_York", "s3": "Asia/Kathmandu"}
NEW_GUIDES = {"s1": ("g4", "g5"), "s2": ("g6", "g7", "g8"), "s3": ("g9", "g10", "g11", "g12")}
GUIDES = {"s1": ("g1", "g2", "g4", "g5"), "s2": ("g3", "g6", "g7", "g8"), "s3": NEW_GUIDES["s3"]}
STORE_OF = {guide: store for store, guides in GUIDES.items() for guide in guides}
ALL_GUIDES = tuple(sorted(STORE_OF))
EACH = 4  # customers a guide
TIERS = [[0, 25], [150_000, 100], [900_000, 250]]
NOBODYS = ("nobodys-k0", "nobodys-k1", "nobodys-k2")  # have no guide; the first has no store either
MANAGER = {"s1": "m1", "s2": "m2", "s3": "m3"}


@dataclass
class Brand:
    """A running brand with its clock, and what happened to it."""

    db: Database
    clock: FixedClock
    random: Random
    placed: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


def build(home: Path, seed: int) -> Brand:
    """Return the brand before its first order."""
    clock = FixedClock(BEGIN)
    db = open_world(home, clock)
    with db.begin() as tx:
        _people(tx)
        _rules(tx)
        projections.project_all(tx.conn, now=tx.now)
    return Brand(db, clock, Random(seed))


def _people(tx: Tx) -> None:
    store = {"id": "s3", "no": 3, "name": "加盟店", "name_en": "Franchise", "city": "加德满都", "hours": HOURS}
    tx.conn.execute(insert(t.store), [store])
    for store_id, zone in ZONES.items():
        tx.conn.execute(update(t.store).where(t.store.c.id == store_id).values(zone=zone))
    pin = tx.conn.execute(select(t.staff.c.pin_hash).where(t.staff.c.id == "g1")).scalar_one()
    no = 100
    for store_id, guides in (*NEW_GUIDES.items(), ("s3", ("m3",))):
        for one in guides:
            no += 1
            tx.conn.execute(insert(t.staff).values(
                id=one, no=no, staff_no=one.upper(), name=one, role="manager" if one == "m3" else "guide",
                store_id=store_id, pin_hash=pin, card_code=f"CARD{no}", created_at=START,
            ))  # fmt: skip
    for row in tx.conn.execute(select(t.staff.c.id, t.staff.c.no).where(t.staff.c.role == "guide")).all():
        tx.conn.execute(insert(t.device).values(
            id=f"{row.no}.sim", staff_id=row.id, install_id="sim", share_key_no=1, created_at=START
        ))  # fmt: skip
    for guide in ALL_GUIDES:
        for place in range(EACH):
            _customer(tx, f"{guide}-k{place}", guide)
    for place, one in enumerate(NOBODYS):
        _customer(tx, one, None, store_id="s1" if place else None)
    _customer(tx, "staff-k0", "g2", staff_member=True)


def _customer(tx: Tx, customer_id: str, guide: str | None, **more: Any) -> None:
    store_id = more.pop("store_id", STORE_OF.get(guide or ""))
    tx.conn.execute(insert(t.customer).values(
        id=customer_id, name=customer_id, joined_at=START, guide_id=guide, store_id=store_id, bound_until=FAR, **more
    ))  # fmt: skip
    tx.conn.execute(insert(t.consent).values(
        id=f"m-{customer_id}", person_kind="customer", person_id=customer_id, purpose="marketing", granted=True,
        at=START,
    ))  # fmt: skip
    if guide is not None:
        tx.conn.execute(insert(t.binding).values(
            id=f"b-{customer_id}", customer_id=customer_id, guide_id=guide, store_id=store_id, from_at=START,
            protected_until=START, bound_until=FAR, mode="bound", source="seed",
        ))  # fmt: skip


def _rules(tx: Tx) -> None:
    tx.conn.execute(update(t.setting).values(binding={"mode": "override", "protection_days": 2}))
    changed = {"tiers": TIERS, "until_at": RAISED}
    tx.conn.execute(update(t.commission_rule).where(t.commission_rule.c.id == "r1").values(changed))
    base = {"from_at": "2024-01-01T00:00:00Z", "version": 1, "closing_bp": 7_000, "tiers": [], "store_share_bp": 0}
    for rule in (
        {"id": "r1v2", "level": "brand", "version": 2, "from_at": RAISED, "rate_bp": 455, "tiers": TIERS},
        {"id": "r3", "level": "store", "target_id": "s3", "rate_bp": 600, "store_share_bp": 3_333, "tiers": TIERS},
        {"id": "r4", "level": "category", "target_id": "scarf", "fixed_fen": 777, "closing_bp": 6_001},
        {"id": "r5", "level": "product", "target_id": "p2", "rate_bp": 333},
    ):
        tx.conn.execute(insert(t.commission_rule).values(base | rule))


# --- what happens --------------------------------------------------------------------------

Step = Callable[[Brand, Random, str], None]


def live(brand: Brand, events: int, after: Callable[[Brand, int], None]) -> None:
    """Let `events` things happen between `BEGIN` and `END`; `after` is called after each, as the minute's job is.

    The server is down for four days around the end of November: nothing happens then, nor does a job run.
    """
    span = int((END - BEGIN).total_seconds())
    times = sorted(BEGIN + timedelta(seconds=brand.random.randrange(span)) for _ in range(events))
    down = datetime(2026, 11, 28, 12, tzinfo=UTC), datetime(2026, 12, 2, 12, tzinfo=UTC)
    for number, at in enumerate(times):
        own = Random(brand.random.random())  # what one event draws moves no other
        if down[0] <= at < down[1]:
            continue
        brand.clock.at = at
        name, step = own.choices(STEPS, WEIGHTS)[0]
        try:
            step(brand, own, f"{number:05d}")
        except Rejected as no:
            brand.count(f"{name}: {no.code}")
        else:
            brand.count(name)
        after(brand, number)
    brand.clock.at = END
    for _ in range(3):
        jobs.run_once(brand.db)


def _order(brand: Brand, random: Random, key: str) -> None:
    late = timedelta(days=random.randint(1, 12)) if random.random() < 0.06 else timedelta(0)
    with brand.db.begin() as tx:
        buyer = random.choice(NOBODYS) if random.random() < 0.08 else random.choice(_buyers(tx))
        lines = tuple(
            DraftLine(f"p{random.randint(1, 4)}", random.randint(1, 3), "S", line_id=f"l{key}-{place}",
                      price_fen=random.choice((0, 1, 99, 33_333, None, None, None, 100_001)))
            for place in range(random.choice((1, 1, 2, 3)))
        )  # fmt: skip
        mine = select(t.coupon.c.id).where(t.coupon.c.customer_id == buyer, t.coupon.c.state.in_(("issued", "claimed")))
        held = tx.conn.execute(mine.order_by(t.coupon.c.issued_at)).scalars().first() if not late else None
        base = {"channel": random.choice(("store", "private", "marketplace")), "order_id": f"o{key}", "no": f"NO{key}"}
        draft = OrderDraft(f"e{key}", buyer, lines=lines, created_at=tx.now - late, **base)
        if held is not None and orders.quote(tx, buyer, lines, held).problem is None:
            draft = OrderDraft(f"e{key}", buyer, lines=lines, created_at=tx.now, coupon_id=held, **base)
            brand.count("order with a coupon")
        brand.placed.append(orders.place(tx, draft))


def _buyers(tx: Tx) -> list[str]:
    return list(tx.conn.execute(select(t.customer.c.id).order_by(t.customer.c.id)).scalars())


def _refund(brand: Brand, random: Random, key: str) -> None:
    """Give back some or all of any order so far, also of a settled one."""
    if not brand.placed:
        return
    order_id = random.choice(brand.placed)
    with brand.db.begin() as tx:
        wanted = t.order_line.c.order_id == order_id
        rows = tx.conn.execute(select(t.order_line).where(wanted).order_by(t.order_line.c.position)).all()
        left = [row for row in rows if row.qty > row.refunded_qty]
        some = [RefundLine(row.id, random.randint(1, row.qty - row.refunded_qty)) for row in left[:2]]
        orders.refund(tx, order_id, None if random.random() < 0.4 else some, f"r{key}")


def _touch(brand: Brand, random: Random, key: str) -> None:
    """Somebody opens a share of any guide."""
    with brand.db.begin() as tx:
        guide, buyer = random.choice(ALL_GUIDES), random.choice(_buyers(tx))
        no = tx.conn.execute(select(t.staff.c.no).where(t.staff.c.id == guide)).scalar_one()
        key_of = share_code.derive_share_key(SECRETS.share_master, f"{no}.sim", 1)
        code = share_code.encode(
            key_of, key_no=1, guide_no=no, kind="product", item_no=1, channel=random.choice(("chat", "moments")),
            at=tx.now, random20=int(key),
        )  # fmt: skip
        found = shares.resolve(tx, code)
        assert found is not None
        shares.touch(tx, Person(buyer), found, tx.now)


def _coupon(brand: Brand, random: Random, key: str) -> None:
    guide = random.choice(ALL_GUIDES)
    with brand.db.begin() as tx:
        no = tx.conn.execute(select(t.staff.c.no).where(t.staff.c.id == guide)).scalar_one()
        coupons.ensure_leases(tx, f"{no}.sim")
        free = t.coupon.c.device_id == f"{no}.sim", t.coupon.c.state == "allotted", t.coupon.c.lease_until > tx.now_text
        coupon_id = tx.conn.execute(select(t.coupon.c.id).where(*free).order_by(t.coupon.c.id)).scalars().first()
        mine = select(t.customer.c.id).where(t.customer.c.guide_id == guide).order_by(t.customer.c.id)
        owned = list(tx.conn.execute(mine).scalars())
        if coupon_id is None or not owned:
            return
        coupons.issue(
            tx, coupon_id=coupon_id, customer_id=random.choice(owned), guide_id=guide, key=f"i{key}", at=tx.now,
            device_id=f"{no}.sim",
        )  # fmt: skip


def _rebind(brand: Brand, random: Random, key: str) -> None:
    with brand.db.begin() as tx:
        bound = [one for one in _buyers(tx) if one not in NOBODYS]
        customers.bind(tx, random.choice(bound), random.choice(ALL_GUIDES))


def _hand_over(brand: Brand, random: Random, key: str) -> None:
    """One guide's customer goes to a colleague of the store; the leaver keeps a tail share (rule 2.5)."""
    with brand.db.begin() as tx:
        query = select(t.binding).where(t.binding.c.until_at.is_(None)).order_by(t.binding.c.customer_id)
        row = random.choice(tx.conn.execute(query).mappings().all())
        to = random.choice([one for one in GUIDES[STORE_OF[row["guide_id"]]] if one != row["guide_id"]])
        ended = {"until_at": tx.now_text, "end_reason": HANDED_OVER}
        tx.conn.execute(update(t.binding).where(t.binding.c.id == row["id"]).values(ended))
        tx.conn.execute(insert(t.binding).values(dict(row) | {"id": f"h{key}", "guide_id": to, "from_at": tx.now_text}))
        tx.conn.execute(update(t.customer).where(t.customer.c.id == row["customer_id"]).values(guide_id=to))
        tx.touch("customer", row["customer_id"])


def _dispute(brand: Brand, random: Random, key: str) -> None:
    """A guide asks about an order and the store's manager gives it to them."""
    if not brand.placed:
        return
    guide, order_id = random.choice(ALL_GUIDES), random.choice(brand.placed[-40:])
    store = STORE_OF[guide]
    with brand.db.begin(Actor(guide, "guide", store, "dev")) as tx:
        disputes.ask(tx, AskAboutOrder(f"dispute-{key}", f"NO{order_id[1:]}", None, "?"))
    with brand.db.begin(Actor(MANAGER[store], "manager", store, "dev")) as tx:
        disputes.decide(tx, DecideDispute(f"dispute-{key}", True))


STEPS: tuple[tuple[str, Step], ...] = (
    ("order", _order), ("refund", _refund), ("touch", _touch), ("coupon", _coupon), ("rebind", _rebind),
    ("hand-over", _hand_over), ("dispute", _dispute),
)  # fmt: skip
WEIGHTS = (46, 14, 16, 10, 6, 3, 9)


def rows(brand: Brand, table: Any) -> list[dict[str, Any]]:
    """Return a table's rows by their key."""
    with brand.db.read() as conn:
        found = conn.execute(select(table).order_by(*table.primary_key.columns)).mappings()
        return [dict(row) for row in found]


def end_text() -> str:
    """Return the end of the simulation as text."""
    return to_text(END)
