"""Open a done or cancelled follow-up again."""

from __future__ import annotations

import dataclasses

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import ReopenFollowUp
from app.protocol.objects import FollowUp, key
from app.store import WriteTx


def subject(mutation: ReopenFollowUp) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: ReopenFollowUp, call: Call) -> None:
    """Raise `Rejected`: `not_found`."""
    tx.must(FollowUp, mutation.follow_up_id)


def apply(tx: WriteTx, mutation: ReopenFollowUp, call: Call) -> None:
    """Write that it is open; nothing counts as kept any more."""
    pieces = rules.reopened(tx.must(FollowUp, mutation.follow_up_id).pieces)
    back = [dataclasses.asdict(one) for one in pieces]
    tx.update(FollowUp, mutation.follow_up_id, state=rules.OPEN, closed_at=None, pieces=back)
