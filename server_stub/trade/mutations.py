"""The server's side of the mutations record_share, issue_coupon and undo_coupon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import TEXT_MAX
from app.protocol.mutations import (
    AnswerFlag,
    AskAboutOrder,
    DecideDispute,
    DecideReward,
    IssueCoupon,
    RecordShare,
    RedeemCoupon,
    UndoCoupon,
)
from server_stub.db import Actor, Tx
from server_stub.tables import customer, share
from server_stub.trade import coupons, disputes, redemptions, rewards, shares
from server_stub.trade.figures import bump
from server_stub.trade.rows import first


def record_share(tx: Tx, args: RecordShare) -> None:
    """Keep a share made on the phone; one row, also when a customer opened it before.

    The code is the truth: kind, item and channel are read from it and must agree with the arguments.

    Raises:
        Rejected: `share_code_invalid`, `not_yours`, `bad_arguments`.
    """
    actor = _actor(tx)
    met = shares.resolve(tx, args.code)
    if met is None or (met.kind, met.channel) != (args.kind, args.channel):
        raise Rejected("share_code_invalid", params={"subject": f"share/{args.share_id}"})
    if met.guide_id != actor.staff_id:
        raise Rejected("not_yours", params={"object": "share"})
    if args.customer_id is not None:
        _require_mine(tx, actor, args.customer_id)
    if len(args.caption) > TEXT_MAX:
        raise Rejected("bad_arguments", "caption too long", params={"field": "caption"})
    known = first(tx, select(share).where(share.c.code == met.code))
    if known is None or (known["synced"] and known["id"] != args.share_id):
        raise Rejected("bad_arguments", "another share has this code", params={"field": "share_id"})
    was_new = not known["synced"]
    made_at = _made_at(tx, args)
    row = {
        "id": args.share_id, "created_at": instants.to_text(made_at), "caption": args.caption,
        "customer_id": args.customer_id, "item_id": _item(args, met.item_id), "device_id": actor.device_id,
    }  # fmt: skip
    shares.adopt(tx, known, row)
    if was_new:
        bump(tx, actor.staff_id, made_at, "shares")


def issue_coupon(tx: Tx, args: IssueCoupon) -> None:
    """Issue a leased coupon as the guide did on the phone, judged at the time it was done.

    Raises:
        Rejected: as `coupons.issue`.
    """
    actor = _actor(tx)
    coupons.issue(
        tx,
        coupon_id=args.coupon_id,
        customer_id=args.customer_id,
        guide_id=actor.staff_id,
        key=tx.mid or f"issue:{args.customer_id}",
        at=tx.at,
        device_id=actor.device_id,
        signal=args.signal,
        product_id=args.product_id,
    )


def undo_coupon(tx: Tx, args: UndoCoupon) -> None:
    """Take a coupon back as the guide did on the phone.

    Raises:
        Rejected: as `coupons.undo`.
    """
    actor = _actor(tx)
    coupons.undo(tx, coupon_id=args.coupon_id, guide_id=actor.staff_id, key=tx.mid or "undo", at=tx.at)


def redeem_coupon(tx: Tx, args: RedeemCoupon) -> None:
    """Use a coupon in the store; a refusal by the rules is a row of its own, for both who came first and second.

    Raises:
        Rejected, Refused: as `redemptions.redeem`.
    """
    redemptions.redeem(tx, _actor(tx), args)


def _actor(tx: Tx) -> Actor:
    if tx.actor is None:
        raise Rejected("forbidden", "a mutation needs a signed-in actor")
    return tx.actor


def _require_mine(tx: Tx, actor: Actor, customer_id: str) -> None:
    owner = tx.conn.execute(select(customer.c.guide_id).where(customer.c.id == customer_id)).scalar()
    if owner != actor.staff_id:
        raise Rejected("not_yours", params={"object": "customer"})


def _made_at(tx: Tx, args: RecordShare) -> datetime:
    """Return when the share was made; never later than the mutation, whatever the phone's clock said."""
    try:
        return min(instants.from_text(args.created_at), tx.at)
    except ValueError:
        raise Rejected("bad_arguments", "created_at is no instant", params={"field": "created_at"}) from None


def _item(args: RecordShare, item_id: str) -> str:
    """Return the item; an entry of a pack has a number in the code and its id from the phone."""
    if args.kind != "pack_entry" and args.item_id != item_id:
        raise Rejected("share_code_invalid", params={"subject": f"share/{args.share_id}"})
    return args.item_id


HANDLERS: dict[str, Callable[[Tx, Any], None]] = {
    RecordShare.NAME: record_share,
    IssueCoupon.NAME: issue_coupon,
    UndoCoupon.NAME: undo_coupon,
    AskAboutOrder.NAME: disputes.ask,
    DecideDispute.NAME: disputes.decide,
    RedeemCoupon.NAME: redeem_coupon,
    AnswerFlag.NAME: rewards.answer_flag,
    DecideReward.NAME: rewards.decide_reward,
}
