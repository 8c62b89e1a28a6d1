"""Forgetting one customer (PIPL 47): here at once, on every device at its next pull, with a receipt of each.

What stays is what the law makes us keep and names nobody: the orders' figures, their commission, the consents' dates,
under an id that leads to an empty row. Every guide who ever had the customer is told by an `erasure` of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, delete, insert, or_, select, update

from app.domain.errors import Rejected
from app.protocol.objects import key
from server_stub import tables as t
from server_stub.db import Actor, Database, Tx, upsert

REASONS = ("asked", "withdrawn", "mistake")
BLANK: dict[str, Any] = {
    "phone_sealed": None, "phone_hash": None, "phone_masked": "", "phone_tail": "", "name": "", "pinyin": "",
    "initials": "", "gender": "", "birthday": None, "note": "", "note_private": False, "sizes": {}, "likes": [],
    "points": 0, "source": "", "stage": "", "imported_source": None, "imported_id": None, "guide_id": None,
    "bound_at": None, "protected_until": None, "bound_until": None,
}  # fmt: skip


def erase_for(db: Database, actor: Actor | None, customer_id: str, reason: str) -> dict[str, Any]:
    """Erase a customer, once, and return `status`; a manager only one of the own store, headquarters (None) any.

    Raises:
        Rejected: `not_found`, also for another store's; `bad_arguments`.
    """
    if reason not in REASONS:
        raise Rejected("bad_arguments", "an unknown reason", params={"field": "reason"})
    with db.begin(actor) as tx:
        row = _row(tx, actor, customer_id)
        if row["erased_at"] is None:
            _tell_holders(tx, customer_id, row["guide_id"])
            _forget(tx, row)
            tx.audit("customer.erase", f"customer/{customer_id}", {"reason": reason})
    _leave_no_residue(db)
    return status(db, customer_id)


def status(db: Database, customer_id: str) -> dict[str, Any]:
    """Return since when the customer is erased, and of each device that may have held them what became of it.

    Device states: erased (it pulled past the erasure), wiped, signed_out, waiting.
    Raises:
        Rejected: `not_found`, no such customer, or not erased.
    """
    receipt, device = t.erasure_receipt, t.device
    with db.read() as conn:
        at = conn.execute(select(t.customer.c.erased_at).where(t.customer.c.id == customer_id)).scalar()
        if at is None:
            raise Rejected("not_found", "no erased customer has this id")
        wanted = (
            select(device.c.id, device.c.staff_id, device.c.wiped_at, receipt.c.erased_at)
            .join(device, device.c.id == receipt.c.device_id)
            .join(t.erasure, t.erasure.c.id == receipt.c.erasure_id)
            .where(t.erasure.c.customer_id == customer_id)
            .order_by(device.c.id)
        )
        rows = conn.execute(wanted).all()
        open_ones = t.token.c.revoked_at.is_(None), t.token.c.device_id.in_([row.id for row in rows])
        signed_in = set(conn.execute(select(t.token.c.device_id).where(*open_ones)).scalars())
    devices = [
        {"device": row.id, "guide": row.staff_id, "state": _state(row, row.id in signed_in), "at": row.erased_at}
        for row in rows
    ]
    return {"customer_id": customer_id, "erased_at": at, "devices": devices}


def confirm(tx: Tx, device_id: str, erasure_ids: Sequence[str]) -> None:
    """Note that a device came back with a cookie behind these erasures: it holds nothing of them any more."""
    c = t.erasure_receipt.c
    first = c.device_id == device_id, c.erasure_id.in_(erasure_ids), c.erased_at.is_(None)
    tx.conn.execute(update(t.erasure_receipt).where(*first).values(erased_at=tx.now_text))
    for one in erasure_ids:
        tx.audit("customer.erased_on_device", f"erasure/{one}", {"device": device_id})


def _row(tx: Tx, actor: Actor | None, customer_id: str) -> Any:
    wanted = select(t.customer).where(t.customer.c.id == customer_id)
    if actor is not None:
        wanted = wanted.where(t.customer.c.store_id == actor.store_id)
    row = tx.conn.execute(wanted.with_for_update()).mappings().first()
    if row is None:
        raise Rejected("not_found")
    return row


def _state(row: Any, signed_in: bool) -> str:
    if row.erased_at:
        return "erased"
    if row.wiped_at:
        return "wiped"
    return "waiting" if signed_in else "signed_out"


def _tell_holders(tx: Tx, customer_id: str, guide_id: str | None) -> None:
    """Leave an erasure for every guide who ever had the customer, and a receipt to be given by each device."""
    had = select(t.binding.c.guide_id).where(t.binding.c.customer_id == customer_id)
    guides = sorted({*tx.conn.execute(had).scalars(), *([guide_id] if guide_id else [])})
    for guide in guides:
        one = f"{customer_id}.{guide}"
        tx.conn.execute(insert(t.erasure).values(id=one, customer_id=customer_id, guide_id=guide, at=tx.now_text))
        holds = t.device.c.staff_id == guide, t.device.c.wiped_at.is_(None)
        for device_id in tx.conn.execute(select(t.device.c.id).where(*holds)).scalars().all():
            row = {"erasure_id": one, "device_id": device_id}
            tx.conn.execute(upsert(tx.conn, t.erasure_receipt).values(**row).on_conflict_do_nothing())
        tx.touch("erasure", one)


def _forget(tx: Tx, row: Any) -> None:
    customer_id = row["id"]
    _delete_what_hangs_on(tx, customer_id)
    _cut_what_stays_loose(tx, customer_id)
    _blank_words(tx, customer_id)
    if row["phone_hash"]:
        tx.conn.execute(delete(t.signin_code).where(t.signin_code.c.phone_hash == row["phone_hash"]))
    open_one = t.binding.c.customer_id == customer_id, t.binding.c.until_at.is_(None)
    tx.conn.execute(update(t.binding).where(*open_one).values(until_at=tx.now_text, end_reason="erased"))
    gone = BLANK | {"erased_at": tx.now_text}
    orders = tx.conn.execute(select(t.orders.c.id).where(t.orders.c.customer_id == customer_id)).scalars().all()
    tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(**gone))
    tx.touch("order", *orders)
    tx.touch("customer", customer_id)


def _delete_what_hangs_on(tx: Tx, customer_id: str) -> None:
    for kind, table in (
        ("browse_event", t.browse_event),
        ("contact", t.contact),
        ("signal_mark", t.signal_mark),
        ("follow_up", t.follow_up),
    ):
        theirs = table.c.customer_id == customer_id
        tx.touch(kind, *tx.conn.execute(select(table.c.id).where(theirs)).scalars().all())
        tx.conn.execute(delete(table).where(theirs))
    tx.conn.execute(delete(t.customer_tag).where(t.customer_tag.c.customer_id == customer_id))
    tx.conn.execute(delete(t.customer_fact).where(t.customer_fact.c.customer_id == customer_id))
    tx.conn.execute(delete(t.member_session).where(t.member_session.c.customer_id == customer_id))
    touches = t.touch.c.person_kind == "customer", t.touch.c.person_id == customer_id
    tx.conn.execute(delete(t.touch).where(*touches))
    c = t.rejected.c
    about = or_(c.subject == key("customer", customer_id), cast(c.params, Text).contains(customer_id))
    tx.touch("rejected", *tx.conn.execute(select(c.id).where(about)).scalars().all())
    tx.conn.execute(delete(t.rejected).where(about))


def _cut_what_stays_loose(tx: Tx, customer_id: str) -> None:
    """Coupons, shares, rewards and browsers stay what they are, only nobody's."""
    for kind, table, more in (
        ("coupon", t.coupon, {}),
        ("share", t.share, {"caption": ""}),
        ("action_reward", t.action_reward, {"phone_key": "", "device_key": "", "answer": ""}),
        (None, t.visitor, {"joined_at": None}),
    ):  # fmt: skip
        theirs = table.c.customer_id == customer_id
        ids = tx.conn.execute(select(table.c.id).where(theirs)).scalars().all()
        tx.conn.execute(update(table).where(theirs).values(customer_id=None, **more))
        if kind is not None:
            tx.touch(kind, *ids)
        if kind == "action_reward":
            tx.touch("team_reward", *ids)


