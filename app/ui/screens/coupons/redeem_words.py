"""A coupon's use in words: what it gives, why not, who was first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.coupon import CouponRules
from app.domain.instants import from_text
from app.domain.redemption import more_fen
from app.ui.screens.coupons.words import gives, name_of
from app.ui.strings import current, error_text, money, t


def face_of(rules: Mapping[str, Any], fen: int | None) -> str:
    """Return the large words of a coupon: by its rules, else by the face its QR was signed with."""
    if rules:
        return gives(rules)
    return t("coupons.amount_off", amount=money(fen)) if fen else t("coupons.redeem_some")


def title_of(rules: Mapping[str, Any]) -> str | None:
    """Return the template's name in the session's language, or None."""
    return name_of(rules) or None


def until_of(valid_until: str | None, now: datetime) -> str | None:
    """Return the last day a coupon is good; intervals are half-open."""
    return current().date_short(from_text(valid_until) - timedelta(seconds=1), now) if valid_until else None


def more_needed(rules: Mapping[str, Any], fen: int | None) -> int:
    """Return how much more the threshold needs, 0 while no amount was given (rule 1.12)."""
    return more_fen(CouponRules.from_wire(rules), fen) if rules and fen is not None else 0


def refusal_text(code: str, params: Mapping[str, Any], now: datetime) -> str:
    """Return why a coupon cannot be used and what to do; who was first, where and when, if that is known."""
    if code != "coupon_used" or "at" not in params:
        return error_text(code, dict(params))
    when = current().moment(from_text(str(params["at"])), now)
    if params.get("store"):
        return t("coupons.redeem_used_by", when=when, store=place(params), by=str(params.get("by", "")))
    if params.get("order_no"):
        return t("coupons.redeem_used_online", when=when, order=str(params["order_no"]))
    return t("coupons.redeem_used_mine" if params.get("mine") else "coupons.redeem_used_at", when=when)


def contest_text(contest: Mapping[str, Any], now: datetime) -> str:
    """Return who tried the coupon after me, where and when."""
    when = current().moment(from_text(str(contest["at"])), now)
    return t("coupons.redeem_contest", when=when, store=place(contest), by=str(contest.get("by", "")))


def place(params: Mapping[str, Any]) -> str:
    """Return a store's name in the session's language."""
    chinese = str(params.get("store") or "")
    return chinese if current().is_chinese else str(params.get("store_en") or chinese)
