"""Add one personal tag."""

from __future__ import annotations

import dataclasses

from app.domain.text import check_tag
from app.mutations.call import Call
from app.protocol.mutations import AddTag
from app.protocol.objects import Customer, Tag, key
from app.store import WriteTx


def subject(mutation: AddTag) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: AddTag, call: Call) -> None:
    """Raise `Rejected`: `not_found` or `tag_invalid`."""
    tx.must(Customer, mutation.customer_id)
    check_tag(mutation.tag)


def apply(tx: WriteTx, mutation: AddTag, call: Call) -> None:
    """Append the tag unless it is there."""
    name = check_tag(mutation.tag)
    tags = tx.must(Customer, mutation.customer_id).tags
    if any(tag.name == name and tag.kind == "personal" for tag in tags):
        return
    tags = [*tags, Tag(name, "personal", at=call.at)]
    tx.update(Customer, mutation.customer_id, tags=[dataclasses.asdict(tag) for tag in tags])
