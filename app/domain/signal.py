"""Signals: reasons to contact a customer today (rules 5.1 to 5.4 and others), found from facts alone.

Instants are text and compared as text, so that 5,000 customers cost no parsing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from app.domain.instants import Instant
from app.domain.money import Fen
from app.domain.segment import Figures

KINDS = (
    "repeated_view", "birthday", "coupon_expiring", "welcome", "care_after_purchase", "lapsing", "dormant",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """One product view (see `protocol.objects.BrowseEvent`)."""

    product_id: str
    session_id: str
    at: Instant
    dwell_s: int


@dataclass(frozen=True, slots=True)
class Bought:
    """One order: its products, those refunded at `refunded_at` (any time of the refund; paid_at if unknown)."""

    paid_at: Instant
    product_ids: frozenset[str]
    refunded_ids: frozenset[str] = frozenset()
    refunded_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """An unused coupon of the customer; `product_ids` None = fits everything. `sent_for` the product it was sent for."""

    id: str
    issued_at: Instant
    valid_until: Instant
    product_ids: frozenset[str] | None = None
    sent_for: str | None = None
    used: bool = False
    face_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What the guide did with a signal: done | later (until) | not_interested."""

    signal: str
    subject: str
    action: str
    at: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """All a signal may look at for one customer. `contact_open`: consent given and budget left (rule 5.3)."""

    customer_id: str
    figures: Figures
    birthday: str | None = None
    contact_open: bool = True
    views: Sequence[View] = ()
    orders: Sequence[Bought] = ()
    coupons: Sequence[HeldCoupon] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class SignalPolicy:
    """Thresholds of the brand; `from_wire` reads `Setting.signal` and `dormant_days`."""

    views: int = 3
    days: int = 14
    dwell_s: int = 3
    birthday_days: int = 7
    coupon_days: int = 3
    care_days: tuple[int, int] = (3, 5)
    welcome_days: int = 7
    dormant_days: int = 365

    @classmethod
    def from_wire(cls, setting: Mapping[str, Any], dormant_days: int = 365) -> SignalPolicy:
        """Return the policy in `Setting.signal`, `{"views": 3, "days": 14}`; absent fields keep their default."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to act. `subject`: product id, coupon id, day or empty. `reason` + `params` render the sentence.

    `value_fen` ranks: what a contact may be worth; higher first.
    """

    kind: str
    customer_id: str
    subject: str
    reason: str
    params: dict[str, str | int] = field(default_factory=dict)
    value_fen: Fen = 0


class SignalContext:
    """`now`, zone, policy, stock and prices shared by all customers of one run; cuts are computed once.

    `in_stock`: product ids with stock, None = stock unknown (not suppressed). `prices`: product id to fen.
    """

    def __init__(
        self,
        now: datetime,
        zone: tzinfo,
        policy: SignalPolicy | None = None,
        *,
        in_stock: frozenset[str] | None = None,
        prices: Mapping[str, Fen] | None = None,
    ) -> None:
        raise NotImplementedError


def signals(facts: CustomerFacts, context: SignalContext) -> tuple[Signal, ...]:
    """Return the customer's signals, best first; none that is marked, suppressed or out of budget."""
    raise NotImplementedError


def rank(found: Sequence[Signal]) -> tuple[Signal, ...]:
    """Return signals of many customers by value, then kind's order in `KINDS`, then ids."""
    raise NotImplementedError


def sessions_of(views: Sequence[View], *, since: Instant, until: Instant, dwell_s: int = 3) -> dict[str, int]:
    """Return product id -> number of distinct view sessions in [since, until] (rule 5.1: >= 3 s, 30 minutes apart)."""
    raise NotImplementedError
