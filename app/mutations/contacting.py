"""Whether a customer may be contacted from this device now, by the rules and the rows on it (rule 9)."""

from __future__ import annotations

from datetime import timedelta

from app.domain import contact as rules
from app.domain.instants import to_text
from app.mutations.call import Call
from app.protocol.objects import Customer
from app.store import Read
from app.store.queries import brand, customers

MEMORY_DAYS = 32


def contact_decision(
    read: Read, customer_id: str, call: Call, carries: frozenset[str] = frozenset(), *, again: bool = False
) -> rules.Allowed | rules.Denied:
    """Return whether a marketing contact that carries these things (`rules.things`) may go out now.

    `again`: the very words were counted today already.
    """
    found = customers.customer_by_id(read, customer_id)
    if found is None:
        return rules.Denied("not_found")
    return _decide(read, found, call, repeat=again or was_carried(read, customer_id, call, carries))


def was_carried(read: Read, customer_id: str, call: Call, carries: frozenset[str]) -> bool:
    """Say whether all of it went to this customer today already: sharing it again is no contact more (rule 9.2)."""
    return rules.is_repeat(carries, customers.carried_between(read, customer_id, *rules.store_day(call.now, call.zone)))


def contact_left(read: Read, customer_id: str, call: Call) -> tuple[int, int, int]:
    """Return what is left of the customer's budget of this day, week and month, whoever used it (rule 9.2)."""
    left = rules.budget_left(_counted(read, customer_id, call), call.now, call.zone, _policy(read))
    return max(left[0], 0), max(left[1], 0), max(left[2], 0)


def require_contact(read: Read, customer_id: str, call: Call) -> None:
    """Raise `Rejected` with the denial's code."""
    decision = contact_decision(read, customer_id, call)
    rules.require(decision)


def _decide(read: Read, found: Customer, call: Call, *, repeat: bool) -> rules.Allowed | rules.Denied:
    holder = customers.contact_holder(read, found.guide_id)
    return rules.decide(
        _counted(read, found.id, call),
        now=call.now,
        zone=call.zone,
        policy=_policy(read),
        consents=found.consents,
        device_id=call.device_id,
        holder_device_id=holder.device_id if holder else None,
        repeat=repeat,
    )


def _policy(read: Read) -> rules.ContactPolicy:
    setting = brand.brand_setting(read)
    return rules.ContactPolicy.from_wire(setting.contact if setting else {})


def _counted(read: Read, customer_id: str, call: Call) -> list[str]:
    since = to_text(call.now - timedelta(days=MEMORY_DAYS))
    return [c.at for c in customers.contacts_of(read, customer_id) if not c.transactional and c.at >= since]
