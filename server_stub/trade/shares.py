"""Share links: verify the signed code, keep the row and its funnel, remember touches (rules 3.1, 3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol import share_code
from app.protocol.share_code import ShareCode
from server_stub.db import Tx, count_up
from server_stub.tables import browse_event, contact, device, product, share, staff
from server_stub.tables import touch as touch_table
from server_stub.trade.drafts import Person, ShareRef
from server_stub.trade.figures import bump
from server_stub.trade.rows import Record, every, first

STEPS = frozenset({"opened", "viewed", "claimed", "bought"})
KEY_RETIRED_DAYS = 30  # the longest attribution window: what was printed before a key retired still counts
SAME_VISIT = timedelta(minutes=30)
FORGED = "share_forged"


def resolve(tx: Tx, text: str) -> ShareRef | None:
    """Return the share a code names, making its row if the phone has not pushed it yet.

    Any case, O as 0, I and L as 1. A forged or altered code gives None and is counted.
    """
    try:
        code = share_code.decode(text)
    except Rejected:
        count_up(tx, FORGED)
        return None
    known = first(tx, select(share).where(share.c.code == code.text))
    if known is not None:  # it was verified when its row was made
        return _ref(known, _guide(tx, known["guide_id"]))
    signer = find_signer(tx, code)
    item_id = _item_id(tx, code) if signer else None
    if signer is None or item_id is None:
        count_up(tx, FORGED)
        return None
    row = {
        "id": tx.new_id(), "code": code.text, "guide_id": signer["id"], "device_id": signer["device_id"],
        "kind": code.kind, "item_id": item_id, "channel": code.channel,
        "created_at": instants.to_text(min(code.slot_at, tx.now)), "synced": False,
    }  # fmt: skip
    tx.conn.execute(insert(share).values(row))
    tx.touch("share", row["id"])
    return _ref(row, signer)


def find_signer(tx: Tx, code: ShareCode) -> Record | None:
    """Return the guide (with `device_id`) whose device's key made the code, None when no key fits.

    A revoked device's codes stay valid for the longest attribution window if they were made before.
    """
    devices = select(
        staff.c.id, staff.c.no, staff.c.store_id, staff.c.active, staff.c.guide_enabled,
        device.c.id.label("device_id"), device.c.revoked_at,
    ).join(device, device.c.staff_id == staff.c.id)  # fmt: skip
    for row in every(tx, devices.where(staff.c.no == code.guide_no, device.c.share_key_no == code.key_no)):
        key = share_code.derive_share_key(tx.secrets.share_master, row["device_id"], code.key_no)
        if code.verify(key) and not _key_is_dead(row["revoked_at"], code, tx.now):
            return row
    return None


def touch(tx: Tx, person: Person, share: ShareRef, now: datetime) -> None:
    """Remember that a person came through a share: what attribution rests on (rule 3.2).

    The same link again within half an hour is the same visit, its time moves on.
    """
    kind, person_id = _key_of(person)
    at = instants.to_text(now)
    same = (
        touch_table.c.person_kind == kind,
        touch_table.c.person_id == person_id,
        touch_table.c.share_id == share.share_id,
        touch_table.c.at > instants.to_text(now - SAME_VISIT),
    )
    if tx.conn.execute(update(touch_table).where(*same, touch_table.c.at <= at).values(at=at)).rowcount:
        return
    row = {
        "id": tx.new_id(), "person_kind": kind, "person_id": person_id, "share_id": share.share_id,
        "guide_id": share.guide_id, "channel": share.channel, "at": at, "session_id": person.visitor_id,
    }  # fmt: skip
    tx.conn.execute(insert(touch_table).values(row))


def count(tx: Tx, share_id: str, step: str, n: int = 1) -> None:
    """Add to one step of a share's funnel: opened, viewed, claimed or bought."""
    if step not in STEPS:
        raise ValueError(f"a share has no step {step}")
    made = update(share).where(share.c.id == share_id).values({step: share.c[step] + n})
    guide_id = tx.conn.execute(made.returning(share.c.guide_id)).scalar()
    tx.touch("share", share_id)
    if step == "opened" and guide_id is not None:  # somebody came: the guide's day counts it
        bump(tx, guide_id, tx.now, "visits", n)


