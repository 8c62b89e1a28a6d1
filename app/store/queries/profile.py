"""Sums over a customer's orders and views, or everybody's, that need no whole rows."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class Line:
    """One order line without its order: who bought what, when, for how much, and what came back."""

    customer_id: str
    product_id: str
    paid_at: Instant
    qty: int
    refunded_qty: int
    paid_fen: int
    refunded_fen: int
    size: str


@dataclass(frozen=True, slots=True)
class Visits:
    """How often a customer looked at one product: sessions, seconds in all, the last time, and how they came."""

    product_id: str
    times: int
    seconds: int
    last_at: Instant
    shared: int


@reads("order")
def orders_since(read: Read, customer_id: str, since: Instant) -> int:
    """Return how many orders that count a customer paid since then."""
    sql = "SELECT count(*) FROM orders WHERE customer_id = ? AND paid_at >= ? AND status IN ('paid', 'part_refunded')"
    return int(read.value(sql, (customer_id, since)) or 0)


@reads("order")
def purchases_of(read: Read, customer_id: str) -> list[tuple[Instant, int, int, str, str]]:
    """Return paid_at, paid_fen, refunded_fen, status and channel of a customer's orders."""
    sql = "SELECT paid_at, paid_fen, refunded_fen, status, channel FROM orders WHERE customer_id = ? ORDER BY paid_at"
    return [(at, paid, back, status, channel) for at, paid, back, status, channel in read.rows(sql, (customer_id,))]


_LINES = (
    "SELECT o.customer_id, json_extract(l.value, '$.product_id') AS product_id, o.paid_at,"
    " coalesce(json_extract(l.value, '$.qty'), 1), coalesce(json_extract(l.value, '$.refunded_qty'), 0),"
    " coalesce(json_extract(l.value, '$.paid_fen'), 0), coalesce(json_extract(l.value, '$.refunded_fen'), 0),"
    " coalesce(json_extract(l.value, '$.size'), '') FROM orders o, json_each(o.lines) l"
    " WHERE o.status <> 'cancelled' AND product_id IS NOT NULL"
)
_NEWEST = " ORDER BY o.paid_at DESC, o.id, l.id"


@reads("order")
def lines_of(read: Read, customer_id: str) -> list[Line]:
    """Return the lines of a customer's orders with a known product, newest first; cancelled orders are left out."""
    return [Line(*row) for row in read.rows(f"{_LINES} AND o.customer_id = ?{_NEWEST}", (customer_id,))]


@reads("order")
def all_lines(read: Read) -> list[Line]:
    """Return the lines of everybody's orders, as `lines_of`; for work off the loop."""
    return [Line(*row) for row in read.rows(_LINES + _NEWEST)]


@reads("browse_event")
def visits(read: Read, customer_id: str, since: Instant = "", dwell_s: int = 0) -> list[Visits]:
    """Return what a customer looked at since then, one row a product, the last seen first (feature B1)."""
    sql = (
        "SELECT product_id, count(DISTINCT session_id), sum(dwell_s), max(at), count(share_id) FROM browse_event"
        " WHERE customer_id = ? AND coalesce(kind, 'view') = 'view' AND at >= ? AND dwell_s >= ?"
        " GROUP BY product_id ORDER BY max(at) DESC, product_id DESC"
    )
    return [Visits(*row) for row in read.rows(sql, (customer_id, since, dwell_s))]


@reads("browse_event")
def visitors(read: Read, since: Instant, dwell_s: int) -> dict[str, dict[str, int]]:
    """Return customer id to product id to visits since then, of everybody."""
    sql = (
        "SELECT customer_id, product_id, count(DISTINCT session_id) FROM browse_event"
        " WHERE coalesce(kind, 'view') = 'view' AND at >= ? AND dwell_s >= ? GROUP BY customer_id, product_id"
    )
    found: dict[str, dict[str, int]] = {}
    for customer_id, product_id, times in read.rows(sql, (since, dwell_s)):
        found.setdefault(customer_id, {})[product_id] = times
    return found


@reads("order")
def sold_since(read: Read, since: Instant) -> dict[str, int]:
    """Return product id to pieces sold to my customers since then."""
    sql = (
        "SELECT json_extract(l.value, '$.product_id') AS product_id, sum(coalesce(json_extract(l.value, '$.qty'), 1))"
        " FROM orders o, json_each(o.lines) l WHERE o.paid_at >= ? AND o.status <> 'cancelled'"
        " AND product_id IS NOT NULL GROUP BY product_id"
    )
    return {product_id: int(pieces) for product_id, pieces in read.rows(sql, (since,))}
