"""Views of products by customers and visitors: recorded under consent only, kept 180 days."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from app.domain import instants
from app.protocol.limits import BROWSE_KEEP_DAYS
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.people.customers import consents_of

JOIN_DAYS = 14
DWELL_MAX_S = 3_600
SWEEP_ROWS = 200


def new_visitor(tx: Tx) -> str:
    """Make the row behind a browser's signed cookie; call it only after consent. Return its id."""
    visitor_id = tx.new_id()
    tx.conn.execute(insert(t.visitor).values(id=visitor_id, created_at=tx.now_text, seen_at=tx.now_text))
    return visitor_id


def may_record(conn: Connection, customer_id: str | None, visitor_id: str | None) -> bool:
    """Say whether the member (else the browser) consented to `browse`."""
    if customer_id:
        return consents_of(conn, "customer", customer_id).get("browse", False)
    return bool(visitor_id) and consents_of(conn, "visitor", str(visitor_id)).get("browse", False)


def record_view(
    tx: Tx,
    *,
    product_id: str,
    session_id: str,
    customer_id: str | None = None,
    visitor_id: str | None = None,
    dwell_s: int = 0,
    share_id: str | None = None,
    channel: str = "",
) -> str | None:
    """Record one view, or lengthen the one of the same person, session and product; None without consent.

    `dwell_s` is the whole time on the page so far, capped at an hour.
    """
    if not may_record(tx.conn, customer_id, visitor_id):
        return None
    _hold(tx, customer_id)
    events = t.browse_event.c
    whose = events.customer_id == customer_id if customer_id else events.visitor_id == visitor_id
    same = whose, events.product_id == product_id, events.session_id == session_id, events.kind == "view"
    dwell_s = max(0, min(dwell_s, DWELL_MAX_S))
    known = tx.conn.execute(select(events.id, events.dwell_s).where(*same).limit(1)).first()
    if known is None:
        return _insert(tx, product_id, session_id, customer_id, visitor_id, dwell_s, share_id, channel)
    if dwell_s > known.dwell_s:
        tx.conn.execute(update(t.browse_event).where(events.id == known.id).values(dwell_s=dwell_s))
        tx.touch("browse_event", known.id)
    return str(known.id)


def record_checkout(
    tx: Tx, *, product_id: str, session_id: str, customer_id: str, share_id: str | None = None, channel: str = ""
) -> str | None:
    """Keep that a member came to the check-out with a product; None without consent. Once a session and product.

    Whether it was finished is told by the order alone: nothing here changes afterwards.
    """
    if not may_record(tx.conn, customer_id, None):
        return None
    _hold(tx, customer_id)
    events = t.browse_event.c
    same = (
        events.customer_id == customer_id, events.product_id == product_id, events.session_id == session_id,
        events.kind == "checkout",
    )  # fmt: skip
    known = tx.conn.execute(select(events.id).where(*same).limit(1)).scalar()
    return known or _insert(tx, product_id, session_id, customer_id, None, 0, share_id, channel, "checkout")


def join_visitor(tx: Tx, visitor_id: str, customer_id: str) -> int:
    """Give this browser's consented views and share touches of the last 14 days to the member; return how many views.

    A browser that already belongs to another member keeps what it has.
    """
    visitor = tx.conn.execute(select(t.visitor.c.customer_id).where(t.visitor.c.id == visitor_id)).first()
    if visitor is None or visitor.customer_id not in (None, customer_id):
        return 0
    joined = {"customer_id": customer_id, "joined_at": tx.now_text}
    tx.conn.execute(update(t.visitor).where(t.visitor.c.id == visitor_id).values(**joined))
    since = instants.to_text(tx.now - timedelta(days=JOIN_DAYS))
    touches = t.touch.c
    theirs = touches.person_kind == "visitor", touches.person_id == visitor_id, touches.at >= since
    tx.conn.execute(update(t.touch).where(*theirs).values(person_kind="customer", person_id=customer_id))
    _hold(tx, customer_id)
    _inherit_consent(tx, visitor_id, customer_id)
    if not may_record(tx.conn, customer_id, None):
        return 0
    events = t.browse_event.c
    open_views = events.visitor_id == visitor_id, events.customer_id.is_(None), events.at >= since
    moved = [row.id for row in tx.conn.execute(select(events.id).where(*open_views))]
    tx.conn.execute(update(t.browse_event).where(*open_views).values(customer_id=customer_id))
    tx.touch("browse_event", *moved)
    return len(moved)


def sweep(tx: Tx) -> int:
    """Delete up to 200 views older than 180 days and tell the phones; return how many, to be called until 0."""
    horizon = instants.to_text(tx.now - timedelta(days=BROWSE_KEEP_DAYS))
    old = select(t.browse_event.c.id).where(t.browse_event.c.at < horizon).limit(SWEEP_ROWS)
    gone = [row.id for row in tx.conn.execute(old)]
    tx.conn.execute(delete(t.browse_event).where(t.browse_event.c.id.in_(gone)))
    tx.touch("browse_event", *gone)
    return len(gone)


def _hold(tx: Tx, customer_id: str | None) -> None:
    """Let nobody hand the customer over before this transaction ends: it writes into their guide's bucket."""
    if customer_id:
        tx.conn.execute(select(t.customer.c.id).where(t.customer.c.id == customer_id).with_for_update(key_share=True))


def _insert(
    tx: Tx, product_id: str, session_id: str, customer_id: str | None, visitor_id: str | None, dwell_s: int,
    share_id: str | None, channel: str, kind: str = "view",
) -> str:  # fmt: skip
    view_id = tx.new_id()
    row = {
        "id": view_id, "product_id": product_id, "session_id": session_id, "customer_id": customer_id,
        "visitor_id": visitor_id, "dwell_s": dwell_s, "share_id": share_id, "channel": channel, "at": tx.now_text,
        "kind": kind,
    }  # fmt: skip
    tx.conn.execute(insert(t.browse_event).values(**row))
    tx.touch("browse_event", view_id)
    return view_id


def _inherit_consent(tx: Tx, visitor_id: str, customer_id: str) -> None:
    """A member who was never asked takes over what their browser answered."""
    asked = consents_of(tx.conn, "customer", customer_id)
    for purpose, granted in consents_of(tx.conn, "visitor", visitor_id).items():
        if purpose not in asked:
            row = {
                "id": tx.new_id(), "person_kind": "customer", "person_id": customer_id, "purpose": purpose,
                "granted": granted, "at": tx.now_text, "source": "joined", "wording": "",
            }  # fmt: skip
            tx.conn.execute(insert(t.consent).values(**row))
            tx.touch("customer", customer_id)