def count_last_of(tx: Tx, customer_id: str, guide_id: str, step: str, since: datetime) -> None:
    """Add to a step of the last share through which this customer came to this guide, if there is one."""
    query = select(touch_table.c.share_id).where(
        touch_table.c.person_kind == "customer",
        touch_table.c.person_id == customer_id,
        touch_table.c.guide_id == guide_id,
        touch_table.c.at >= instants.to_text(since),
    )
    last = tx.conn.execute(query.order_by(touch_table.c.at.desc(), touch_table.c.id.desc()).limit(1)).scalar()
    if last is not None:
        count(tx, last, step)


def adopt(tx: Tx, known: Record, row: Record) -> None:
    """Give a share that the server met first the id and the facts of the phone, so that it is one row.

    `row` is the phone's: id, created_at, caption, customer_id, device_id.
    """
    old_id = known["id"]
    if old_id == row["id"]:
        tx.conn.execute(update(share).where(share.c.id == old_id).values({**row, "synced": True}))
        tx.touch("share", old_id)
        return
    # The code is unique and touches point at the row: the old one gives up its code, then its touches, then itself.
    tx.conn.execute(update(share).where(share.c.id == old_id).values(code=f"{known['code']}~"))
    tx.conn.execute(insert(share).values({**known, **row, "synced": True}))
    for table in (touch_table, contact):
        tx.conn.execute(update(table).where(table.c.share_id == old_id).values(share_id=row["id"]))
    seen = tx.conn.execute(select(browse_event.c.id).where(browse_event.c.share_id == old_id)).scalars().all()
    tx.conn.execute(update(browse_event).where(browse_event.c.share_id == old_id).values(share_id=row["id"]))
    tx.conn.execute(delete(share).where(share.c.id == old_id))
    tx.touch("browse_event", *seen)
    tx.touch("share", old_id, row["id"])


def _key_of(person: Person) -> tuple[str, str]:
    if person.customer_id:
        return "customer", person.customer_id
    if person.visitor_id:
        return "visitor", person.visitor_id
    raise ValueError("a touch needs a member or a browser's session")


def _key_is_dead(revoked_at: str | None, code: ShareCode, now: datetime) -> bool:
    if revoked_at is None:
        return False
    revoked = instants.from_text(revoked_at)
    return code.slot_at > revoked or now > revoked + timedelta(days=KEY_RETIRED_DAYS)


def _item_id(tx: Tx, code: ShareCode) -> str | None:
    """Return the id of what is shared; entries of a pack are known by their number."""
    if code.kind == "product":
        return tx.conn.execute(select(product.c.id).where(product.c.no == code.item_no)).scalar()
    if code.kind == "card":
        return tx.conn.execute(select(staff.c.id).where(staff.c.no == code.guide_no)).scalar()
    return str(code.item_no)


def _guide(tx: Tx, guide_id: str) -> Record:
    columns = (staff.c.id, staff.c.store_id, staff.c.active, staff.c.guide_enabled)
    return dict(tx.conn.execute(select(*columns).where(staff.c.id == guide_id)).mappings().one())


def _ref(row: Record, guide: Record) -> ShareRef:
    return ShareRef(
        share_id=row["id"],
        code=row["code"],
        guide_id=guide["id"],
        store_id=guide["store_id"],
        guide_active=bool(guide["active"] and guide["guide_enabled"]),
        kind=row["kind"],
        item_id=row["item_id"],
        channel=row["channel"],
        created_at=instants.from_text(row["created_at"]),
    )
