"""Placing paid orders and all that follows from them in one transaction (rules 2.4, 3, 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from app.domain import instants
from app.domain.attribution import Attribution
from app.domain.calendar_days import day_of
from app.domain.errors import Rejected
from app.domain.hours import is_sleep_income
from server_stub.db import Tx, count_up
from server_stub.people.customers import renew_binding
from server_stub.tables import counter, customer, order_line, orders, staff, store
from server_stub.trade import commission, coupons, credit, shares, stock
from server_stub.trade.coupons import CouponView
from server_stub.trade.drafts import OrderDraft, Quote
from server_stub.trade.figures import bump, refresh_customers
from server_stub.trade.pricing import as_paid, items_of, price, quote, usable
from server_stub.trade.refunds import refund, refund_quote
from server_stub.trade.rows import Record, first, load, zone_of

__all__ = ["place", "quote", "refund", "refund_quote"]

CHANNELS = ("store", "miniprogram", "marketplace", "private", "import")
NO_RULE = "no_rule_in_force"
KEY_MAX = 128


def place(tx: Tx, draft: OrderDraft) -> str:
    """Place a paid order and all that follows from it; return its id. The same event again is the same order.

    In one transaction: prices and discounts by line, stock, coupon, the guides frozen with their
    evidence, the share's and the guide's day's figures, commission, the customer's figures, the binding's clocks.

    Raises:
        Rejected: `not_found`, `bad_arguments`, `amount_invalid`, or why the coupon does not apply.
    """
    if draft.channel not in CHANNELS or not 0 < len(draft.event_id) <= KEY_MAX:
        raise Rejected("bad_arguments", "channel or event id", params={"field": "channel"})
    known = tx.conn.execute(select(orders.c.id).where(orders.c.idempotency_key == draft.event_id)).scalar()
    if known is not None:
        return str(known)
    buyer = load(tx, customer, draft.customer_id, lock=True)  # their figures are summed up at the end
    store_id = draft.store_id or credit.nearest_store(tx, buyer, draft.city)
    at = draft.created_at or tx.now
    view = _claimed(tx, draft, at) if draft.coupon_id else None
    items = items_of(tx, draft.lines)
    elsewhere = any(line.paid_fen is not None for line in draft.lines)
    priced = as_paid(items, draft.lines) if elsewhere else price(items, view, channel=draft.channel, store_id=store_id)
    attribution = _attribution(tx, draft, buyer, at, store_id)
    won_by = credit.winning_share(tx, attribution)
    order = head_of(tx, draft, priced, attribution, at, store_id)
    order["flags"] = _flags(tx, draft, order, attribution, won_by)
    _save(tx, order, draft, priced)
    if view is not None:
        coupons.redeem(tx, view.id, order["id"], f"redeem:{draft.event_id}", at)
    if not draft.historic:
        _credit(tx, order, won_by)
    refresh_customers(tx, [draft.customer_id])
    return str(order["id"])


def _claimed(tx: Tx, draft: OrderDraft, at: datetime) -> CouponView:
    """Return the coupon ready to be used: paying with an issued one claims it."""
    view = usable(tx, draft.coupon_id or "", draft.customer_id)
    if view.state == "issued":
        return coupons.claim(tx, view.code, draft.customer_id, f"claim:{draft.event_id}")
    return view


def _attribution(tx: Tx, draft: OrderDraft, buyer: Record, at: datetime, store_id: str | None) -> Attribution:
    if draft.historic:  # from before the system: nobody's, and no rule was in force
        return Attribution(None, None, store_id, NO_RULE, {})
    return credit.decide(tx, buyer, draft.visitor_id, at, store_id, paid_at=draft.paid_at)


def head_of(
    tx: Tx, draft: OrderDraft, priced: Quote, attribution: Attribution, at: datetime, store_id: str | None
) -> Record:
    """Return the row of a paid order, still without flags."""
    return {
        "id": draft.order_id or tx.new_id(),
        "no": draft.no or next_number(tx, at, zone_of(tx, store_id)),
        "customer_id": draft.customer_id,
        "store_id": store_id,
        "channel": draft.channel,
        "status": "paid",
        "created_at": instants.to_text(at),
        "paid_at": instants.to_text(draft.paid_at or at),
        "paid_fen": priced.payable_fen,
        "refunded_fen": 0,
        "discount_fen": priced.discount_fen,
        "coupon_id": draft.coupon_id,
        "closing_guide_id": attribution.closing_guide_id,
        "bound_guide_id": attribution.bound_guide_id,
        "reason": attribution.reason,
        "evidence": attribution.evidence,
        "flags": [],
        "historic": draft.historic,
        "idempotency_key": draft.event_id,
    }


def next_number(tx: Tx, at: datetime, zone: ZoneInfo) -> str:
    """Return the next free receipt number of a day: the date and a running count."""
    day = day_of(at, zone).strftime("%Y%m%d")
    name = f"order:{day}"
    while True:
        count_up(tx, name)
        n = tx.conn.execute(select(counter.c.value).where(counter.c.name == name)).scalar_one()
        number = f"{day}{n:06d}"
        if first(tx, select(orders.c.id).where(orders.c.no == number)) is None:
            return number


def _flags(
    tx: Tx, draft: OrderDraft, order: Record, attribution: Attribution, won_by: Record | None
) -> list[str]:  # fmt: skip
    """Take the stock and return what is to be known of the order: moments, no_stock, cross_city, closed_hours."""
    if draft.historic:
        return []
    in_stock = [
        stock.take(tx, order["store_id"], line.product_id, line.size, line.qty)
        for line in draft.lines
        if line.product_id
    ]
    shop = first(tx, select(store).where(store.c.id == order["store_id"]))
    paid_at = instants.from_text(order["paid_at"])
    found = {
        "moments": won_by is not None and won_by["channel"] == "moments",
        "no_stock": not all(in_stock),
        "cross_city": _is_cross_city(tx, attribution, shop),
        "closed_hours": shop is not None and is_sleep_income(shop["hours"], paid_at, ZoneInfo(shop["zone"])),
    }
    return [name for name, holds in found.items() if holds]


def _is_cross_city(tx: Tx, attribution: Attribution, shop: Record | None) -> bool:
    """Say whether the goods leave a store in another city than that of the guide who won the order."""
    guide_id = attribution.closing_guide_id or attribution.bound_guide_id
    if guide_id is None or shop is None:
        return False
    city = select(store.c.city).join(staff, staff.c.store_id == store.c.id).where(staff.c.id == guide_id)
    return tx.conn.execute(city).scalar() not in (None, shop["city"])


def _save(tx: Tx, order: Record, draft: OrderDraft, priced: Quote) -> None:
    tx.conn.execute(insert(orders).values(order))
    tx.conn.execute(insert(order_line), line_rows(tx, order["id"], draft, priced))
    tx.touch("order", order["id"])


def line_rows(tx: Tx, order_id: str, draft: OrderDraft, priced: Quote) -> list[dict[str, Any]]:
    """Return the rows of an order's lines as sold."""
    return [
        {
            "id": line.line_id or tx.new_id(),
            "order_id": order_id,
            "position": position if line.line_no is None else line.line_no - 1,
            "product_id": sold.product_id,
            "name": sold.name,
            "qty": sold.qty,
            "price_fen": sold.price_fen,
            "discount_fen": sold.discount_fen,
            "paid_fen": sold.paid_fen,
            "size": sold.size,
            "colour": sold.colour,
            "list_fen": sold.list_fen,
            "category": sold.category,
        }
        for position, (line, sold) in enumerate(zip(draft.lines, priced.lines, strict=True))
    ]


def _credit(tx: Tx, order: Record, won_by: Record | None) -> None:
    """Give the order to its guide: day, share, commission; and renew the binding (rule 2.2)."""
    at = instants.from_text(order["paid_at"])
    guide_id = order["closing_guide_id"] or order["bound_guide_id"]
    if guide_id is not None:
        bump(tx, guide_id, at, "sales_fen", order["paid_fen"])
        bump(tx, guide_id, at, "orders")
    if won_by is not None:
        shares.count(tx, won_by["id"], "bought")
    commission.post_order(tx, order["id"])
    renew_binding(tx, order["customer_id"], at)
