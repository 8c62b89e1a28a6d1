"""Giving money back, whole or by the piece, once per event (rules 1.10, 4.6).

`refund.paid_fen` is what was paid for the pieces that come back and what commission loses;
`refund.lost_discount_fen` is what the customer loses of the coupon because the threshold is no longer
met (negative when a later refund gives it back). The money returned is the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from app.domain import coupon as rules_of
from app.domain import instants
from app.domain.coupon import CouponRules, Line, RefundEffect, SoldLine
from app.domain.errors import Rejected
from server_stub.db import Tx
from server_stub.tables import coupon, order_line, orders, product
from server_stub.tables import refund as refund_table
from server_stub.trade import commission, coupons, redemptions, stock
from server_stub.trade.drafts import RefundLine, RefundQuote
from server_stub.trade.figures import bump, refresh_customers
from server_stub.trade.rows import Record, every, first, load

REFUNDABLE = ("paid", "part_refunded")


@dataclass(frozen=True, slots=True)
class _Plan:
    """A refund before it is written: pieces and paid money by line, and what it does to the coupon."""

    order: Record
    lines: dict[str, Record]
    pieces: dict[str, int]
    gross: dict[str, int]
    effect: RefundEffect
    lost_fen: int
    refund_fen: int
    whole: bool


def refund_quote(tx: Tx, order_id: str, lines: Sequence[RefundLine] | None = None) -> RefundQuote:
    """Return what refunding these pieces (None = all that is left) would pay back.

    Raises:
        Rejected: `not_found`, `order_state`, `refund_too_large`.
    """
    return _quote(_plan(tx, order_id, lines, tx.now))


def refund(
    tx: Tx,
    order_id: str,
    lines: Sequence[RefundLine] | None,
    event_id: str,
    *,
    at: datetime | None = None,
    cancelled: bool = False,
) -> RefundQuote:
    """Refund pieces of an order (None = all that is left), once per event; never more than was paid.

    `at` is when it was done elsewhere, None = now. A cancelled order is refunded whole and stays `cancelled`.

    Raises:
        Rejected: `not_found`, `order_state`, `refund_too_large`; `bad_arguments` for another order's event.
    """
    load(tx, orders, order_id, lock=True)
    done = every(tx, select(refund_table).where(refund_table.c.event_id == event_id))
    if done:
        return _replayed(tx, order_id, done)
    moment = _not_before(tx, order_id, at or tx.now)
    plan = _plan(tx, order_id, lines, moment)
    _write(tx, plan, event_id, moment, cancelled)
    if plan.whole:
        redemptions.give_back(tx, plan.order, f"refund:{event_id}")
        coupons.take_back_gifts(tx, order_id, f"refund:{event_id}", moment)
    if plan.effect.action != "keep":
        coupons.give_back(tx, plan.order["coupon_id"], order_id, f"refund:{event_id}")
    guide_id = plan.order["closing_guide_id"] or plan.order["bound_guide_id"]
    if guide_id is not None and not plan.order["historic"]:
        bump(tx, guide_id, moment, "sales_fen", -plan.refund_fen)
    commission.post_refund(tx, order_id, event_id)
    refresh_customers(tx, [plan.order["customer_id"]])
    return _quote(plan)


def _not_before(tx: Tx, order_id: str, at: datetime) -> datetime:
    """Return the time of a refund: never before the last one, because commission builds on what came before."""
    last = tx.conn.execute(select(func.max(refund_table.c.at)).where(refund_table.c.order_id == order_id)).scalar()
    return at if last is None else max(at, instants.from_text(last))


def _plan(tx: Tx, order_id: str, wanted: Sequence[RefundLine] | None, at: datetime) -> _Plan:
    order = load(tx, orders, order_id)
    if order["status"] not in REFUNDABLE:
        raise Rejected("order_state", f"order is {order['status']}", params={"status": order["status"]})
    rows = every(tx, select(order_line).where(order_line.c.order_id == order_id).order_by(order_line.c.position))
    lines = {row["id"]: row for row in rows}
    pieces = pieces_of(lines, wanted)
    told = {one.line_id: one.paid_fen for one in wanted or () if one.paid_fen is not None}
    gross = {line_id: gross_of(lines[line_id], qty, told.get(line_id)) for line_id, qty in pieces.items()}
    back = {line_id: row["refunded_qty"] + pieces.get(line_id, 0) for line_id, row in lines.items()}
    money = {line_id: row["refunded_fen"] + gross.get(line_id, 0) for line_id, row in lines.items()}
    whole = all(back[line_id] >= row["qty"] and money[line_id] >= row["paid_fen"] for line_id, row in lines.items())
    effect = _effect(tx, order, lines, back, at)
    total = sum(gross.values())
    # What the kept pieces lose can exceed what comes back now; the rest is taken with the next refund.
    # What another system has paid out is a fact: nothing is deducted from it any more.
    refund_fen = total if told else max(total - effect.deduct_fen, 0)
    return _Plan(order, lines, pieces, gross, effect, total - refund_fen, refund_fen, whole)


def pieces_of(lines: dict[str, Record], wanted: Sequence[RefundLine] | None) -> dict[str, int]:
    """Return how many pieces of which line come back."""
    left = {line_id: row["qty"] - row["refunded_qty"] for line_id, row in lines.items()}
    if wanted is None:
        return {
            line_id: left[line_id]
            for line_id, row in lines.items()
            if left[line_id] or row["refunded_fen"] < row["paid_fen"]
        }
    pieces: dict[str, int] = {}
    for one in wanted:
        if one.line_id not in left:
            raise Rejected("not_found", "no such line in the order", params={"object": "order_line"})
        pieces[one.line_id] = pieces.get(one.line_id, 0) + one.qty
    least = 0 if wanted and all(one.paid_fen is not None for one in wanted) else 1
    if not pieces or any(qty < least for qty in pieces.values()):
        raise Rejected("bad_arguments", "a refund needs pieces", params={"field": "qty"})
    for line_id, qty in pieces.items():
        if qty > left[line_id]:
            raise Rejected("refund_too_large", params={"left": left[line_id]})
    return pieces


def gross_of(line: Record, qty: int, told_fen: int | None) -> int:
    """Return what comes back for pieces of a line: what another system paid out, else in proportion."""
    left = int(line["paid_fen"] - line["refunded_fen"])
    if told_fen is None:
        return max(_part(line, line["refunded_qty"] + qty) - int(line["refunded_fen"]), 0)
    if told_fen > left:
        raise Rejected("refund_too_large", params={"left": left})
    return told_fen


def _part(line: Record, qty: int) -> int:
    """Return what was paid for `qty` pieces of a line; all pieces are exactly what was paid."""
    return int(line["paid_fen"] * qty // line["qty"])


def _effect(
    tx: Tx, order: Record, lines: dict[str, Record], back: dict[str, int], at: datetime
) -> RefundEffect:  # fmt: skip
    """Return what the refund does to the order's coupon (rule 1.10)."""
    used = first(tx, select(coupon).where(coupon.c.id == order["coupon_id"])) if order["coupon_id"] else None
    if used is None:
        return RefundEffect("keep", 0)
    rules = CouponRules.from_wire(used["rules"])
    lost = select(func.coalesce(func.sum(refund_table.c.lost_discount_fen), 0))
    return rules_of.refund_effect(
        rules,
        [_sold(tx, rules, order, row, back[row["id"]]) for row in lines.values()],
        valid_until=instants.from_text(used["valid_until"]),
        now=at,
        deducted_fen=int(tx.conn.execute(lost.where(refund_table.c.order_id == order["id"])).scalar_one()),
    )


