"""Moments of a customer's timeline, on one thread."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.ui import session as sessions
from app.ui.parts.text import txt
from app.ui.theme import Space, Tone, Type


def timeline_item(
    icon: ft.IconData, title: str, meta: str, when: str, *, strong: bool = False, last: bool = False,
    trailing: ft.Control | None = None,
) -> ft.Control:  # fmt: skip
    """Return an item: round icon on the thread, title over meta, date at the right; `strong` for purchases."""
    dot = ft.Container(
        ft.Icon(icon, size=16, color=Tone.ON_SOFT if strong else Tone.QUIET), width=32, height=32, border_radius=16,
        bgcolor=Tone.SOFT if strong else Tone.FILL, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    thread = ft.Container(width=2, height=30 * sessions.current().layout.scale, bgcolor=Tone.FILL)
    rail = ft.Column([dot] if last else [dot, thread], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    lines = ft.Column([txt(title, Type.BODY), *([txt(meta, Type.META)] if meta else [])], spacing=2)
    words = ft.Container(
        lines, padding=ft.Padding.only(top=5, bottom=0 if last else Space.M), expand=True
    )  # a long title keeps its distance
    cells = [
        rail,
        words,
        *([trailing] if trailing else []),
        ft.Container(txt(when, Type.META, no_wrap=True), padding=ft.Padding.only(top=7)),
    ]
    return ft.Row(cells, spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START)


DOT = 32


def moment(
    icon: ft.IconData, title: str, meta: str, when: str = "", *, strong: bool = False, leads: bool = False
) -> ft.Control:
    """Return an item of a `thread`, as light as can be (there are many); without `when` it is of the day above.

    `leads` marks one that opens something; pressing it is its caller's.
    """
    dot = ft.Container(
        ft.Icon(icon, size=16, color=Tone.ON_SOFT if strong else Tone.QUIET), width=DOT, height=DOT,
        border_radius=DOT / 2, bgcolor=Tone.SOFT if strong else Tone.FILL, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    words = ft.Column(
        [txt(title, Type.BODY), *([txt(meta, Type.META)] if meta else [])], spacing=2, expand=True,
        margin=ft.Margin.only(top=5),
    )  # fmt: skip
    end = [txt(when, Type.META, no_wrap=True, margin=ft.Margin.only(top=7))] if when else []
    if leads:
        end.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET, margin=ft.Margin.only(top=6)))
    return ft.Row([dot, words, *end], spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START)


def thread(rows: Sequence[ft.Control], *, last: bool = True) -> ft.Control:
    """Return `moment`s (and headings between) on one line, which ends at the last of them with `last`."""
    line = ft.Container(left=DOT / 2 - 1, top=Space.M, bottom=DOT if last else 0, width=2, bgcolor=Tone.FILL)
    inset = ft.Padding.only(bottom=0 if last else Space.L)
    column = ft.Column(list(rows), spacing=Space.L, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.Stack([line, ft.Container(column, padding=inset)])
