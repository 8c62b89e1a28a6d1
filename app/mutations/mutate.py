"""The one way to change business rows: local effect and outbox row in one transaction."""

from __future__ import annotations

import dataclasses
import os
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.ids import UUID7_RANDOM_BYTES, uuid7
from app.mutations.call import Call
from app.mutations.client import MutationClient
from app.mutations.verbs import VERBS
from app.protocol.mutations import Mutation
from app.store import WriteTx, outbox


async def mutate(client: MutationClient, mutation: Mutation) -> int:
    """Apply a mutation here and queue it for the server; return its number in the outbox.

    Raises:
        Rejected: the rules on this device already say no; nothing changed.
        LocalFault: `disk_full` or `database_damaged`; nothing changed.
    """
    call = call_of(client)
    number = await client.store.write(lambda tx: perform(tx, mutation, call))
    kick(client)
    return number


def perform(tx: WriteTx, mutation: Mutation, call: Call) -> int:
    """Check, apply and queue a mutation inside a transaction of the caller; return its number."""
    verb = VERBS[type(mutation)]
    verb.check(tx, mutation, call)
    tx.local = True
    verb.apply(tx, mutation, call)
    tx.local = False
    args: dict[str, Any] = dataclasses.asdict(mutation) | {"mid": new_id(call), "at": call.at}
    return outbox.append(tx, mutation.NAME, args, verb.subject(mutation))


def call_of(client: MutationClient) -> Call:
    """Return the call as of now."""
    session = client.session
    return Call(session.staff.id, session.device_id, ZoneInfo(session.zone), client.clock.now())


def new_id(call: Call) -> str:
    """Return a fresh UUIDv7; ids of rows are made on the device."""
    return uuid7(call.now, os.urandom(UUID7_RANDOM_BYTES))


def kick(client: MutationClient) -> None:
    """Ask the engine for a sync soon."""
    if client.engine is not None:
        client.engine.kick()
