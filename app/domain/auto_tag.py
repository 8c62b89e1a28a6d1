"""Automatic tags (rule 6.5): what a customer's figures and orders say of them, each with its reason and its date.

Nothing of it is stored: a tag is there as long as its reason is, and the day it came with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from app.domain.calendar_days import day_of, start_of
from app.domain.instants import Instant, from_text, to_text
from app.domain.money import Fen

CODES = (
    "big_spender", "category_fan", "new_arrivals", "discount_lover", "returns_often", "store_visitor",
    "online_shopper", "birthday_month", "stored_value_low",
)  # fmt: skip
IN_STORE = frozenset({"store"})
ONLINE = frozenset({"miniprogram", "marketplace", "private"})


@dataclass(frozen=True, slots=True)
class TagPolicy:
    """From when a habit is a habit; rates in basis points, a rate met exactly counts."""

    days: int = 730  # how far back habits are looked for
    spend_days: int = 365
    spend_fen: Fen = 1_000_000
    orders: int = 3
    pieces: int = 3
    discount_bp: int = 6_000
    category_bp: int = 5_000
    new_days: int = 30
    new_styles: int = 2
    new_bp: int = 4_000
    returned: int = 2
    returned_bp: int = 3_000
    channel_bp: int = 7_500
    low_fen: Fen = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One line as the tags see it, `qty` without what was refunded."""

    product_id: str | None
    category: str = ""
    qty: int = 1
    released_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class TagOrder:
    """One paid order, cancelled ones left out; `refunded_fen` up to `paid_fen`."""

    paid_at: Instant
    channel: str
    paid_fen: Fen
    refunded_fen: Fen = 0
    discounted: bool = False
    pieces: Sequence[Piece] = ()

    @property
    def kept(self) -> bool:
        """Say whether something of it was kept."""
        return self.refunded_fen < self.paid_fen or not self.paid_fen


@dataclass(frozen=True, slots=True)
class TagFacts:
    """All that automatic tags may look at. `birthday`: MM-DD."""

    orders: Sequence[TagOrder] = ()
    birthday: str | None = None
    stored_value_fen: Fen = 0
    topped_up_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class AutoTag:
    """One automatic tag: `code` of `CODES`, the figures of its reason, and since when it holds."""

    code: str
    at: Instant
    params: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class _Context:
    now: datetime
    today: date
    zone: tzinfo
    policy: TagPolicy
    since: Instant  # habits are looked for from here on


def auto_tags(facts: TagFacts, now: datetime, zone: tzinfo, policy: TagPolicy = TagPolicy()) -> tuple[AutoTag, ...]:
    """Return the tags that hold at `now`, in the order of `CODES`."""
    context = _Context(now, day_of(now, zone), zone, policy, to_text(now - timedelta(days=policy.days)))
    at_now = to_text(now)
    orders = sorted((o for o in facts.orders if context.since <= o.paid_at <= at_now), key=lambda o: o.paid_at)
    found = {tag.code: tag for find in _FINDERS for tag in find(facts, orders, context)}
    return tuple(found[code] for code in CODES if code in found)


def is_share(part: int, whole: int, bp: int) -> bool:
    """Say whether `part` is at least `bp` basis points of `whole`; nothing is no share of nothing."""
    return whole > 0 and part * 10_000 >= whole * bp


Orders = Sequence[TagOrder]


def _big_spender(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    """Net spend of a year; it holds since the order that made it so much."""
    since = to_text(context.now - timedelta(days=context.policy.spend_days))
    recent = [order for order in orders if order.paid_at >= since]
    total = sum(order.paid_fen - order.refunded_fen for order in recent)
    if total < context.policy.spend_fen:
        return
    so_far = 0
    for order in recent:
        so_far += order.paid_fen - order.refunded_fen
        if so_far >= context.policy.spend_fen:
            yield AutoTag("big_spender", order.paid_at, {"spend_fen": total})
            return


def _category_fan(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    """The one category most pieces are of; of two equal ones the first by name."""
    counts: Counter[str] = Counter()
    last: dict[str, Instant] = {}
    for order, piece in _kept_pieces(orders):
        if piece.category:
            counts[piece.category] += piece.qty
            last[piece.category] = order.paid_at
    if not counts:
        return
    category, pieces = min(counts.items(), key=lambda one: (-one[1], one[0]))
    if pieces >= context.policy.pieces and is_share(pieces, counts.total(), context.policy.category_bp):
        yield AutoTag("category_fan", last[category], {"category": category, "n": pieces, "of": counts.total()})


def _new_arrivals(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    """Styles bought within a month of their release, of all whose release is known."""
    known, fresh = set(), {}
    for order, piece in _kept_pieces(orders):
        if piece.product_id is None or piece.released_at is None:
            continue
        known.add(piece.product_id)
        age = from_text(order.paid_at) - from_text(piece.released_at)
        if timedelta(0) <= age <= timedelta(days=context.policy.new_days):
            fresh[piece.product_id] = order.paid_at
    if len(fresh) >= context.policy.new_styles and is_share(len(fresh), len(known), context.policy.new_bp):
        params = {"n": len(fresh), "of": len(known), "days": context.policy.new_days}
        yield AutoTag("new_arrivals", max(fresh.values()), params)


def _discount_lover(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    found = [order for order in orders if order.discounted]
    if len(orders) >= context.policy.orders and is_share(len(found), len(orders), context.policy.discount_bp):
        yield AutoTag("discount_lover", found[-1].paid_at, {"n": len(found), "of": len(orders)})


def _returns_often(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    found = [order for order in orders if order.refunded_fen > 0]
    enough = len(found) >= context.policy.returned
    if enough and is_share(len(found), len(orders), context.policy.returned_bp):
        yield AutoTag("returns_often", found[-1].paid_at, {"n": len(found), "of": len(orders)})


def _channel(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    """Orders of an unknown channel (imported ones) say nothing of where somebody likes to buy."""
    known = [order for order in orders if order.channel in IN_STORE | ONLINE]
    for code, channels in (("store_visitor", IN_STORE), ("online_shopper", ONLINE)):
        found = [order for order in known if order.channel in channels]
        if len(known) >= context.policy.orders and is_share(len(found), len(known), context.policy.channel_bp):
            yield AutoTag(code, found[-1].paid_at, {"n": len(found), "of": len(known)})


def _birthday_month(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    if facts.birthday and facts.birthday[:2] == f"{context.today.month:02d}":
        first = start_of(context.today.replace(day=1), context.zone)
        yield AutoTag("birthday_month", to_text(first), {"birthday": facts.birthday})


def _stored_value_low(facts: TagFacts, orders: Orders, context: _Context) -> Iterator[AutoTag]:
    """Who once topped up and has little left; since the last order, which is what took it."""
    if facts.topped_up_at is None or facts.stored_value_fen > context.policy.low_fen:
        return
    last = max((order.paid_at for order in orders), default=facts.topped_up_at)
    yield AutoTag("stored_value_low", max(last, facts.topped_up_at), {"left_fen": facts.stored_value_fen})


def _kept_pieces(orders: Orders) -> Iterator[tuple[TagOrder, Piece]]:
    for order in orders:
        if order.kept:
            for piece in order.pieces:
                if piece.qty > 0:
                    yield order, piece


_FINDERS: tuple[Callable[[TagFacts, Orders, _Context], Iterator[AutoTag]], ...] = (
    _big_spender, _category_fan, _new_arrivals, _discount_lover, _returns_often, _channel, _birthday_month,
    _stored_value_low,
)  # fmt: skip
