"""Record that a message was handed to the messenger (rule 9.2)."""

from __future__ import annotations

from app.domain.contact import things
from app.domain.errors import Rejected
from app.mutations import contacting
from app.mutations.call import Call
from app.protocol.mutations import RecordContact
from app.protocol.objects import Contact, Customer, Share, key
from app.store import WriteTx

KINDS = frozenset({"message", "coupon", "poster", "call", "visit"})


def subject(mutation: RecordContact) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: RecordContact, call: Call) -> None:
    """Raise `Rejected`: `not_found` or `bad_arguments`. The message is out already: the budget was asked before it."""
    tx.must(Customer, mutation.customer_id)
    if mutation.kind not in KINDS:
        raise Rejected("bad_arguments", "unknown kind of a contact")


def apply(tx: WriteTx, mutation: RecordContact, call: Call) -> None:
    """Show the contact at once; it counts against the budget, unless all it carries was counted that day."""
    share = tx.get(Share, mutation.share_id) if mutation.share_id else None
    carries = things(mutation.coupon_id, share.item_id if share else None)
    if tx.get(Contact, mutation.contact_id) is not None:
        return
    if contacting.was_carried(tx, mutation.customer_id, call, carries):
        return
    tx.put(
        Contact,
        {
            "id": mutation.contact_id,
            "customer_id": mutation.customer_id,
            "guide_id": call.guide_id,
            "kind": mutation.kind,
            "channel": mutation.channel,
            "at": call.at,
            "by": "guide",
            "coupon_id": mutation.coupon_id,
            "share_id": mutation.share_id,
            "signal": mutation.signal,
            "transactional": False,
        },
    )
