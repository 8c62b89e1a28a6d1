"""Who gets an order: the touches of its buyer, decided by the domain (rules 2.4, 3.2 to 3.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from app.domain import instants
from app.domain.attribution import Attribution, AttributionPolicy, OrderPerson, Touch, attribute
from app.domain.binding import Binding, guide_at
from server_stub.db import Tx
from server_stub.tables import binding, share, staff, touch
from server_stub.trade.rows import Record, every, setting


def decide(tx: Tx, buyer: Record, visitor_id: str | None, at: datetime, store_id: str | None) -> Attribution:
    """Return who gets an order of this customer created at `at`."""
    policy = AttributionPolicy.from_wire(setting(tx)["attribution"])
    own = _own_staff_id(tx, buyer)
    person = OrderPerson(
        member_id=buyer["id"],
        session_id=visitor_id,
        created_at=at,
        bound_guide_id=bound_guide(tx, buyer["id"], at),
        nearest_store_id=store_id,
        own_guide_id=own,
        is_staff=bool(buyer["staff_member"] or own),
    )
    return attribute(person, _touches(tx, buyer["id"], visitor_id, at, policy), policy)


def bound_guide(tx: Tx, customer_id: str, at: datetime) -> str | None:
    """Return the guide to whom the customer was bound at `at`."""
    rows = every(tx, select(binding).where(binding.c.customer_id == customer_id).order_by(binding.c.from_at))
    return guide_at([_binding(row) for row in rows], at)


def winning_share(tx: Tx, attribution: Attribution) -> Record | None:
    """Return the share (id, channel) whose touch won the order."""
    winner = attribution.evidence.get("winner")
    if winner is None:
        return None
    query = select(share.c.id, share.c.channel).join(touch, touch.c.share_id == share.c.id).where(touch.c.id == winner)
    return next(iter(every(tx, query)), None)


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
    return [
        Touch(
            id=row["id"],
            guide_id=row["guide_id"],
            at=instants.from_text(row["at"]),
            channel=row["channel"],
            member_id=row["person_id"] if row["person_kind"] == "customer" else None,
            session_id=row["session_id"] or (row["person_id"] if row["person_kind"] == "visitor" else None),
            guide_active=bool(row["active"] and row["guide_enabled"]),
            share_code=row["code"],
        )
        for row in every(tx, joined)
    ]


def _binding(row: Record) -> Binding:
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
