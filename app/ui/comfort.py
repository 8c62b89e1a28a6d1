"""What the device asks of the look: how large its text is, whether things may move, and what its keyboard says.

Flet tells of no text scale, so a text that nobody sees is measured. Keys: Esc goes back (an open sheet closes by
itself), Ctrl+K goes to the search field, Alt and a figure to a root; Tab, Enter and arrows are Flutter's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import flet as ft

from app.ui import theme
from app.ui.session import UiSession

log = logging.getLogger(__name__)
PROBE_SIZE = 20
PROBE_LINES = 5  # a line's height is rounded up to a pixel: five are a finer measure
SCALE_MIN, SCALE_MAX = 1.0, 2.0  # smaller text needs no other layout; larger than twice nobody has tried
LESS_MOTION_S = 3.0
SEARCH_WAIT_S = 0.15
OUT_OF_SIGHT = -2000


def start(page: ft.Page, ui: UiSession) -> None:
    """Begin to measure and to listen."""
    page.overlay.append(_probe(ui))
    if page.web or page.platform in (ft.PagePlatform.LINUX, ft.PagePlatform.MACOS, ft.PagePlatform.WINDOWS):
        page.on_keyboard_event = lambda event: press(ui, event)
    ui.run(rest, page, ui)


def _probe(ui: UiSession) -> ft.Control:
    style = ft.TextStyle(size=PROBE_SIZE, height=1)
    text = ft.Text(
        "\n".join("M" * PROBE_LINES), style=style, semantics_label="",
        on_size_change=lambda event: measured(ui, event.height),
    )  # fmt: skip
    return ft.Container(text, opacity=0, left=OUT_OF_SIGHT, top=0, ignore_interactions=True)


def measured(ui: UiSession, height: float) -> None:
    """Take up the text scale that the probe's height shows."""
    scale = round(height / (PROBE_SIZE * PROBE_LINES), 2)
    ui.layout.scale = min(max(scale, SCALE_MIN), SCALE_MAX)


async def rest(page: ft.Page, ui: UiSession) -> None:
    """Move nothing where the device asks for less motion; a client that does not say is taken to allow it."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(LESS_MOTION_S):
            asked = await ft.SemanticsService().get_accessibility_features()
        if asked.disable_animations or asked.reduce_motion:
            theme.apply(page, ui.prefs.theme, calm=True)
            ui.layout.calm = True
            page.update()


def press(ui: UiSession, event: Any) -> None:
    """Answer a key."""
    if ui.gate.client is None:
        return
    if event.key == "Escape":
        if not any(dialog.open for dialog in ui.page._dialogs.controls):  # that one closes by itself
            ui.back()
    elif event.key.upper() == "K" and (event.ctrl or event.meta):
        ui.run(search, ui)
    elif event.alt and event.key.removeprefix("Numpad ").isdecimal():
        roots, place = ui.bar_roots(), int(event.key.removeprefix("Numpad ")) - 1
        if 0 <= place < len(roots):
            ui.go(roots[place].name)


async def search(ui: UiSession) -> None:
    """Go to the search field of this root, or else of the customers."""
    if ui.nav.root not in ui.searches or (ui.layout.is_phone and ui.nav.stack()):
        home = "customers" if any(root.name == "customers" for root in ui.roots) else ui.nav.root
        ui.go(home)
        await asyncio.sleep(SEARCH_WAIT_S)
    field = ui.searches.get(ui.nav.root)
    if field is not None:
        await field.focus()
