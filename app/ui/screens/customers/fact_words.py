"""Facts of a portrait in words: what, which, and where it came from."""

from __future__ import annotations

from datetime import datetime

from app.domain import portrait as rules
from app.domain.portrait import Fact
from app.ui.screens.customers.tag_words import month_day
from app.ui.screens.share.view import category_of
from app.ui.strings import current, date_short, t


def label_of(fact: Fact) -> str:
    """Return what a fact is about: 上装, 喜欢, 孩子生日."""
    if fact.kind == rules.SIZE:
        key = f"facts.part_{fact.name}"
        return t(key) if current().has(key) else fact.name
    if fact.kind == rules.DATE:
        return current().day_label(fact.name)
    return t(f"facts.kind_{fact.kind}")


def value_of(fact: Fact) -> str:
    """Return the fact itself."""
    if fact.kind == rules.LIKE:
        return category_of(fact.name, current())
    if fact.kind in (rules.DATE, rules.BIRTHDAY):
        return month_day(fact.value)
    if fact.kind in rules.CHOICES:
        key = f"facts.{fact.kind}_{fact.value}"
        return t(key) if current().has(key) else fact.value
    return fact.value


def source_of(fact: Fact, now: datetime) -> str:
    """Return where a fact came from, with the day if it is known."""
    if fact.source != rules.GUIDE:
        return t("facts.from_orders" if fact.source == rules.ORDERS else "facts.from_member")
    return t("facts.from_guide", day=date_short(fact.at, now)) if fact.at else t("facts.from_guide_plain")


def joined(words: list[str]) -> str:
    """Return several values as one text in the session's language."""
    return ("、" if current().is_chinese else ", ").join(words)
