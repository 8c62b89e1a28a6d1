"""Product pictures, always through `device.images`."""

from __future__ import annotations

import flet as ft

from app.device import images
from app.ui.parts.people import initial
from app.ui.theme import Radius, Tone, TypeSpec

LETTER_MAX = 120


def product_thumb(
    digest: str | None, label: str, size: float | None = 64, height: float | None = None, *,
    radius: float | ft.BorderRadius = Radius.M, named: bool = False,
) -> ft.Control:  # fmt: skip
    """Return a product's picture, cut to fill; its first letter while it has not come. `size=None` fills the width.

    `named`: what it stands in says the product's name, so the picture does not say it again.
    """
    tall = height or size
    letter = initial(label)
    kind = TypeSpec(round(min(tall or 64, LETTER_MAX) * 0.4), round(min(tall or 64, LETTER_MAX) * 0.5), True)
    mark: ft.Control = (
        ft.Text(letter, style=kind.style(Tone.QUIET), semantics_label="")
        if letter.isalnum()
        else ft.Icon(ft.Icons.CHECKROOM_OUTLINED, color=Tone.QUIET)
    )
    stage = ft.Container(
        ft.Semantics(label=label, image=True, content=mark) if label and not named else mark, width=size, height=tall,
        bgcolor=Tone.FILL, alignment=ft.Alignment.CENTER, border_radius=radius,
    )  # fmt: skip
    source = images.src(digest)
    if source is None:
        return stage
    return ft.Image(
        source, width=size, height=tall, fit=ft.BoxFit.COVER, border_radius=radius, error_content=stage,
        semantics_label=None if named else label, exclude_from_semantics=named, gapless_playback=True,
    )  # fmt: skip
