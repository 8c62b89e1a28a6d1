"""Everything one can press; each is reached by its role and name.

An `IconButton`'s tooltip is no accessible name and a clickable `Container` without ink is not reached by Tab, so
screens use these instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flet as ft

from app.ui import session as sessions
from app.ui.parts.inspected import INSPECTED, seen
from app.ui.parts.text import txt
from app.ui.theme import BUTTON, TOUCH, Radius, Space, Tone, Type

TILES_IN_LARGE = 3
Press = Callable[[], Any] | None


def _handler(on_click: Press) -> Callable[[Any], Any] | None:
    return None if on_click is None else (lambda _event: on_click())


def _words(label: str) -> ft.Control:
    """Return a button's words: long ones wrap, and the button grows."""
    return seen(ft.Text(label, text_align=ft.TextAlign.CENTER), BUTTON)


def primary(
    label: str, on_click: Press, icon: ft.IconData | None = None, *, busy: bool = False, **options: Any
) -> ft.Control:
    """Return the one filled button of a pane; `on_click=None` or `busy` disables it."""
    return ft.FilledButton(
        _words(label), icon=icon, disabled=busy or on_click is None, on_click=_handler(on_click), **options
    )


def secondary(label: str, on_click: Press, icon: ft.IconData | None = None, **options: Any) -> ft.Control:
    """Return an outlined button."""
    return ft.OutlinedButton(
        _words(label), icon=icon, disabled=on_click is None, on_click=_handler(on_click), **options
    )


def quiet(label: str, on_click: Press, icon: ft.IconData | None = None, **options: Any) -> ft.Control:
    """Return a text button."""
    return ft.TextButton(_words(label), icon=icon, disabled=on_click is None, on_click=_handler(on_click), **options)


def icon_button(
    icon: ft.IconData, label: str, on_click: Press, *, color: str | None = None, selected: bool | None = None
) -> ft.Control:
    """Return an icon button whose accessible name is `label`."""
    return ft.MergeSemantics(
        ft.Semantics(
            label=label,
            selected=selected,
            content=ft.IconButton(
                icon, icon_color=color or Tone.TEXT, width=TOUCH, height=TOUCH,
                disabled=on_click is None, on_click=_handler(on_click),
            ),
        )
    )  # fmt: skip


def tappable(
    content: ft.Control, on_click: Press, *, label: str | None = None, selected: bool | None = None,
    radius: float | ft.BorderRadius = Radius.M, **options: Any,
) -> ft.Control:  # fmt: skip
    """Return `content` as one button; its name is `label`, or else all its texts.

    Options go to the container (padding, bgcolor, border, width, height, alignment …); `expand` to the whole. A
    `height` is that of usual text, and grows with it.
    """
    expand = options.pop("expand", None)
    if options.get("height"):
        options["height"] *= sessions.current().layout.scale
    box = ft.Container(content, ink=True, border_radius=radius, on_click=_handler(on_click), **options)
    if INSPECTED:  # a merged button hides where its texts are
        return ft.Semantics(label=label, button=True, selected=selected, container=True, content=box, expand=expand)
    return ft.MergeSemantics(ft.Semantics(label=label, button=True, selected=selected, content=box), expand=expand)


def action_tile(icon: ft.IconData, label: str, on_click: Press) -> ft.Control:
    """Return one of the four actions of a profile: an icon over a word, sharing a `tile_row` evenly."""
    ink = Tone.ON_CALM if on_click else Tone.QUIET
    face = ft.Column(
        [ft.Icon(icon, size=24, color=ink), txt(label, Type.LABEL, ink, text_align=ft.TextAlign.CENTER)],
        spacing=Space.XS, horizontal_alignment=ft.CrossAxisAlignment.CENTER, alignment=ft.MainAxisAlignment.CENTER,
        tight=True,
    )  # fmt: skip
    return tappable(
        face, on_click, bgcolor=Tone.CALM, padding=ft.Padding.symmetric(horizontal=Space.XS, vertical=Space.M),
        radius=Radius.L, expand=1, alignment=ft.Alignment.CENTER,
    )  # fmt: skip


def tile_row(tiles: Sequence[ft.Control]) -> ft.Control:
    """Return action tiles side by side, all as high as the highest; in two rows where their words are large."""
    rows = [tiles[:2], tiles[2:]] if sessions.current().layout.is_large and len(tiles) > TILES_IN_LARGE else [tiles]
    lines: list[ft.Control] = [
        ft.Row(
            list(row), spacing=Space.S, intrinsic_height=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH
        ) for row in rows
    ]  # fmt: skip
    return lines[0] if len(lines) == 1 else ft.Column(lines, spacing=Space.S)
