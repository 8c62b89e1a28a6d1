"""Coupons used in a store (rules 1.9 to 1.11): the first to arrive wins, and both sides hear of the second.

A refusal by the rules is a row, not an exception: the one who came second sees who was first, where and when, the one
who was first sees that somebody tried again, and so do the managers of both stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.domain import instants
from app.domain.coupon import MAX_SKEW, CouponRules
from app.domain.errors import Rejected
from app.domain.redemption import used_at, why_not
from app.protocol import coupon_code
from app.protocol.mutations import RedeemCoupon
from server_stub.config import public_bytes
from server_stub.db import Actor, Tx
from server_stub.tables import coupon, orders, redemption, staff, store
from server_stub.trade import coupons
from server_stub.trade.rows import Record, every, first

ORDER_NO_MAX = 40
TAIL = 5
FORMS = ("qr", "typed")


@dataclass(frozen=True, slots=True)
class Use:
    """Where and when a coupon was used; `store` is None for an order on the net."""

    at: datetime
    store: str | None
    store_en: str | None
    order_no: str


def redeem(tx: Tx, actor: Actor, args: RedeemCoupon) -> None:
    """Judge one use of a coupon and keep it as a row of the one who tried, accepted or refused.

    The store is the one of the token, whatever the phone says. The same id again is the same answer.

    Raises:
        Refused: `coupon_code_invalid` or `coupon_code_forged`: no phone of ours sends such a code.
        Rejected: `bad_arguments`, or `forbidden` for somebody without a store.
    """
    if actor.store_id is None:
        raise Rejected("forbidden", "who redeems stands in a store")
    code = _code(tx, args)
    known = first(tx, select(redemption).where(redemption.c.id == args.redemption_id))
    if known is not None:
        if (known["by_id"], known["mark"]) != (actor.staff_id, coupon_code.mark_of(code)):
            raise Rejected("bad_arguments", "the id is another use's", params={"field": "redemption_id"})
        return
    at, skewed = _time(tx, args)
    row = {
        "id": args.redemption_id, "by_id": actor.staff_id, "device_id": actor.device_id, "store_id": actor.store_id,
        "decided_at": tx.now_text, "form": args.form, "code_tail": code[-TAIL:], "mark": coupon_code.mark_of(code),
        "skewed": skewed, "order_no": args.order_no, "contested": 0, "contest": {}, "params": {},
    }  # fmt: skip
    verdict = _judge(tx, row, coupons.by_code(tx, code), at)
    tx.conn.execute(insert(redemption).values(row | verdict))
    _touch(tx, args.redemption_id)
    if verdict["reason"] == "coupon_used":
        _tell_the_first(tx, row | verdict)


def look(tx: Tx, actor: Actor, text: str) -> dict[str, Any]:
    """Return what a phone in a store may know of a coupon before it is used; nothing changes.

    Raises:
        Refused: `coupon_code_invalid` or `coupon_code_forged`.
    """
    form = "qr" if text.startswith(coupon_code.PREFIX) else "typed"
    code = _code(tx, RedeemCoupon("", text, form, "", ""))
    row = coupons.by_code(tx, code)
    if row is None:
        return {"code": code, "usable": False, "reason": "coupon_unknown", "params": {}}
    at = used_at(tx.now, issued_at=_moment(row["issued_at"]), valid_from=_moment(row["valid_from"]))
    reason = why_not(coupons.state_of(row), CouponRules.from_wire(row["rules"]), store_id=actor.store_id, at=at)
    guide = first(tx, select(staff.c.name).where(staff.c.id == row["guide_id"])) or {}
    return {
        "code": code, "usable": reason is None, "reason": reason, "params": _who(tx, row) if reason else {},
        "rules": row["rules"], "valid_until": row["valid_until"], "guide": guide.get("name", ""),
    }  # fmt: skip


def give_back(tx: Tx, order: Record, key: str) -> None:
    """Return the coupons that were used in the store for this order, after its whole refund (rule 1.10)."""
    of_order = (redemption.c.order_id == order["id"]) | (
        (redemption.c.order_no == order["no"]) & (redemption.c.order_no != "")
    )
    used = select(redemption.c.id, coupon.c.id.label("coupon_id"), coupon.c.order_id).join(
        coupon, coupon.c.id == redemption.c.coupon_id
    )
    mine = (
        redemption.c.state == "accepted",
        coupon.c.state == "redeemed",
        coupon.c.customer_id == order["customer_id"],
    )
    for row in every(tx, used.where(of_order, *mine)):
        coupons.give_back(tx, row["coupon_id"], row["order_id"], key)
        tx.conn.execute(update(redemption).where(redemption.c.id == row["id"]).values(state="returned"))
        _touch(tx, row["id"])


def last_use(tx: Tx, coupon_id: str) -> Use | None:
    """Return where and when a used coupon was used, or None."""
    row = first(tx, select(coupon.c.redeemed_at, coupon.c.order_id).where(coupon.c.id == coupon_id))
    if row is None or row["redeemed_at"] is None:
        return None
    won = _winner(tx, coupon_id)
    sold = None if won else first(tx, select(orders.c.no, orders.c.store_id).where(orders.c.id == row["order_id"]))
    place = first(tx, select(store.c.name, store.c.name_en).where(store.c.id == won["store_id"])) if won else None
    number = won["order_no"] if won else (sold or {}).get("no", "")
    at = instants.from_text(row["redeemed_at"])
    return Use(at, place["name"] if place else None, place["name_en"] if place else None, number)


def _code(tx: Tx, args: RedeemCoupon) -> str:
    if args.form not in FORMS or len(args.order_no) > ORDER_NO_MAX:
        raise Rejected("bad_arguments", params={"field": "form" if args.form not in FORMS else "order_no"})
    if args.form == "typed":
        return coupon_code.normalise(args.code)
    keys = {int(tx.secrets.coupon_kid): public_bytes(tx.secrets.coupon_key())}
    return coupon_code.code_of(coupon_code.verify(args.code, keys).short_id)


def _time(tx: Tx, args: RedeemCoupon) -> tuple[datetime, bool]:
    """Return when it was used, within what the server believes of the phone (rule 1.9, hazard 13)."""
    said = instants.from_text(args.redeemed_at)
    if abs(said - tx.at) > MAX_SKEW:
        return tx.at, True
    return min(said, tx.now), args.skewed


def _judge(tx: Tx, row: Record, held: Record | None, at: datetime) -> Record:
    """Use the coupon if it can be, and return what that adds to the row of the try."""
    if held is None:
        return {"at": instants.to_text(at), "state": "refused", "reason": "coupon_unknown", "name": "", "face_fen": 0}
    at = used_at(at, issued_at=_moment(held["issued_at"]), valid_from=_moment(held["valid_from"]))
    order_id = _order_id(tx, row["order_no"], held["customer_id"])
    rules = CouponRules.from_wire(held["rules"])
    reason = why_not(coupons.state_of(held), rules, store_id=row["store_id"], at=at, order_id=order_id)
    about = {
        "at": instants.to_text(at), "coupon_id": held["id"], "order_id": order_id, "face_fen": rules.face_fen,
        "name": held["rules"].get("name") or "", "name_en": held["rules"].get("name_en") or "", "reason": reason,
    }  # fmt: skip
    of_this_order = order_id is not None and held["order_id"] == order_id and held["state"] == "redeemed"
    if of_this_order and _winner(tx, held["id"]) is None:  # the till told of this very order first: one use, not two
        return about | {"state": "accepted", "reason": None}
    if reason is not None:
        return about | {"state": "refused", "params": _who(tx, held)}
    coupons.redeem_in_store(tx, held, order_id or f"redemption:{row['id']}", f"store:{row['id']}", at)
    return about | {"state": "accepted"}


def _order_id(tx: Tx, order_no: str, customer_id: str | None) -> str | None:
    if not order_no or customer_id is None:
        return None
    theirs = (orders.c.no == order_no, orders.c.customer_id == customer_id)
    found: str | None = tx.conn.execute(select(orders.c.id).where(*theirs)).scalar()
    return found


def _who(tx: Tx, held: Record) -> Record:
    """Return who used a coupon, where and when, as the refusal's params; empty while nobody has."""
    if held["state"] != "redeemed":
        return {}
    won = _winner(tx, held["id"])
    if won is not None:
        return _words(tx, won["by_id"], won["store_id"], won["at"])
    number = tx.conn.execute(select(orders.c.no).where(orders.c.id == held["order_id"])).scalar()
    return {"order_no": number or "", "at": held["redeemed_at"]}


