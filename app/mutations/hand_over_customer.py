"""Give one of my customers to a colleague; the server decides, until then the customer stays."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.domain.handover import WORDS_MAX
from app.mutations.call import Call
from app.protocol.mutations import HandOverCustomer
from app.protocol.objects import Customer, Staff, key
from app.store import WriteTx
from app.store.queries import handovers


def subject(mutation: HandOverCustomer) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: HandOverCustomer, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `handover_guide`, `handed_over` (it waits already) or `words_too_long`."""
    tx.must(Customer, mutation.customer_id)
    if handovers.waiting_for(tx, mutation.customer_id) is not None:
        raise Rejected("handed_over")
    mine, other = tx.must(Staff, call.guide_id), tx.get(Staff, mutation.to_guide_id)
    if other is None or other.id == mine.id or not other.active or other.role != "guide":
        raise Rejected("handover_guide")
    if other.store_id != mine.store_id:
        raise Rejected("handover_guide")
    if len(mutation.words) > WORDS_MAX:
        raise Rejected("words_too_long", params={"max": WORDS_MAX})


def apply(tx: WriteTx, mutation: HandOverCustomer, call: Call) -> None:
    """Change nothing: whose customer it is, only the server knows."""
