"""Rows of lists (72 high) and of settings."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.ui import session as sessions
from app.ui.parts.text import shares, txt
from app.ui.parts.touch import Press, tappable
from app.ui.session import Layout
from app.ui.theme import ROW_HEIGHT, Radius, Space, Tone, Type, TypeSpec, row_height, text_width

FACT_SHARE = 0.38  # of the row's width: a longer fact takes its share instead of its place


def list_row(
    title: str | Sequence[ft.Control], meta: str, *, leading: ft.Control | None = None, fact: str | ft.Control = "",
    fact_color: str | None = None, on_click: Press = None, selected: bool = False, trailing: ft.Control | None = None,
    height: float | None = ROW_HEIGHT, label: str | None = None, bold: bool = True, on_long_press: Press = None,
) -> ft.Control:  # fmt: skip
    """Return a row: leading avatar, title over one meta line, a fact at the right, a control at the very right.

    `title` may be controls (name and pill). The row is one button named by its texts (or `label`) when `on_click`.
    It is `height` high (72) and grows with large text, as `theme.row_height` says: room for two lines of title and one
    of meta, or three of one; `height=None` wraps the meta.
    """
    layout = sessions.current().layout
    below = layout.is_large and isinstance(fact, str) and bool(fact)  # large text: the fact stands in its own line
    kind, lines = (Type.ROW if bold else Type.BODY), None if height is None else 1
    heads = None if height is None else (1 if below or height < ROW_HEIGHT else 2)
    texts: list[ft.Control] = [_heads(title, kind, heads)]
    if meta:
        texts.append(txt(meta, Type.META, lines=lines))
    if below and isinstance(fact, str):
        texts.append(txt(fact, Type.META, fact_color, lines=lines))
    middle = ft.Column(texts, spacing=2, expand=1, alignment=ft.MainAxisAlignment.CENTER, tight=height is None)
    end = None if below else _fact(fact, fact_color, middle, title, layout)
    cells = [c for c in (leading, middle, end, trailing) if c is not None]
    inner = ft.Row(cells, spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    look = {
        "height": None if height is None else max(height, row_height(layout.scale) - (ROW_HEIGHT - height)),
        "padding": ft.Padding.symmetric(horizontal=Space.M, vertical=14 if height is None else 0),
        "bgcolor": Tone.CALM if selected else None,
    }
    if on_click is None:
        return ft.Container(inner, border_radius=Radius.M, **look)
    if on_long_press is not None:
        look["on_long_press"] = lambda _event: on_long_press()
    if look["height"] is not None:  # of which a button makes that of the text's size again
        look["height"] /= layout.scale
    return tappable(inner, on_click, label=label, selected=selected or None, **look)


def _heads(title: str | Sequence[ft.Control], kind: TypeSpec, lines: int | None) -> ft.Control:
    """Return the title's line: of several controls the first, the name, gives way to the others, or they go below."""
    if isinstance(title, str):
        return txt(title, kind, lines=lines)
    first, *rest = title
    if lines == 2 and not any(one.expand for one in title):  # a pill that does not fit goes below the name
        return ft.Row([first, *rest], wrap=True, spacing=Space.S, run_spacing=2)
    if first.expand is None:
        first.expand, first.expand_loose = 5, True
        for other in rest:  # a very long pill wraps rather than leave the row
            if isinstance(other, ft.Container) and other.expand is None:
                other.expand, other.expand_loose = 4, True
    return ft.Row([first, *rest], spacing=Space.S)


def _fact(
    fact: str | ft.Control, color: str | None, middle: ft.Control, title: str | Sequence[ft.Control], layout: Layout
) -> ft.Control | None:
    """Return the fact at the right; a long one wraps within its share of the row."""
    if not isinstance(fact, str):
        return fact
    if not fact:
        return None
    if text_width(fact, Type.META, layout.scale) <= layout.pane * FACT_SHARE:
        return txt(fact, Type.META, color, no_wrap=True)
    words = title if isinstance(title, str) else ""
    left, right = shares(words, Type.ROW, fact, Type.META)
    middle.expand, right = max(left, right // 2), min(right, 2 * left) if words else right
    return txt(fact, Type.META, color, expand=right, text_align=ft.TextAlign.END)


def person_row(
    title: ft.Control, meta: ft.Control, *, leading: ft.Control, fact: str = "", fact_color: str | None = None,
    on_click: Press = None, on_long_press: Press = None, selected: bool = False, trailing: ft.Control | None = None,
) -> ft.Control:  # fmt: skip
    """Return the row of a person in a long list: as `list_row`, of half as many controls, so that typing is quick.

    `trailing`: one control more at the very right, as a button of its own.
    """
    layout = sessions.current().layout
    end: ft.Control | None = txt(fact, Type.META, fact_color, no_wrap=True) if fact else None
    height, below = row_height(layout.scale), meta
    lines = [title, meta]
    if end is not None and layout.is_large:
        lines, end = [*lines, end], None
    if trailing is not None:
        end = trailing if end is None else ft.Row([end, trailing], spacing=0, tight=True)
    if height > ROW_HEIGHT:  # a subtitle of its own does not stand in the middle of a higher row: one block does
        title, below = ft.Column(lines, spacing=2, tight=True), None
    return ft.ListTile(
        title, subtitle=below, leading=leading, trailing=end, height=height, min_height=height,
        min_vertical_padding=0, horizontal_spacing=Space.M, min_leading_width=44, selected=selected,
        content_padding=ft.Padding.symmetric(horizontal=Space.M), bgcolor=Tone.CALM if selected else None,
        title_alignment=ft.ListTileTitleAlignment.CENTER, shape=ft.RoundedRectangleBorder(radius=Radius.M),
        on_click=None if on_click is None else (lambda _event: on_click()),
        on_long_press=None if on_long_press is None else (lambda _event: on_long_press()),
    )  # fmt: skip


def setting_row(
    icon: ft.IconData, title: str, value: str = "", on_click: Press = None, trailing: ft.Control | None = None,
    *, selected: bool = False,
) -> ft.Control:  # fmt: skip
    """Return a row of settings: icon, words, present value, and a chevron when it leads somewhere."""
    end = trailing
    if end is None and on_click is not None:
        end = ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET)
    return list_row(
        title, "", leading=ft.Icon(icon, size=22, color=Tone.QUIET), fact=value, on_click=on_click, trailing=end,
        height=None, bold=False, selected=selected,
    )  # fmt: skip
