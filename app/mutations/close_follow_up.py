"""Say that a follow-up is done, and what a visit left there."""

from __future__ import annotations

import dataclasses

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import CloseFollowUp
from app.protocol.objects import FollowUp, key
from app.store import WriteTx


def subject(mutation: CloseFollowUp) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: CloseFollowUp, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `follow_up_closed` or `follow_up_pieces`."""
    found = tx.must(FollowUp, mutation.follow_up_id)
    rules.close(found.state, found.pieces, mutation.kept)


def apply(tx: WriteTx, mutation: CloseFollowUp, call: Call) -> None:
    """Write what was kept and when it ended."""
    found = tx.must(FollowUp, mutation.follow_up_id)
    pieces = [dataclasses.asdict(one) for one in rules.close(found.state, found.pieces, mutation.kept)]
    ended = found.closed_at if found.state == rules.DONE else call.at
    tx.update(FollowUp, mutation.follow_up_id, state=rules.DONE, closed_at=ended, pieces=pieces)
