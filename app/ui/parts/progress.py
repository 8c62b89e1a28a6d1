"""Progress: a ring with figures inside, a bar."""

from __future__ import annotations

import flet as ft

from app.ui import session as sessions
from app.ui.parts.text import txt
from app.ui.theme import Space, Tone, Type

RING_GROWS = 1.5


def ring(done: int, total: int, label: str, size: float = 78, *, caption: str = "") -> ft.Control:
    """Return a ring with `done` over `/ total`, `caption` under it; large text widens it.

    `label` says it in words to screen readers.
    """
    layout = sessions.current().layout
    size *= min(max(1.0, layout.scale), RING_GROWS)
    value = min(1.0, done / total) if total else 0.0
    figures = ft.Column(
        [txt(str(done), Type.SECTION if layout.is_large else Type.FIGURE), txt(f"/ {total}", Type.META)],
        spacing=0, tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    circle = ft.ProgressRing(
        value=value, width=size, height=size, stroke_width=7, color=Tone.ACTION, bgcolor=Tone.FILL,
        stroke_cap=ft.StrokeCap.ROUND,
    )  # fmt: skip
    face: ft.Control = ft.Stack(
        [circle, ft.Container(figures, width=size, height=size, alignment=ft.Alignment.CENTER)], width=size, height=size
    )
    if caption:
        under = txt(caption, Type.META)
        face = ft.Column([face, under], spacing=Space.XS, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    return ft.Semantics(label=label, content=face)


def bar(ratio: float, color: str = Tone.ACTION) -> ft.Control:
    """Return a progress bar of `ratio` (0 to 1)."""
    return ft.ProgressBar(
        value=max(0.0, min(1.0, ratio)), color=color, bgcolor=Tone.FILL, bar_height=6, border_radius=3
    )
