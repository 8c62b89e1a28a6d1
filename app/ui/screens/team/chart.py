"""A month of days as bars, said in one sentence to screen readers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import flet as ft

from app.ui import parts as p
from app.ui.strings import date_short, money, t
from app.ui.theme import Radius, Space, Tone, Type

CHART_HEIGHT = 96


def day_chart(by_day: Mapping[str, int], today: date) -> ft.Control:
    """Return the sales of each day from the first of the month to today."""
    first = today.replace(day=1)
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    amounts = [by_day.get(day.isoformat(), 0) for day in days]
    most = max(*amounts, 1) if amounts else 1
    best = days[amounts.index(max(amounts))]
    said = t("team.chart_label", sum=money(sum(amounts)), day=date_short(best), best=money(max(amounts)))
    bars = [_bar(amount, most, day == today) for day, amount in zip(days, amounts, strict=True)]
    row = ft.Row(bars, spacing=3, height=CHART_HEIGHT, vertical_alignment=ft.CrossAxisAlignment.END)
    best_day = p.txt(t("team.best_day", day=date_short(best), amount=money(max(amounts))), Type.META)
    whole = [p.txt(money(sum(amounts)), Type.FIGURE), p.txt(t("team.month_sum"), Type.META)]
    head = p.ends(ft.Row(whole, spacing=Space.S, wrap=True), best_day)
    ends = ft.Row([p.txt(date_short(first), Type.META, expand=True), p.txt(date_short(today), Type.META)])
    return ft.Column([head, ft.Semantics(label=said, content=row), ends], spacing=Space.S)


def _bar(amount: int, most: int, is_today: bool) -> ft.Control:
    height = max(3, round(CHART_HEIGHT * max(0, amount) / most))
    color = Tone.LATE if amount < 0 else Tone.ACTION if is_today else Tone.SOFT if amount else Tone.FILL
    top = ft.BorderRadius.only(top_left=Radius.S / 2, top_right=Radius.S / 2)
    return ft.Container(bgcolor=color, height=height, expand=1, border_radius=top)
