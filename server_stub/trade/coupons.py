"""Coupons: leased blocks for devices and the life of one coupon (rules 1.1 to 1.5, 1.11).

Every change takes a `key`: the same key again is the same answer. Refusals are `Rejected`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server_stub.db import Tx


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon as pages and services see it; `state` is effective, expiry included."""

    id: str
    template_id: str
    guide_id: str
    store_id: str | None
    code: str
    qr: str
    state: str
    rules: dict[str, Any]
    customer_id: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    opened_at: datetime | None
    order_id: str | None


def ensure_leases(tx: Tx, device_id: str) -> int:
    """Top up the device's block of every template in force; return how many coupons were minted (rule 1.4)."""
    raise NotImplementedError


def release_leases(tx: Tx, device_id: str | None = None) -> int:
    """Void what ended leases still hold: of this device after its push, else 72 h after the end (rule 1.4)."""
    raise NotImplementedError


def find(tx: Tx, code: str) -> CouponView | None:
    """Return the coupon with this typed code (any case, dashes, O I L tolerated), or None."""
    raise NotImplementedError


def get(tx: Tx, coupon_id: str) -> CouponView:
    """Return a coupon by id; Rejected `not_found` when there is none."""
    raise NotImplementedError


def of_customer(tx: Tx, customer_id: str) -> tuple[CouponView, ...]:
    """Return a member's coupons, the usable first, then by end of validity."""
    raise NotImplementedError


def issue(
    tx: Tx,
    *,
    coupon_id: str,
    customer_id: str,
    guide_id: str,
    key: str,
    at: datetime,
    device_id: str | None = None,
) -> CouponView:
    """Hand a leased coupon to a customer: consent, quiet hours, contact budget, limits, then the state."""
    raise NotImplementedError


def undo(tx: Tx, *, coupon_id: str, guide_id: str, key: str, at: datetime) -> CouponView:
    """Take back an issued coupon that was not opened; it becomes void."""
    raise NotImplementedError


def mark_opened(tx: Tx, code: str) -> CouponView:
    """Note the first time a customer saw the coupon's page."""
    raise NotImplementedError


def claim(tx: Tx, code: str, customer_id: str, key: str) -> CouponView:
    """Claim a coupon for the signed-in customer; one still allotted becomes issued to them first (rule 1.4)."""
    raise NotImplementedError


def reserve(tx: Tx, coupon_id: str, order_id: str, key: str) -> CouponView:
    """Hold a claimed coupon for an open order."""
    raise NotImplementedError


def redeem(tx: Tx, coupon_id: str, order_id: str, key: str, at: datetime | None = None) -> CouponView:
    """Use a coupon for a paid order; the first one to arrive wins (rule 1.11)."""
    raise NotImplementedError


def give_back(tx: Tx, coupon_id: str, key: str) -> CouponView:
    """Return a redeemed coupon after a whole refund, or free a reserved one; expired if its time is over (rule 1.10)."""
    raise NotImplementedError
