"""The devices somebody may look after: their own, and a manager those of the store's guides; a lost one is revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.domain import instants
from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Actor, Database
from server_stub.people import auth

SHOWN_AFTER_WIPE = timedelta(days=30)


def devices_of(db: Database, actor: Actor) -> list[dict[str, Any]]:
    """Return the devices the actor may revoke, own ones first, last seen first; erased ones for 30 days.

    Each: `id`, `name`, `staff_id`, `staff_name`, `created_at`, `seen_at` (signed in or pulled last), `revoked_at` and
    `wiped_at` (ISO, UTC, or None), `here`: it is the one that asks.
    """
    pulled = select(func.max(t.client_group.c.pulled_at)).where(t.client_group.c.device_id == t.device.c.id)
    c = t.device.c
    columns = (c.id, c.name, c.staff_id, c.created_at, c.seen_at, c.revoked_at, c.wiped_at)
    wanted = (
        select(*columns, t.staff.c.name.label("staff_name"), pulled.scalar_subquery().label("pulled_at"))
        .join(t.staff, t.staff.c.id == c.staff_id)
        .where(_his(actor), or_(c.wiped_at.is_(None), c.wiped_at > instants.to_text(db.now() - SHOWN_AFTER_WIPE)))
    )
    with db.read() as conn:
        rows = [_shown(dict(row), actor) for row in conn.execute(wanted).mappings()]
    rows.sort(key=lambda row: str(row["seen_at"]), reverse=True)
    return sorted(rows, key=lambda row: (row["staff_id"] != actor.staff_id, row["staff_name"]))


def revoke(db: Database, actor: Actor, device_id: str) -> dict[str, Any]:
    """Revoke a device, which erases itself at its next contact; again changes nothing.

    Raises:
        Rejected: `not_found`, also for another's; `bad_arguments` for the device that asks: signing out is for that.
    """
    if device_id == actor.device_id:
        raise Rejected("bad_arguments", "this is the device in hand: sign out", params={"field": "device_id"})
    wanted = (
        select(t.device.c.revoked_at)
        .join(t.staff, t.staff.c.id == t.device.c.staff_id)
        .where(t.device.c.id == device_id, _his(actor))
        .with_for_update(of=t.device)
    )
    with db.begin(actor) as tx:
        row = tx.conn.execute(wanted).first()
        if row is None:
            raise Rejected("not_found")
        if row.revoked_at is None:
            auth.revoke_device(tx, device_id)
        return {"id": device_id, "revoked_at": row.revoked_at or tx.now_text}


def _his(actor: Actor) -> ColumnElement[bool]:
    """Return the predicate of the devices an actor may see and revoke."""
    own = t.staff.c.id == actor.staff_id
    if actor.role != "manager":
        return own
    return or_(own, and_(t.staff.c.role == "guide", t.staff.c.store_id == actor.store_id))


def _shown(row: dict[str, Any], actor: Actor) -> dict[str, Any]:
    seen = [at for at in (row["seen_at"], row.pop("pulled_at")) if at]
    return row | {"seen_at": max(seen, default=row["created_at"]), "here": row["id"] == actor.device_id}
