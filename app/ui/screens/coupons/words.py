"""What a coupon gives, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ui import parts as p
from app.ui.strings import current, money, percent, t


def gives(rules: Mapping[str, Any]) -> str:
    """Return what a template or a coupon's snapshot gives: 立减 ¥50, 8.5 折 (15% off)."""
    kind = rules.get("kind", "amount_off")
    if kind == "amount_off":
        return t("coupons.amount_off", amount=money(int(rules.get("face_fen") or 0)))
    if kind == "percent_off":
        return t("coupons.percent_off", percent=_percent(int(rules.get("pay_bp") or 10000)))
    return t(f"coupons.{kind}")


def _percent(pay_bp: int) -> str:
    if current().is_chinese:
        return f"{pay_bp / 1000:g} 折"
    return percent((10000 - pay_bp) / 10000)


def conditions(rules: Mapping[str, Any]) -> str:
    """Return threshold, cap and validity in one line."""
    threshold = int(rules.get("threshold_fen") or 0)
    first = t("coupons.threshold", amount=money(threshold)) if threshold else t("coupons.no_threshold")
    cap = t("coupons.cap", amount=money(int(rules["cap_fen"]))) if rules.get("cap_fen") else None
    return p.dots(first, cap, _validity(rules.get("validity") or {}))


def _validity(validity: Mapping[str, Any]) -> str | None:
    kind = validity.get("kind")
    if kind in ("days", "hours"):
        return t(f"coupons.valid_{kind}", n=int(validity.get("n") or 0))
    return None


def name_of(rules: Mapping[str, Any]) -> str:
    """Return the name in the session's language."""
    chinese = str(rules.get("name") or "")
    return chinese if current().is_chinese else str(rules.get("name_en") or chinese)
