"""Who gets an order: the touches of its buyer, decided by the domain (rules 2.4, 2.5, 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from app.domain import instants
from app.domain.attribution import Attribution, AttributionPolicy, OrderPerson, Touch, attribute
from app.domain.binding import Binding, BindingPolicy, guide_at, tail_of
from server_stub.db import Tx
from server_stub.people.customers import binding_policy
from server_stub.tables import binding, orders, share, staff, store, touch
from server_stub.trade.rows import Record, every, setting


def decide(
    tx: Tx,
    buyer: Record,
    visitor_id: str | None,
    at: datetime,
    store_id: str | None,
    *,
    paid_at: datetime | None = None,
) -> Attribution:
    """Return who gets an order of this customer created at `at`.

    A bound guide who is gone or disabled earns no new orders: they are the store's (rule 2.5). What a guide
    who handed the customer over still gets stands in the evidence as `tail`.
    """
    policy = AttributionPolicy.from_wire(setting(tx)["attribution"])
    history = bindings_of(tx, buyer["id"])
    bound = guide_at(history, at)
    facts = Facts(
        buyer=buyer,
        own_staff_id=_own_staff_id(tx, buyer),
        history=history,
        touches=_touches(tx, buyer["id"], visitor_id, at, policy),
        bound_earns=bound is not None and _earns(tx, bound),
    )
    return judge(facts, at, store_id, policy, binding_policy(tx.conn), visitor_id=visitor_id, paid_at=paid_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a buyer when an order is created; `bound_earns`: the bound guide works and may earn."""

    buyer: Record
    own_staff_id: str | None
    history: Sequence[Binding]
    touches: Sequence[Touch]
    bound_earns: bool


def judge(
    facts: Facts,
    at: datetime,
    store_id: str | None,
    policy: AttributionPolicy,
    binding_rules: BindingPolicy,
    *,
    visitor_id: str | None = None,
    paid_at: datetime | None = None,
) -> Attribution:
    """As `decide`, with the facts at hand."""
    bound = guide_at(facts.history, at)
    gone = bound is not None and not facts.bound_earns
    person = OrderPerson(
        member_id=facts.buyer["id"],
        session_id=visitor_id,
        created_at=at,
        bound_guide_id=None if gone else bound,
        nearest_store_id=store_id,
        own_guide_id=facts.own_staff_id,
        is_staff=bool(facts.buyer["staff_member"] or facts.own_staff_id),
    )
    decided = attribute(person, facts.touches, policy)
    more: dict[str, Any] = {"disabled_guide_id": bound} if gone else {}
    left = tail_of(facts.history, paid_at or at, binding_rules)
    if left is not None and decided.bound_guide_id not in (None, left[0]):
        more["tail"] = {"guide_id": left[0], "left_at": instants.to_text(left[1]), "share_bp": left[2]}
    return replace(decided, evidence=decided.evidence | more) if more else decided


def bindings_of(tx: Tx, customer_id: str) -> list[Binding]:
    """Return the customer's intervals with guides, oldest first."""
    rows = every(tx, select(binding).where(binding.c.customer_id == customer_id).order_by(binding.c.from_at))
    return [binding_of(row) for row in rows]


def nearest_store(tx: Tx, buyer: Record, city: str = "") -> str | None:
    """Return the store of an order that names none: the customer's, else where they last bought, else one in `city`."""
    if buyer["store_id"]:
        return str(buyer["store_id"])
    bought = select(orders.c.store_id).where(orders.c.customer_id == buyer["id"], orders.c.store_id.is_not(None))
    last = tx.conn.execute(bought.order_by(orders.c.paid_at.desc(), orders.c.id).limit(1)).scalar()
    if last is None and city:
        last = tx.conn.execute(select(store.c.id).where(store.c.city == city).order_by(store.c.no).limit(1)).scalar()
    return None if last is None else str(last)


def winning_share(tx: Tx, attribution: Attribution) -> Record | None:
    """Return the share (id, channel) whose touch won the order."""
    winner = attribution.evidence.get("winner")
    if winner is None:
        return None
    query = select(share.c.id, share.c.channel).join(touch, touch.c.share_id == share.c.id).where(touch.c.id == winner)
    return next(iter(every(tx, query)), None)


def _earns(tx: Tx, guide_id: str) -> bool:
    able = (staff.c.id == guide_id, staff.c.active, staff.c.guide_enabled)
    return tx.conn.execute(select(staff.c.id).where(*able)).first() is not None


def _own_staff_id(tx: Tx, buyer: Record) -> str | None:
    if not buyer["phone_hash"]:
        return None
    return tx.conn.execute(select(staff.c.id).where(staff.c.phone_hash == buyer["phone_hash"])).scalar()


def _touches(tx: Tx, customer_id: str, visitor_id: str | None, at: datetime, policy: AttributionPolicy) -> list[Touch]:
    since = at - timedelta(days=max(policy.default_days, *policy.channel_days.values(), 0))
    mine = and_(touch.c.person_kind == "customer", touch.c.person_id == customer_id)
    if visitor_id:
        mine = or_(mine, and_(touch.c.person_kind == "visitor", touch.c.person_id == visitor_id))
    rows = select(touch, staff.c.active, staff.c.guide_enabled, share.c.code).where(
        mine, touch.c.at >= instants.to_text(since), touch.c.at <= instants.to_text(at)
    )
    joined = rows.join(staff, staff.c.id == touch.c.guide_id).join(share, share.c.id == touch.c.share_id)
    return [touch_of(row) for row in every(tx, joined)]


def touch_of(row: Record) -> Touch:
    """Return the touch in a row joined with its guide (active, guide_enabled) and its share (code)."""
    return Touch(
        id=row["id"],
        guide_id=row["guide_id"],
        at=instants.from_text(row["at"]),
        channel=row["channel"],
        member_id=row["person_id"] if row["person_kind"] == "customer" else None,
        session_id=row["session_id"] or (row["person_id"] if row["person_kind"] == "visitor" else None),
        guide_active=bool(row["active"] and row["guide_enabled"]),
        share_code=row["code"],
    )


def binding_of(row: Record) -> Binding:
    """Return the interval in a row."""
    begins = instants.from_text(row["from_at"])
    until = row["until_at"]
    return Binding(
        customer_id=row["customer_id"],
        guide_id=row["guide_id"],
        from_at=begins,
        protected_until=instants.from_text(row["protected_until"]) if row["protected_until"] else begins,
        valid_until=instants.from_text(row["bound_until"]) if row["bound_until"] else begins,
        until_at=instants.from_text(until) if until else None,
        reason=row["end_reason"],
    )