def _sold(tx: Tx, rules: CouponRules, order: Record, row: Record, returned: int) -> SoldLine:
    """Return the line as it was sold; rows of before that was kept are judged by the goods of today."""
    sale_fen = row["price_fen"] * row["qty"]
    list_fen, category = row["list_fen"], row["category"]
    if list_fen is None or category is None:
        goods = first(tx, select(product).where(product.c.id == row["product_id"])) if row["product_id"] else None
        list_fen = goods["list_price_fen"] * row["qty"] if goods else sale_fen
        category = goods["category"] if goods else ""
    line = Line(row["id"], row["product_id"], category, row["qty"], list_fen, sale_fen)
    return SoldLine(
        id=row["id"],
        qty=row["qty"],
        base_fen=list_fen if rules.threshold_base == "list" else sale_fen,
        discount_fen=row["discount_fen"],
        paid_fen=row["paid_fen"],
        returned_qty=returned,
        eligible=rules_of.is_eligible(rules, line, order["store_id"]),
    )


def _write(tx: Tx, plan: _Plan, event_id: str, at: datetime, cancelled: bool) -> None:
    order = plan.order
    made = tx.conn.execute(select(func.count()).where(refund_table.c.order_id == order["id"])).scalar_one()
    for index, (line_id, qty) in enumerate(plan.pieces.items()):
        line = plan.lines[line_id]
        row = {
            # Ids count up, so that refunds of one second keep their order: commission builds on what came before.
            "id": f"{order['id']}.{made + index:04d}", "event_id": event_id, "order_id": order["id"],
            "line_id": line_id, "qty": qty, "paid_fen": plan.gross[line_id],
            "lost_discount_fen": 0 if index else plan.lost_fen, "at": instants.to_text(at),
        }  # fmt: skip
        tx.conn.execute(insert(refund_table).values(row))
        given = {
            "refunded_qty": line["refunded_qty"] + qty,
            "refunded_fen": line["refunded_fen"] + plan.gross[line_id],
        }
        tx.conn.execute(update(order_line).where(order_line.c.id == line_id).values(given))
        if line["product_id"] and not order["historic"]:
            stock.put_back(tx, order["store_id"], line["product_id"], line["size"], qty)
    status = "cancelled" if cancelled else "refunded" if plan.whole else "part_refunded"
    values = {"status": status, "refunded_fen": order["refunded_fen"] + plan.refund_fen}
    tx.conn.execute(update(orders).where(orders.c.id == order["id"]).values(values))
    tx.touch("order", order["id"])


def _quote(plan: _Plan) -> RefundQuote:
    return RefundQuote(plan.refund_fen, plan.lost_fen, plan.effect.action == "return", dict(plan.gross))


def _replayed(tx: Tx, order_id: str, done: Sequence[Record]) -> RefundQuote:
    """Return the answer of a refund that was made before."""
    if any(row["order_id"] != order_id for row in done):
        raise Rejected("bad_arguments", "the event belongs to another order", params={"field": "event_id"})
    gross = {row["line_id"]: row["paid_fen"] for row in done}
    lost = sum(row["lost_discount_fen"] for row in done)
    coupon_id = load(tx, orders, order_id)["coupon_id"]
    returned = coupon_id is not None and coupons.get(tx, coupon_id).state == "returned"
    return RefundQuote(sum(gross.values()) - lost, lost, returned, gross)
