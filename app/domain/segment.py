"""Customer segments, RFM and lifetime value (rules 6.1 to 6.4).

Instants are text (`domain.instants`) and compared as text; days are ordinals. Make one `SegmentClock`
per recomputation: it parses `now` once and caches the days of the hours it has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from app.domain.calendar_days import DayOfText
from app.domain.instants import Instant, from_text, to_text
from app.domain.money import Fen

CODES = ("new", "first", "repeat", "stored_value", "at_risk", "dormant", "champion")
NEW_DAYS = 30
CHAMPION_DAYS = 4
CHAMPION_RECENT_DAYS = 60
AT_RISK_DAYS = 30
SUPER_REFERRALS, SUPER_FIRST_WEEK = 2, 2
FIRST_WEEK_DAYS = 7
DAYS_A_MONTH = 365.25 / 12


class SegmentClock:
    """`now`, the store's zone and the cuts derived from them, computed once for many customers."""

    def __init__(self, now: datetime, zone: tzinfo, *, dormant_days: int = 365) -> None:
        self.now: Instant = to_text(now)
        self.day_of = DayOfText(zone)
        self.today = self.day_of(self.now)
        self.dormant_days = dormant_days


CELLS = (
    "joined_at", "order_count", "order_days", "spend_fen", "first_order_at", "last_order_at", "stored_value_fen",
    "stored_value_topped_up_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What a `Customer` carries; figures count paid, not fully refunded orders."""

    joined_at: Instant
    order_count: int = 0
    order_days: int = 0
    spend_fen: Fen = 0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    stored_value_fen: Fen = 0
    topped_up_at: Instant | None = None

    @classmethod
    def from_wire(cls, customer: Any) -> Figures:
        """Return the figures of a `protocol.objects.Customer` or of a dict with its fields."""
        if isinstance(customer, Mapping):
            return cls.of([customer.get(name) for name in CELLS])
        return cls.of([getattr(customer, name, None) for name in CELLS])

    @classmethod
    def of(cls, cells: Sequence[Any]) -> Figures:
        """Return the figures in `CELLS`, None where absent: 5,000 customers are read so at every start."""
        joined, orders, days, spend, first, last, stored, topped_up = cells
        return cls(joined or "", orders or 0, days or 0, spend or 0, first, last, stored or 0, topped_up)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order as segments see it; it belongs to the store-zone day of `paid_at`."""

    paid_at: Instant
    paid_fen: Fen
    refunded_fen: Fen = 0
    status: str = "paid"
    channel: str = "store"

    @property
    def counts(self) -> bool:
        """Say whether it is paid and not fully refunded; a purchase of 0 fen counts."""
        return self.status not in ("cancelled", "refunded") and (self.refunded_fen < self.paid_fen or not self.paid_fen)


@dataclass(frozen=True, slots=True)
class Rfm:
    """The buy-till-you-die summary (rule 6.2), in days; monetary in fen per repeat day, floored."""

    frequency: int
    recency: int
    age: int
    monetary_fen: Fen


@dataclass(frozen=True, slots=True)
class Clv:
    """Lifetime value as its three factors (rule 6.3) and their product in fen."""

    months: float
    orders_per_month: float
    basket_fen: Fen
    value_fen: Fen


@dataclass(frozen=True, slots=True)
class SuperTraits:
    """What rule 6.4 looks at for one customer."""

    customer_id: str
    category_spend_fen: Mapping[str, Fen]
    referrals: int = 0
    first_week_purchases: int = 0


@dataclass(frozen=True, slots=True)
class SuperView:
    """Which traits of a super user hold: categories in whose top tenth they are (most spent first), and the counts."""

    top_categories: tuple[str, ...]
    referrals: int
    first_week_purchases: int

    @property
    def brings_friends(self) -> bool:
        """Whether at least 2 members came by a link made for them."""
        return self.referrals >= SUPER_REFERRALS

    @property
    def buys_early(self) -> bool:
        """Whether at least 2 new products were bought in their first week."""
        return self.first_week_purchases >= SUPER_FIRST_WEEK

    @property
    def reason(self) -> str | None:
        """`referrals` or `early_buyer` for a super user, None for who is not (yet)."""
        if not self.top_categories:
            return None
        return "referrals" if self.brings_friends else "early_buyer" if self.buys_early else None


def figures_of(purchases: Sequence[Purchase], clock: SegmentClock, *, joined_at: Instant) -> Figures:
    """Return the figures of a customer's orders: the same sums the server stores."""
    counted = [purchase for purchase in purchases if purchase.counts]
    paid_ats = [purchase.paid_at for purchase in counted]
    return Figures(
        joined_at=joined_at,
        order_count=len(counted),
        order_days=len({clock.day_of(at) for at in paid_ats}),
        spend_fen=sum(purchase.paid_fen - purchase.refunded_fen for purchase in counted),
        first_order_at=min(paid_ats, default=None),
        last_order_at=max(paid_ats, default=None),
    )


def effective(figures: Figures, clock: SegmentClock) -> dict[str, bool]:
    """Return first, repeat, stored_value and their union `effective` (rule 6.1)."""
    found = {
        "first": figures.order_days == 1,
        "repeat": figures.order_days >= 2,
        "stored_value": figures.stored_value_fen > 0 or _days_since(figures.topped_up_at, clock, 10**6) <= 365,
    }
    return found | {"effective": any(found.values())}


def is_dormant(figures: Figures, clock: SegmentClock) -> bool:
    """Say whether a buyer has had no order for `dormant_days` days, that day included (rule 6.1)."""
    return _days_since(figures.last_order_at, clock, -1) >= clock.dormant_days


def is_at_risk(figures: Figures, clock: SegmentClock) -> bool:
    """Say whether a repeat buyer is silent for twice the usual gap, at least 30 days, and not yet dormant."""
    first, last = figures.first_order_at, figures.last_order_at
    if figures.order_days < 2 or first is None or last is None:
        return False
    gap = (clock.day_of(last) - clock.day_of(first)) / (figures.order_days - 1)
    return max(2 * gap, AT_RISK_DAYS) <= clock.today - clock.day_of(last) < clock.dormant_days


def segment_of(figures: Figures, clock: SegmentClock, *, champion_cut_fen: Fen | None = None) -> tuple[str, ...]:
    """Return the codes of `CODES` that hold, in that order, for the list's chips ("all" is everybody).

    new: joined within the last 30 days. champion: at least 4 purchase days, the last
    within 60 days, and spend of at least `champion_cut_fen` (see `champion_cut`).
    """
    silent = _days_since(figures.last_order_at, clock, 10**6)
    found = effective(figures, clock)
    found["new"] = bool(figures.joined_at) and 0 <= clock.today - clock.day_of(figures.joined_at) <= NEW_DAYS
    found["at_risk"] = is_at_risk(figures, clock)
    found["dormant"] = is_dormant(figures, clock)
    found["champion"] = (
        champion_cut_fen is not None
        and figures.spend_fen >= champion_cut_fen
        and figures.order_days >= CHAMPION_DAYS
        and silent <= CHAMPION_RECENT_DAYS
    )
    return tuple(code for code in CODES if found[code])


def champion_cut(spends: Sequence[Fen]) -> Fen | None:
    """Return the spend that marks the top tenth of the customers who bought; None without buyers."""
    buyers = sorted((spend for spend in spends if spend > 0), reverse=True)
    return buyers[(len(buyers) + 9) // 10 - 1] if buyers else None


def rfm(purchases: Sequence[Purchase], clock: SegmentClock) -> Rfm:
    """Return the RFM summary, all 0 for a customer who never bought or gave everything back (rule 6.2)."""
    by_day: dict[int, Fen] = {}
    for purchase in purchases:
        if purchase.counts:
            day = clock.day_of(purchase.paid_at)
            by_day[day] = by_day.get(day, 0) + purchase.paid_fen - purchase.refunded_fen
    if not by_day:
        return Rfm(0, 0, 0, 0)
    first, last = min(by_day), max(by_day)
    repeats = [fen for day, fen in by_day.items() if day != first]
    monetary = max(sum(repeats) // len(repeats), 0) if repeats else 0
    return Rfm(len(repeats), last - first, max(clock.today - first, 0), monetary)


def clv(purchases: Sequence[Purchase], clock: SegmentClock) -> Clv:
    """Return lifetime value and its factors on net paid (rule 6.3); life runs from the first order's day to today."""
    figures = figures_of(purchases, clock, joined_at="")
    if figures.first_order_at is None or not figures.order_count:
        return Clv(0.0, 0.0, 0, 0)
    days = max(clock.today - clock.day_of(figures.first_order_at), 0) + 1
    months = days / DAYS_A_MONTH
    basket = figures.spend_fen // figures.order_count
    return Clv(months, figures.order_count / months, basket, basket * figures.order_count)


def super_users(customers: Sequence[SuperTraits]) -> dict[str, str]:
    """Return customer id -> reason (`referrals` or `early_buyer`) of the super users (rule 6.4)."""
    cuts = category_cuts([customer.category_spend_fen for customer in customers])
    found = {customer.customer_id: super_of(customer, cuts).reason for customer in customers}
    return {customer_id: reason for customer_id, reason in found.items() if reason}


def category_cuts(spends: Iterable[Mapping[str, Fen]]) -> dict[str, Fen]:
    """Return category -> the spend that marks the top tenth of its buyers; a category nobody bought is left out."""
    by_category: dict[str, list[Fen]] = {}
    for spend in spends:
        for category, fen in spend.items():
            by_category.setdefault(category, []).append(fen)
    cuts = {category: champion_cut(found) for category, found in by_category.items()}
    return {category: cut for category, cut in cuts.items() if cut is not None}


def super_of(customer: SuperTraits, cuts: Mapping[str, Fen]) -> SuperView:
    """Return which traits of a super user hold for one customer, given everybody's `category_cuts` (rule 6.4)."""
    spend = customer.category_spend_fen
    top = tuple(sorted((c for c, cut in cuts.items() if spend.get(c, 0) >= cut), key=lambda c: (-spend[c], c)))
    return SuperView(top, customer.referrals, customer.first_week_purchases)


def is_first_week(released_at: Instant | None, paid_at: Instant) -> bool:
    """Say whether a purchase fell into the 7 × 24 hours after its product's release (rule 6.4)."""
    if released_at is None or paid_at < released_at:
        return False
    return paid_at < to_text(from_text(released_at) + timedelta(days=FIRST_WEEK_DAYS))


def usual_gap(figures: Figures, clock: SegmentClock) -> int | None:
    """Return the mean days between purchase days, rounded up; None before the second one."""
    first, last = figures.first_order_at, figures.last_order_at
    if figures.order_days < 2 or first is None or last is None:
        return None
    return -((clock.day_of(first) - clock.day_of(last)) // (figures.order_days - 1))


def _days_since(at: Instant | None, clock: SegmentClock, never: int) -> int:
    return never if at is None else clock.today - clock.day_of(at)
