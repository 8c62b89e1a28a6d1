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


def contact_decision(read: Read, customer_id: str, call: Call) -> rules.Allowed | rules.Denied:
    """Return whether one more marketing contact may go out now."""
    found = customers.customer_by_id(read, customer_id)
    if found is None:
        return rules.Denied("not_found")
    return _decide(read, found, call)


def require_contact(read: Read, customer_id: str, call: Call) -> None:
    """Raise `Rejected` with the denial's code."""
    decision = contact_decision(read, customer_id, call)
    rules.require(decision)


def _decide(read: Read, found: Customer, call: Call) -> rules.Allowed | rules.Denied:
    setting = brand.brand_setting(read)
    holder = customers.contact_holder(read, found.guide_id)
    since = to_text(call.now - timedelta(days=MEMORY_DAYS))
    counted = [c.at for c in customers.contacts_of(read, found.id) if not c.transactional and c.at >= since]
    return rules.decide(
        counted,
        now=call.now,
        zone=call.zone,
        policy=rules.ContactPolicy.from_wire(setting.contact if setting else {}),
        consents=found.consents,
        device_id=call.device_id,
        holder_device_id=holder.device_id if holder else None,
    )
