"""Plan a reminder, an appointment or a home visit."""

from __future__ import annotations

import dataclasses

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import PlanFollowUp
from app.protocol.objects import Customer, FollowUp, key
from app.store import WriteTx


def subject(mutation: PlanFollowUp) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: PlanFollowUp, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `follow_up_time`, `follow_up_pieces`, `note_too_long` or `bad_arguments`."""
    tx.must(Customer, mutation.customer_id)
    rules.check_plan(mutation.kind, mutation.due_at, call.now, mutation.note, mutation.pieces)


def apply(tx: WriteTx, mutation: PlanFollowUp, call: Call) -> None:
    """Keep it, open."""
    if tx.get(FollowUp, mutation.follow_up_id) is not None:
        return
    pieces = rules.check_plan(mutation.kind, mutation.due_at, call.now, mutation.note, mutation.pieces)
    tx.put(
        FollowUp,
        {
            "id": mutation.follow_up_id,
            "guide_id": call.guide_id,
            "customer_id": mutation.customer_id,
            "kind": mutation.kind,
            "at": mutation.due_at,
            "state": rules.OPEN,
            "created_at": call.at,
            "note": mutation.note,
            "private": mutation.private,
            "pieces": [dataclasses.asdict(piece) for piece in pieces],
        },
    )
