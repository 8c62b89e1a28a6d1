"""The demo goes on living: missed days on a later start, `simulate`, and a slow tick while it runs.

Everything goes through the services a real customer's pages use; only who does what is drawn by lot.
The members a walk-through signs in with, and orders of real people, are left alone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Select, and_, not_, select

from app.domain.errors import GuideError, Rejected
from app.domain.instants import from_text, to_text
from app.domain.money import Fen
from server_stub import jobs
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Database, Tx, upsert
from server_stub.demo import seed as seeds
from server_stub.demo.people import GUESTS, SOURCES, ZONE, at_shop_time, guest_phone, weighted
from server_stub.people import views
from server_stub.trade import coupons, orders, shares
from server_stub.trade.drafts import DraftLine, OrderDraft, Person

MISSED_DAYS_MAX = 30
EVENTS_A_DAY = 130
TICK_S = (9.0, 26.0)
RECENT_SHARES = timedelta(days=21)
RETURN_DAYS = timedelta(days=7)
THINKS_FOR = timedelta(minutes=3)
ACTIONS = (("look", 55), ("come", 22), ("buy", 17), ("claim", 4), ("give_back", 2))
CHANNELS = (("store", 44), ("miniprogram", 26), ("private", 20), ("marketplace", 10))
EVENT = "demo-live"

Report = Callable[[str], None]
log = structlog.get_logger("demo")


@dataclass(frozen=True, slots=True)
class Customer:
    """A member as the simulator knows them."""

    id: str
    store_id: str
    guide_id: str
    joined_at: str


@dataclass(frozen=True, slots=True)
class Goods:
    """A product as the simulator knows it."""

    id: str
    sizes: tuple[str, ...]
    price_fen: Fen


class Crowd:
    """The customers who may act, and what they do."""

    def __init__(self, conn: Connection) -> None:
        self.customers = [Customer(*row) for row in conn.execute(_members())]
        product = t.product.c
        rows = conn.execute(select(product.id, product.sizes, product.price_fen).where(product.active))
        self.goods = [Goods(row.id, tuple(row.sizes), row.price_fen) for row in rows]
        # Cheap things sell more often; the rest is as even as a shelf.
        self._weights = [1 / (1 + goods.price_fen / 60_000) for goods in self.goods]

    def act(self, tx: Tx, rng: random.Random) -> str | None:
        """Let one customer do one thing now; return what it was, None if nobody could."""
        action = weighted(rng, ACTIONS)
        who = rng.choice(self.customers)
        if who.joined_at > tx.now_text:
            return None
        done: bool = getattr(self, f"_{action}")(tx, rng, who)
        return action if done else None

    def pick(self, rng: random.Random) -> Goods:
        """Return one product by lot."""
        return rng.choices(self.goods, self._weights)[0]

    def _look(self, tx: Tx, rng: random.Random, who: Customer) -> bool:
        """A view of a page without a share; only under consent."""
        return _view(tx, rng, who, self.pick(rng).id) is not None

    def _come(self, tx: Tx, rng: random.Random, who: Customer) -> bool:
        """A share of the own guide is opened, and mostly looked at."""
        recent = select(t.share.c.code).where(
            t.share.c.guide_id == who.guide_id, t.share.c.kind == "product",
            t.share.c.created_at >= to_text(tx.now - RECENT_SHARES), t.share.c.created_at <= tx.now_text,
        )  # fmt: skip
        codes = tx.conn.execute(recent.order_by(t.share.c.created_at)).scalars().all()
        share = shares.resolve(tx, rng.choice(codes)) if codes else None
        if share is None:
            return False
        shares.count(tx, share.share_id, "opened")
        shares.touch(tx, Person(who.id), share, tx.now)
        if rng.random() < 0.8 and _view(tx, rng, who, share.item_id, share.share_id, share.channel):
            shares.count(tx, share.share_id, "viewed")
        return True

    def _buy(self, tx: Tx, rng: random.Random, who: Customer) -> bool:
        lines = tuple(
            DraftLine(goods.id, size=rng.choice(goods.sizes))
            for goods in {one.id: one for one in (self.pick(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))}.values()
        )
        channel = weighted(rng, CHANNELS)
        usable = [one for one in coupons.of_customer(tx, who.id) if one.state == "claimed"]
        coupon_id = usable[0].id if usable else None
        if coupon_id and orders.quote(tx, who.id, lines, coupon_id).problem:
            coupon_id = None
        event = f"{EVENT}/{to_text(tx.now)}/{rng.getrandbits(48):012x}"
        orders.place(tx, OrderDraft(event, who.id, channel, lines, store_id=who.store_id, coupon_id=coupon_id))
        return True

    def _claim(self, tx: Tx, rng: random.Random, who: Customer) -> bool:
        """Somebody opens and claims a coupon sent to them a few minutes ago or earlier."""
        c = t.coupon.c
        waiting = select(c.code, c.customer_id).where(
            c.state == "issued", c.issued_at <= to_text(tx.now - THINKS_FOR), c.valid_until > tx.now_text,
            c.customer_id.in_(select(_members().subquery().c.id)),
        )  # fmt: skip
        found = tx.conn.execute(waiting.order_by(c.id).limit(40)).all()
        if not found:
            return False
        row = rng.choice(found)
        coupons.mark_opened(tx, row.code)
        if rng.random() < 0.7:
            coupons.claim(tx, row.code, row.customer_id, f"{EVENT}/{to_text(tx.now)}")
        return True

    def _give_back(self, tx: Tx, rng: random.Random, who: Customer) -> bool:
        """An order of the simulated kind comes back within a week."""
        o = t.orders.c
        recent = select(o.id).where(
            o.status == "paid", o.idempotency_key.like("demo-%"),
            o.paid_at > to_text(tx.now - RETURN_DAYS), o.paid_at < tx.now_text,
        )  # fmt: skip
        found = tx.conn.execute(recent.order_by(o.id).limit(200)).scalars().all()
        if not found:
            return False
        order_id = rng.choice(found)
        orders.refund(tx, order_id, None, f"{EVENT}/refund/{order_id}")
        return True


def simulate(db: Database, days: int, report: Report = print) -> int:
    """Live `days` days that end now, on top of what is there, through the real services; return how many events."""
    end = db.now().astimezone(UTC).replace(microsecond=0)
    return _live_between(db, end - timedelta(days=days), end, report)


def catch_up(db: Database, report: Report = print) -> int:
    """Live through the days since the brand was last alive, at most 30; return how many days."""
    alive = _alive_at(db)
    if alive is None:
        return 0
    end = db.now().astimezone(UTC).replace(microsecond=0)
    missed = min((end - alive).days, MISSED_DAYS_MAX)
    if missed > 0:
        report(f"Living through {missed} missed day{'s' if missed > 1 else ''} …")
        _live_between(db, max(alive, end - timedelta(days=missed)), end, report)
    return max(missed, 0)


def tick_until(db: Database, stopping: threading.Event) -> None:
    """Let a customer act a few times a minute until told to stop; made for a thread of its own."""
    rng = random.Random()
    crowd: Crowd | None = None
    while not stopping.wait(rng.uniform(*TICK_S)):
        try:
            if crowd is None:
                with db.read() as conn:
                    crowd = Crowd(conn)
            _tick(db, crowd, rng)
        except Exception as exc:  # a lively demo is no reason to end the server; the log says what happened
            log.error("tick", kind=type(exc).__name__, detail=str(exc)[:200])


def _tick(db: Database, crowd: Crowd, rng: random.Random) -> None:
    if not crowd.customers or not crowd.goods:
        return
    action = _act(db, crowd, rng)
    with db.begin() as tx:
        _mark_alive(tx)
    if action:
        log.info("tick", action=action)


def _live_between(db: Database, begin: datetime, end: datetime, report: Report) -> int:
    """Play the events of every day in (begin, end], each at its own time, and the server's jobs each midnight."""
    with db.read() as conn:
        crowd = Crowd(conn)
    if not crowd.customers or not crowd.goods:
        report("There is no demo brand here; run `python -m server_stub seed` first.")
        return 0
    clock = FixedClock(begin)
    past = Database(db.engine, db.settings, clock)
    events = 0
    day = begin.astimezone(ZONE).date()
    while day <= end.astimezone(ZONE).date():
        rng = random.Random(f"{EVENT}/{day}/{to_text(begin)}")
        for at in _moments(rng, day):
            if begin < at <= end:
                clock.at = at
                events += _act(past, crowd, rng) is not None
        jobs.run_once(past)
        report(f"{day}: {events} events so far")
        day += timedelta(days=1)
    with db.begin() as tx:
        _mark_alive(tx)
    return events


