"""Forgetting a customer the server has erased: what waits, what was refused, and what the files still hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.instants import Instant
from app.protocol.objects import Erasure, key
from app.store import aside, kept, outbox
from app.store.json_text import loads
from app.store.tx import WriteTx

RESIDUE = "residue"
PREFIX = f"{Erasure.OBJECT}/"


def erased_in(patch: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the customers a page says to forget."""
    values = [one.get("value") for one in patch if one.get("op") == "put" and str(one.get("key")).startswith(PREFIX)]
    return frozenset(str(one["customer_id"]) for one in values if isinstance(one, dict) and "customer_id" in one)


def forget(tx: WriteTx, customers: frozenset[str], at: Instant) -> None:
    """Drop every change about these people, waiting or refused, and say how many waited; call it after a rewind.

    The rows go by the page itself. Numbers may have no gaps: what stays in the outbox is numbered anew.
    """
    subjects = {key("customer", one) for one in customers}
    gone = [
        one.id
        for one in outbox.pending(tx)
        if one.args.get("customer_id") in customers or _subject(tx, one.id) in subjects
    ]
    for number in gone:
        tx.conn.execute("DELETE FROM outbox WHERE id = ?", (number,))
    if gone:
        outbox.renew(tx)
        aside.add_problem(tx, "customer_erased", {"count": len(gone)}, at)
    for row_id, mid, sealed in tx.rows("SELECT id, mid, args FROM refused_args"):
        if loads(tx.sealer.open(outbox.SEAL, mid, sealed)).get("customer_id") in customers:
            tx.conn.execute("DELETE FROM refused_args WHERE id = ?", (row_id,))
    kept.forget_people(tx, customers)
    tx.set_meta(RESIDUE, True)


def _subject(tx: WriteTx, number: int) -> str:
    return str(tx.value("SELECT subject FROM outbox WHERE id = ?", (number,)))
