"""Long lists within the control budget: a chunked window for browsing, thirty slots for searching.

Building and diffing costs about 0.2 ms a control in Python: five thousand rows at once would block for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flet as ft

from app.ui.theme import ROW_HEIGHT

CHUNK = 12
SLOTS = 30
RowBuilder = Callable[[Any], ft.Control]


@ft.component
def _Chunk(rows: tuple[Any, ...], live: bool, build: RowBuilder, height: float, mark: Any) -> ft.Control:
    if not live:
        return ft.Container(height=height * len(rows))
    return ft.Column([build(row) for row in rows], spacing=0)


_MemoChunk = ft.memo(_Chunk)


@ft.component
def VirtualList(
    rows: tuple[Any, ...], build: RowBuilder, height: float = ROW_HEIGHT, mark: Any = None,
    padding: Any = None, header: ft.Control | None = None,
) -> ft.Control:  # fmt: skip
    """Show any number of rows `height` high; only what is near the window is built.

    Args:
        rows: An immutable tuple of small values; give the component `key=` of the filter to start at the top again.
        build: A stable function (module level, or `ft.use_callback(fn, [])`) from a value to its row.
        height: Height of every row.
        mark: Anything else the rows depend on (selected id, language, day): a change rebuilds the visible ones.
    """
    span, set_span = ft.use_state((0, 1))
    chunks = ft.use_memo(lambda: [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)], [rows])

    def on_scroll(event: ft.OnScrollEvent) -> None:
        first = int(event.pixels // (CHUNK * height))
        last = int((event.pixels + event.viewport_dimension) // (CHUNK * height))
        set_span((max(0, first - 1), last + 1))

    low, high = span
    parts = [_MemoChunk(chunk, low <= i <= high, build, height, mark) for i, chunk in enumerate(chunks)]
    return ft.ListView(
        [*([header] if header else []), *parts], expand=True, on_scroll=on_scroll, scroll_interval=100, padding=padding,
        spacing=0,
    )  # fmt: skip


@ft.component
def _Slot(row: Any, build: RowBuilder, mark: Any) -> ft.Control:
    return build(row)


_MemoSlot = ft.memo(_Slot)


@ft.component
def SearchSlots(rows: Sequence[Any], build: RowBuilder, mark: Any = None, padding: Any = None) -> ft.Control:
    """Show the first thirty results of a search; slots keep their place, so a keystroke patches only what differs."""
    return ft.ListView([_MemoSlot(row, build, mark) for row in rows[:SLOTS]], expand=True, padding=padding, spacing=0)
