"""A coupon in words: what it gives, on what, where, until when, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.domain.instants import from_text
from app.domain.money import BP_ONE
from app.protocol import coupon_code
from server_stub.shop.texts import Texts
from server_stub.trade.coupons import CouponView
from server_stub.trade.redemptions import Use

USABLE = ("claimed", "returned")
OPEN = ("allotted", "issued")
PAYABLE = ("issued", "claimed", "returned")
"""States an order may be paid with; paying with an issued one claims it."""


@dataclass(frozen=True, slots=True)
class CouponWords:
    """What the templates show of one coupon."""

    id: str
    code: str
    typed: str
    name: str
    title: str
    worth: str
    condition: str
    where: str
    scope: str
    valid: str
    state: str
    state_name: str
    alive: bool


def words(t: Texts, coupon: CouponView, name: str, zone: str) -> CouponWords:
    """Return the words of a coupon; `name` is its template's name in this language."""
    rules = coupon.rules
    gives = worth(t, rules)
    return CouponWords(
        id=coupon.id,
        code=coupon.code,
        typed=coupon_code.display(coupon.code),
        name=name,
        title=name or gives,
        worth=gives,
        condition=condition(t, rules),
        where=t(f"coupon.where_{rules.get('channel', 'both')}"),
        scope=_scope(t, rules.get("scope") or {}),
        valid=_valid(t, coupon, zone),
        state=coupon.state,
        state_name=t(f"coupon.state_{coupon.state}"),
        alive=coupon.state in USABLE + OPEN,
    )


def worth(t: Texts, rules: Mapping[str, Any]) -> str:
    """Return the large figure: ¥50, 8.5 折, 15% off."""
    kind = rules["kind"]
    if kind == "amount_off":
        return t.money(rules["face_fen"])
    if kind == "percent_off":
        part = rules["pay_bp"] / (BP_ONE / 10) if t.language == "zh_CN" else (BP_ONE - rules["pay_bp"]) / (BP_ONE / 100)
        return t("coupon.percent", n=f"{part:g}")
    return t("coupon.gift", amount=t.money(rules["face_fen"])) if kind == "exchange" else t("coupon.freight")


def condition(t: Texts, rules: Mapping[str, Any]) -> str:
    """Return when it may be used, and its cap."""
    threshold = rules.get("threshold_fen") or 0
    parts = [t("coupon.threshold", amount=t.money(threshold)) if threshold else t("coupon.no_threshold")]
    if rules.get("cap_fen"):
        parts.append(t("coupon.cap", amount=t.money(rules["cap_fen"])))
    return t("coupon.join").join(parts)


def used_words(t: Texts, use: Use, zone: str) -> str:
    """Return where and when a coupon was used."""
    when = t.moment(use.at, zone)
    if use.store is not None:
        return t("coupon.used_store", store=t.pick(use.store, use.store_en or ""), when=when)
    return t("coupon.used_order", order=use.order_no, when=when) if use.order_no else when


def sentence(t: Texts, coupon: CouponView, member_id: str | None) -> str:
    """Return the one sentence that says how the coupon stands for who is looking."""
    if coupon.state in (*USABLE, "reserved") and coupon.customer_id != member_id:
        return t("coupon.says_other" if member_id else "coupon.says_signin")
    if coupon.state in OPEN:
        return t("coupon.says_other" if _of_another(coupon, member_id) else "coupon.says_open")
    if coupon.state in USABLE:
        return t("coupon.says_claimed_store" if coupon.rules.get("channel") == "store" else "coupon.says_claimed")
    return t(f"coupon.says_{coupon.state}")


def action(coupon: CouponView, member_id: str | None) -> str:
    """Return what the page's one button does: claim, signin, shop or none."""
    if coupon.state not in USABLE + OPEN or _of_another(coupon, member_id):
        return "none"
    if member_id is None:
        return "signin"
    if coupon.state in OPEN:
        return "claim"
    return "none" if coupon.rules.get("channel") == "store" else "shop"


def _of_another(coupon: CouponView, member_id: str | None) -> bool:
    return member_id is not None and coupon.customer_id is not None and coupon.customer_id != member_id


def _scope(t: Texts, scope: Mapping[str, Any]) -> str:
    kind = scope.get("kind", "all")
    if kind == "categories":
        names = [t(key) if t.has(key := f"category.{one}") else str(one) for one in scope.get("ids") or ()]
        return t("coupon.scope_categories", names=t("coupon.join").join(names))
    return t(f"coupon.scope_{kind}")


def _valid(t: Texts, coupon: CouponView, zone: str) -> str:
    validity = coupon.rules.get("validity") or {}
    until = coupon.valid_until
    if until is None and validity.get("kind") == "fixed":
        until = from_text(validity["until"])
    if until is None:
        return t(f"coupon.{validity.get('kind', 'days')}", n=validity.get("n", 0))
    # intervals are half-open: the last minute is the one before the end
    return t("coupon.until", until=t.moment(until - timedelta(seconds=1), zone))
