"""A tip where it helps: one a screen, each once ever, gone with a tap."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.ui import hooks, seen
from app.ui.guards import screen
from app.ui.parts.text import txt
from app.ui.parts.touch import icon_button
from app.ui.strings import t
from app.ui.theme import Radius, Space, Tone, Type

NEEDS_NO_NETWORK = "offline"  # shown only while there is none


@screen
def Tip(names: tuple[str, ...], side: float = 0) -> ft.Control:
    """Show the first of `names` that was not seen and applies; closing one ends it for this visit.

    `side` is the margin left and right. Where nothing is to be shown nothing takes room.
    """
    ui, status = hooks.use_session(), hooks.use_sync()
    known = hooks.use_slice(seen.Seen)
    closed, set_closed = ft.use_state(False)
    here = hooks.use_shown()

    def come() -> None:  # another visit may have another tip
        if not here:
            set_closed(False)
        elif ui.guided and not known.ready:
            ui.run(seen.load, ui)

    ft.use_effect(come, [here])
    offline = getattr(status, "work_offline", False) or ui.sync.settled == "offline"
    fit = [name for name in names if name not in known.names and (name != NEEDS_NO_NETWORK or offline)]
    if not (ui.guided and known.ready and here and fit) or closed:
        return ft.Container(visible=False)

    def close() -> None:
        set_closed(True)
        ui.run(seen.mark, ui, fit[0])

    return ft.Container(_face(fit[0], close), padding=ft.Padding.symmetric(horizontal=side, vertical=Space.XS))


def _face(name: str, close: Any) -> ft.Control:
    words = ft.Row(
        [
            ft.Icon(ft.Icons.LIGHTBULB_OUTLINED, size=20, color=Tone.ON_SOFT),
            txt(t(f"first.tip_{name}"), Type.BODY, Tone.ON_SOFT, expand=True),
            icon_button(ft.Icons.CLOSE, t("first.tip_close"), close, color=Tone.ON_SOFT),
        ],
        spacing=Space.S,
    )  # fmt: skip
    inside = ft.Padding.only(left=Space.M, top=Space.XS, right=0, bottom=Space.XS)
    return ft.Container(words, bgcolor=Tone.SOFT, border_radius=Radius.L, padding=inside)
