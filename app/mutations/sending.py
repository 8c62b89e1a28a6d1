"""One product to several customers: who may be written to, and handing it out one by one, also after a restart.

A messenger is one chat at a time: the list is kept; each that went out is recorded and taken off in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.domain import batch as rules
from app.domain.contact import ContactPolicy
from app.domain.instants import to_text
from app.mutations.call import Call
from app.mutations.client import MutationClient
from app.mutations.contacting import MEMORY_DAYS
from app.mutations.mutate import call_of, kick, new_id, perform
from app.protocol.mutations import RecordContact, RecordShare
from app.store import Read, WriteTx, kept
from app.store.queries import brand, coupons
from app.store.queries.shares import Sending, sending

POSTER, LINK = "poster", "link"


def plan_reach(read: Read, customer_ids: Sequence[str], call: Call) -> rules.Plan:
    """Return who of these customers may be written to now, and who not and why; for a thread when they are many."""
    setting = brand.brand_setting(read)
    policy = ContactPolicy.from_wire(setting.contact if setting else {})
    since = to_text(call.now - timedelta(days=MEMORY_DAYS))
    people = coupons.batch_people(read, "", customer_ids, since, call.at)
    return rules.reach(people, rules.Ground(call.now, call.zone, policy, call.device_id))


async def start_sending(
    client: MutationClient, product_id: str, customer_ids: Sequence[str], form: str, tone: str
) -> None:
    """Begin to hand a product out to these customers, in this order; what was begun before is given up."""
    await client.store.write(lambda tx: _keep(tx, Sending(product_id, form, tone, tuple(customer_ids))))


async def sent_one(client: MutationClient, contact: RecordContact, share: RecordShare) -> None:
    """Record that one of them was handed theirs, and take them off the list, in one transaction (rule 9.2).

    Raises:
        Rejected: the share's code is not of this device (`share_code_invalid`), or `not_found`.
        LocalFault: nothing changed.
    """
    call = call_of(client)

    def change(tx: WriteTx) -> None:
        perform(tx, share, call)
        perform(tx, contact, call)
        _take_off(tx, contact.customer_id, 1)

    await client.store.write(change)
    kick(client)


def contact_of(client: MutationClient, customer_id: str, share_id: str, channel: str) -> RecordContact:
    """Return the contact that a handed-over product is."""
    return RecordContact(new_id(call_of(client)), customer_id, POSTER, channel, share_id=share_id)


async def leave_out(client: MutationClient, customer_id: str) -> None:
    """Take one off the list without sending."""
    await client.store.write(lambda tx: _take_off(tx, customer_id, 0))


async def put_back(client: MutationClient, before: Sending) -> None:
    """Take `leave_out` or `stop_sending` back: the list is as it was before."""
    await client.store.write(lambda tx: _keep(tx, before))


async def speak(client: MutationClient, form: str, tone: str) -> None:
    """Send the rest in another form or tone."""

    def change(tx: WriteTx) -> None:
        now = sending(tx)
        if now is not None:
            _keep(tx, Sending(now.product_id, form, tone, now.customer_ids, now.done))

    await client.store.write(change)


async def stop_sending(client: MutationClient) -> None:
    """Give up the rest; what went out stays recorded."""
    await client.store.write(lambda tx: kept.keep(tx, kept.SENDING, None))


def _take_off(tx: WriteTx, customer_id: str, went: int) -> None:
    now = sending(tx)
    if now is None:
        return
    left = tuple(one for one in now.customer_ids if one != customer_id)
    _keep(tx, Sending(now.product_id, now.form, now.tone, left, now.done + went))


def _keep(tx: WriteTx, what: Sending) -> None:
    """Keep the list; with nobody left only how many went is kept, for the page to say so."""
    row = {
        "product_id": what.product_id, "form": what.form, "tone": what.tone, "customer_ids": list(what.customer_ids),
        "done": what.done,
    }  # fmt: skip
    kept.keep(tx, kept.SENDING, row)
