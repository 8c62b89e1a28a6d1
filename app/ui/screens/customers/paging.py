"""Pages of a long list inside a profile: newest first, two on screen at once, the place kept where the eye is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import flet as ft

from app.domain.instants import Instant
from app.store.queries.customers import END, Place
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import t
from app.ui.theme import TOUCH, Space

MOUNTED = 2  # a profile shows at most 300 controls
GROWN = 8  # a page may have grown so many times its size by what came in since; beyond that it is cut
SETTLE_S = 0.05  # a scroll is answered only after the frame with the new page


@dataclass(frozen=True)
class Source:
    """Where pages come from; two with one `name` are the same.

    `load` returns the next so many items after a place, `place` says an item's own.
    """

    name: str
    tables: frozenset[str]
    load: Callable[[int, Place], Sequence[Any]]
    place: Callable[[Any], Place]
    size: int


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one page, and the instant of the one before them ("" at the start); `last` = nothing follows."""

    items: tuple[Any, ...]
    before: Instant
    last: bool


@screen
def Pages(source: Source, build: Callable[..., ft.Control], none: Callable[[], ft.Control], scroller: Any) -> Any:
    """Show the first page, and older ones on request; `build` is a memo component of one `Page`.

    `scroller` is a ref to the scrolling column around: what leaves above must not move what is read.
    """
    starts, set_starts = ft.use_state((END,))
    first, set_first = ft.use_state(0)
    memory: Any = ft.use_ref(None)
    memory.current = place = memory.current or _Place()
    pages, more = hooks.use_live(
        source.tables, lambda: _load(source, starts, first), source.name, source.size, starts, first
    )

    async def keep_place() -> None:
        moved, place.shift = place.shift, 0.0
        if moved and scroller is not None and scroller.current is not None:
            await asyncio.sleep(SETTLE_S)
            await scroller.current.scroll_to(delta=moved, duration=0)

    ft.use_effect(keep_place, [first], cleanup=lambda: None)

    def older() -> None:  # the way back to newer ones, 48 high, comes with the first page that leaves
        set_starts((*starts, source.place(pages[-1].items[-1])))
        if len(pages) == MOUNTED:
            place.shift = (0 if first else TOUCH) - place.heights.get(starts[first], 0.0)
            set_first(first + 1)

    def newer() -> None:
        place.shift = place.heights.get(starts[first - 1], 0.0) - (TOUCH if first == 1 else 0)
        set_starts(starts[: first - 1 + MOUNTED])
        set_first(first - 1)

    if not any(page.items for page in pages) and not first:
        return none()
    rows: list[ft.Control] = [p.quiet(t("profile.newer"), newer, ft.Icons.EXPAND_LESS)] if first else []
    rows += [
        ft.Container(build(page), key=str(start), on_size_change=partial(_note, place, start))
        for start, page in zip(starts[first:], pages, strict=True)
    ]
    if more:
        rows.append(ft.Container(p.secondary(t("profile.more"), older), margin=ft.Margin.only(top=Space.L)))
    return ft.Column(rows, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@dataclass
class _Place:
    """How high each page was drawn, and how far to scroll after the next frame."""

    heights: dict[Place, float] = field(default_factory=dict)
    shift: float = 0.0


def _note(place: _Place, start: Place, event: Any) -> None:
    place.heights[start] = event.height


def _load(source: Source, starts: tuple[Place, ...], first: int) -> tuple[list[Page], bool]:
    """Return the pages from `first` on; one that is followed by another takes in what came since it was opened."""
    pages: list[Page] = []
    more = False
    for index in range(first, len(starts)):
        start, is_end = starts[index], index == len(starts) - 1
        found = list(source.load(source.size + 1 if is_end else source.size * GROWN, start))
        if is_end:
            more = len(found) > source.size
            found = found[: source.size]
        else:
            found = [one for one in found if source.place(one) >= starts[index + 1]]
        pages.append(Page(tuple(found), "" if start == END else start[0], is_end and not more))
    return pages, more
