"""Asking first: why a button would be refused, so that it can explain itself before it is tapped (rule 9.3)."""

from __future__ import annotations

from app.domain.contact import Denied, things
from app.domain.errors import Rejected
from app.mutations.call import Call
from app.mutations.client import MutationClient
from app.mutations.contacting import contact_decision
from app.mutations.mutate import call_of
from app.store import Read, reads
from app.store.queries import coupons


def refusal_to_contact(
    client: MutationClient,
    customer_id: str,
    *,
    coupon_id: str | None = None,
    item_id: str | None = None,
    again: bool = False,
) -> Denied | None:
    """Return why this customer may not be contacted now (code, params with `next_at`), or None when all is well.

    Args:
        client: The open client.
        customer_id: Who is to be contacted.
        coupon_id: The coupon that goes along; the same one again on the same day is no contact more (rule 9.2).
        item_id: The product that goes along, likewise.
        again: The very words were handed over today already.
    """
    carries = things(coupon_id, item_id)
    decision = contact_decision(client.store.read, customer_id, call_of(client), carries, again=again)
    return decision if isinstance(decision, Denied) else None


def refusal_to_issue(client: MutationClient, customer_id: str, template_id: str) -> Denied | None:
    """Return why no coupon of this template may be sent to this customer now, or None when all is well."""
    return issue_denial(client.store.read, customer_id, template_id, call_of(client))


@reads("customer", "contact", "contact_holder", "setting", "coupon")
def issue_denial(read: Read, customer_id: str, template_id: str, call: Call) -> Denied | None:
    """As `refusal_to_issue`, over a reading connection."""
    from app.mutations import issue_coupon  # the verb asks the same questions inside its transaction

    decision = contact_decision(read, customer_id, call)
    if isinstance(decision, Denied):
        return decision
    found = coupons.next_allotted(read, template_id, call.device_id, call.at)
    if found is None:
        return Denied("no_lease")
    try:
        issue_coupon.check_limits(read, found, customer_id, call)
    except Rejected as no:
        return Denied(no.code, dict(no.params))
    return None
