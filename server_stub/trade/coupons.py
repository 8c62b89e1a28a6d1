"""The life of one coupon (rules 1.2 to 1.5, 1.10, 1.11); blocks of coupons are in `leases`.

Every change takes a `key`: the same key again is the same answer. Refusals are `Rejected`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from app.domain import coupon as rules_of
from app.domain import instants
from app.domain.attribution import AttributionPolicy
from app.domain.calendar_days import day_of, day_range
from app.domain.contact import ContactPolicy, decide, require
from app.domain.coupon import CouponEvent, CouponRules, CouponState
from app.domain.errors import Refused, Rejected
from app.protocol import coupon_code
from server_stub.db import Tx
from server_stub.people.customers import consents_of
from server_stub.people.handover import gone_to
from server_stub.tables import contact, contact_holder, coupon, coupon_event, coupon_template, customer, lease, staff
from server_stub.trade import shares
from server_stub.trade.figures import bump
from server_stub.trade.leases import ensure_leases, release_leases
from server_stub.trade.rows import Record, every, first, load, setting, zone_of

__all__ = [
    "CouponView", "by_code", "claim", "ensure_leases", "find", "get", "give_back", "issue", "mark_opened",
    "of_customer", "redeem", "redeem_in_store", "release", "release_leases", "reserve", "state_of", "undo",
]  # fmt: skip

KEY_MAX = 80
BUDGET_DAYS = 32  # the budget's longest period is a calendar month
USABLE_FIRST = ("claimed", "issued", "returned", "reserved", "redeemed", "expired", "voided")
_STAMPS = {"issue": "issued_at", "open": "opened_at", "claim": "claimed_at", "redeem": "redeemed_at"}


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon as pages and services see it; `state` is effective, expiry included.

    `rules` is the snapshot of the template (name, kind, face_fen, threshold_fen, ...).
    """

    id: str
    template_id: str
    guide_id: str
    store_id: str | None
    code: str
    qr: str
    state: str
    rules: dict[str, Any]
    customer_id: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    opened_at: datetime | None
    order_id: str | None


def find(tx: Tx, code: str) -> CouponView | None:
    """Return the coupon with this typed code (any case, dashes, O I L tolerated), or None."""
    row = _by_code(tx, code)
    return None if row is None else _view(tx, row)


def get(tx: Tx, coupon_id: str) -> CouponView:
    """Return a coupon by id.

    Raises:
        Rejected: `not_found`.
    """
    return _view(tx, load(tx, coupon, coupon_id))


def of_customer(tx: Tx, customer_id: str) -> tuple[CouponView, ...]:
    """Return a member's coupons, the usable first, then by end of validity."""
    rows = every(tx, select(coupon).where(coupon.c.customer_id == customer_id, coupon.c.state != "allotted"))
    views = [_view(tx, row) for row in rows]
    return tuple(sorted(views, key=lambda one: (USABLE_FIRST.index(one.state), one.valid_until or tx.now, one.id)))


def issue(
    tx: Tx,
    *,
    coupon_id: str,
    customer_id: str,
    guide_id: str,
    key: str,
    at: datetime,
    device_id: str | None = None,
    signal: str | None = None,
    product_id: str | None = None,
) -> CouponView:
    """Hand a leased coupon to a customer: consent, quiet hours, contact budget and limits at `at`, then the state.

    A claim of the same customer that came first is kept; the coupon then only learns what prompted it.

    Raises:
        Rejected: `not_yours`, `no_lease`, `lease_over`, the contact's and the limits' codes.
    """
    row = _mine(tx, coupon, coupon_id, guide_id)
    buyer = _mine(tx, customer, customer_id, guide_id)
    if device_id is not None and row["device_id"] != device_id:
        raise Rejected("no_lease", "the coupon is leased to another device")
    if rules_of.effective_state(_state(row), tx.now) == "voided":
        # Its place in the quota may be leased again by now, however early the phone handed it out.
        raise Rejected("lease_over", "the lease ended and its grace is over")
    at = max(at, _leased_at(tx, row))  # nobody hands out what was not minted yet, whatever the phone's clock said
    if row["customer_id"] != customer_id:
        _require_contact(tx, row, buyer, at, device_id)
        _require_limits(tx, row, buyer, at)
    row |= {"signal": signal, "product_id": product_id}
    event = _valid(tx, row, buyer, CouponEvent("issue", key, at, customer_id=customer_id))
    return _move(tx, row, event, {"signal": signal, "product_id": product_id})