def _winner(tx: Tx, coupon_id: str) -> Record | None:
    won = (redemption.c.coupon_id == coupon_id, redemption.c.state == "accepted")
    return first(tx, select(redemption).where(*won).order_by(redemption.c.decided_at.desc(), redemption.c.id.desc()))


def _words(tx: Tx, staff_id: str, store_id: str, at: str) -> Record:
    by = tx.conn.execute(select(staff.c.name).where(staff.c.id == staff_id)).scalar()
    place = first(tx, select(store.c.name, store.c.name_en).where(store.c.id == store_id)) or {}
    return {"by": by or "", "store": place.get("name", ""), "store_en": place.get("name_en", ""), "at": at}


def _tell_the_first(tx: Tx, second: Record) -> None:
    won = _winner(tx, second["coupon_id"])
    if won is None:  # used by an order on the net: no store stood behind it
        return
    contest = _words(tx, second["by_id"], second["store_id"], second["at"])
    values = {"contested": won["contested"] + 1, "contest": contest}
    tx.conn.execute(update(redemption).where(redemption.c.id == won["id"]).values(values))
    _touch(tx, won["id"])


def _touch(tx: Tx, redemption_id: str) -> None:
    tx.touch("redemption", redemption_id)
    tx.touch("team_redemption", redemption_id)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else instants.from_text(text)
