"""Hand the next coupon of this device's leased block to a customer (rules 1.4, 1.5, 9.1 to 9.3)."""

from __future__ import annotations

from datetime import timedelta

from app.domain import coupon as rules
from app.domain.calendar_days import day_of, day_range
from app.domain.errors import Rejected
from app.domain.instants import from_text, to_text
from app.mutations import contacting
from app.mutations.call import Call
from app.protocol.mutations import IssueCoupon
from app.protocol.objects import Coupon, Customer, key
from app.store import Read, WriteTx
from app.store.queries import coupons as query


def subject(mutation: IssueCoupon) -> str:
    """Return the customer's key: a refusal is shown there."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: IssueCoupon, call: Call) -> None:
    """Raise `Rejected` when consent, quiet hours, budget, holder, lease or limits say no."""
    contacting.require_contact(tx, mutation.customer_id, call)
    found = tx.must(Coupon, mutation.coupon_id)
    if found.device_id != call.device_id:
        raise Rejected("no_lease", "the coupon is leased to another device")
    if found.state != "allotted":
        raise Rejected("coupon_not_available", "the coupon was handed out before")
    check_limits(tx, found, mutation.customer_id, call)
    rules.apply(_state(found), _event(found, mutation.customer_id, call))


def check_limits(tx: Read, found: Coupon, customer_id: str, call: Call) -> None:
    """Raise `Rejected` when a quota of the template is used, as far as this device knows."""
    today = tuple(to_text(at) for at in day_range(day_of(call.now, call.zone), call.zone))
    far = to_text(call.now + timedelta(days=36_500))
    rules.check_limits(
        rules.CouponRules.from_wire(found.rules),
        to_customer=query.issued_count(tx, found.template_id, customer_id),
        by_guide=query.issued_between(tx, found.template_id, "", far, call.guide_id),
        today=query.issued_between(tx, found.template_id, today[0], today[1]),
    )


def apply(tx: WriteTx, mutation: IssueCoupon, call: Call) -> None:
    """Bind the customer and fix the validity; a coupon the server already moved on stays as it is."""
    tx.must(Customer, mutation.customer_id)
    found = tx.must(Coupon, mutation.coupon_id)
    if found.state != "allotted":
        return
    issued = rules.apply(_state(found), _event(found, mutation.customer_id, call))
    tx.update(
        Coupon,
        found.id,
        state=issued.state,
        customer_id=mutation.customer_id,
        issued_at=call.at,
        valid_from=to_text(issued.valid_from) if issued.valid_from else None,
        valid_until=to_text(issued.valid_until) if issued.valid_until else None,
        product_id=mutation.product_id,
    )


def _state(found: Coupon) -> rules.CouponState:
    return rules.CouponState(found.state, from_text(found.lease_until), found.customer_id)


def _event(found: Coupon, customer_id: str, call: Call) -> rules.CouponEvent:
    parsed = rules.CouponRules.from_wire(found.rules)
    since, until = rules.validity_at_issue(parsed, call.now, call.zone)
    return rules.CouponEvent(
        "issue", f"issue/{found.id}", call.now, customer_id=customer_id, valid_from=since, valid_until=until
    )
