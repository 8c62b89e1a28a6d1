"""Bare Flet pages, each of which does one thing only: what no implementation in Flet could leave out.

`python -m benchmarks.ui.bare PORT NAMES` serves them on 127.0.0.1: same fonts and theme as the app, no store, no
session, no shell. NAMES is a JSON file of `[name, text to search in]`.

    /page    one text and a button that shows another
    /search  a field over thirty unkeyed memoised rows (the fastest way known)
    /tabs    two pages of twenty cards, kept mounted, one visible
    /list    all names in a window of chunks
    /detail  a row that opens a page of thirty rows
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import flet as ft

from app.ui import theme
from app.ui.strings import assets_dir

SLOTS, CHUNK, HEIGHT, CARDS, LINES = 30, 20, 72, 20, 30
People = list[tuple[str, str]]
people: People = []


def row(name: str) -> ft.Control:
    """Return a row of nine controls: avatar, two texts, a pill."""
    return ft.Container(
        ft.Row([
            ft.CircleAvatar(content=ft.Text(name[:1])),
            ft.Column([ft.Text(name), ft.Text("¥1,280 · 浅色")], spacing=0, expand=True),
            ft.Container(ft.Text("12 天前"), padding=4),
        ]),
        height=HEIGHT, padding=8,
    )  # fmt: skip


@ft.component
def Slot(name: str) -> ft.Control:
    return row(name)


MemoSlot = ft.memo(Slot)


@ft.component
def Page() -> ft.Control:
    done, set_done = ft.use_state(False)
    return ft.Column([ft.Text("成了" if done else "就绪"), ft.FilledButton("开始", on_click=lambda: set_done(True))])


@ft.component
def Search() -> ft.Control:
    text, set_text = ft.use_state("")
    found = [name for name, hay in people if text in hay]
    field = ft.TextField(label="搜索", value=text, on_change=lambda e: set_text(e.control.value))
    rows = ft.ListView([MemoSlot(name) for name in found[:SLOTS]], expand=True)
    return ft.Column([field, ft.Text(f"共{len(found)}位"), rows], expand=True)


@ft.component
def Cards(n: int) -> ft.Control:
    return ft.ListView([ft.Text(f"页{n}"), *[row(name) for name, _ in people[:CARDS]]], expand=True)


MemoCards = ft.memo(Cards)


@ft.component
def Tabs() -> ft.Control:
    shown, show = ft.use_state(0)

    def button(n: int) -> ft.Control:  # a lambda with `n=n` would get the event for it
        return ft.FilledButton(f"去{n}", on_click=lambda: show(n))

    buttons = [button(n) for n in (0, 1)]
    pages = [ft.Container(MemoCards(n), visible=n == shown, expand=True) for n in (0, 1)]
    return ft.Column([ft.Row(buttons), *pages], expand=True)


@ft.component
def Chunk(names: tuple[str, ...], live: bool) -> ft.Control:
    return ft.Column([row(name) for name in names], spacing=0) if live else ft.Container()


MemoChunk = ft.memo(Chunk)


@ft.component
def List() -> ft.Control:
    seen, set_seen = ft.use_state((0, 1))
    chunks = ft.use_memo(lambda: [tuple(n for n, _ in people[i : i + CHUNK]) for i in range(0, len(people), CHUNK)], [])

    def on_scroll(event: ft.OnScrollEvent) -> None:
        first = int(event.pixels // (CHUNK * HEIGHT))
        set_seen((first - 1, int((event.pixels + event.viewport_dimension) // (CHUNK * HEIGHT)) + 1))

    rows = [MemoChunk(chunk, seen[0] <= i <= seen[1]) for i, chunk in enumerate(chunks)]
    return ft.ListView(rows, item_extent=CHUNK * HEIGHT, expand=True, on_scroll=on_scroll, scroll_interval=100)


@ft.component
def Detail() -> ft.Control:
    is_open, set_open = ft.use_state(False)
    if not is_open:
        return ft.FilledButton("打开", on_click=lambda: set_open(True))
    back = ft.FilledButton("返回", on_click=lambda: set_open(False))
    return ft.ListView([back, ft.Text("详情"), *[row(name) for name, _ in people[:LINES]]], expand=True)


PAGES: dict[str, Any] = {"page": Page, "search": Search, "tabs": Tabs, "list": List, "detail": Detail}


async def main(page: ft.Page) -> None:
    theme.use_font(theme.FONT)
    theme.apply(page, "light")
    page.render(PAGES[(page.route or "/page").strip("/") or "page"])


def serve(port: int, names: Path) -> None:
    """Serve until stopped, as the app's own web server does."""
    import flet_web.fastapi as flet_fastapi  # type: ignore[import-untyped]
    import uvicorn

    people[:] = json.loads(names.read_text("utf-8"))
    app: Any = flet_fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/healthz", lambda: "ok")
    app.mount("/", flet_fastapi.app(main, assets_dir=str(assets_dir()), web_renderer=ft.WebRenderer.CANVAS_KIT,
                                    no_cdn=True))  # fmt: skip
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
