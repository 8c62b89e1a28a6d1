"""Record a share link that was made on this device."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol import share_code
from app.protocol.mutations import RecordShare
from app.protocol.objects import Customer, Product, Share, key
from app.store import WriteTx


def subject(mutation: RecordShare) -> str:
    """Return the share's key."""
    return key("share", mutation.share_id)


def check(tx: WriteTx, mutation: RecordShare, call: Call) -> None:
    """Raise `Rejected`: `share_code_invalid`, `bad_arguments`, or `not_found` for an unknown customer or product."""
    share_code.decode(mutation.code)
    if mutation.kind not in share_code.KINDS or mutation.channel not in share_code.CHANNELS:
        raise Rejected("bad_arguments", "unknown kind or channel of a share")
    if mutation.customer_id is not None:
        tx.must(Customer, mutation.customer_id)
    if mutation.kind == "product":
        tx.must(Product, mutation.item_id)


def apply(tx: WriteTx, mutation: RecordShare, call: Call) -> None:
    """Show the share at once, with an empty funnel."""
    if tx.get(Share, mutation.share_id) is not None:
        return
    tx.put(
        Share,
        {
            "id": mutation.share_id,
            "code": mutation.code,
            "guide_id": call.guide_id,
            "kind": mutation.kind,
            "item_id": mutation.item_id,
            "channel": mutation.channel,
            "created_at": mutation.created_at,
            "caption": mutation.caption,
            "customer_id": mutation.customer_id,
            "opened": 0,
            "viewed": 0,
            "claimed": 0,
            "bought": 0,
        },
    )
