"""Everything one can press; each is reached by its role and name.

An `IconButton`'s tooltip is no accessible name and a clickable `Container` without ink is not reached by Tab, so
screens use these instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui.parts.text import txt
from app.ui.theme import TOUCH, Radius, Space, Tone, Type

Press = Callable[[], Any] | None


def _handler(on_click: Press) -> Callable[[Any], Any] | None:
    return None if on_click is None else (lambda _event: on_click())


def primary(
    label: str, on_click: Press, icon: ft.IconData | None = None, *, busy: bool = False, **options: Any
) -> ft.Control:
    """Return the one filled button of a pane; `on_click=None` or `busy` disables it."""
    return ft.FilledButton(
        label, icon=icon, height=TOUCH, disabled=busy or on_click is None, on_click=_handler(on_click), **options
    )


def secondary(label: str, on_click: Press, icon: ft.IconData | None = None, **options: Any) -> ft.Control:
    """Return an outlined button."""
    return ft.OutlinedButton(
        label, icon=icon, height=TOUCH, disabled=on_click is None, on_click=_handler(on_click), **options
    )


def quiet(label: str, on_click: Press, icon: ft.IconData | None = None, **options: Any) -> ft.Control:
    """Return a text button."""
    return ft.TextButton(
        label, icon=icon, height=TOUCH, disabled=on_click is None, on_click=_handler(on_click), **options
    )


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

    Options go to the container (padding, bgcolor, border, width, height, alignment …); `expand` to the whole.
    """
    expand = options.pop("expand", None)
    box = ft.Container(content, ink=True, border_radius=radius, on_click=_handler(on_click), **options)
    return ft.MergeSemantics(ft.Semantics(label=label, button=True, selected=selected, content=box), expand=expand)


def action_tile(icon: ft.IconData, label: str, on_click: Press) -> ft.Control:
    """Return one of the four actions of a profile: an icon over a word, sharing the row evenly."""
    ink = Tone.ON_CALM if on_click else Tone.QUIET
    face = ft.Column(
        [ft.Icon(icon, size=24, color=ink), txt(label, Type.LABEL, ink, no_wrap=True)],
        spacing=Space.XS, horizontal_alignment=ft.CrossAxisAlignment.CENTER, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    return tappable(
        face, on_click, bgcolor=Tone.CALM, height=68, radius=Radius.L, expand=1, alignment=ft.Alignment.CENTER
    )
