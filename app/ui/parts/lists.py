"""Long lists within the control budget: a window over the rows for browsing, thirty slots for searching.

Building and diffing costs about 0.2 ms a control in Python: five thousand rows at once would block for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import flet as ft

from app.ui import hooks
from app.ui import session as sessions
from app.ui.theme import BAR_HEIGHT, SHORT_BAR_HEIGHT, TOUCH, Space, row_height

CHUNK = 4
SLOTS = 30
LIST_SHARE = 0.65  # of the window's height, beside head, field, chips and bar
RowBuilder = Callable[[Any], ft.Control]


@ft.component
def _Chunk(rows: tuple[Any, ...], build: RowBuilder, mark: Any) -> ft.Control:
    if len(rows) == 1:
        return build(rows[0])
    return ft.Column([build(row) for row in rows], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


_MemoChunk = ft.memo(_Chunk)


@ft.component
def VirtualList(
    rows: tuple[Any, ...],
    build: RowBuilder,
    height: float | None = None,
    mark: Any = None,
    padding: Any = None,
    header: ft.Control | None = None,
    chunk: int = CHUNK,
    bars: int = 0,
    header_least: float = 0,
) -> ft.Control:
    """Show any number of rows `height` high; only what is near the window is built.

    A few slots of some rows each lie on a canvas as tall as the whole list; scrolling moves a slot that went out of
    sight to the other end. Slots keep their place in the tree, so a move patches those rows and nothing else.

    Args:
        rows: An immutable tuple of small values; give the component `key=` of the filter to start at the top again.
        build: A stable function (module level, or `ft.use_callback(fn, [])`) from a value to its row.
        height: Height of every row; default: that of `list_row` at the device's text scale.
        mark: Anything else the rows depend on (selected id, language, day): a change rebuilds the visible ones.
        padding: Around all rows.
        header: Scrolls away above the first row; at most some 400 high.
        chunk: Rows of a slot; fewer for tall or rich rows.
        header_least: How high the header is at least: the rows that it keeps below the window come with the scrolling.
        bars: How many bars (search field, chips) the frame has above the list: rows behind them are not built.
    """
    first, set_first = ft.use_state(-1)  # -1: not scrolled yet, so nothing beyond the window is built
    layout = hooks.use_layout()
    height, mark = height or row_height(layout.scale), (mark, layout.scale)
    step = chunk * height
    tall, set_tall = ft.use_state(0.0)  # a window pulled taller has more room than was reckoned
    room = max(tall, _room(layout, bars))
    slots = ceil((room - header_least) / step) if first < 0 else ceil(room / step) + 2
    chunks = ft.use_memo(lambda: [rows[i : i + chunk] for i in range(0, len(rows), chunk)], [rows, chunk])

    column = ft.use_ref(None)

    # what comes back starts at the top, then goes to where the guide was; another filter is another list
    def stand(offset: float) -> None:
        set_first(max(0, int(offset // step) - 1))

    note = hooks.use_place(column, f"#{hooks.own_key()}", lambda: set_first(-1), stand)

    def on_scroll(event: ft.OnScrollEvent) -> None:
        note(event.pixels)
        stand(event.pixels)

    low = max(0, min(first, len(chunks) - slots))
    canvas = ft.Stack(
        [_slot(i, low, slots, chunks, step, build, mark) for i in range(slots)], height=len(rows) * height
    )
    inside = ft.Column(
        [*([header] if header else []), ft.Container(canvas, padding=padding)],
        spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    column.current = ft.Column(
        [inside],
        spacing=0,
        expand=True,
        scroll=ft.ScrollMode.AUTO,
        on_scroll=on_scroll,
        scroll_interval=100,
        on_size_change=lambda event: set_tall(event.height) if event.height > room else None,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return column.current


def _room(layout: sessions.Layout, bars: int) -> float:
    """Return how much of a list is seen at most: the window without head, bars above it and, on a phone, the roots."""
    head = TOUCH + Space.M + Space.S
    roots = SHORT_BAR_HEIGHT if layout.short else BAR_HEIGHT
    foot = roots if layout.is_phone and hooks.place() == "root" else 0
    return max(1.0, layout.height - head - bars * (TOUCH + 2 * Space.XS) - foot)


def _slot(place: int, low: int, slots: int, chunks: list[Any], step: float, build: RowBuilder, mark: Any) -> ft.Control:
    """Return the slot that shows the one chunk of `low … low + slots` that falls to it."""
    index = low + (place - low) % slots
    shown = chunks[index] if index < len(chunks) else ()
    return ft.Container(_MemoChunk(shown, build, mark), top=index * step, left=0, right=0, visible=bool(shown))


@ft.component
def _Slot(row: Any, build: RowBuilder, mark: Any) -> ft.Control:
    return build(row)


_MemoSlot = ft.memo(_Slot)


@ft.component
def SearchSlots(
    rows: Sequence[Any], build: RowBuilder, mark: Any = None, padding: Any = None, more: ft.Control | None = None
) -> ft.Control:
    """Show the first thirty results of a search; slots keep their place, so a keystroke patches only what differs.

    Only what fits the window is built until the list is scrolled; `more` stands after the thirtieth.
    """
    layout = hooks.use_layout()
    scrolled, set_scrolled = ft.use_state(False)
    fit = ceil(layout.height * LIST_SHARE / row_height(layout.scale))
    many = SLOTS if scrolled else min(SLOTS, fit)
    slots: list[ft.Control] = [_MemoSlot(row, build, (mark, layout.scale)) for row in rows[:many]]
    if more is not None and len(slots) == SLOTS:
        slots.append(more)
    return ft.ListView(
        slots, expand=True, padding=padding, spacing=0, scroll_interval=100,
        on_scroll=lambda event: set_scrolled(event.pixels > 0),
    )  # fmt: skip
