"""Automatic tags in words: the tag, and why and since when it is there (rule 6.5)."""

from __future__ import annotations

from datetime import datetime

from app.domain.auto_tag import AutoTag
from app.domain.calendar_days import days_to_anniversary
from app.ui.screens.share.view import category_of
from app.ui.strings import current, date_short, money, t


def tag_name(tag: AutoTag) -> str:
    """Return the tag as a pill shows it; a category's fan names the category."""
    low = tag.code == "stored_value_low" and int(tag.params.get("left_fen", 1)) <= 0
    return t("autotag.stored_value_empty" if low else f"autotag.{tag.code}", **_params(tag))


def tag_reason(tag: AutoTag, now: datetime) -> str:
    """Return the one sentence of why, with the day since when."""
    return t("autotag.since", why=t(f"autotag.why_{tag.code}", **_params(tag)), day=date_short(tag.at, now))


def month_day(text: str) -> str:
    """Return `MM-DD` as a day of any year; what is no day stays as it is."""
    if days_to_anniversary(text, datetime(2000, 1, 1).date()) is None:
        return text
    return date_short(datetime(2000, int(text[:2]), int(text[3:])).date())


def _params(tag: AutoTag) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name, value in tag.params.items():
        if name.endswith("_fen"):
            shown[name] = money(int(value))
        elif name == "category":
            shown[name] = category_of(str(value), current())
        elif name == "birthday":
            shown[name] = month_day(str(value))
        else:
            shown[name] = value
    return shown
