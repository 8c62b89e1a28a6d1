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
from app.ui.theme import BUTTON, TOUCH, Radius, Space, Tone, Type, text_width

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


def _action_tile(icon: ft.IconData, label: str, on_click: Press) -> ft.Control:
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


def tile_row(actions: Sequence[tuple[ft.IconData, str, Press]]) -> ft.Control:
    """Return what is done most, an icon over a word each, side by side and all as high as the highest.

    In two rows where their words are large or a word would break.
    """
    tiles, two = [_action_tile(*one) for one in actions], len(actions) > TILES_IN_LARGE and not _words_fit(actions)
    rows = [tiles[:2], tiles[2:]] if two else [tiles]
    lines: list[ft.Control] = [
        ft.Row(
            list(row), spacing=Space.S, intrinsic_height=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH
        ) for row in rows
    ]  # fmt: skip
    return lines[0] if len(lines) == 1 else ft.Column(lines, spacing=Space.S)


def _words_fit(actions: Sequence[tuple[ft.IconData, str, Press]]) -> bool:
    layout = sessions.current().layout
    room = (layout.pane - 2 * Space.L - (len(actions) - 1) * Space.S) / len(actions) - 2 * Space.XS
    words = [word for _, label, _ in actions for word in label.split()]
    return not layout.is_large and all(text_width(word, Type.LABEL, layout.scale) <= room for word in words)
