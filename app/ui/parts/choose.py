"""Choosing and typing: filter chips, segmented tabs, search and text fields, the bottom sheet that becomes a panel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import flet as ft

from app.ui import hooks
from app.ui import session as sessions
from app.ui.parts.text import txt
from app.ui.parts.touch import Press, icon_button, tappable
from app.ui.strings import t
from app.ui.theme import TOUCH, Radius, Space, Tone, Type, text_width


def _line(color: str = Tone.LINE, width: float = 1) -> ft.Border:
    return ft.Border.all(width, color)


@ft.component
def _Chip(value: str, label: str, on: bool, wrap: bool, on_choose: Callable[[str], Any]) -> ft.Control:
    face = ft.Container(
        txt(label, Type.ROW, Tone.ON_ACTION if on else Tone.QUIET, no_wrap=not wrap),
        bgcolor=Tone.ACTION if on else Tone.CARD, border=_line(Tone.ACTION if on else Tone.LINE),
        border_radius=Radius.M, padding=ft.Padding.symmetric(horizontal=Space.L, vertical=9),
    )  # fmt: skip
    # drawn 40 high, pressed 48 high
    return tappable(face, lambda: on_choose(value), selected=on, padding=ft.Padding.symmetric(vertical=Space.XS))


_MemoChip = ft.memo(_Chip)


def filter_chips(
    options: Sequence[tuple[str, str]], chosen: str | Collection[str], on_choose: Callable[[str], Any], *,
    wrap: bool = False,
) -> ft.Control:  # fmt: skip
    """Return a row of chips that scrolls, or wraps: `(value, label)`; the chosen one, or several, are filled.

    With a handler that stays the same from one drawing to the next, only the chips that change are drawn again.
    """
    filled = {chosen} if isinstance(chosen, str) else chosen
    chips: list[ft.Control] = [_MemoChip(one, label, one in filled, wrap, on_choose) for one, label in options]
    if wrap:
        return ft.Row(chips, spacing=Space.S, run_spacing=0, wrap=True)
    return ft.Row(chips, spacing=Space.S, scroll=ft.ScrollMode.HIDDEN)


TAB_INSET, MENU_ARROW = Space.S, 18


Segments = Sequence[tuple[str, str]]


def _tab_width(label: str, layout: sessions.Layout) -> float:
    return text_width(label, Type.ROW, layout.scale) + 2 * TAB_INSET


def segments_fit(options: Segments, layout: sessions.Layout) -> bool:
    """Say whether all words of tabs fit one frame, a menu's arrow included."""
    need = sum(_tab_width(label, layout) for _, label in options) + MENU_ARROW
    return need <= layout.pane - 2 * Space.L


def segmented(options: Segments, chosen: str, on_choose: Callable[[str], Any], *, menu: str = "") -> ft.Control:
    """Return tabs in one frame: `(value, label)`; of equal width where all words fit so, else each as its words need.

    They scroll where even that does not fit. The tab called `menu` leads to more, and has an arrow.
    """
    layout = sessions.current().layout
    widths = [_tab_width(label, layout) + (MENU_ARROW if value == menu else 0) for value, label in options]
    room = layout.pane - 2 * Space.L
    even, fits = max(widths) * len(options) <= room, sum(widths) <= room

    def tab(index: int, value: str, label: str) -> ft.Control:
        on = value == chosen
        edge = None if index == 0 else ft.Border(left=ft.BorderSide(1, Tone.LINE))
        first, last = Radius.L - 1 if index == 0 else 0, Radius.L - 1 if index == len(options) - 1 else 0
        ink = Tone.ON_SOFT if on else Tone.TEXT
        words = txt(label, Type.ROW, ink, no_wrap=True)
        if value == menu:
            words = ft.Row(
                [words, ft.Icon(ft.Icons.EXPAND_MORE, size=MENU_ARROW, color=ink)], spacing=0, tight=True,
                alignment=ft.MainAxisAlignment.CENTER,
            )  # fmt: skip
        return tappable(
            words, lambda: on_choose(value), selected=on, bgcolor=Tone.SOFT if on else Tone.CARD, border=edge,
            expand=1 if even else round(widths[index]) if fits else None,
            padding=ft.Padding.symmetric(horizontal=0 if fits else Space.L, vertical=14),
            alignment=ft.Alignment.CENTER if fits else None,
            radius=ft.BorderRadius.only(top_left=first, bottom_left=first, top_right=last, bottom_right=last),
        )  # fmt: skip

    tabs = [tab(i, *option) for i, option in enumerate(options)]
    row = ft.Row(tabs, spacing=0, scroll=None if fits else ft.ScrollMode.HIDDEN)
    return ft.Container(
        row, border=_line(), border_radius=Radius.L, clip_behavior=ft.ClipBehavior.ANTI_ALIAS, bgcolor=Tone.CARD
    )


def _outline() -> ft.OutlineInputBorder:
    """Return a field's line; the theme draws it 2 wide in the action's colour while the field has the focus."""
    return ft.OutlineInputBorder(side=ft.BorderSide(1, Tone.LINE), border_radius=Radius.M)


