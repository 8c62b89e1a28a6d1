"""One guide of the team: today, this month, and the days."""

from __future__ import annotations

from datetime import date

import flet as ft

from app.domain.calendar_days import day_of
from app.protocol.objects import GuideDay
from app.store.queries import brand, figures
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.team.chart import day_chart
from app.ui.screens.team.view import METRICS, MONTH, days_of_period, shown, total, value
from app.ui.strings import current, date_weekday, relative_day, t
from app.ui.theme import Space, Tone, Type


@screen
def GuidePage(guide_id: str) -> ft.Control:
    """Lay out a guide's figures over the days of the month."""
    strings, now = hooks.use_strings(), hooks.use_now()
    today = day_of(now, strings.zone)
    guide = hooks.use_query(brand.staff_by_id, guide_id)
    days = hooks.use_query(figures.guide_days, *days_of_period(MONTH, today), guide_id)
    if guide is None:
        return p.frame(t("team.title"), p.empty(ft.Icons.PERSON_OFF_OUTLINED, t("team.gone"), t("team.gone_why")))
    head = ft.Row(
        [p.avatar(guide.name, guide.id, 56),
         ft.Column([p.txt(guide.name, Type.NAME), p.txt(guide.staff_no, Type.META)], spacing=0, expand=True)],
        spacing=Space.L,
    )  # fmt: skip
    of_today = [day for day in days if day.date == today.isoformat()]
    body: list[ft.Control] = [
        head,
        p.section(t("team.today")),
        _figures(of_today),
        p.section(t("team.month")),
        _figures(days),
        p.card(day_chart({day.date: day.sales_fen for day in days}, today)),
        p.section(t("team.days")),
        _days(days, today),
    ]
    return p.frame(t("team.guide"), body)


def _figures(days: list[GuideDay]) -> ft.Control:
    strings = current()
    cells = [
        ft.Column(
            [p.txt(shown(m, total(days, m), strings), Type.SECTION, lines=1),
             p.txt(t(f"team.metric_{m}"), Type.META, lines=1)],
            spacing=2, expand=1,
        )
        for m in METRICS
    ]  # fmt: skip
    return p.card(ft.Column([ft.Row(cells[:3], spacing=Space.S), ft.Row(cells[3:], spacing=Space.S)], spacing=Space.M))


def _days(days: list[GuideDay], today: date) -> ft.Control:
    lively = [day for day in reversed(days) if any(value(day, metric) for metric in METRICS)]
    if not lively:
        return p.card(p.txt(t("team.no_days"), Type.BODY, Tone.QUIET))
    return p.group([_day(day, today) for day in lively])


def _day(day: GuideDay, today: date) -> ft.Control:
    strings = current()
    when = date.fromisoformat(day.date)
    name = relative_day(when, today) if (today - when).days < 2 else date_weekday(when)
    name = name[:1].upper() + name[1:]
    facts = [t(f"team.short_{metric}", n=value(day, metric)) for metric in METRICS[1:] if value(day, metric)]
    amount = p.txt(shown("sales_fen", day.sales_fen, strings), Type.ROW, Tone.LATE if day.sales_fen < 0 else None)
    words = ft.Column([p.txt(name, Type.ROW), p.txt(p.dots(*facts), Type.META, lines=1)], spacing=2, expand=True)
    pad = ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M)
    return ft.Container(ft.Row([words, amount], spacing=Space.M), padding=pad)
