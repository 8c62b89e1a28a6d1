"""Avatars: the family name on one of four quiet tones, never red."""

from __future__ import annotations

import zlib

import flet as ft

from app.ui.parts.text import txt
from app.ui.theme import Tone, TypeSpec

_TONES = (
    (Tone.SOFT, Tone.ON_SOFT),
    (Tone.WARM, Tone.ON_WARM),
    (Tone.CALM, Tone.ON_CALM),
    (ft.Colors.SURFACE_CONTAINER_HIGHEST, Tone.QUIET),
)


def initial(name: str) -> str:
    """Return the family name's character, or a Latin name's first letter."""
    return name.strip()[:1].upper() or "·"


def avatar(name: str, seed: str, size: float = 44, badge: ft.IconData | None = None) -> ft.Control:
    """Return the avatar of a person; `seed` (their id) chooses the tone, `badge` is a small icon at its corner."""
    back, ink = _TONES[zlib.crc32(seed.encode()) % len(_TONES)]
    kind = TypeSpec(round(size * 0.42), round(size * 0.5), True)
    face = ft.Container(
        txt(initial(name), kind, ink, semantics_label=""), width=size, height=size, bgcolor=back,
        border_radius=size / 2, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    if badge is None:
        return face
    mark = ft.Container(
        ft.Icon(badge, size=12, color=Tone.TEXT), width=20, height=20, bgcolor=Tone.CARD, border_radius=10,
        border=ft.Border.all(1, Tone.LINE), alignment=ft.Alignment.CENTER, right=-3, bottom=-3,
    )  # fmt: skip
    return ft.Stack([face, mark], width=size, height=size, clip_behavior=ft.ClipBehavior.NONE)
