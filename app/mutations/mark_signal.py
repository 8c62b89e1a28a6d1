"""Say what became of a signal (rule 5.2)."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol.mutations import MarkSignal
from app.protocol.objects import Customer, SignalMark, key
from app.store import WriteTx

ACTIONS = frozenset({"done", "later", "not_interested"})


def subject(mutation: MarkSignal) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: MarkSignal, call: Call) -> None:
    """Raise `Rejected`: `not_found` or `bad_arguments` (an unknown action, or later without until)."""
    tx.must(Customer, mutation.customer_id)
    if mutation.action not in ACTIONS or (mutation.action == "later") != (mutation.until is not None):
        raise Rejected("bad_arguments", "done, later with until, or not_interested")


def apply(tx: WriteTx, mutation: MarkSignal, call: Call) -> None:
    """Keep the mark."""
    if tx.get(SignalMark, mutation.mark_id) is not None:
        return
    tx.put(
        SignalMark,
        {
            "id": mutation.mark_id,
            "customer_id": mutation.customer_id,
            "signal": mutation.signal,
            "subject": mutation.subject,
            "action": mutation.action,
            "at": call.at,
            "until": mutation.until,
        },
    )
