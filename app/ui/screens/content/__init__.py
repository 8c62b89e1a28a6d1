"""Headquarters' view of what the guides have now: the pack's week and its captions."""

from __future__ import annotations

from datetime import date

import flet as ft

from app.domain.calendar_days import day_of
from app.protocol.manifest import CalendarEntry, Caption
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, t
from app.ui.theme import Space, Type


@screen
def ContentScreen() -> ft.Control:
    """Show the pack in force as the guides have it: seven days of plays, captions by tone."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    manifest = hooks.use_live({"pack"}, client.content.active_manifest)
    if manifest is None:
        return p.frame(
            t("content.title"), p.empty(ft.Icons.CAMPAIGN_OUTLINED, t("content.none"), t("content.none_text"))
        )
    today = day_of(now, strings.zone).isoformat()
    week = [_day(entry, entry.day == today) for entry in manifest.calendar]
    lines = [_caption(one) for one in manifest.captions[:12]]
    return p.frame(
        t("content.title"),
        [
            p.txt(t("content.version", n=manifest.version), Type.META),
            p.section(t("content.week")),
            p.group(week),
            p.section(t("content.captions")),
            p.group(lines),
        ],
    )


def _day(entry: CalendarEntry, is_today: bool) -> ft.Control:
    strings = current()
    title, text = (entry.title, entry.text) if strings.is_chinese else (entry.title_en, entry.text_en)
    when = (
        p.pill(t("content.today"), "soft")
        if is_today
        else p.txt(strings.date_weekday(date.fromisoformat(entry.day)), Type.META)
    )
    words = ft.Column([p.txt(title, Type.ROW), p.txt(text, Type.BODY)], spacing=2, expand=True)
    return ft.Container(
        ft.Row([words, when], spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START), padding=Space.L
    )


def _caption(one: Caption) -> ft.Control:
    text = one.zh if current().is_chinese else one.en
    return ft.Container(
        ft.Row(
            [p.txt(text, Type.BODY, expand=True), p.pill(t(f"message.tone_{one.tone}"))],
            spacing=Space.M,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        padding=Space.L,
    )
