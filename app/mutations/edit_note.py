"""Replace the guide's note on a customer."""

from __future__ import annotations

from app.domain.text import check_note
from app.mutations.call import Call
from app.protocol.mutations import EditNote
from app.protocol.objects import Customer, key
from app.store import WriteTx


def subject(mutation: EditNote) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: EditNote, call: Call) -> None:
    """Raise `Rejected`: `not_found` or `note_too_long`."""
    tx.must(Customer, mutation.customer_id)
    check_note(mutation.note)


def apply(tx: WriteTx, mutation: EditNote, call: Call) -> None:
    """Write the note."""
    tx.update(Customer, mutation.customer_id, note=mutation.note, note_private=mutation.private)
