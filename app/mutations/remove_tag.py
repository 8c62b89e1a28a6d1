"""Remove one personal tag."""

from __future__ import annotations

import dataclasses

from app.mutations.call import Call
from app.protocol.mutations import RemoveTag
from app.protocol.objects import Customer, key
from app.store import WriteTx


def subject(mutation: RemoveTag) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: RemoveTag, call: Call) -> None:
    """Raise `Rejected`: `not_found`."""
    tx.must(Customer, mutation.customer_id)


def apply(tx: WriteTx, mutation: RemoveTag, call: Call) -> None:
    """Drop the tag; tags of the brand and automatic ones stay."""
    kept = [
        dataclasses.asdict(tag)
        for tag in tx.must(Customer, mutation.customer_id).tags
        if tag.kind != "personal" or tag.name != mutation.tag
    ]
    tx.update(Customer, mutation.customer_id, tags=kept)
