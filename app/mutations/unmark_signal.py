"""Take back what was said of a signal."""

from __future__ import annotations

from app.mutations.call import Call
from app.protocol.mutations import UnmarkSignal
from app.protocol.objects import Customer, SignalMark, key
from app.store import WriteTx


def subject(mutation: UnmarkSignal) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: UnmarkSignal, call: Call) -> None:
    """Raise `Rejected`: `not_found`."""
    tx.must(Customer, mutation.customer_id)


def apply(tx: WriteTx, mutation: UnmarkSignal, call: Call) -> None:
    """Drop the mark; one that is gone, or another customer's, stays as it is."""
    found = tx.get(SignalMark, mutation.mark_id)
    if found is not None and found.customer_id == mutation.customer_id:
        tx.delete(SignalMark, mutation.mark_id)
