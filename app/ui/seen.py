"""What this person has been shown on this device, kept as a preference: the first steps, and each tip once.

Nothing of it is synced: it is a device's memory of who read what, under the staff id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import flet as ft

FIRST = "first"


@ft.observable
@dataclass
class Seen:
    """Names of what was seen: `first` (the first steps) and tips. Nothing is shown before it is read (`ready`)."""

    names: tuple[str, ...] = ()
    ready: bool = False


def _key(ui: Any) -> str:
    return f"seen.{ui.client.staff.id}"


async def load(ui: Any) -> Seen:
    """Read what the open session's person has seen; a preference that is no list counts as nothing seen."""
    seen: Seen = ui.slice(Seen)
    if not seen.ready:
        kept = names_of(await ui.ports.prefs.get(_key(ui)))
        if not seen.ready:  # somebody else may have asked meanwhile, and something been seen since
            seen.names, seen.ready = kept, True
    return seen


def names_of(kept: str | None) -> tuple[str, ...]:
    """Return the names in a kept preference."""
    try:
        found = json.loads(kept or "[]")
    except ValueError:
        return ()
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


async def mark(ui: Any, name: str) -> None:
    """Note for ever that `name` was seen."""
    seen = await load(ui)
    if name not in seen.names:
        await _keep(ui, seen, (*seen.names, name))


async def forget_tips(ui: Any) -> None:
    """Show every tip once more; the first steps are opened from Help."""
    seen = await load(ui)
    await _keep(ui, seen, tuple(name for name in seen.names if name == FIRST))


async def _keep(ui: Any, seen: Seen, names: tuple[str, ...]) -> None:
    seen.names = names
    await ui.ports.prefs.set(_key(ui), json.dumps(names))


async def greet(ui: Any) -> None:
    """Open the first steps for a guide who was never shown them here, unless a link led elsewhere."""
    seen = await load(ui)
    if ui.role != "guide" or FIRST in seen.names or ui.nav.stack() or ui.nav.root != ui.roots[0].name:
        return
    await mark(ui, FIRST)
    ui.open("/first")