def undo(tx: Tx, *, coupon_id: str, guide_id: str, key: str, at: datetime) -> CouponView:
    """Take back an issued coupon that was not opened; it becomes void.

    Raises:
        Rejected: `coupon_opened`, `coupon_used`, `coupon_not_available`, `not_yours`.
    """
    row = _mine(tx, coupon, coupon_id, guide_id)
    if row["customer_id"] is not None:  # after a hand-over it is the customer's word with the next guide
        _mine(tx, customer, row["customer_id"], guide_id)
    return _move(tx, row, CouponEvent("undo", key, at))


def mark_opened(tx: Tx, code: str) -> CouponView:
    """Note the first time a customer saw the coupon's page; from then on it cannot be taken back.

    Raises:
        Rejected: `not_found`.
    """
    row = _required(tx, code)
    if row["opened_at"] is not None:
        return _view(tx, row)
    return _move(tx, row, CouponEvent("open", "opened", tx.now))


def claim(tx: Tx, code: str, customer_id: str, key: str) -> CouponView:
    """Claim a coupon for the signed-in customer; one still allotted becomes issued to them first (rule 1.4).

    Raises:
        Rejected: `not_found`, `coupon_not_available`, `coupon_expired`, `coupon_used`, `coupon_limit_*`.
    """
    row = _required(tx, code)
    buyer = load(tx, customer, customer_id, lock=True)
    known = row["customer_id"] == customer_id and row["claimed_at"] is not None
    event = CouponEvent("claim", key, tx.now, customer_id=customer_id)
    if row["state"] == "allotted":
        if buyer["guide_id"] != row["guide_id"]:  # until the push only this guide's own customers can be meant
            raise Rejected("coupon_not_available", "an unissued coupon of another guide")
        _require_limits(tx, row, buyer, tx.now)
        event = _valid(tx, row, buyer, event)
    view = _move(tx, row, event)
    if not known:
        window = AttributionPolicy.from_wire(setting(tx)["attribution"]).default_days
        shares.count_last_of(tx, customer_id, row["guide_id"], "claimed", tx.now - timedelta(days=window))
    return view


def reserve(tx: Tx, coupon_id: str, order_id: str, key: str) -> CouponView:
    """Hold a claimed coupon for an open order."""
    return _move(tx, load(tx, coupon, coupon_id, lock=True), CouponEvent("reserve", key, tx.now, order_id=order_id))


def release(tx: Tx, coupon_id: str, order_id: str, key: str) -> CouponView:
    """Free a coupon held for an order that was not paid; expired if its time is over."""
    return _move(tx, load(tx, coupon, coupon_id, lock=True), CouponEvent("release", key, tx.now, order_id=order_id))


def redeem(tx: Tx, coupon_id: str, order_id: str, key: str, at: datetime | None = None) -> CouponView:
    """Use a coupon for a paid order; the first one to arrive wins (rule 1.11).

    Raises:
        Rejected: `coupon_used`, `coupon_expired`, `coupon_not_available`.
    """
    row = load(tx, coupon, coupon_id, lock=True)
    moment = at or tx.now
    view = _move(tx, row, CouponEvent("redeem", key, moment, order_id=order_id))
    if row["state"] != "redeemed":
        bump(tx, view.guide_id, moment, "redeemed")
    return view


def redeem_in_store(tx: Tx, row: Record, reference: str, key: str, at: datetime) -> CouponView:
    """Use a coupon in a store at `at`; one that was only issued is claimed for its customer first.

    `row` is locked by the caller. `reference` is the order's id, or what stands for it when there is none.

    Raises:
        Rejected: `coupon_used`, `coupon_expired`, `coupon_not_available`.
    """
    if row["state"] == "issued":
        _move(tx, row, CouponEvent("claim", f"{key}:claim", at, customer_id=row["customer_id"]))
        row = load(tx, coupon, row["id"])
    view = _move(tx, row, CouponEvent("redeem", key, at, order_id=reference))
    bump(tx, view.guide_id, at, "redeemed")
    return view


def state_of(row: Record) -> CouponState:
    """Return a coupon's row as the rules see it."""
    return _state(row)


