"""Add one piece to what a visit takes along, or leave it here."""

from __future__ import annotations

import dataclasses

from app.domain import follow_up as rules
from app.domain.follow_up import TakenPiece
from app.mutations.call import Call
from app.protocol.mutations import TakePiece
from app.protocol.objects import FollowUp, key
from app.store import WriteTx


def subject(mutation: TakePiece) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: TakePiece, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `follow_up_closed` or `follow_up_pieces`."""
    _pieces(tx, mutation)


def apply(tx: WriteTx, mutation: TakePiece, call: Call) -> None:
    """Write the pieces."""
    tx.update(FollowUp, mutation.follow_up_id, pieces=[dataclasses.asdict(one) for one in _pieces(tx, mutation)])


def _pieces(tx: WriteTx, mutation: TakePiece) -> list[TakenPiece]:
    found = tx.must(FollowUp, mutation.follow_up_id)
    return rules.take(found.kind, found.state, found.pieces, mutation.product_id, mutation.size, taken=mutation.taken)
