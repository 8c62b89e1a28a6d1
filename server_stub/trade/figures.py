"""Figures that follow from events: a customer's totals, and each guide's day for the manager's board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update

from app.domain.calendar_days import day_of
from app.domain.segment import Purchase, SegmentClock, figures_of
from server_stub.db import Tx, upsert
from server_stub.tables import customer, guide_day, orders, staff, store
from server_stub.trade.rows import DEFAULT_ZONE, every

DAY_FIELDS = frozenset({"sales_fen", "orders", "shares", "visits", "contacts", "redeemed", "bindings"})
FIGURES = ("spend_fen", "order_count", "order_days", "first_order_at", "last_order_at")
IN_CHUNK = 500  # ids in one IN list: SQLite and PostgreSQL both take it with room to spare


def refresh_customers(tx: Tx, customer_ids: Iterable[str]) -> None:
    """Recompute spend, orders and dates of customers from their orders, and touch them.

    Paid, not fully refunded orders count; spend is net of refunds; days are of the customer's store.
    """
    ids = sorted(set(customer_ids))
    for start in range(0, len(ids), IN_CHUNK):
        _refresh(tx, ids[start : start + IN_CHUNK])


def bump(tx: Tx, guide_id: str, at: datetime, field: str, n: int = 1) -> None:
    """Add `n` to one figure of a guide's day: sales_fen, orders, shares, visits, contacts, redeemed or bindings.

    The day is of the guide's store's zone. Refunds lower `sales_fen` on the day of the refund.
    """
    if field not in DAY_FIELDS:
        raise ValueError(f"guide_day has no figure {field}")
    found = tx.conn.execute(
        select(staff.c.store_id, store.c.zone).join(store, store.c.id == staff.c.store_id).where(staff.c.id == guide_id)
    ).first()
    if found is None:  # headquarters has no board of its own
        return
    date = day_of(at, ZoneInfo(found.zone)).isoformat()
    row_id = f"{guide_id}.{date}"
    zeros = dict.fromkeys(DAY_FIELDS, 0)
    row = {**zeros, "id": row_id, "guide_id": guide_id, "store_id": found.store_id, "date": date, field: n}
    statement = upsert(tx.conn, guide_day).values(row)
    tx.conn.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={field: guide_day.c[field] + n}),
    )
    tx.touch("guide_day", row_id)


def bump_many(tx: Tx, bumps: Iterable[tuple[str, datetime, str, int]], places: Mapping[str, tuple[str, str]]) -> None:
    """As `bump` for many (guide, time, figure, n); `places` has store id and zone of every guide with a store."""
    days: dict[str, dict[str, Any]] = {}
    for guide_id, at, field, n in bumps:
        if guide_id in places:
            store_id, zone = places[guide_id]
            date = day_of(at, ZoneInfo(zone)).isoformat()
            row = {"id": f"{guide_id}.{date}", "guide_id": guide_id, "store_id": store_id, "date": date}
            days.setdefault(row["id"], dict.fromkeys(DAY_FIELDS, 0) | row)[field] += n
    if not days:
        return
    statement = upsert(tx.conn, guide_day)
    added = {field: guide_day.c[field] + statement.excluded[field] for field in DAY_FIELDS}
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=added)
    tx.conn.execute(statement, [days[row_id] for row_id in sorted(days)])
    tx.touch("guide_day", *days)


def _refresh(tx: Tx, ids: Sequence[str]) -> None:
    paid: dict[str, list[Purchase]] = defaultdict(list)
    columns = (
        orders.c.customer_id, orders.c.paid_at, orders.c.paid_fen, orders.c.refunded_fen, orders.c.status,
        orders.c.channel,
    )  # fmt: skip
    for row in every(tx, select(*columns).where(orders.c.customer_id.in_(ids))):
        paid[row.pop("customer_id")].append(Purchase(**row))
    clocks: dict[str, SegmentClock] = {}
    new: list[dict[str, Any]] = []
    for row in every(
        tx,
        select(customer.c.id, customer.c.joined_at, store.c.zone)
        .select_from(customer.outerjoin(store, store.c.id == customer.c.store_id))
        .where(customer.c.id.in_(ids)),
    ):
        zone = row["zone"] or DEFAULT_ZONE
        clock = clocks.setdefault(zone, SegmentClock(tx.now, ZoneInfo(zone)))
        figures = figures_of(paid[row["id"]], clock, joined_at=row["joined_at"])
        new.append({"b_id": row["id"], **{name: getattr(figures, name) for name in FIGURES}})
    if not new:
        return
    values: dict[str, Any] = {name: bindparam(name) for name in FIGURES}
    tx.conn.execute(update(customer).where(customer.c.id == bindparam("b_id")).values(values), new)
    tx.touch("customer", *(one["b_id"] for one in new))