def by_code(tx: Tx, code: str) -> Record | None:
    """Return the locked row of the coupon with this typed code, or None."""
    row = _by_code(tx, code)
    return None if row is None else load(tx, coupon, row["id"], lock=True)


def give_back(tx: Tx, coupon_id: str, order_id: str, key: str) -> CouponView:
    """Return a redeemed coupon after a whole refund of its order; expired if its time is over (rule 1.10)."""
    return _move(tx, load(tx, coupon, coupon_id, lock=True), CouponEvent("give_back", key, tx.now, order_id=order_id))


def take_back_gifts(tx: Tx, order_id: str, key: str, at: datetime) -> None:
    """Void the unused coupons that a wholly refunded order had brought (rule 1.10)."""
    for row in every(tx, select(coupon).where(coupon.c.earned_order_id == order_id).with_for_update()):
        event = CouponEvent("void", key, at)
        if rules_of.take_back_gift(_state(row), event) != _state(row):
            _move(tx, row, event)


def earn(tx: Tx, code: str, customer_id: str, order_id: str) -> None:
    """Note that an order brought its customer this coupon (feature D5: its source, proven by an event).

    Raises:
        Rejected: `not_found`, or `coupon_not_available` for another customer's or another order's.
    """
    row = _required(tx, code)
    if row["customer_id"] != customer_id or row["earned_order_id"] not in (None, order_id):
        raise Rejected("coupon_not_available", "not this customer's gift")
    tx.conn.execute(update(coupon).where(coupon.c.id == row["id"]).values(earned_order_id=order_id))


def _mine(tx: Tx, table: Any, row_id: str, guide_id: str) -> Record:
    """Return a row of this guide; another's looks exactly like none."""
    mine = select(table).where(table.c.id == row_id, table.c.guide_id == guide_id)
    row = first(tx, mine.with_for_update(key_share=True))
    if row is None:
        raise gone_to(tx, row_id, guide_id) if table is customer else Rejected("not_yours")
    return row


def _leased_at(tx: Tx, row: Record) -> datetime:
    return instants.from_text(
        tx.conn.execute(select(lease.c.from_at).where(lease.c.id == row["lease_id"])).scalar_one()
    )


def _by_code(tx: Tx, code: str) -> Record | None:
    try:
        canonical = coupon_code.normalise(code)
    except Refused:
        return None
    return first(tx, select(coupon).where(coupon.c.code == canonical))


def _required(tx: Tx, code: str) -> Record:
    row = _by_code(tx, code)
    if row is None:
        raise Rejected("not_found", "no coupon with this code", params={"object": "coupon"})
    return load(tx, coupon, row["id"], lock=True)


def _time(text: str | None) -> datetime | None:
    return None if text is None else instants.from_text(text)


def _state(row: Record, keys: frozenset[str] = frozenset()) -> CouponState:
    return CouponState(
        state=row["state"],
        lease_until=instants.from_text(row["lease_until"]),
        customer_id=row["customer_id"],
        order_id=row["order_id"],
        opened=row["opened_at"] is not None,
        valid_from=_time(row["valid_from"]),
        valid_until=_time(row["valid_until"]),
        keys=keys,
    )


def _view(tx: Tx, row: Record) -> CouponView:
    store_id = tx.conn.execute(select(staff.c.store_id).where(staff.c.id == row["guide_id"])).scalar()
    return CouponView(
        id=row["id"],
        template_id=row["template_id"],
        guide_id=row["guide_id"],
        store_id=store_id,
        code=row["code"],
        qr=row["qr"],
        state=rules_of.effective_state(_state(row), tx.now),
        rules=row["rules"],
        customer_id=row["customer_id"],
        valid_from=_time(row["valid_from"]),
        valid_until=_time(row["valid_until"]),
        opened_at=_time(row["opened_at"]),
        order_id=row["order_id"],
    )


def _stored_key(coupon_id: str, key: str) -> str:
    short = key if len(key) <= KEY_MAX else hashlib.sha256(key.encode()).hexdigest()
    return f"{coupon_id}:{short}"


