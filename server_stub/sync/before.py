"""What a pull may have to write before its snapshot: the group, the contact holder, leases, adopted mutation ids."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, func, select, update

from app.domain import instants
from app.protocol.objects import key
from server_stub import tables as t
from server_stub.db import Actor, Database, Tx, upsert
from server_stub.faults import retrying
from server_stub.logs import frames
from server_stub.sync.cookie import Position
from server_stub.sync.push import ensure_group, set_lmid

LEASES_EVERY = timedelta(minutes=10)
PULLED_EVERY = timedelta(minutes=1)
ONLINE_GAP = timedelta(minutes=10)
FLOOR_EVERY = timedelta(days=1)
HOLDER_AWAY = timedelta(minutes=3)  # a device at work is seen to pull every minute
log = structlog.get_logger("sync.before")


def before_pull(db: Database, actor: Actor, group_id: str, known: Position | None) -> None:
    """Write what is due; a pull with nothing due writes nothing."""
    with db.connect_without_transaction() as conn:  # hints: what is due is looked at again where it is written
        jobs = _due(conn, db, actor, group_id, known)
    if jobs["group"] or jobs["holder"] or jobs["adopt"] or jobs["erased"]:
        with db.begin(actor) as tx:
            ensure_group(tx, actor, group_id)
            _note_pull(tx, group_id)
            if jobs["holder"]:
                _hold(tx, actor)
            for client_id, lmid in jobs["adopt"].items():
                _adopt(tx, group_id, client_id, lmid)
            if jobs["erased"]:
                _confirm_erased(tx, actor, jobs["erased"])
    if jobs["leases"]:
        top_up(db, actor)


def top_up(db: Database, actor: Actor) -> None:
    """Fill the device's block of coupons; a failure is logged and tried again later, the pull itself goes on."""
    from server_stub.trade import coupons  # trade stands above sync

    if actor.role != "guide":
        return

    def fill() -> None:
        with db.begin(actor) as tx:
            coupons.ensure_leases(tx, actor.device_id)
            due = update(t.device).where(t.device.c.id == actor.device_id)
            tx.conn.execute(due.values(leases_checked_at=tx.now_text))

    try:
        retrying(fill)
    except Exception as exc:  # a guide must be able to sync while coupons cannot be minted
        log.error("leases", kind=type(exc).__name__, at=frames(exc))


def _due(conn: Connection, db: Database, actor: Actor, group_id: str, known: Position | None) -> dict[str, Any]:
    now = db.now()
    who = {"group": group_id, "device": actor.device_id, "staff": actor.staff_id}
    pulled, checked, holder, erasing = conn.execute(_LAST, who).one()
    return {
        "group": _older(pulled, now - PULLED_EVERY),
        "holder": actor.role == "guide" and _takes_hold(conn, actor, now, holder),
        "leases": actor.role == "guide" and _older(checked, now - LEASES_EVERY),
        "adopt": _ahead(conn, group_id, known),
        "erased": _erased(conn, actor, known) if erasing and known else [],
    }


_OPEN = select(t.erasure_receipt.c.erasure_id).where(
    t.erasure_receipt.c.device_id == bindparam("device"), t.erasure_receipt.c.erased_at.is_(None)
)
# Asked before every pull and made once: when this group pulled, when its leases were looked at, who may contact, and
# whether receipts are waited for. Nearly always none is: joined to the rows, SQLite read the whole bucket to see that.
_LAST = select(
    select(t.client_group.c.pulled_at).where(t.client_group.c.id == bindparam("group")).scalar_subquery(),
    select(t.device.c.leases_checked_at).where(t.device.c.id == bindparam("device")).scalar_subquery(),
    select(t.contact_holder.c.device_id).where(t.contact_holder.c.id == bindparam("staff")).scalar_subquery(),
    _OPEN.exists(),
)
_SENT = select(t.sync_row.c.key, t.sync_row.c.ver).where(
    t.sync_row.c.bucket == bindparam("of"), t.sync_row.c.key.in_(bindparam("keys", expanding=True))
)


def _erased(conn: Connection, actor: Actor, known: Position) -> list[str]:
    """Return the erasures this device has behind it now: its cookie proves that it kept them."""
    waited_for = {key("erasure", one): one for one in conn.execute(_OPEN, {"device": actor.device_id}).scalars()}
    bucket = f"guide:{actor.staff_id}"
    kept = known.buckets.get(bucket, 0)
    rows = conn.execute(_SENT, {"of": bucket, "keys": list(waited_for)})
    return [waited_for[row.key] for row in rows if row.ver <= kept]


def _confirm_erased(tx: Tx, actor: Actor, erasure_ids: list[str]) -> None:
    from server_stub.people import erase  # services stand above sync

    erase.confirm(tx, actor.device_id, erasure_ids)


def _takes_hold(conn: Connection, actor: Actor, now: datetime, holder: str | None) -> bool:
    """Say whether this device becomes the guide's contact holder: it comes to work, or the holder has gone.

    Two devices at work must not take the slot from each other at every pull: each would wake the other, for ever.
    """
    if holder in (None, actor.device_id):
        return holder is None
    c = t.client_group.c
    own = c.staff_id == actor.staff_id, c.device_id.in_((holder, actor.device_id))
    seen = conn.execute(select(c.device_id, func.max(c.pulled_at).label("at")).where(*own).group_by(c.device_id))
    pulled = {row.device_id: row.at for row in seen}
    return any(_older(pulled.get(device), now - HOLDER_AWAY) for device in (holder, actor.device_id))


def _older(at: str | None, than: Any) -> bool:
    return at is None or at < instants.to_text(than)


def _ahead(conn: Connection, group_id: str, known: Position | None) -> dict[str, int]:
    """Return ids the client saw confirmed that this database has forgotten: it was restored from a backup."""
    if known is None or known.group != group_id or not known.lmids:
        return {}
    rows = conn.execute(select(t.client.c.id, t.client.c.lmid).where(t.client.c.id.in_(known.lmids)))
    have = {row.id: row.lmid for row in rows}
    return {client: lmid for client, lmid in known.lmids.items() if lmid > have.get(client, 0)}


def _adopt(tx: Tx, group_id: str, client_id: str, lmid: int) -> None:
    row = {"id": client_id, "group_id": group_id, "lmid": 0, "ver": 0}
    tx.conn.execute(upsert(tx.conn, t.client).values(**row).on_conflict_do_nothing(index_elements=["id"]))
    set_lmid(tx, group_id, client_id, lmid)


def _note_pull(tx: Tx, group_id: str) -> None:
    """Note the pull, and the last one before this time online: what waits in an outbox was made after that one.

    The latest pull itself cannot bound `at`: a device that comes back may pull before it pushes.
    """
    c = t.client_group.c
    row = tx.conn.execute(select(c.pulled_at, c.floor_at).where(c.id == group_id)).one()
    values = {"pulled_at": tx.now_text}
    if row.pulled_at and (_older(row.pulled_at, tx.now - ONLINE_GAP) or _older(row.floor_at, tx.now - FLOOR_EVERY)):
        values["floor_at"] = row.pulled_at
    tx.conn.execute(update(t.client_group).where(c.id == group_id).values(**values))


def _hold(tx: Tx, actor: Actor) -> None:
    """Make this device the one that may contact offline (rule 9.2): the guide's last to pull."""
    row = {"id": actor.staff_id, "device_id": actor.device_id, "since": tx.now_text}
    statement = upsert(tx.conn, t.contact_holder).values(**row)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
    tx.touch("contact_holder", actor.staff_id)
