"""What the members did: shares made, views, orders and refunds, as plans that know no database.

`seed` writes the plans in bulk; the recompute test places the same plans through `trade.orders`.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate

from app.domain.ids import uuid7
from server_stub.demo import brand
from server_stub.demo.people import (
    EXPIRING,
    GUESTS,
    HISTORY_DAYS,
    NEW_HERE,
    WATCHING,
    ZONE,
    Member,
    at_shop_time,
    weighted,
)

BROWSE_DAYS = 178
SHARE_DAYS = 120
COUPON_DAYS = 150
SHARES_PER_GUIDE = 64
COLOURS_PER_STYLE = 3
CHANNELS = (("store", 44), ("miniprogram", 26), ("private", 20), ("marketplace", 10))
SHARE_CHANNELS = (("chat", 60), ("moments", 25), ("group", 15))
PAUSE_DAYS = {"regular": (34.0, 140.0), "devoted": (17.0, 38.0), "dormant": (36.0, 75.0), "lapsing": (32.0, 90.0)}
VIEWS = {"regular": 26, "devoted": 50, "once": 16, "dormant": 4, "lapsing": 14, "browsing": 22}
REFUND_SHARE = 0.055


@dataclass(frozen=True, slots=True)
class Share:
    """A link a guide made; `product` is a place (0..71), `random` goes into its signed code."""

    id: str
    guide: int
    product: int
    channel: str
    at: datetime
    nonce: int


@dataclass(frozen=True, slots=True)
class View:
    """One consented view of a product by a member, perhaps through a share."""

    id: str
    touch_id: str
    product: int
    session_id: str
    at: datetime
    dwell_s: int
    share: Share | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a planned order."""

    id: str
    product: int
    size: str
    qty: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Pieces given back: (place of the line, pieces)."""

    event_id: str
    at: datetime
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """A coupon that was issued, claimed and perhaps used; `template` is a place in `brand.COUPONS`."""

    id: str
    template: int
    issued_at: datetime
    claimed_at: datetime | None


@dataclass(slots=True)
class Order:
    """One paid order of a member."""

    id: str
    no: str
    at: datetime
    channel: str
    lines: tuple[Line, ...]
    coupon: UsedCoupon | None = None
    refund: Refund | None = None


@dataclass(slots=True)
class Life:
    """Everything one member did, oldest first, and coupons in hand that wait for use."""

    member: Member
    orders: list[Order] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    coupons: list[UsedCoupon] = field(default_factory=list)


def product_place(style: int, colour: int) -> int:
    """Return the place (0..71) of a style's colour."""
    return style * COLOURS_PER_STYLE + colour


def shares_of(guide: int, now: datetime, seed: int) -> list[Share]:
    """Return a guide's shares of the last months, oldest first; the busy guides share more."""
    rng = random.Random(f"{seed}/share/{guide}")
    weights = [style.weight for style in brand.STYLES]
    shares = []
    for _ in range(SHARES_PER_GUIDE - 3 * (guide % 4)):
        day = (now - timedelta(days=rng.uniform(0, SHARE_DAYS))).astimezone(ZONE).date()
        at = at_shop_time(day, rng.uniform(10.2, 20.6))
        style = rng.choices(range(len(brand.STYLES)), weights)[0]
        share = Share(
            uuid7(at, rng.randbytes(10)), guide, product_place(style, rng.randrange(3)),
            weighted(rng, SHARE_CHANNELS), at, rng.getrandbits(20),
        )  # fmt: skip
        if at <= now:
            shares.append(share)
    return sorted(shares, key=lambda share: (share.at, share.id))


