"""The frame of every screen: head, scrolling body, and the foot with its one primary action.

The same frame serves a root, a page pushed on a phone, and the right pane of a wide window: it finds out where it
stands (`hooks.PlaceCtx`) and shows Back only where there is something to go back to.
"""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.ui import hooks
from app.ui import session as sessions
from app.ui.parts.states import clock_note
from app.ui.parts.sync_badge import MemoSyncBadge
from app.ui.parts.text import txt
from app.ui.parts.tip import Tip
from app.ui.parts.touch import icon_button
from app.ui.strings import t
from app.ui.theme import TOUCH, Space, Tone, Type, TypeSpec, text_width

HEAD_LINES = 3
CLOCK_OFF_S = 300  # rule 1.9


BADGE_WIDTH = 84  # in its usual state
HAN_TOGETHER = 4  # a title of Chinese characters may break, but not after two


def _longest(title: str, kind: TypeSpec, scale: float) -> float:
    """Return the width of the longest word of a title: what must not break."""
    words = [word if word.isascii() else word[:HAN_TOGETHER] for word in title.split()]
    return max((text_width(word, kind, scale) for word in words), default=0)


def gutter() -> int:
    """Return the side margin: 16 on phones, 24 from 600 up. Call it while rendering."""
    return Space.L if hooks.layout().is_phone else Space.XL


def _head(
    title: str, over: str | None, actions: Sequence[ft.Control], badge: bool, back: ft.Control | None
) -> ft.Control:
    layout = hooks.layout()
    kind = Type.TITLE if back is None and not layout.is_large else Type.FIGURE
    name = ft.Semantics(heading_level=1, content=txt(title, kind, lines=HEAD_LINES))
    words = ft.Column([*([txt(over, Type.META)] if over else []), name], spacing=0, tight=True)
    # without a line above, every head is as high as one with a button in it
    inset = 0 if over else max(0.0, (TOUCH - kind.line * layout.scale) / 2)
    name_box = ft.Container(words, padding=ft.Padding.symmetric(vertical=inset), expand=True)
    shown = [MemoSyncBadge()] if badge else []
    if shown and over and not layout.is_large:  # beside the quiet line, so that the title has the whole width
        above = ft.Row([txt(over, Type.META, expand=True), *shown], spacing=Space.S)
        return ft.Column(
            [above, ft.Row([*([back] if back else []), ft.Container(name, expand=True), *actions])], spacing=0
        )
    beside = TOUCH * (len(actions) + bool(back)) + (BADGE_WIDTH if badge else 0) + 2 * Space.L
    room = layout.pane - beside - Space.S * (len(actions) + 2)
    if len(actions) + bool(badge) and _longest(title, kind, layout.scale) > room:
        first = ft.Row([*([back] if back else []), ft.Container(expand=True), *actions, *shown], spacing=Space.S)
        return ft.Column([first, ft.Row([name_box])], spacing=0)
    cells: list[ft.Control] = [*([back] if back else []), name_box, *actions, *shown]
    return ft.Row(cells, spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def frame(
    title: str = "", body: ft.Control | Sequence[ft.Control] = (), *, over: str | None = None,
    actions: Sequence[ft.Control] = (), foot: ft.Control | None = None, badge: bool | None = None, scroll: bool = True,
    top: Sequence[ft.Control] = (), tips: Sequence[str] = (),
) -> ft.Control:  # fmt: skip
    """Lay a screen out; call it while rendering (it holds no hooks).

    Args:
        title: The screen's name; `over` is a quiet line above it.
        body: One control or several; they scroll together, 12 apart, within the gutter. With `scroll=False` the body
            is one control that scrolls itself and minds its own gutter (a VirtualList).
        actions: Icon buttons at the right of the head.
        foot: What stays at the bottom, within the thumb's reach (a row of buttons).
        badge: Show the sync badge (default: on roots).
        top: What stays under the head while the body scrolls (search field, chips).
        tips: Names of tips (`first.tip_<name>`) that help here; the first one not seen yet is shown, once ever.
    """
    place, ui, side = hooks.place(), hooks.use_session(), gutter()
    goes_back = place == "pushed" or (place == "pane" and len(ui.nav.stack(str(hooks.peek(hooks.RootCtx)))) > 1)
    back = icon_button(ft.Icons.ARROW_BACK, t("common.back"), ui.back) if goes_back else None
    rows: list[ft.Control] = []
    if title or back:
        shown = badge if badge is not None else place == "root"
        pad = ft.Padding.only(left=Space.XS if back else side, right=side, top=Space.M, bottom=Space.S)
        rows.append(ft.Container(_head(title, over, actions, shown, back), padding=pad))
    else:
        rows.append(ft.Container(height=Space.L))
    if tips:
        rows.append(Tip(tuple(tips), side))
    if place == "root" and abs(ui.clock_ahead_s) > CLOCK_OFF_S:
        rows.append(ft.Container(clock_note(ui.clock_ahead_s), padding=ft.Padding.symmetric(horizontal=side)))
    rows.extend(
        ft.Container(control, padding=ft.Padding.symmetric(horizontal=side, vertical=Space.XS)) for control in top
    )
    rows.append(_body(body, side, scroll))
    if foot is not None:
        rows.append(Foot(foot, side))
    return ft.Column(rows, spacing=0, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _body(body: ft.Control | Sequence[ft.Control], side: int, scroll: bool) -> ft.Control:
    controls = list(body) if isinstance(body, Sequence) else [body]
    if not scroll:
        return ft.Column(controls, spacing=0, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    pad = ft.Padding.only(left=side, top=Space.XS, right=side, bottom=Space.XL)
    column = ft.Column(controls, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    inside = ft.Container(column, padding=pad)
    return Scrolling(inside)


@ft.component
def Foot(inside: ft.Control, side: int) -> ft.Control:
    """Show what stays at the bottom, and note how high it is: a toast stands above it."""
    feet, mine = sessions.current().feet, ft.use_ref(None)
    root, path = str(hooks.peek(hooks.RootCtx)), str(hooks.peek(hooks.PathCtx))
    ft.use_effect(lambda: None, [id(feet)], cleanup=lambda: feet.gone(id(mine)))
    return ft.Container(
        inside, padding=ft.Padding.symmetric(horizontal=side, vertical=Space.M), bgcolor=Tone.CARD,
        border=ft.Border(top=ft.BorderSide(1, Tone.LINE)),
        on_size_change=lambda event: feet.stands(id(mine), root, path, event.height),
    )  # fmt: skip


@ft.component
def Scrolling(inside: ft.Control) -> ft.Control:
    """Scroll what is `inside`, and be where it was when it is shown again."""
    view = ft.use_ref(None)
    note = hooks.use_place(view)
    view.current = ft.ListView(  # Flet drops what comes sooner than the interval, the last offset too
        [inside], expand=True, spacing=0, scroll_interval=50, on_scroll=lambda event: note(event.pixels)
    )
    return view.current
