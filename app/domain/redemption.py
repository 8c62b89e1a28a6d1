"""Using a coupon in a store (rules 1.9 to 1.11): the same answer on a phone without a network and on the server."""

from __future__ import annotations

from datetime import datetime

from app.domain.coupon import CouponRules, CouponState, effective_state
from app.domain.money import Fen

USABLE = ("issued", "claimed", "returned")
"""States a coupon may be used from; using an issued one in a store claims it for its customer."""

_WHY = {
    "allotted": "coupon_not_issued",
    "reserved": "coupon_reserved",
    "redeemed": "coupon_used",
    "expired": "coupon_expired",
    "voided": "coupon_voided",
}


def why_not(
    coupon: CouponState, rules: CouponRules, *, store_id: str | None, at: datetime, order_id: str | None = None
) -> str | None:
    """Return the code of why the coupon cannot be used in this store at `at`, or None when it can.

    `order_id` is the order it is used for, if known: one that is reserved for this very order may be used.
    """
    state = effective_state(coupon, at)
    held = state == "reserved" and order_id is not None and order_id == coupon.order_id
    if state not in USABLE and not held:
        return _WHY[state]
    if coupon.valid_from is not None and at < coupon.valid_from:
        return "coupon_not_yet"
    if rules.channel == "online":
        return "coupon_online_only"
    if rules.scope_kind == "stores" and store_id not in rules.scope_ids:
        return "coupon_out_of_scope"
    return None


def used_at(at: datetime, *, issued_at: datetime | None, valid_from: datetime | None) -> datetime:
    """Return the time of the use: two clocks may differ, but nobody uses a coupon before it was issued.

    A fixed interval that begins after the issue still means "not yet".
    """
    if issued_at is not None and valid_from == issued_at:
        return max(at, issued_at)
    return at


def more_fen(rules: CouponRules, eligible_fen: Fen) -> Fen:
    """Return how much more of eligible goods the threshold needs, 0 when it is met (rule 1.12)."""
    return max(rules.threshold_fen - eligible_fen, 0)