class Biographer:
    """Writes the lives of a guide's members; knows the shares of the guide's shop."""

    def __init__(self, now: datetime, seed: int, shares: dict[int, list[Share]]) -> None:
        self.now = now
        self.seed = seed
        self.shares = shares
        self._share_times = {guide: [share.at for share in rows] for guide, rows in shares.items()}
        weights = [style.weight for style in brand.STYLES for _ in range(COLOURS_PER_STYLE)]
        self._places = range(len(weights))
        self._summed = list(accumulate(weights))
        self._on_sale_since = [
            now - timedelta(days=style.age_days) for style in brand.STYLES for _ in range(COLOURS_PER_STYLE)
        ]

    def live(self, member: Member) -> Life:
        """Return the life of one member."""
        rng = random.Random(f"{self.seed}/life/{member.guide}/{member.place}")
        life = Life(member)
        for day in self._order_days(rng, member):
            life.orders.append(self._order(rng, member, day, len(life.orders)))
        life.orders = [order for order in life.orders if order.at <= self.now]
        if member.consents["browse"]:
            life.views = self._views(rng, life)
        if member.place in EXPIRING:
            life.coupons.append(self._expiring(rng, member))
        return life

    def _order_days(self, rng: random.Random, member: Member) -> list[date]:
        """Return the store-zone days of a member's orders by their rhythm, oldest first."""
        today = self.now.astimezone(ZONE).date()
        since = min(HISTORY_DAYS, (today - member.joined_at.astimezone(ZONE).date()).days)
        if member.rhythm == "browsing":
            return []
        if member.rhythm == "once":
            return [today - timedelta(days=rng.randint(min(16, since), max(16, min(since, 500))))]
        until = {"dormant": rng.randint(368, 470), "lapsing": rng.randint(110, 250)}.get(member.rhythm, 0)
        if member.is_staged:
            until = 16
        pause = rng.uniform(*PAUSE_DAYS[member.rhythm])
        days, ago = [], since - rng.uniform(0, pause * 0.5)
        while ago >= until:
            days.append(_nearer_weekend(rng, today - timedelta(days=int(ago))))
            ago -= max(3.0, pause * rng.uniform(0.55, 1.5))
        return days

    def _order(self, rng: random.Random, member: Member, day: date, nth: int) -> Order:
        channel = weighted(rng, CHANNELS)
        hour = rng.triangular(10.8, 21.2, 16.0) if channel == "store" else rng.triangular(8.0, 23.95, 21.0)
        at = max(at_shop_time(day, hour), member.joined_at + timedelta(minutes=5))
        lines = self._lines(rng, member, at)
        order = Order(uuid7(at, rng.randbytes(10)), _number(at, member, nth), at, channel, lines)
        age = self.now - at
        if age < timedelta(days=COUPON_DAYS) and channel != "marketplace" and rng.random() < 0.16:
            order.coupon = _used_coupon(rng, order)
        if rng.random() < REFUND_SHARE:
            order.refund = self._refund(rng, order)
        return order

    def _lines(self, rng: random.Random, member: Member, at: datetime) -> tuple[Line, ...]:
        count = rng.choices((1, 2, 3), (66, 26, 8) if member.rhythm != "devoted" else (46, 36, 18))[0]
        chosen: dict[int, Line] = {}
        for _ in range(count):
            product = self._wanted(rng, member, at)
            style = brand.STYLES[product // COLOURS_PER_STYLE]
            qty = 2 if style.price_fen < 40_000 and rng.random() < 0.09 else 1
            chosen[product] = Line(uuid7(at, rng.randbytes(10)), product, _size(rng, style, member), qty)
        return tuple(chosen.values())

    def _wanted(self, rng: random.Random, member: Member, at: datetime) -> int:
        """Return a product that was on sale then; the watched product of a watcher is never bought."""
        watched = watched_product(member)
        while True:
            liked = rng.random() < 0.5
            product = rng.choice(member.favourites) if liked else self._popular(rng)
            if product != watched and at >= self._on_sale_since[product]:
                return product
            if liked and len(member.favourites) == 1:
                member.favourites.append(product_place(4, 0))

    def _refund(self, rng: random.Random, order: Order) -> Refund | None:
        at = order.at + timedelta(days=rng.uniform(1, 6.5), hours=rng.uniform(0, 3))
        if at > self.now:
            return None
        places = range(len(order.lines)) if rng.random() < 0.6 else [rng.randrange(len(order.lines))]
        return Refund(f"demo-refund/{order.id}", at, tuple((place, order.lines[place].qty) for place in places))

    def _views(self, rng: random.Random, life: Life) -> list[View]:
        member = life.member
        limit = VIEWS[member.rhythm]
        wanted = max(0, round(rng.gauss(limit, limit * 0.35)))
        first = max(self.now - timedelta(days=BROWSE_DAYS), member.joined_at + timedelta(minutes=1))
        last = self.now - timedelta(days=15 if member.is_staged else 0)
        pages = _Pages()
        while wanted > 0 and first < last:
            at = _evening(rng, first + (last - first) * rng.random())
            size = min(wanted, rng.choices((1, 2, 3), (62, 27, 11))[0])
            wanted -= size
            if first <= at <= last:
                self._session(rng, member, at, size, pages)
        self._before_orders(rng, life, pages)
        if member.place in WATCHING:
            self._watch(rng, member, pages)
        return sorted(pages.views, key=lambda view: (view.at, view.id))

    def _session(self, rng: random.Random, member: Member, at: datetime, size: int, pages: _Pages) -> None:
        share = self._recent_share(rng, member, at) if rng.random() < 0.34 else None
        session = uuid7(at, rng.randbytes(10))
        for _ in range(size):
            product = share.product if share else self._looked_at(rng, member, at)
            if product != watched_product(member):
                pages.add(rng, product, session, at, share)
            share = None
            at += timedelta(seconds=rng.randint(25, 240))

    def _looked_at(self, rng: random.Random, member: Member, at: datetime) -> int:
        while True:
            product = rng.choice(member.favourites) if rng.random() < 0.6 else self._popular(rng)
            if at >= self._on_sale_since[product]:
                return product

    def _popular(self, rng: random.Random) -> int:
        return rng.choices(self._places, cum_weights=self._summed)[0]

    def _recent_share(self, rng: random.Random, member: Member, at: datetime) -> Share | None:
        """Return a share made in the three weeks before; one in twelve is a colleague's of the same shop."""
        shop = member.guide // 4 * 4
        guide = shop + rng.randrange(4) if rng.random() < 0.09 else member.guide
        times = self._share_times.get(guide, [])
        low, high = bisect_left(times, at - timedelta(days=21)), bisect_right(times, at)
        return self.shares[guide][rng.randrange(low, high)] if low < high else None

    def _before_orders(self, rng: random.Random, life: Life, pages: _Pages) -> None:
        """Most orders on the private channel follow a look at a shared page."""
        for order in life.orders:
            if order.channel == "store" or order.at < self.now - timedelta(days=SHARE_DAYS - 5) or rng.random() < 0.3:
                continue
            at = order.at - timedelta(minutes=rng.randint(6, 2_800))
            if at > life.member.joined_at:
                share = self._recent_share(rng, life.member, at) if order.channel == "private" else None
                product = share.product if share else order.lines[0].product
                pages.add(rng, product, uuid7(at, rng.randbytes(10)), at, share)

    def _watch(self, rng: random.Random, member: Member, pages: _Pages) -> None:
        """Look three or four times at one product in the last days, on different days (rule 5.1)."""
        product = member.favourites[0]
        today = self.now.astimezone(ZONE).date()
        for ago in sorted(rng.sample(range(1, 9), rng.choice((3, 3, 4))), reverse=True):
            at = at_shop_time(today - timedelta(days=ago), rng.triangular(11.0, 23.5, 20.5))
            pages.add(rng, product, uuid7(at, rng.randbytes(10)), at, None, least_s=18)

    def _expiring(self, rng: random.Random, member: Member) -> UsedCoupon:
        """A claimed coupon (14 natural days) whose last day is today, tomorrow or the day after."""
        left = member.place - EXPIRING[0]
        day = self.now.astimezone(ZONE).date() - timedelta(days=13 - left)
        at = at_shop_time(day, rng.uniform(11, 19))
        return UsedCoupon(uuid7(at, rng.randbytes(10)), 0, at, at + timedelta(minutes=rng.randint(4, 300)))


class _Pages:
    """Views so far; keeps a product under three sessions a fortnight, so that only the staged ones signal."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self._seen: dict[int, list[datetime]] = defaultdict(list)

    def add(
        self, rng: random.Random, product: int, session: str, at: datetime, share: Share | None, *, least_s: int = 3
    ) -> None:
        near = [seen for seen in self._seen[product] if abs(seen - at) < timedelta(days=14)]
        if len(near) >= 2 and least_s == 3:
            return
        self._seen[product].append(at)
        dwell = max(least_s, min(600, int(rng.lognormvariate(3.1, 0.9))))
        self.views.append(
            View(uuid7(at, rng.randbytes(10)), uuid7(at, rng.randbytes(10)), product, session, at, dwell, share)
        )


def watched_product(member: Member) -> int | None:
    """Return the product a watcher cannot let go of; None for everybody else."""
    return member.favourites[0] if member.place in WATCHING else None


def _nearer_weekend(rng: random.Random, day: date) -> date:
    """Move a third of the weekday orders back to the Saturday or Sunday before."""
    if day.weekday() < 5 and rng.random() < 0.33:
        return day - timedelta(days=day.weekday() + rng.choice((1, 2)))
    return day


def _evening(rng: random.Random, at: datetime) -> datetime:
    return at_shop_time(at.astimezone(ZONE).date(), rng.triangular(8.0, 23.9, 20.8))


def _number(at: datetime, member: Member, nth: int) -> str:
    here = at.astimezone(ZONE)
    return f"ES{here:%y%m%d}{member.guide + 1:02d}{member.place:03d}{nth:02d}"


def _size(rng: random.Random, style: brand.Style, member: Member) -> str:
    part = {"shoes": "shoe", "bottoms": "bottom"}.get(style.category, "top")
    size = member.sizes.get(part, "")
    return size if size in style.sizes else rng.choice(style.sizes)


def _used_coupon(rng: random.Random, order: Order) -> UsedCoupon | None:
    """Return a coupon that fits the order's sum: the reduction only from ¥399, else the percentage."""
    total = sum(brand.STYLES[line.product // COLOURS_PER_STYLE].price_fen * line.qty for line in order.lines)
    template = 0 if total >= brand.COUPONS[0].threshold_fen and rng.random() < 0.6 else 1
    issued = order.at - timedelta(hours=rng.uniform(3, 120))
    here = issued.astimezone(ZONE)
    issued = at_shop_time(here.date(), min(20.8, max(9.3, here.hour + here.minute / 60)))
    if issued >= order.at - timedelta(minutes=30):
        return None
    claimed = issued + (order.at - issued) * rng.uniform(0.05, 0.9)
    return UsedCoupon(uuid7(issued, rng.randbytes(10)), template, issued, claimed.replace(microsecond=0))


def is_guest(member: Member) -> bool:
    """Whether the member is one of those whose phone number the walk-through names."""
    return member.place < len(GUESTS) or member.place in NEW_HERE
