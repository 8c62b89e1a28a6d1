"""Call an open follow-up off."""

from __future__ import annotations

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import CancelFollowUp
from app.protocol.objects import FollowUp, key
from app.store import WriteTx


def subject(mutation: CancelFollowUp) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: CancelFollowUp, call: Call) -> None:
    """Raise `Rejected`: `not_found` or `follow_up_closed`."""
    rules.check_cancel(tx.must(FollowUp, mutation.follow_up_id).state)


def apply(tx: WriteTx, mutation: CancelFollowUp, call: Call) -> None:
    """Write that it is off."""
    found = tx.must(FollowUp, mutation.follow_up_id)
    rules.check_cancel(found.state)
    if found.state != rules.CANCELLED:
        tx.update(FollowUp, mutation.follow_up_id, state=rules.CANCELLED, closed_at=call.at)
