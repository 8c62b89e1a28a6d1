"""Reading the audit: is the chain whole, and which customers a device could show at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, cast, or_, select

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import OFFLINE_HOURS
from server_stub import tables as t
from server_stub.db import audit_hash

BOOK_NAMES = "book.names"  # a manager asked for the names of a guide's customers
HASHED = ("at", "staff_id", "device_id", "action", "object", "fields", "prev_hash")


@dataclass(frozen=True, slots=True)
class Chain:
    """What a check of the audit found; `broken` is the `seq` of the first line that does not fit, None if all do.

    `head` is the last line's hash: kept elsewhere, it also proves later that nothing was cut off the end.
    """

    lines: int
    head: str
    broken: int | None
    holds_known: bool


def verify(conn: Connection, known_head: str = "") -> Chain:
    """Check every line's hash, link and stored text; `known_head` is a hash noted before that must still be there."""
    columns = [column for column in t.audit.c if column.name != "fields"]
    stored = select(*columns, cast(t.audit.c.fields, Text).label("raw")).order_by(t.audit.c.seq)
    lines, previous, found = 0, "", not known_head
    for row in conn.execute(stored).mappings():
        lines += 1
        if row["prev_hash"] != previous or _hash_of(row) != row["hash"]:
            return Chain(lines, previous, row["seq"], found)
        previous = row["hash"]
        found = found or previous == known_head
    return Chain(lines, previous, None, found)


def _hash_of(row: Any) -> str:
    """Return the hash a stored line should have; no hash when its JSON is not the text we write."""
    try:
        fields = json.loads(row["raw"])
    except ValueError:
        return ""
    if json.dumps(fields) != row["raw"]:
        return ""
    return audit_hash({name: fields if name == "fields" else row[name] for name in HASHED})


def who_had(conn: Connection, device_id: str, at: datetime) -> list[str]:
    """Return the ids of all customers this device could show at a time (breach query, PIPL 57).

    Never too few: whoever was the guide's at that time, or until at most 72 hours before (the lease ends then), or
    until the device's last pull if that was later; and whose names a manager asked for within 72 hours before. Erased
    ones are listed, their ids name nobody.

    Raises:
        Rejected: `not_found`, no such device.
    """
    device = conn.execute(select(t.device).where(t.device.c.id == device_id)).mappings().first()
    if device is None:
        raise Rejected("not_found", "no such device")
    then = instants.to_text(at)
    if device["created_at"] > then or (device["wiped_at"] or then) < then:
        return []
    since = instants.to_text(at - timedelta(hours=OFFLINE_HOURS))
    pulls = select(t.client_group.c.pulled_at).where(t.client_group.c.device_id == device_id)
    before = [one for one in conn.execute(pulls).scalars() if one is not None and since < one <= then]
    c = t.binding.c
    from_then = max([since, *before])
    held = c.guide_id == device["staff_id"], c.from_at <= then, or_(c.until_at.is_(None), c.until_at > from_then)
    asked = _named(conn, device_id, since, then)
    return sorted({*conn.execute(select(c.customer_id).where(*held)).scalars(), *asked})


def _named(conn: Connection, device_id: str, since: str, then: str) -> set[str]:
    """Return the customers of every book whose names this device asked for after `since`, until `then`."""
    a, c = t.audit.c, t.binding.c
    asked = select(a.object, a.at).where(a.action == BOOK_NAMES, a.device_id == device_id, a.at > since, a.at <= then)
    found: set[str] = set()
    for row in conn.execute(asked).all():
        guide_id = row.object.partition("/")[2]
        theirs = c.guide_id == guide_id, c.from_at <= row.at, or_(c.until_at.is_(None), c.until_at > row.at)
        found.update(conn.execute(select(c.customer_id).where(*theirs)).scalars())
    return found
