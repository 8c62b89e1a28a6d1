"""Blocks of coupons leased to devices, so that a phone can issue with no network (rule 1.4).

available = total - issued - open leases: a template's row is locked while its block is counted and
minted, so that no interleaving of devices gives out more than its total.
"""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from app.domain import coupon as rules_of
from app.domain import instants
from app.protocol import coupon_code
from app.protocol.coupon_code import CouponQr
from app.protocol.limits import LEASE_DAYS, LEASE_GRACE_HOURS
from app.protocol.objects import CouponTemplate
from server_stub.db import Tx
from server_stub.tables import coupon, coupon_event, coupon_template, device, lease, staff
from server_stub.trade.rows import Record, every, first, load

RELEASE_AT_ONCE = 10
RENEW_BEFORE = timedelta(days=2)  # a block that ends sooner no longer counts as stock for days without a network
QR_YEARS = timedelta(days=730)  # outer bound of a signature made before the validity is known
SNAPSHOT = tuple(one.name for one in fields(CouponTemplate) if one.name not in {"id", "stopped"})
NEVER_ISSUED = (coupon.c.issued_at.is_(None), coupon.c.state == "allotted")


def ensure_leases(tx: Tx, device_id: str) -> int:
    """Top up the device's block of every template in force; return how many coupons were minted (rule 1.4).

    A block is topped up when less than half of it is left or it is about to end.
    """
    holder = first(
        tx,
        select(device.c.id, staff.c.id.label("guide_id"), staff.c.no, device.c.revoked_at)
        .join(staff, staff.c.id == device.c.staff_id)
        .where(device.c.id == device_id, staff.c.role == "guide", staff.c.active, staff.c.guide_enabled),
    )
    if holder is None or holder["revoked_at"]:
        return 0
    templates = select(coupon_template).where(coupon_template.c.stopped.is_(False)).order_by(coupon_template.c.id)
    minted = 0
    for template in every(tx, templates):
        if _is_over(template, tx.now) or not _wanted(tx, template, holder):
            continue
        locked = load(tx, coupon_template, template["id"], lock=True)  # then count again: only who mints waits
        n = _wanted(tx, locked, holder)
        if n > 0:
            _mint(tx, locked, holder, n)
            minted += n
    return minted


def release_leases(tx: Tx, device_id: str | None = None) -> int:
    """Void what ended leases still hold: of this device after its push, else 72 h after the end (rule 1.4).

    At most ten leases at a time, so that nobody waits long for the database; return how many were released, to be
    called until 0.
    """
    ended_by = tx.now if device_id else tx.now - timedelta(hours=LEASE_GRACE_HOURS)
    ended = select(lease.c.id).where(lease.c.released_at.is_(None), lease.c.until_at <= instants.to_text(ended_by))
    if device_id:
        ended = ended.where(lease.c.device_id == device_id)
    lease_ids = tx.conn.execute(ended.order_by(lease.c.until_at).limit(RELEASE_AT_ONCE)).scalars().all()
    for lease_id in lease_ids:
        unused = tx.conn.execute(
            select(coupon.c.id).where(coupon.c.lease_id == lease_id, *NEVER_ISSUED).with_for_update(key_share=True)
        ).scalars().all()  # fmt: skip
        _void(tx, list(unused))
        tx.conn.execute(update(lease).where(lease.c.id == lease_id).values(released_at=tx.now_text))
    return len(lease_ids)


def has_ended(conn: Connection, device_id: str, now: datetime) -> bool:
    """Say whether a lease of this device is over and not yet released."""
    ended = (lease.c.device_id == device_id, lease.c.released_at.is_(None), lease.c.until_at <= instants.to_text(now))
    return conn.execute(select(lease.c.id).where(*ended).limit(1)).first() is not None


def _void(tx: Tx, coupon_ids: list[str]) -> None:
    if not coupon_ids:
        return
    where = coupon.c.id.in_(coupon_ids)
    tx.conn.execute(update(coupon).where(where).values(state="voided", voided_at=tx.now_text))
    events = [
        {
            "id": tx.new_id(), "coupon_id": one, "idempotency_key": f"{one}:released", "event": "void",
            "from_state": "allotted", "to_state": "voided", "at": tx.now_text, "params": {},
        }
        for one in coupon_ids
    ]  # fmt: skip
    tx.conn.execute(insert(coupon_event), events)
    tx.touch("coupon", *coupon_ids)


def _is_over(template: Record, now: datetime) -> bool:
    until = template["validity"].get("until")
    return until is not None and instants.from_text(until) <= now


def _wanted(tx: Tx, template: Record, holder: Record) -> int:
    """Return how many coupons to mint: what the block lacks, within every quota."""
    size = template["lease_size"]
    fresh = _count(tx, template, coupon.c.device_id == holder["id"], *NEVER_ISSUED, _lasts(tx.now + RENEW_BEFORE))
    if fresh * 2 >= size:
        return 0
    of_guide = coupon.c.guide_id == holder["guide_id"]
    rooms = (_left(tx, template, template["total"]), _left(tx, template, template["per_guide"], of_guide))
    lacking: int = min(size - fresh, *(size if room is None else room for room in rooms))
    return max(lacking, 0)


def _left(tx: Tx, template: Record, quota: int | None, *where: Any) -> int | None:
    if quota is None:
        return None
    issued = _count(tx, template, coupon.c.issued_at.is_not(None), *where)
    # Past its grace an allotted coupon is void by time alone (domain.effective_state), job or no job.
    open_leases = _count(tx, template, *NEVER_ISSUED, _lasts(tx.now - timedelta(hours=LEASE_GRACE_HOURS)), *where)
    return rules_of.available(quota, issued, open_leases)


def _lasts(at: datetime) -> Any:
    return coupon.c.lease_until > instants.to_text(at)


def _count(tx: Tx, template: Record, *where: Any) -> int:
    query = select(func.count()).select_from(coupon).where(coupon.c.template_id == template["id"], *where)
    return int(tx.conn.execute(query).scalar_one())


def _mint(tx: Tx, template: Record, holder: Record, n: int) -> None:
    until_at = instants.to_text(tx.now + timedelta(days=LEASE_DAYS))
    block = {
        "id": tx.new_id(), "template_id": template["id"], "device_id": holder["id"], "guide_id": holder["guide_id"],
        "size": n, "from_at": tx.now_text, "until_at": until_at,
    }  # fmt: skip
    tx.conn.execute(insert(lease).values(block))
    rules = {name: template[name] for name in SNAPSHOT}
    signing_key = tx.secrets.coupon_key()
    rows = []
    for _ in range(n):
        code = coupon_code.new_code(os.urandom(coupon_code.RANDOM_BYTES))
        qr = CouponQr(
            key_no=int(tx.secrets.coupon_kid),
            short_id=coupon_code.short_id_of(code),
            not_before=tx.now,
            expires_at=tx.now + QR_YEARS,
            fen=template["face_fen"],
            guide_no=holder["no"],
        )
        rows.append({
            "id": tx.new_id(), "template_id": template["id"], "lease_id": block["id"], "device_id": holder["id"],
            "guide_id": holder["guide_id"], "code": code,
            "qr": coupon_code.sign(qr, signing_key), "state": "allotted", "rules": rules, "lease_until": until_at,
        })  # fmt: skip
    tx.conn.execute(insert(coupon), rows)
    tx.touch("coupon", *(row["id"] for row in rows))