def _act(db: Database, crowd: Crowd, rng: random.Random) -> str | None:
    """Let one customer act in a transaction; what the rules refuse has not happened."""
    try:
        with db.begin() as tx:
            return crowd.act(tx, rng)
    except Rejected as no:  # for example the last coupon of a quota: a customer would see a sentence and go on
        log.info("refused", code=no.code)
    except GuideError as error:
        log.error("act", code=error.code, detail=error.detail)
    return None


def _moments(rng: random.Random, day: date) -> list[datetime]:
    """Return the times of a day at which something happens: few in the morning, most in the evening."""
    busy = 1.35 if day.weekday() >= 5 else 1.0
    return sorted(at_shop_time(day, rng.triangular(7.5, 23.9, 20.0)) for _ in range(round(EVENTS_A_DAY * busy)))


def _view(
    tx: Tx, rng: random.Random, who: Customer, product_id: str, share_id: str | None = None, channel: str = ""
) -> str | None:
    return views.record_view(
        tx, product_id=product_id, session_id=f"{rng.getrandbits(96):024x}", customer_id=who.id,
        dwell_s=max(3, min(600, int(rng.lognormvariate(3.1, 0.9)))), share_id=share_id,
        channel=channel or "miniprogram",
    )  # fmt: skip


def _members() -> Select[Any]:
    """Return the query of customers who may be moved: bound ones, but not those a walk-through signs in with."""
    c = t.customer.c
    guests = [guest_phone(guide, place)[-4:] for guide in range(seeds.GUIDES) for place in range(len(GUESTS))]
    is_guest = and_(c.phone_masked.like("139%"), c.phone_tail.in_(guests))
    bound = and_(c.guide_id.is_not(None), c.store_id.is_not(None), c.phone_hash.is_not(None))
    # Who signed in on a page or came by an import is real to somebody.
    invented = c.source.in_([name for name, _ in SOURCES])
    wanted = select(c.id, c.store_id, c.guide_id, c.joined_at).where(bound, invented, not_(is_guest))
    return wanted.order_by(c.id)


def _alive_at(db: Database) -> datetime | None:
    with db.read() as conn:
        text = conn.execute(select(t.meta.c.value).where(t.meta.c.name == seeds.ALIVE)).scalar()
    return from_text(text) if text else None


def _mark_alive(tx: Tx) -> None:
    statement = upsert(tx.conn, t.meta).values(name=seeds.ALIVE, value=tx.now_text)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": tx.now_text}))
