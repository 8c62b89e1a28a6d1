"""The two ends of a row of commission: a round icon, and an amount over its state."""

from __future__ import annotations

import flet as ft

from app.ui import parts as p
from app.ui.screens.commission.view import signed
from app.ui.strings import t
from app.ui.theme import Tone, Type


def disc(icon: ft.IconData, back: str = Tone.CALM, ink: str = Tone.ON_CALM) -> ft.Control:
    """Return a round icon."""
    return ft.Container(
        ft.Icon(icon, size=20, color=ink), width=44, height=44, border_radius=22, bgcolor=back,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip


def amount(fen: int, state: str | None = None) -> ft.Control:
    """Return a signed amount, its state below it if it has one."""
    words = [p.txt(signed(fen), Type.ROW, Tone.LATE if fen < 0 else None, no_wrap=True)]
    if state is not None:
        words.append(p.txt(t(f"commission.state_{state}"), Type.META, no_wrap=True))
    return ft.Column(
        words, spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER
    )
