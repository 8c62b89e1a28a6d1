"""Use a coupon in the store: shown at once as waiting, judged by the server (rule 1.11)."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.domain.instants import from_text
from app.mutations.call import Call
from app.protocol import coupon_code
from app.protocol.mutations import RedeemCoupon
from app.protocol.objects import Redemption, key
from app.store import WriteTx
from app.store.queries import redemptions as query

ORDER_NO_MAX = 40
TAIL = 5


def subject(mutation: RedeemCoupon) -> str:
    """Return the redemption's key."""
    return key("redemption", mutation.redemption_id)


def check(tx: WriteTx, mutation: RedeemCoupon, call: Call) -> None:
    """Raise `Rejected`: why the rows on this device say no, `needs_network`, or `bad_arguments`.

    The signature of a QR is verified before, where the pinned keys are (`redeeming.judge`).
    """
    from app.mutations.redeeming import known_in, refusal_of_row  # it performs this verb

    if len(mutation.order_no) > ORDER_NO_MAX:
        raise Rejected("bad_arguments", "order number too long", params={"field": "order_no"})
    at = from_text(mutation.redeemed_at)
    known = known_in(tx, call.now)(_code(mutation))
    if known.use is not None:
        raise Rejected("coupon_used", params={"at": known.use.at, "mine": 1})
    if known.coupon is not None:
        refusal = refusal_of_row(known.coupon, at, mutation.store_id)
        if refusal is not None:
            raise Rejected(refusal.code, params=refusal.params)
    elif mutation.form == "typed" and known.said is None:
        raise Rejected("needs_network", "the row of a typed code is not on this device")


def apply(tx: WriteTx, mutation: RedeemCoupon, call: Call) -> None:
    """Show the use as waiting, and the coupon as used if its row is here and still usable."""
    from app.mutations.redeeming import refusal_of_row

    if tx.get(Redemption, mutation.redemption_id) is not None:
        return
    code = _code(mutation)
    mark = coupon_code.mark_of(code)
    found = query.coupon_by_code(tx, code)
    rules = found.rules if found else (query.vouched(tx, mark) or {}).get("rules") or {}
    qr = coupon_code.unsigned(mutation.code) if mutation.form == "qr" else None
    tx.put(
        Redemption,
        {
            "id": mutation.redemption_id,
            "by_id": call.guide_id,
            "store_id": mutation.store_id,
            "at": mutation.redeemed_at,
            "form": mutation.form,
            "state": "pending",
            "code_tail": code[-TAIL:],
            "coupon_id": found.id if found else None,
            "name": rules.get("name") or "",
            "name_en": rules.get("name_en") or "",
            "face_fen": rules.get("face_fen") or (qr.fen if qr else 0),
            "skewed": mutation.skewed,
            "order_no": mutation.order_no,
            "mark": mark,
        },
    )
    if found and refusal_of_row(found, from_text(mutation.redeemed_at), mutation.store_id) is None:
        tx.update(type(found), found.id, state="redeemed", redeemed_at=mutation.redeemed_at)


def _code(mutation: RedeemCoupon) -> str:
    if mutation.form == "typed":
        return coupon_code.normalise(mutation.code)
    return coupon_code.code_of(coupon_code.unsigned(mutation.code).short_id)
