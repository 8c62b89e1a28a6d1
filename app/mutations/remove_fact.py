"""Remove one fact a guide wrote."""

from __future__ import annotations

import dataclasses

from app.domain import portrait as rules
from app.mutations.call import Call
from app.protocol.mutations import RemoveFact
from app.protocol.objects import Customer, key
from app.store import WriteTx


def subject(mutation: RemoveFact) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: RemoveFact, call: Call) -> None:
    """Raise `Rejected`: `not_found`."""
    tx.must(Customer, mutation.customer_id)


def apply(tx: WriteTx, mutation: RemoveFact, call: Call) -> None:
    """Drop the fact; a birthday the guide wrote goes with it."""
    customer = tx.must(Customer, mutation.customer_id)
    left = rules.without_fact(customer.facts, mutation.kind, mutation.name)
    gone = rules.is_guides_birthday(customer.birthday, customer.facts) and mutation.kind == rules.BIRTHDAY
    more = {"birthday": None} if gone else {}
    tx.update(Customer, mutation.customer_id, facts=[dataclasses.asdict(one) for one in left], **more)