def _move(tx: Tx, row: Record, event: CouponEvent, also: Record | None = None) -> CouponView:
    """Decide one event by the domain, save the coupon and the event; a known key changes nothing."""
    key = _stored_key(row["id"], event.key)
    keys = select(coupon_event.c.idempotency_key).where(coupon_event.c.coupon_id == row["id"])
    before = _state(row, frozenset(tx.conn.execute(keys).scalars()))
    if key in before.keys:
        return _view(tx, row)
    after = rules_of.apply(before, replace(event, key=key))
    values = _columns(row, before, after, event) | (also or {})
    tx.conn.execute(update(coupon).where(coupon.c.id == row["id"]).values(values))
    log = {
        "id": tx.new_id(), "coupon_id": row["id"], "idempotency_key": key, "event": event.kind,
        "from_state": rules_of.effective_state(before, event.at), "to_state": after.state,
        "at": instants.to_text(event.at), "order_id": event.order_id, "params": {},
    }  # fmt: skip
    tx.conn.execute(insert(coupon_event).values(log))
    tx.touch("coupon", row["id"])
    return _view(tx, row | values)


def _columns(row: Record, before: CouponState, after: CouponState, event: CouponEvent) -> Record:
    """Return the columns after an event; a moment once written stays."""
    at = instants.to_text(event.at)
    values: Record = {"state": after.state, "customer_id": after.customer_id, "order_id": after.order_id}
    for name in ("valid_from", "valid_until"):
        moment = getattr(after, name)
        values[name] = None if moment is None else instants.to_text(moment)
    if after.customer_id is not None and row["issued_at"] is None:
        values["issued_at"] = at
    if after.opened and row["opened_at"] is None:
        values["opened_at"] = at
    stamp = _STAMPS.get(event.kind)
    if stamp is not None and after.state != before.state:
        values[stamp] = at
    if after.state == "voided" and row["voided_at"] is None:
        values["voided_at"] = at
    return values


def _valid(tx: Tx, row: Record, buyer: Record, event: CouponEvent) -> CouponEvent:
    """Return the event with the interval a coupon issued by it is good for."""
    zone = zone_of(tx, buyer["store_id"])
    begins, ends = rules_of.validity_at_issue(CouponRules.from_wire(row["rules"]), event.at, zone)
    return replace(event, valid_from=begins, valid_until=ends)


def _require_contact(tx: Tx, row: Record, buyer: Record, at: datetime, device_id: str | None) -> None:
    """Check rules 9.1 to 9.3; the contact that carried this very coupon is not counted against it."""
    since = instants.to_text(at - timedelta(days=BUDGET_DAYS))
    others = select(contact.c.at).where(
        contact.c.customer_id == buyer["id"],
        contact.c.transactional.is_(False),
        contact.c.at >= since,
        contact.c.coupon_id.is_distinct_from(row["id"]),
    )
    holder = first(tx, select(contact_holder).where(contact_holder.c.id == row["guide_id"]))
    # Who held the slot at `at` counts: a device that took it later does not undo what was sent before.
    held_then = holder is not None and instants.from_text(holder["since"]) <= at
    decision = decide(
        list(tx.conn.execute(others).scalars()),
        now=at,
        zone=zone_of(tx, buyer["store_id"]),
        policy=ContactPolicy.from_wire(setting(tx)["contact"]),
        consents=consents_of(tx.conn, "customer", buyer["id"]),
        device_id=device_id,
        holder_device_id=holder["device_id"] if holder is not None and held_then else None,
    )
    require(decision)


def _require_limits(tx: Tx, row: Record, buyer: Record, at: datetime) -> None:
    """Check the quotas per customer, guide and day over coupons ever issued (rule 1.5)."""
    if row["rules"].get("per_guide") is not None or row["rules"].get("per_day") is not None:
        load(tx, coupon_template, row["template_id"], lock=True)  # quotas across customers: issues queue up here
    begins, ends = day_range(day_of(at, zone_of(tx, buyer["store_id"])), zone_of(tx, buyer["store_id"]))
    today = (coupon.c.issued_at >= instants.to_text(begins), coupon.c.issued_at < instants.to_text(ends))

    def issued(*where: Any) -> int:
        ever = (coupon.c.template_id == row["template_id"], coupon.c.issued_at.is_not(None), coupon.c.id != row["id"])
        return int(tx.conn.execute(select(func.count()).select_from(coupon).where(*ever, *where)).scalar_one())

    rules_of.check_limits(
        CouponRules.from_wire(row["rules"]),
        to_customer=issued(coupon.c.customer_id == buyer["id"]),
        by_guide=issued(coupon.c.guide_id == row["guide_id"]),
        today=issued(*today),
    )
