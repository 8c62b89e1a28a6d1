"""Coupon templates, the leased block of this device, and coupons that were sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import Coupon, CouponTemplate
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class LeaseLeft:
    """How many coupons of a template this device may still hand out offline, and until when."""

    template_id: str
    left: int
    until: Instant | None


@reads("coupon_template")
def templates(read: Read) -> list[CouponTemplate]:
    """Return every template that is not stopped, by number."""
    return read.all(CouponTemplate, "NOT stopped ORDER BY no")


@reads("coupon_template")
def template_by_id(read: Read, template_id: str) -> CouponTemplate | None:
    """Return one template, or None."""
    return read.get(CouponTemplate, template_id)


@reads("coupon")
def coupon_by_id(read: Read, coupon_id: str) -> Coupon | None:
    """Return one coupon, or None."""
    return read.get(Coupon, coupon_id)


@reads("coupon")
def next_allotted(read: Read, template_id: str, device_id: str, now: Instant) -> Coupon | None:
    """Return the next coupon of this device's open lease, oldest lease first, or None."""
    return read.one(
        Coupon,
        "template_id = ? AND state = 'allotted' AND device_id = ? AND lease_until > ? ORDER BY lease_until, id",
        (template_id, device_id, now),
    )


@reads("coupon")
def leases_left(read: Read, device_id: str, now: Instant) -> dict[str, LeaseLeft]:
    """Return template id to what is left of this device's open leases."""
    rows = read.rows(
        "SELECT template_id, count(*), min(lease_until) FROM coupon"
        " WHERE state = 'allotted' AND device_id = ? AND lease_until > ? GROUP BY template_id",
        (device_id, now),
    )
    return {row[0]: LeaseLeft(*row) for row in rows}


@reads("coupon")
def coupons_sent(read: Read, states: Collection[str] = (), limit: int = 200) -> list[Coupon]:
    """Return coupons that left the block, newest first; only these states if any are named."""
    marks = ",".join("?" * len(states))
    which = f"state IN ({marks})" if states else "state <> 'allotted'"
    where = f"customer_id IS NOT NULL AND {which} ORDER BY issued_at DESC, id DESC LIMIT ?"
    return read.all(Coupon, where, (*states, limit))


@reads("coupon")
def issued_count(read: Read, template_id: str, customer_id: str) -> int:
    """Return how many coupons of a template this customer was ever handed (rule 1.5); voided ones do not count."""
    return int(
        read.value(
            "SELECT count(*) FROM coupon WHERE template_id = ? AND customer_id = ? AND state <> 'voided'",
            (template_id, customer_id),
        )
    )


@reads("coupon")
def issued_between(read: Read, template_id: str, since: Instant, until: Instant) -> int:
    """Return how many coupons of a template were handed out in [since, until)."""
    return int(
        read.value(
            "SELECT count(*) FROM coupon WHERE template_id = ? AND issued_at >= ? AND issued_at < ?"
            " AND state <> 'voided'",
            (template_id, since, until),
        )
    )
