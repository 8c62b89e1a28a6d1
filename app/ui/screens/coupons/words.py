"""What a coupon gives and when it is good, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.ui import parts as p
from app.ui.screens.customers.words import last_moment
from app.ui.strings import current, date_short, money, percent, t

_FIGURE = re.compile(r"\d+(?:\.\d+)?")
SHOWN_NAMES = 3
TENTH_BP, PERCENT_BP = 1000, 100
Names = Mapping[str, str]


def gives(rules: Mapping[str, Any]) -> str:
    """Return what a template or a coupon's snapshot gives: 立减 ¥50, 85 折 (15% off)."""
    kind = rules.get("kind", "amount_off")
    face = int(rules.get("face_fen") or 0)
    if kind == "amount_off":
        return t("coupons.amount_off", amount=money(face))
    if kind == "percent_off":
        return t("coupons.percent_off", percent=_percent(int(rules.get("pay_bp") or 0)))
    if kind == "exchange" and face:
        return t("coupons.exchange_for", amount=money(face))
    return t(f"coupons.{kind}")


def _percent(pay_bp: int) -> str:
    """Return 8 折 of 8000, 85 折 of 8500 and 8.55 折 of 8550, as shops write it; in English what is taken off."""
    if not current().is_chinese:
        off = (10_000 - pay_bp) / 100
        return percent(off / 100) if off == int(off) else f"{off:g}%"
    if pay_bp % TENTH_BP and not pay_bp % PERCENT_BP and pay_bp > TENTH_BP:
        return f"{pay_bp // PERCENT_BP} 折"
    return f"{pay_bp / TENTH_BP:g} 折"


def _figures(text: str) -> Counter[str]:
    return Counter(_FIGURE.findall(text.replace(",", "")))


def heads(rules: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a coupon is called first and second: `second` is empty where the name says what it gives."""
    name, what = name_of(rules), gives(rules)
    said = bool(_figures(what)) and _figures(what) <= _figures(name)
    return (name, "") if said else (what, name)


def conditions(rules: Mapping[str, Any], *, named: bool = False) -> str:
    """Return threshold, cap, scope and validity in one line; `named`: without a threshold that the name says."""
    threshold = int(rules.get("threshold_fen") or 0)
    first: str | None = t("coupons.threshold", amount=money(threshold)) if threshold else t("coupons.no_threshold")
    # the figure of what it gives is not the threshold's: "199 off" from 199 says it once
    if named and threshold and _figures(money(threshold)) <= _figures(name_of(rules)) - _figures(gives(rules)):
        first = None
    return p.dots(first, cap(rules), scope_short(rules.get("scope") or {}), validity(rules.get("validity") or {}))


def cap(rules: Mapping[str, Any]) -> str | None:
    """Return the most it takes off, where that is limited."""
    return t("coupons.cap", amount=money(int(rules["cap_fen"]))) if rules.get("cap_fen") else None


def validity(found: Mapping[str, Any]) -> str | None:
    """Return how long a coupon is good: days or hours from its issue, or between two dates."""
    kind = found.get("kind")
    if kind in ("days", "hours"):
        return t(f"coupons.valid_{kind}", n=int(found.get("n") or 0))
    if kind == "fixed":
        return t("coupons.valid_fixed", since=date_short(str(found["from"])), until=last_moment(str(found["until"])))
    return None


def scope_short(scope: Mapping[str, Any]) -> str | None:
    """Return how narrow it is: 限 3 款; None for everything."""
    kind = scope.get("kind", "all")
    return None if kind == "all" else t(f"coupons.scope_{kind}", n=len(scope.get("ids") or ()))


def scope_long(scope: Mapping[str, Any], names: Names) -> str:
    """Return what it is good for by name; `names`: id to name of products, categories or stores."""
    if scope.get("kind", "all") == "all":
        return t("coupons.scope_all")
    ids: Sequence[str] = list(scope.get("ids") or ())
    shown = [names.get(one, "") for one in ids[:SHOWN_NAMES]]
    joined = ("、" if current().is_chinese else ", ").join(name for name in shown if name)
    more = len(ids) - SHOWN_NAMES
    if not joined:
        return t(f"coupons.scope_{scope['kind']}", n=len(ids))
    return t("coupons.scope_more", names=joined, n=more) if more > 0 else joined


def name_of(rules: Mapping[str, Any]) -> str:
    """Return the name in the session's language."""
    chinese = str(rules.get("name") or "")
    return chinese if current().is_chinese else str(rules.get("name_en") or chinese)
