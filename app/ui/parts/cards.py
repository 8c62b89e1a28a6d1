"""Cards: one pixel line, no shadow; notices; strips of figures; grouped rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from app.ui import session as sessions
from app.ui.parts.text import txt
from app.ui.parts.touch import Press, tappable
from app.ui.theme import Radius, Space, Tone, Type, text_width


def card(
    content: ft.Control, *, chosen: bool = False, padding: float = Space.L, on_click: Press = None, **options: Any
) -> ft.Control:
    """Return a card; `chosen` gives it the 2 px line of the selected one, `on_click` makes it one button."""
    line = ft.BorderSide(2, Tone.ACTION) if chosen else ft.BorderSide(1, Tone.LINE)
    border = ft.Border(line, line, line, line)
    if on_click is not None:
        return tappable(
            content, on_click, selected=chosen or None, radius=Radius.L, bgcolor=Tone.CARD, border=border,
            padding=padding, **options,
        )  # fmt: skip
    return ft.Container(content, bgcolor=Tone.CARD, border=border, border_radius=Radius.L, padding=padding, **options)


def group(rows: Sequence[ft.Control]) -> ft.Control:
    """Return rows in one card, divided by lines."""
    lines: list[ft.Control] = []
    for index, row in enumerate(rows):
        if index:
            lines.append(ft.Divider(height=1, thickness=1, color=Tone.LINE))
        lines.append(row)
    return card(ft.Column(lines, spacing=0), padding=0, clip_behavior=ft.ClipBehavior.ANTI_ALIAS)


def notice(
    title: str | None, text: str, *, tone: str = "warm", icon: ft.IconData = ft.Icons.TIPS_AND_UPDATES_OUTLINED,
    content: ft.Control | None = None, action: ft.Control | None = None,
) -> ft.Control:  # fmt: skip
    """Return a coloured card: `warm` hint, `soft` good news, `late` refusal; `content` and `action` stand below."""
    back, ink = {
        "warm": (Tone.WARM, Tone.ON_WARM),
        "soft": (Tone.SOFT, Tone.ON_SOFT),
        "late": (Tone.REFUSED, Tone.ON_REFUSED),
    }[tone]
    lead = title or text
    head = ft.Row(
        [ft.Icon(icon, size=20, color=ink), txt(lead, Type.ROW if title else Type.BODY, ink, expand=True)],
        spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip
    rows: list[ft.Control] = [head]
    if title:
        rows.append(txt(text, Type.BODY, ink))
    if content is not None:
        rows.append(content)
    if action is not None:
        rows.append(ft.Row([action], alignment=ft.MainAxisAlignment.END))
    return ft.Container(ft.Column(rows, spacing=Space.S), bgcolor=back, border_radius=Radius.L, padding=Space.L)


def stat_strip(stats: Sequence[tuple[str, str] | tuple[str, str, str | None]]) -> ft.Control:
    """Return up to four figures in a card: `(figure, label)` or `(figure, label, colour)`; numbers before labels.

    They stand in one row where every figure fits, else two by two.
    """
    layout = sessions.current().layout
    need = max((text_width(stat[0], Type.SECTION, layout.scale) for stat in stats), default=0)
    room = (layout.pane - 4 * Space.L) / max(1, len(stats)) - Space.S
    per_row = len(stats) if need <= room else 2
    cells = [_stat(*stat) for stat in stats]
    rows: list[ft.Control] = [
        ft.Row(cells[i : i + per_row], spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.START)
        for i in range(0, len(cells), max(1, per_row))
    ]
    return card(rows[0] if len(rows) == 1 else ft.Column(rows, spacing=Space.M))


def _stat(figure: str, label: str, color: str | None = None) -> ft.Control:
    return ft.Column([txt(figure, Type.SECTION, color), txt(label, Type.META)], spacing=2, expand=1)


def fact(label: str, value: str | ft.Control, *, strong: bool = False) -> ft.Control:
    """Return a label at the left and its value at the right."""
    if not isinstance(value, str):
        return ft.Row([txt(label, Type.META, expand=True), value], spacing=Space.M)
    shown = txt(value, Type.ROW if strong else Type.BODY, text_align=ft.TextAlign.END, expand=3)  # long ones wrap
    return ft.Row([txt(label, Type.META, expand=2), shown], spacing=Space.M)
