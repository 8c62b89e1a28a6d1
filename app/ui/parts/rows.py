"""Rows of lists (72 high) and of settings."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.ui.parts.text import txt
from app.ui.parts.touch import Press, tappable
from app.ui.theme import ROW_HEIGHT, Radius, Space, Tone, Type


def list_row(
    title: str | Sequence[ft.Control], meta: str, *, leading: ft.Control | None = None, fact: str | ft.Control = "",
    fact_color: str | None = None, on_click: Press = None, selected: bool = False, trailing: ft.Control | None = None,
    height: float | None = ROW_HEIGHT, label: str | None = None, bold: bool = True, on_long_press: Press = None,
) -> ft.Control:  # fmt: skip
    """Return a row: leading avatar, title over one meta line, a fact at the right, a control at the very right.

    `title` may be controls (name and pill). The row is one button named by its texts (or `label`) when `on_click`.
    """
    kind = Type.ROW if bold else Type.BODY  # a text that may not grow is cut at the fact, not drawn over it
    heads = [txt(title, kind, lines=1, expand=True)] if isinstance(title, str) else list(title)
    middle = ft.Column(
        [ft.Row(heads, spacing=Space.S), *([txt(meta, Type.META, lines=1)] if meta else [])],
        spacing=2, expand=True, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    end = txt(fact, Type.META, fact_color, no_wrap=True) if isinstance(fact, str) else fact
    cells = [c for c in (leading, middle, end, trailing) if c is not None]
    inner = ft.Row(cells, spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    look = {
        "height": height,
        "padding": ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S if height is None else 0),
        "bgcolor": Tone.CALM if selected else None,
    }
    if on_click is None:
        return ft.Container(inner, border_radius=Radius.M, **look)
    if on_long_press is not None:
        look["on_long_press"] = lambda _event: on_long_press()
    return tappable(inner, on_click, label=label, selected=selected or None, **look)


def setting_row(
    icon: ft.IconData, title: str, value: str = "", on_click: Press = None, trailing: ft.Control | None = None
) -> ft.Control:
    """Return a row of settings: icon, words, present value, and a chevron when it leads somewhere."""
    end = trailing
    if end is None and on_click is not None:
        end = ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET)
    return list_row(
        title, "", leading=ft.Icon(icon, size=22, color=Tone.QUIET), fact=value, on_click=on_click, trailing=end,
        height=56, bold=False,
    )  # fmt: skip
