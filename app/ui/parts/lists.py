"""Long lists within the control budget: a window over the rows for browsing, thirty slots for searching.

Building and diffing costs about 0.2 ms a control in Python: five thousand rows at once would block for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flet as ft

from app.ui.theme import ROW_HEIGHT

CHUNK = 8
SLOTS = 30
RowBuilder = Callable[[Any], ft.Control]


@ft.component
def _Chunk(rows: tuple[Any, ...], build: RowBuilder, mark: Any) -> ft.Control:
    return ft.Column([build(row) for row in rows], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


_MemoChunk = ft.memo(_Chunk)


@ft.component
def VirtualList(
    rows: tuple[Any, ...],
    build: RowBuilder,
    height: float = ROW_HEIGHT,
    mark: Any = None,
    padding: Any = None,
    header: ft.Control | None = None,
) -> ft.Control:
    """Show any number of rows `height` high; only what is near the window is built, empty space stands for the rest.

    Args:
        rows: An immutable tuple of small values; give the component `key=` of the filter to start at the top again.
        build: A stable function (module level, or `ft.use_callback(fn, [])`) from a value to its row.
        height: Height of every row.
        mark: Anything else the rows depend on (selected id, language, day): a change rebuilds the visible ones.
        padding: Around all rows.
        header: Scrolls away above the first row; at most some 400 high.
    """
    span, set_span = ft.use_state((0, 1))
    step = CHUNK * height
    chunks = ft.use_memo(lambda: [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)], [rows])

    def on_scroll(event: ft.OnScrollEvent) -> None:
        first, last = int(event.pixels // step), int((event.pixels + event.viewport_dimension) // step)
        set_span((max(0, first - 1), last + 1))

    low, high = min(span[0], max(0, len(chunks) - 2)), span[1]
    live = chunks[low : high + 1]
    after = len(rows) - min(len(rows), (low + len(live)) * CHUNK)
    parts: list[ft.Control] = [
        *([header] if header else []),
        ft.Container(height=low * step, key="before"),
        *(_MemoChunk(chunk, build, mark, key=f"chunk-{low + i}") for i, chunk in enumerate(live)),
        ft.Container(height=after * height, key="after"),
    ]
    inside = ft.Column(parts, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.Column(
        [ft.Container(inside, padding=padding)],
        spacing=0,
        expand=True,
        scroll=ft.ScrollMode.AUTO,
        on_scroll=on_scroll,
        scroll_interval=100,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@ft.component
def _Slot(row: Any, build: RowBuilder, mark: Any) -> ft.Control:
    return build(row)


_MemoSlot = ft.memo(_Slot)


@ft.component
def SearchSlots(rows: Sequence[Any], build: RowBuilder, mark: Any = None, padding: Any = None) -> ft.Control:
    """Show the first thirty results of a search; slots keep their place, so a keystroke patches only what differs."""
    return ft.ListView([_MemoSlot(row, build, mark) for row in rows[:SLOTS]], expand=True, padding=padding, spacing=0)
