"""Take back an issued coupon that the customer has not opened."""

from __future__ import annotations

from app.domain import coupon as rules
from app.domain.errors import Rejected
from app.domain.instants import from_text
from app.mutations.call import Call
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon, key
from app.store import WriteTx


def subject(mutation: UndoCoupon) -> str:
    """Return the coupon's key."""
    return key("coupon", mutation.coupon_id)


def check(tx: WriteTx, mutation: UndoCoupon, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `not_yours`, `coupon_opened`, or the code of the state it is in."""
    found = tx.must(Coupon, mutation.coupon_id)
    if found.guide_id != call.guide_id:  # it came with a customer: who handed it out has told them
        raise Rejected("not_yours")
    if found.state == "allotted":
        raise Rejected("coupon_not_available", "the coupon was not handed out")
    rules.apply(_state(found), rules.CouponEvent("undo", f"undo/{found.id}", call.now))


def apply(tx: WriteTx, mutation: UndoCoupon, call: Call) -> None:
    """Void it; one that the server already moved on stays as it is."""
    found = tx.must(Coupon, mutation.coupon_id)
    if found.state == "issued" and found.opened_at is None:
        tx.update(Coupon, found.id, state="voided", voided_at=call.at)


def _state(found: Coupon) -> rules.CouponState:
    return rules.CouponState(
        found.state,
        from_text(found.lease_until),
        found.customer_id,
        opened=found.opened_at is not None,
        valid_from=from_text(found.valid_from) if found.valid_from else None,
        valid_until=from_text(found.valid_until) if found.valid_until else None,
    )
