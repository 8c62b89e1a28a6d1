"""A sentence at the foot of the screen, with Undo where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.ui.strings import t


def say(text: str, *, on_undo: Callable[[], Any] | None = None, refused: bool = False) -> None:
    """Show a sentence; `on_undo` adds the button that takes the deed back, `refused` lets it stand longer."""
    page = ft.context.page
    undo = None if on_undo is None else ft.SnackBarAction(t("common.undo"), on_click=lambda _event: on_undo())
    page.show_dialog(
        ft.SnackBar(
            ft.Text(text), action=undo, duration=8000 if refused or undo else 4000, persist=False,
            behavior=ft.SnackBarBehavior.FLOATING,
        )
    )  # fmt: skip
