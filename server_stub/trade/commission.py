"""The commission ledger: accruals, refunds and their confirmation (rules 4.1 to 4.9).

Amounts, splits and steps are decided by `app.domain.commission`; an entry's id follows from what it
is for, so posting an event again changes nothing (rule 4.7). The store's own part of a rule
(`store_share_bp`) is no guide's money and stands in no guide's ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from app.domain import commission as rules_of
from app.domain import instants
from app.domain.attribution import Attribution
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldLine, SoldOrder
from app.domain.hours import is_sleep_income
from server_stub.db import Tx, upsert
from server_stub.tables import commission_entry, commission_rule, order_line, orders, product, refund, store
from server_stub.trade.rows import Record, every, first, load, setting

CONFIRM_AT_ONCE = 200


def post_order(tx: Tx, order_id: str) -> int:
    """Post the accruals of a paid order; replaying changes nothing. Return how many entries are new."""
    order = load(tx, orders, order_id)
    rules = [CommissionRule.from_wire(row) for row in every(tx, select(commission_rule))]
    attribution = Attribution(
        order["closing_guide_id"], order["bound_guide_id"], order["store_id"], order["reason"] or "", order["evidence"]
    )
    entries = rules_of.accrue(
        _sold(tx, order),
        attribution,
        rules,
        event_id=order["idempotency_key"] or order_id,
        after_sales_days=setting(tx)["after_sales_days"],
    )
    return _post(tx, entries)


def post_refund(tx: Tx, order_id: str, event_id: str) -> int:
    """Post the negative entries of one refund; replaying changes nothing.

    They are pro rata to the paid amount of the pieces given back, so that a whole refund nets to 0 (rule 4.6).
    """
    given_back = every(tx, select(refund).where(refund.c.order_id == order_id).order_by(refund.c.at, refund.c.id))
    now = [row for row in given_back if row["event_id"] == event_id]
    if not now:
        return 0
    earlier = given_back[: given_back.index(now[0])]
    before = {row["line_id"]: 0 for row in now}
    for row in earlier:
        if row["line_id"] in before:
            before[row["line_id"]] += row["paid_fen"]
    parts = [LineRefund(row["line_id"], before[row["line_id"]], row["paid_fen"]) for row in now]
    accruals = select(commission_entry).where(
        commission_entry.c.order_id == order_id, commission_entry.c.kind == "accrual"
    )
    entries = rules_of.refund(
        [_entry(row) for row in every(tx, accruals)],
        parts,
        event_id=event_id,
        at=instants.from_text(now[0]["at"]),
    )
    return _post(tx, entries)


def confirm_due(tx: Tx) -> int:
    """Confirm up to 200 pending entries whose after-sales time is over; safe to run twice, to be called until 0."""
    due = select(commission_entry.c.id).where(
        commission_entry.c.state == "pending", commission_entry.c.confirm_at <= tx.now_text
    )
    ids = tx.conn.execute(due.order_by(commission_entry.c.confirm_at).limit(CONFIRM_AT_ONCE)).scalars().all()
    if ids:
        values = {"state": "confirmed", "confirmed_at": tx.now_text}
        tx.conn.execute(update(commission_entry).where(commission_entry.c.id.in_(ids)).values(values))
        tx.touch("commission_entry", *ids)
    return len(ids)


def _sold(tx: Tx, order: Record) -> SoldOrder:
    """Return the order as commission sees it: the base of a line is what was paid for it (rule 4.1)."""
    lines = select(order_line, product.c.category.label("category_now")).outerjoin(
        product, product.c.id == order_line.c.product_id
    )
    rows = every(tx, lines.where(order_line.c.order_id == order["id"]).order_by(order_line.c.position))
    paid_at = instants.from_text(order["paid_at"])
    shop = first(tx, select(store.c.hours, store.c.zone).where(store.c.id == order["store_id"]))
    return SoldOrder(
        id=order["id"],
        no=order["no"],
        store_id=order["store_id"],
        created_at=instants.from_text(order["created_at"]),
        paid_at=paid_at,
        lines=tuple(
            SoldLine(
                row["id"],
                row["product_id"],
                row["category"] or row["category_now"] or "",
                row["qty"],
                row["paid_fen"],
                row["name"],
            )
            for row in rows
        ),
        historic=order["historic"],
        sleep=shop is not None and is_sleep_income(shop["hours"], paid_at, ZoneInfo(shop["zone"])),
    )


def _entry(row: Record) -> Entry:
    values = {name: row.get(name) for name in Entry.__dataclass_fields__}
    values |= {name: _time(row[name]) for name in ("created_at", "confirm_at")}
    return Entry(**{**values, "steps": tuple(row["steps"])})  # type: ignore[arg-type]


def _time(text: str | None) -> Any:
    return None if text is None else instants.from_text(text)


def _post(tx: Tx, entries: Iterable[Entry]) -> int:
    new = 0
    for entry in entries:
        if entry.guide_id is None:
            continue
        values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__ if name != "store_id"}
        values |= {
            "steps": list(entry.steps),
            "created_at": instants.to_text(entry.created_at),
            "confirm_at": None if entry.confirm_at is None else instants.to_text(entry.confirm_at),
        }
        statement = upsert(tx.conn, commission_entry).values(values).on_conflict_do_nothing()
        if tx.conn.execute(statement.returning(commission_entry.c.id)).first() is not None:
            new += 1
            tx.touch("commission_entry", entry.id)
    return new
