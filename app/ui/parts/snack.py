"""A sentence at the foot of the screen, with Undo where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui import session as sessions
from app.ui.strings import t
from app.ui.theme import RAIL_WIDTH, Space


def say(text: str, *, on_undo: Callable[[], Any] | None = None, refused: bool = False) -> None:
    """Show a sentence; `on_undo` adds the button that takes the deed back, `refused` lets it stand longer.

    It stands above the foot of what is shown, whose button would else be hidden just when it is wanted.
    """
    page, ui = ft.context.page, sessions.current()
    beside = 0 if ui.layout.is_phone or ui.gate.client is None else RAIL_WIDTH
    margin = ft.Margin.only(left=beside + Space.L, right=Space.L, bottom=ui.foot_height() + Space.M)
    undo = None if on_undo is None else ft.SnackBarAction(t("common.undo"), on_click=lambda _event: on_undo())
    page.show_dialog(
        ft.SnackBar(
            ft.Text(text), action=undo, duration=8000 if refused or undo else 4000, persist=False,
            behavior=ft.SnackBarBehavior.FLOATING, margin=margin,
        )
    )  # fmt: skip
