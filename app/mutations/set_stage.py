"""Say how far one is with a customer."""

from __future__ import annotations

from app.domain import follow_up as rules
from app.mutations.call import Call
from app.protocol.mutations import SetStage
from app.protocol.objects import Customer, key
from app.store import WriteTx


def subject(mutation: SetStage) -> str:
    """Return the customer's key."""
    return key("customer", mutation.customer_id)


def check(tx: WriteTx, mutation: SetStage, call: Call) -> None:
    """Raise `Rejected`: `not_found`, or `bad_arguments` for an unknown stage."""
    tx.must(Customer, mutation.customer_id)
    rules.check_stage(mutation.stage)


def apply(tx: WriteTx, mutation: SetStage, call: Call) -> None:
    """Write the stage."""
    tx.update(Customer, mutation.customer_id, stage=mutation.stage)
