"""Remove a refused mutation's row after the guide has seen it."""

from __future__ import annotations

from app.mutations.call import Call
from app.protocol.mutations import DismissRejected
from app.protocol.objects import RejectedMutation, key
from app.store import WriteTx, refused


def subject(mutation: DismissRejected) -> str:
    """Return the refusal's key."""
    return key("rejected", mutation.rejected_id)


def check(tx: WriteTx, mutation: DismissRejected, call: Call) -> None:
    """Raise `Rejected`: `not_found`."""
    tx.must(RejectedMutation, mutation.rejected_id)


def apply(tx: WriteTx, mutation: DismissRejected, call: Call) -> None:
    """Take it off the list, and drop what it said."""
    tx.delete(RejectedMutation, mutation.rejected_id)
    refused.forget(tx, mutation.rejected_id)
