"""The full phone number of one customer: asked for with a reason, counted, audited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import REVEALS_AN_HOUR
from server_stub import tables as t
from server_stub.db import Actor, Database, Tx
from server_stub.people import phones

REASONS = ("call_back", "order", "delivery", "asked", "other")
OVER_LIMIT = "over_limit"
HOUR = timedelta(hours=1)


def reveal(db: Database, actor: Actor, customer_id: str, reason: str, note: str) -> str | None:
    """Return the full number, None when there is none; the audit names who, device, reason and whose.

    Raises:
        Rejected: `not_found`, also for another's; `bad_arguments`; `rate_limited` with `seconds`, told in the audit.
    """
    if reason not in REASONS:
        raise Rejected("bad_arguments", "an unknown reason", params={"field": "reason"})
    with db.begin(actor) as tx:
        tx.conn.execute(select(t.staff.c.id).where(t.staff.c.id == actor.staff_id).with_for_update(key_share=True))
        row = _visible(tx, actor, customer_id)
        wait = _seconds_to_wait(tx, actor)
        if wait is None:
            _note(tx, actor, reason, customer_id, note)
            tx.audit("customer.reveal", f"customer/{customer_id}", {"reason": reason})
            sealed = row["phone_sealed"]
            return phones.unseal(tx.secrets, customer_id, sealed) if sealed else None
        _alarm(tx, actor)
    raise Rejected("rate_limited", params={"seconds": wait})  # after the alert is committed


def _visible(tx: Tx, actor: Actor, customer_id: str) -> Any:
    mine = (
        t.customer.c.store_id == actor.store_id if actor.role == "manager" else t.customer.c.guide_id == actor.staff_id
    )
    wanted = select(t.customer.c.phone_sealed).where(t.customer.c.id == customer_id, mine)
    row = tx.conn.execute(wanted.where(t.customer.c.erased_at.is_(None))).mappings().first()
    if row is None:
        raise Rejected("not_found")
    return row


def _seconds_to_wait(tx: Tx, actor: Actor) -> int | None:
    """Return when the oldest of the hour's last reveals leaves it, None while there is room."""
    c = t.reveal.c
    since = instants.to_text(tx.now - HOUR)
    wanted = select(c.at).where(c.staff_id == actor.staff_id, c.at > since, c.customer_id.is_not(None))
    made = list(tx.conn.execute(wanted.order_by(c.at.desc()).limit(REVEALS_AN_HOUR)).scalars())
    if len(made) < REVEALS_AN_HOUR:
        return None
    return max(1, int((instants.from_text(made[-1]) + HOUR - tx.now).total_seconds()))


def _alarm(tx: Tx, actor: Actor) -> None:
    """Tell the audit once an hour that somebody asks for more numbers than their work needs."""
    c = t.reveal.c
    since = instants.to_text(tx.now - HOUR)
    told = select(func.count()).where(c.staff_id == actor.staff_id, c.at > since, c.reason == OVER_LIMIT)
    if tx.conn.execute(told).scalar_one() == 0:
        _note(tx, actor, OVER_LIMIT, None, "")
        tx.audit("alert.reveals", f"staff/{actor.staff_id}", {"limit": REVEALS_AN_HOUR})


def _note(tx: Tx, actor: Actor, reason: str, customer_id: str | None, note: str) -> None:
    row = {
        "id": tx.new_id(), "staff_id": actor.staff_id, "device_id": actor.device_id, "customer_id": customer_id,
        "reason": reason, "note": note.strip(), "at": tx.now_text,
    }  # fmt: skip
    tx.conn.execute(insert(t.reveal).values(**row))