def search_field(label: str, value: str, on_change: Callable[[str], Any]) -> ft.Control:
    """Return the controlled search field; `on_change` sets the text at once (debounce only the query)."""
    clear = icon_button(ft.Icons.CLOSE, t("common.clear"), lambda: on_change(""), color=Tone.QUIET) if value else None
    field = ft.TextField(
        value=value, hint_text=label, on_change=lambda e: on_change(e.control.value), prefix_icon=ft.Icons.SEARCH,
        suffix_icon=clear, filled=True, bgcolor=Tone.CARD, border=_outline(),
        text_style=Type.LEAD.style(), hint_style=Type.LEAD.style(Tone.QUIET), autocorrect=False,
        content_padding=ft.Padding.symmetric(horizontal=Space.M, vertical=14),
    )  # fmt: skip
    sessions.current().searches[str(hooks.peek(hooks.RootCtx))] = field  # Ctrl+K goes to it
    # a hint names the field only while it is empty: the group around it keeps the name
    return ft.Semantics(label=label, container=True, content=field)


def text_field(label: str, value: str, on_change: Callable[[str], Any], **options: Any) -> ft.Control:
    """Return a controlled text field; `lines=n` makes it a multi-line one; other options are the TextField's."""
    lines = options.pop("lines", None)
    if lines:
        tall = {"multiline": True, "min_lines": lines, "max_lines": max(lines, 8), "align_label_with_hint": True}
        options = tall | options
    if on_submit := options.pop("on_submit", None):
        options["on_submit"] = lambda _event: on_submit()
    return ft.TextField(
        value=value, label=label, on_change=lambda e: on_change(e.control.value), filled=True, bgcolor=Tone.CARD,
        border=_outline(), text_style=Type.LEAD.style(), label_style=Type.BODY.style(Tone.QUIET), **options,
    )  # fmt: skip


PANEL_WIDTH = 440
SHEET_HEAD = 140  # handle, title and margins: on a phone on its side they are most of what there is
SHEET_SHARE = 0.75  # of the window's height, the head not counted; what is taller scrolls


@ft.component
def SheetBody(head: ft.Control, content: ft.Control, limit: float) -> ft.Control:
    """Stand as tall as the content, and scroll it once it proves taller than `limit`.

    A scrolling column in a bottom sheet takes the whole window, however little is in it: so the content is measured.
    """
    tall, set_tall = ft.use_state(False)
    measured = ft.Container(content, on_size_change=lambda event: set_tall(event.height > limit))
    wide = ft.CrossAxisAlignment.STRETCH
    body = (
        ft.Column([measured], scroll=ft.ScrollMode.AUTO, height=limit, horizontal_alignment=wide) if tall else measured
    )
    return ft.Column([head, body], spacing=Space.M, tight=True, horizontal_alignment=wide)


def use_sheet(content: ft.Control | None, title: str, on_close: Press) -> None:
    """Show `content` in a bottom sheet on phones, in a side panel on wide windows; None hides it. A hook."""
    ui = sessions.current()
    ft.use_dialog(None if content is None else _sheet(content, title, on_close, ui.layout))


def _sheet(content: ft.Control, title: str, on_close: Press, layout: sessions.Layout) -> Any:
    def closed(_event: Any) -> None:
        if on_close:
            on_close()

    head = ft.Row([txt(title, Type.FIGURE, expand=True), icon_button(ft.Icons.CLOSE, t("common.close"), on_close)])
    if layout.is_phone:
        limit = min(layout.height * SHEET_SHARE, layout.height - SHEET_HEAD * layout.scale)
        inset = ft.Padding.only(left=Space.L, right=Space.L, bottom=Space.XL)
        body = ft.Container(SheetBody(head, content, limit), padding=inset)
        return ft.BottomSheet(body, show_drag_handle=True, draggable=True, scrollable=True, on_dismiss=closed)
    wide = ft.CrossAxisAlignment.STRETCH
    body = ft.Column([head, content], spacing=Space.M, scroll=ft.ScrollMode.AUTO, horizontal_alignment=wide)
    panel = ft.Container(body, width=min(PANEL_WIDTH, layout.width), height=layout.height, padding=Space.XL)
    return ft.AlertDialog(
        content=panel, content_padding=0, inset_padding=0, alignment=ft.Alignment.CENTER_RIGHT, bgcolor=Tone.CARD,
        shape=ft.RoundedRectangleBorder(radius=0), on_dismiss=closed,
    )  # fmt: skip


def switch_row(title: str, meta: str, value: bool, on_change: Callable[[bool], Any]) -> ft.Control:
    """Return a labelled switch with one explaining line."""
    words = ft.Column([txt(title, Type.ROW), txt(meta, Type.META)], spacing=2, expand=True)
    knob = ft.MergeSemantics(
        ft.Semantics(
            label=title,
            content=ft.Switch(value=value, height=TOUCH, on_change=lambda e: on_change(bool(e.control.value))),
        )
    )
    return ft.Container(ft.Row([words, knob], spacing=Space.M), padding=ft.Padding.symmetric(vertical=Space.S))
