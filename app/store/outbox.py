"""The outbox: pending mutations in order, their arguments sealed, and who this client is to the server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.json_text import dumps, loads
from app.store.read import Read
from app.store.tx import WriteTx

SEAL = "outbox"


@dataclass(frozen=True, slots=True)
class Identity:
    """The client group and client of this installation, as `sync.md` names them."""

    group_id: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Pending:
    """One pending mutation with its opened arguments."""

    id: int
    name: str
    args: dict[str, Any]


def identity(tx: WriteTx) -> Identity:
    """Return who this client is; made at the first call, kept until `renew`."""
    if tx.meta("client_id") is None:
        renew(tx)
    return Identity(tx.meta("group_id"), tx.meta("client_id"))


def renew(tx: WriteTx) -> None:
    """Become a new client: pending mutations are numbered again from 1, each keeps its `mid`.

    For the day the server no longer knows our numbers (restored from a backup, or one taken by a stray request).
    """
    tx.set_meta("group_id", uuid.UUID(bytes=os.urandom(16), version=4).hex)
    tx.set_meta("client_id", uuid.UUID(bytes=os.urandom(16), version=4).hex)
    pending_ids = [row[0] for row in tx.rows("SELECT id FROM outbox ORDER BY id")]
    for number, old in enumerate(pending_ids, start=1):  # rising order: the new number is never taken
        tx.conn.execute("UPDATE outbox SET id = ? WHERE id = ?", (number, old))
    tx.set_meta("last_id", len(pending_ids))
    tx.set_meta("confirmed", None)
    tx.touch("outbox")


def append(tx: WriteTx, name: str, args: Mapping[str, Any], subject: str) -> int:
    """Queue one mutation and return its number; numbers have no gaps."""
    identity(tx)
    number = int(tx.meta("last_id") or 0) + 1
    sealed = tx.sealer.seal(SEAL, args["mid"], dumps(dict(args)).encode())
    tx.conn.execute(
        "INSERT INTO outbox (id, mid, name, subject, at, args) VALUES (?, ?, ?, ?, ?, ?)",
        (number, args["mid"], name, subject, args["at"], sealed),
    )
    tx.set_meta("last_id", number)
    tx.touch("outbox")
    return number


def pending(read: Read, limit: int = -1, after: int = 0) -> list[Pending]:
    """Return pending mutations numbered above `after`, oldest first."""
    rows = read.rows("SELECT id, mid, name, args FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return [Pending(row[0], row[2], loads(read.sealer.open(SEAL, row[1], row[3]))) for row in rows]


def prune(tx: WriteTx, confirmed: int) -> int:
    """Drop what the server has processed; return how many."""
    gone = tx.conn.execute("DELETE FROM outbox WHERE id <= ?", (confirmed,)).rowcount
    if gone:
        tx.touch("outbox")
    return gone


def withdraw(tx: WriteTx, number: int) -> bool:
    """Drop one waiting mutation that has no local effect; False when it does not wait any more.

    The rest is numbered again, each keeps its `mid`: one that was on its way counts once or not at all.
    """
    gone = tx.conn.execute("DELETE FROM outbox WHERE id = ?", (number,)).rowcount
    if gone:
        renew(tx)
        tx.set_meta("confirmed", None)
    return bool(gone)


def discard(tx: WriteTx) -> int:
    """Drop everything that waits, as the user chose by name; return how many. Local effects go with a rewind."""
    gone = tx.conn.execute("DELETE FROM outbox").rowcount
    renew(tx)  # numbers may not have gaps, and the server may know some of these
    return gone
