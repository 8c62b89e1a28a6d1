"""Whom a guide serves, by name: asked for by the store's manager who hands some of them over; audited, never synced."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.domain import handover as rules
from app.domain import instants
from app.domain.errors import Rejected
from server_stub import audit
from server_stub import tables as t
from server_stub.db import Actor, Database, Tx
from server_stub.people import books, handover


def names(db: Database, actor: Actor, guide_id: str) -> list[dict[str, Any]]:
    """Return the customers of a guide of the actor's store as `domain.handover.Listed` has them, by id.

    Raises:
        Rejected: `not_found`, no guide of this store.
    """
    with db.begin(actor) as tx:
        mine = t.staff.c.id == guide_id, t.staff.c.store_id == actor.store_id, t.staff.c.role == "guide"
        if tx.conn.execute(select(t.staff.c.id).where(*mine)).first() is None:
            raise Rejected("not_found", params={"object": "staff"})
        found = _listed(tx, guide_id)
        tx.audit(audit.BOOK_NAMES, f"staff/{guide_id}", {"customers": len(found)})
        return found


def _listed(tx: Tx, guide_id: str) -> list[dict[str, Any]]:
    c = t.customer.c
    shown = select(c.id, c.name, c.pinyin, c.initials, c.level, c.last_order_at).where(c.guide_id == guide_id)
    rows = tx.conn.execute(shown.order_by(c.id)).mappings().all()
    ids = [row["id"] for row in rows]
    likes, moved = books.favourites(tx, ids), handover.transfers_of(tx, ids)
    listed = []
    for row in rows:
        free = rules.free_again(moved.get(row["id"], ()), tx.now)
        again = None if free <= tx.now else instants.to_text(free)
        listed.append({**row, "category": likes[row["id"]], "again_at": again})
    return listed
