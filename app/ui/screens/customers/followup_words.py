"""Follow-ups and stages in words."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from app.domain.calendar_days import day_of
from app.domain.follow_up import STAGES
from app.domain.instants import from_text
from app.protocol.objects import FollowUp
from app.ui.strings import current, date_weekday, relative_day, t, time_short

ICONS = {
    "reminder": ft.Icons.NOTIFICATIONS_NONE, "appointment": ft.Icons.STOREFRONT_OUTLINED,
    "visit": ft.Icons.HOME_OUTLINED,
}  # fmt: skip


def icon_of(kind: str) -> ft.IconData:
    """Return the icon of a kind."""
    return ICONS.get(kind, ft.Icons.EVENT_OUTLINED)


def kind_name(kind: str) -> str:
    """Return what a kind is called; one this version does not know shows as it came."""
    key = f"followup.kind_{kind}"
    return t(key) if current().has(key) else kind


def when_words(at: str | datetime, now: datetime) -> str:
    """Return day and time as people say it: 明天 10:30, 11月28日 周六 14:00."""
    moment = from_text(at) if isinstance(at, str) else at
    zone = current().zone
    far = abs((day_of(moment, zone) - day_of(now, zone)).days) > 2
    day = date_weekday(moment) if far else relative_day(moment, now)
    return t("followup.when_at", day=day, time=time_short(moment))


def opening(words: str) -> str:
    """Return words as they open a line: English days begin with a capital there."""
    return words[:1].upper() + words[1:]


def late_words(one: FollowUp, now: datetime) -> str:
    """Return how late an open follow-up is, empty while its time is to come."""
    at, zone = from_text(one.at), current().zone
    if one.state != "open" or at > now:
        return ""
    days = (day_of(now, zone) - day_of(at, zone)).days
    return t("followup.late", n=days) if days else t("followup.late_today")


def stage_name(stage: str) -> str:
    """Return a stage's name; an unknown one counts as not set."""
    return t(f"stage.{stage}") if stage in STAGES else t("stage.none")
