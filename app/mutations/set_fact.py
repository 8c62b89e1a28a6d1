"""Write one fact of a customer's portrait."""

from __future__ import annotations

import dataclasses

from app.domain import portrait as rules
from app.domain.portrait import Fact
from app.mutations.call import Call
from app.protocol.mutations import SetFact
from app.protocol.objects import Customer, key
from app.store import WriteTx


def subject(mutation: SetFact) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: SetFact, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `fact_invalid`, `birthday_known` or `bad_arguments`."""
    _facts(tx, mutation, call)


def apply(tx: WriteTx, mutation: SetFact, call: Call) -> None:
    """Put the fact in the place of the one of its kind and name; a birthday is the customer's from then on."""
    facts = _facts(tx, mutation, call)
    more = {"birthday": facts[-1].value} if mutation.kind == rules.BIRTHDAY else {}
    tx.update(Customer, mutation.customer_id, facts=[dataclasses.asdict(one) for one in facts], **more)


def _facts(tx: WriteTx, mutation: SetFact, call: Call) -> list[Fact]:
    customer = tx.must(Customer, mutation.customer_id)
    name, value = rules.check_fact(mutation.kind, mutation.name, mutation.value)
    if mutation.kind == rules.BIRTHDAY:
        rules.check_birthday(customer.birthday, customer.facts)
    return rules.with_fact(customer.facts, Fact(mutation.kind, name, value, rules.GUIDE, call.at))
