"""Customer segments, RFM and lifetime value (rules 6.1 to 6.5).

Instants are text (`domain.instants`) and compared as text; days are ordinals. Make one `SegmentClock`
per recomputation: it parses `now` once and caches the days of the hours it has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from app.domain.calendar_days import DayOfText
from app.domain.instants import Instant, to_text
from app.domain.money import Fen

CODES = ("new", "first", "repeat", "stored_value", "at_risk", "dormant", "champion")
NEW_DAYS = 30
CHAMPION_DAYS = 4
CHAMPION_RECENT_DAYS = 60


class SegmentClock:
    """`now`, the store's zone and the cuts derived from them, computed once for many customers."""

    def __init__(self, now: datetime, zone: tzinfo, *, dormant_days: int = 365) -> None:
        self.now: Instant = to_text(now)
        self.day_of = DayOfText(zone)
        self.today = self.day_of(self.now)
        self.dormant_days = dormant_days


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
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order as segments see it; counts when paid, not cancelled and not fully refunded. `store_days` from `paid_at`."""

    paid_at: Instant
    paid_fen: Fen
    refunded_fen: Fen = 0
    status: str = "paid"
    channel: str = "store"

    @property
    def counts(self) -> bool:
        """Say whether it is paid and not fully refunded; a purchase of 0 fen counts."""
        raise NotImplementedError


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


def figures_of(purchases: Sequence[Purchase], clock: SegmentClock, *, joined_at: Instant) -> Figures:
    """Return the figures of a customer's orders: the same sums the server stores."""
    raise NotImplementedError


def effective(figures: Figures, clock: SegmentClock) -> dict[str, bool]:
    """Return first, repeat, stored_value and their union `effective` (rule 6.1)."""
    raise NotImplementedError


def is_dormant(figures: Figures, clock: SegmentClock) -> bool:
    """Say whether a buyer has had no order for `dormant_days` days, that day included (rule 6.1)."""
    raise NotImplementedError


def is_at_risk(figures: Figures, clock: SegmentClock) -> bool:
    """Say whether a repeat buyer is silent for twice the usual gap, at least 30 days, and not yet dormant."""
    raise NotImplementedError


def segment_of(figures: Figures, clock: SegmentClock, *, champion_cut_fen: Fen | None = None) -> tuple[str, ...]:
    """Return the codes of `CODES` that hold, in that order, for the list's chips ("all" is everybody).

    new: joined within 30 days or no order yet within them. champion: at least 4 purchase days, the last
    within 60 days, and spend of at least `champion_cut_fen` (see `champion_cut`).
    """
    raise NotImplementedError


def champion_cut(spends: Sequence[Fen]) -> Fen | None:
    """Return the spend that marks the top tenth of the customers who bought; None without buyers."""
    raise NotImplementedError


def rfm(purchases: Sequence[Purchase], clock: SegmentClock) -> Rfm | None:
    """Return the RFM summary, None for a customer who never bought (rule 6.2)."""
    raise NotImplementedError


def clv(purchases: Sequence[Purchase], clock: SegmentClock) -> Clv:
    """Return lifetime value and its factors on net paid (rule 6.3)."""
    raise NotImplementedError


def super_users(customers: Sequence[SuperTraits]) -> dict[str, str]:
    """Return customer id -> reason (`referrals` or `early_buyer`) of the super users (rule 6.4)."""
    raise NotImplementedError


def auto_tags(
    figures: Figures, clock: SegmentClock, *, champion_cut_fen: Fen | None = None
) -> tuple[tuple[str, str], ...]:
    """Return (tag, reason code) of the automatic tags that hold now; others are to be removed (rule 6.5)."""
    raise NotImplementedError
