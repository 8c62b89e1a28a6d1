"""Coupons: what they promise, how they move, what they take off (rules 1.1 to 1.12).

Intervals are half-open: a coupon is good at `valid_from` and no longer at `valid_until`.
A reserved coupon is honoured even if its time ends before it is redeemed; given back after
that it is expired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from app.domain.money import Bp, Fen

PAYABLE_FLOOR_FEN = 1
STATES = ("allotted", "issued", "claimed", "reserved", "redeemed", "returned", "expired", "voided")
EVENTS = ("issue", "open", "claim", "reserve", "release", "redeem", "give_back", "expire", "undo", "void")


@dataclass(frozen=True, slots=True)
class CouponRules:
    """A template's rules as snapshot into each coupon (rules 1.1, 1.3); fields as in `protocol.objects.CouponTemplate`."""

    kind: str
    scope_kind: str = "all"
    scope_ids: frozenset[str] = frozenset()
    validity_kind: str = "days"
    validity_n: int = 7
    validity_from: datetime | None = None
    validity_until: datetime | None = None
    face_fen: Fen = 0
    pay_bp: Bp = 10000
    cap_fen: Fen | None = None
    threshold_fen: Fen = 0
    threshold_base: str = "after_promotions"
    channel: str = "both"
    stack_group: str = "default"
    exclusive: bool = False
    total: int | None = None
    per_guide: int | None = None
    per_customer: int | None = None
    per_day: int | None = None
    stopped: bool = False

    @classmethod
    def from_wire(cls, rules: Mapping[str, Any]) -> CouponRules:
        """Return the rules in a template's (or a coupon's `rules`) dict; unknown fields are ignored.

        Raises:
            Rejected: `bad_arguments` or `amount_invalid`.
        """
        raise NotImplementedError

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON form that `from_wire` reads."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Line:
    """One order line before the coupon: totals over all pieces, at list price and after promotions."""

    id: str
    product_id: str | None
    category: str
    qty: int
    list_fen: Fen
    sale_fen: Fen


@dataclass(frozen=True, slots=True)
class Discount:
    """What a coupon takes off: `fen` in all, `shares` per line id (0 for lines out of scope), `freight_fen`."""

    fen: Fen
    shares: dict[str, Fen]
    freight_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order after all discounts (rule 1.6); `line_fen` and `line_discount_fen` by line id."""

    payable_fen: Fen
    coupon_fen: Fen
    points_fen: Fen
    freight_fen: Fen
    line_fen: dict[str, Fen]
    line_discount_fen: dict[str, Fen]


@dataclass(frozen=True, slots=True)
class CouponState:
    """Where one coupon stands; `keys` are the idempotency keys already applied."""

    state: str
    lease_until: datetime
    customer_id: str | None = None
    order_id: str | None = None
    opened: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CouponEvent:
    """Something that happens to a coupon at `at`; `kind` is one of `EVENTS`.

    `issue` and a `claim` of an allotted coupon need `valid_from`/`valid_until` (see `validity_at_issue`).
    """

    kind: str
    key: str
    at: datetime
    customer_id: str | None = None
    order_id: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A paid line as the refund rule sees it: `base_fen` in the threshold's base, `discount_fen` the coupon's share.

    `returned_qty` counts all pieces given back so far, this refund included.
    """

    id: str
    qty: int
    base_fen: Fen
    discount_fen: Fen
    paid_fen: Fen
    returned_qty: int
    eligible: bool = True


@dataclass(frozen=True, slots=True)
class RefundEffect:
    """What a refund does to the coupon (rule 1.10): action return | expire | keep, and what the refund loses."""

    action: str
    deduct_fen: Fen


def validity_at_issue(rules: CouponRules, issued_at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the UTC interval of a coupon issued at `issued_at` (rule 1.1).

    `days`: the day of issue is the first of N natural days. `hours`: N hours, a multiple of 24.

    Raises:
        Rejected: `coupon_expired` when a fixed interval is over.
    """
    raise NotImplementedError


def effective_state(coupon: CouponState, now: datetime) -> str:
    """Return the state at `now` without any job having run: `expired` by time, `voided` 72 h after the lease's end."""
    raise NotImplementedError


def apply(coupon: CouponState, event: CouponEvent) -> CouponState:
    """Return the coupon after `event` (rule 1.2); an event whose key was applied before changes nothing.

    Raises:
        Rejected: `coupon_not_available`, `coupon_expired`, `coupon_used`, `coupon_opened` or `lease_over`.
    """
    raise NotImplementedError


def available(total: int | None, issued: int, open_leases: int) -> int | None:
    """Return how many more coupons may be leased (rule 1.4), None = without limit; `open_leases` counts unissued ones."""
    raise NotImplementedError


def check_limits(rules: CouponRules, *, to_customer: int, by_guide: int, today: int, leased: bool = True) -> None:
    """Check the quotas of one more issue (rule 1.5); the counts are coupons of the template ever issued.

    A stopped template refuses only what was not leased before (`leased=False`).

    Raises:
        Rejected: `template_stopped`, `coupon_limit_customer`, `coupon_limit_guide` or `coupon_limit_day`.
    """
    raise NotImplementedError


def is_eligible(rules: CouponRules, line: Line, store_id: str | None) -> bool:
    """Say whether the line counts for the coupon's scope."""
    raise NotImplementedError


def missing_fen(rules: CouponRules, lines: Sequence[Line], store_id: str | None) -> Fen:
    """Return how much more of eligible lines the threshold needs, 0 when met (rule 1.12)."""
    raise NotImplementedError


def discount(
    rules: CouponRules,
    lines: Sequence[Line],
    *,
    store_id: str | None,
    channel: str,
    freight_fen: Fen = 0,
    floor_fen: Fen = PAYABLE_FLOOR_FEN,
) -> Discount:
    """Return what the coupon takes off these lines (rules 1.6 to 1.8); `channel` is online or store.

    Raises:
        Rejected: `coupon_out_of_scope`, or `coupon_below_threshold` with `missing_fen`.
    """
    raise NotImplementedError


def check_stack(chosen: Sequence[CouponRules]) -> None:
    """Check that the coupons may stand together on one order (rule 1.6).

    Raises:
        Rejected: `coupon_not_stackable`.
    """
    raise NotImplementedError


def price_order(
    lines: Sequence[Line],
    coupons: Sequence[CouponRules] = (),
    *,
    store_id: str | None,
    channel: str,
    points_fen: Fen = 0,
    freight_fen: Fen = 0,
    floor_fen: Fen = PAYABLE_FLOOR_FEN,
) -> PricedOrder:
    """Return the order after coupon and points (rule 1.6: `sale_fen` already holds member price and campaign)."""
    raise NotImplementedError


def refund_effect(
    rules: CouponRules, lines: Sequence[SoldLine], *, valid_until: datetime, now: datetime, deducted_fen: Fen = 0
) -> RefundEffect:
    """Return what giving back pieces does to the coupon and to the refund (rule 1.10).

    `deducted_fen` is what earlier refunds of the order already lost, so that it is taken once.
    """
    raise NotImplementedError


def bounded_device_time(device_at: datetime, last_server_at: datetime, monotonic_s: float) -> tuple[datetime, bool]:
    """Return the redemption's time and whether the device's clock is off by more than 5 minutes (rule 1.9).

    `monotonic_s` is what the device's monotonic clock counted since `last_server_at`.
    """
    raise NotImplementedError