def _blank_words(tx: Tx, customer_id: str) -> None:
    """What people wrote about this customer's orders and numbers may hold a name."""
    tx.conn.execute(update(t.reveal).where(t.reveal.c.customer_id == customer_id).values(note=""))
    passed_on = t.handover.c.customer_id == customer_id
    handovers = tx.conn.execute(select(t.handover.c.id).where(passed_on)).scalars().all()
    tx.conn.execute(update(t.handover).where(passed_on).values(words="", reason=""))
    tx.touch("handover", *handovers)
    order = select(t.orders.c.id).where(t.orders.c.customer_id == customer_id)
    number = select(t.orders.c.no).where(t.orders.c.customer_id == customer_id)
    c = t.dispute.c
    about = or_(c.order_id.in_(order), c.order_no.in_(number))
    ids = tx.conn.execute(select(c.id).where(about)).scalars().all()
    tx.conn.execute(update(t.dispute).where(c.id.in_(ids)).values(text="", answer=""))
    tx.touch("dispute", *ids)
    tx.touch("team_dispute", *ids)


def _leave_no_residue(db: Database) -> None:
    """Overwrite what the write-ahead log still holds; deleted cells are overwritten by `secure_delete` (SQLite)."""
    if db.is_sqlite:
        with db.connect_without_transaction() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
