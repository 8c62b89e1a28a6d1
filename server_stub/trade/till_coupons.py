"""Coupons of orders that were paid elsewhere: the order is a fact, its coupon is used, linked, or noted as a problem.

The money is what was paid, whatever the coupon. One that was redeemed in the store before its order was
known is linked to it; one that may be used is used; the discount of a coupon below its threshold or out
of its scope was given, so it is used too and the problem noted; any other is left alone and noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from app.domain import coupon as rules_of
from app.domain import instants
from app.domain.coupon import CouponRules, Line
from app.domain.errors import Refused, Rejected
from app.domain.redemption import used_at, why_not
from server_stub.db import Tx
from server_stub.tables import coupon, order_line, orders, redemption
from server_stub.trade import coupons
from server_stub.trade.rows import Record, every, first, load

TAIL = 5


def use(tx: Tx, order_id: str, code: str | None) -> str | None:
    """Use or link the coupon of an order paid elsewhere; return the code of what is wrong with it, or None.

    Without a code a coupon that the order's store redeemed for its number is linked.
    """
    order = load(tx, orders, order_id)
    held = _held(tx, order, code)
    if held is None:
        return None if code is None else _note(tx, order, "coupon_unknown", code)
    if held["customer_id"] != order["customer_id"]:
        return _note(tx, order, "coupon_not_available", held["code"])
    done = _redeemed(tx, order, held)
    if done is not None:
        _link(tx, order, held, done)
    elif (problem := _why_not(order, held)) is not None:
        return _note(tx, order, problem, held["code"])
    else:
        at = _time(order, held)
        coupons.redeem_in_store(tx, held, order_id, f"order:{order_id}", at)
    tx.conn.execute(update(orders).where(orders.c.id == order_id).values(coupon_id=held["id"]))
    problem = _short(tx, order, held)
    return None if problem is None else _note(tx, order, problem, held["code"])


def earn(tx: Tx, order_id: str, codes: Sequence[str]) -> list[str]:
    """Note the coupons an order brought as gifts; return the code of every problem (rule 1.10, feature D5)."""
    order = load(tx, orders, order_id)
    problems = []
    for code in codes:
        try:
            coupons.earn(tx, code, order["customer_id"], order_id)
        except Rejected as no:
            problems.append("coupon_unknown" if no.code == "not_found" else no.code)
    return problems


def _held(tx: Tx, order: Record, code: str | None) -> Record | None:
    if code is not None:
        try:
            return coupons.by_code(tx, code)
        except Refused:  # no code at all: the till's typing error
            return None
    named = (redemption.c.order_no == order["no"], redemption.c.store_id == order["store_id"], _open_use())
    found = tx.conn.execute(select(redemption.c.coupon_id).where(*named).limit(1)).scalar()
    held = None if found is None else load(tx, coupon, found, lock=True)
    return held if held is not None and held["customer_id"] == order["customer_id"] else None


def _open_use() -> ColumnElement[bool]:
    return (redemption.c.state == "accepted") & redemption.c.order_id.is_(None)


def _redeemed(tx: Tx, order: Record, held: Record) -> Record | None:
    """Return the use in this order's store that waits for its order."""
    mine = (
        redemption.c.coupon_id == held["id"], redemption.c.store_id == order["store_id"],
        redemption.c.order_no.in_(("", order["no"])), _open_use(),
    )  # fmt: skip
    return first(tx, select(redemption).where(*mine))


def _link(tx: Tx, order: Record, held: Record, done: Record) -> None:
    told = {"order_id": order["id"], "order_no": order["no"]}
    tx.conn.execute(update(redemption).where(redemption.c.id == done["id"]).values(told))
    tx.conn.execute(update(coupon).where(coupon.c.id == held["id"]).values(order_id=order["id"]))
    tx.touch("redemption", done["id"])
    tx.touch("team_redemption", done["id"])
    tx.touch("coupon", held["id"])


def _time(order: Record, held: Record) -> datetime:
    begins = [instants.from_text(held[name]) if held[name] else None for name in ("issued_at", "valid_from")]
    return used_at(instants.from_text(order["paid_at"]), issued_at=begins[0], valid_from=begins[1])


def _why_not(order: Record, held: Record) -> str | None:
    rules = CouponRules.from_wire(held["rules"])
    if order["channel"] != "store":
        if rules.channel == "store":
            return "coupon_out_of_scope"
        rules = replace(rules, channel="both")
    return why_not(coupons.state_of(held), rules, store_id=order["store_id"], at=_time(order, held))


def _short(tx: Tx, order: Record, held: Record) -> str | None:
    """Say what the till overlooked: goods out of scope, or too few for the threshold."""
    rules = CouponRules.from_wire(held["rules"])
    rows = every(tx, select(order_line).where(order_line.c.order_id == order["id"]))
    lines = [
        Line(row["id"], row["product_id"], row["category"], row["qty"], row["list_fen"], row["price_fen"] * row["qty"])
        for row in rows
    ]
    if not any(rules_of.is_eligible(rules, line, order["store_id"]) for line in lines):
        return "coupon_out_of_scope"
    return "coupon_below_threshold" if rules_of.missing_fen(rules, lines, order["store_id"]) else None


def _note(tx: Tx, order: Record, problem: str, code: str) -> str:
    """Keep the problem with the order, so that it can be asked why; return its code."""
    evidence = load(tx, orders, order["id"])["evidence"] | {"coupon_problem": {"code": problem, "tail": code[-TAIL:]}}
    tx.conn.execute(update(orders).where(orders.c.id == order["id"]).values(evidence=evidence))
    tx.touch("order", order["id"])
    return problem
