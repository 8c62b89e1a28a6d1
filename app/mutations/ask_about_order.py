"""Ask the manager why an order was not counted (feature E2)."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol.limits import DISPUTE_TEXT_MAX, ORDER_NO_MAX
from app.protocol.mutations import AskAboutOrder
from app.protocol.objects import Dispute, key
from app.store import WriteTx


def subject(mutation: AskAboutOrder) -> str:
    """Return the dispute's key."""
    return key("dispute", mutation.dispute_id)


def check(tx: WriteTx, mutation: AskAboutOrder, call: Call) -> None:
    """Raise `Rejected`: `bad_arguments`, or `dispute_asked` when an open question about the order is here."""
    number = mutation.order_no.strip()
    if not 0 < len(number) <= ORDER_NO_MAX or len(mutation.text) > DISPUTE_TEXT_MAX:
        raise Rejected("bad_arguments", "an order's number and at most 500 characters")
    if tx.one(Dispute, "order_no = ? AND state = 'asked'", (number,)) is not None:
        raise Rejected("dispute_asked", params={"order_no": number})


def apply(tx: WriteTx, mutation: AskAboutOrder, call: Call) -> None:
    """Show the question as asked; the evidence comes with the server's row."""
    if tx.get(Dispute, mutation.dispute_id) is not None:
        return
    tx.put(
        Dispute,
        {
            "id": mutation.dispute_id,
            "guide_id": call.guide_id,
            "store_id": "",
            "order_no": mutation.order_no.strip(),
            "state": "asked",
            "asked_at": call.at,
            "order_id": mutation.order_id,
            "text": mutation.text.strip(),
            "evidence": {},
        },
    )
