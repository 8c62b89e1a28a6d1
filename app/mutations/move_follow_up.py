"""Give an open follow-up another time."""

from __future__ import annotations

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import MoveFollowUp
from app.protocol.objects import FollowUp, key
from app.store import WriteTx


def subject(mutation: MoveFollowUp) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: MoveFollowUp, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `follow_up_closed` or `follow_up_time`."""
    rules.check_open(tx.must(FollowUp, mutation.follow_up_id).state)
    rules.check_time(mutation.due_at, call.now)


def apply(tx: WriteTx, mutation: MoveFollowUp, call: Call) -> None:
    """Write the time."""
    rules.check_open(tx.must(FollowUp, mutation.follow_up_id).state)
    tx.update(FollowUp, mutation.follow_up_id, at=mutation.due_at)
