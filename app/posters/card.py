"""A guide's card as a picture: one code, the name, the store; nothing of a customer."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from app.posters import fonts
from app.posters.layout import fit
from app.posters.qr import qr_image

WIDTH, HEIGHT, CODE = 1080, 1440, 960
PAPER, INK, QUIET, GREEN = "#FFFFFF", "#191C1B", "#5B625F", "#0B6B5B"
NAME_TOP, STORE_TOP, CODE_TOP, HINT_TOP = 110, 236, 306, 1280
TEXT_WIDTH, TEXT_HEIGHT = WIDTH - 160, 110


@dataclass(frozen=True, slots=True)
class CardSpec:
    """All that the picture shows, as text in the guide's language; `link` is what the code holds."""

    name: str
    store: str
    hint: str
    link: str


def make_card(spec: CardSpec) -> bytes:
    """Return the card as PNG, 1080 x 1440; a long name becomes smaller.

    Raises:
        LocalFault: `poster_failed`; font missing, or a link too long for the code.
    """
    canvas = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, WIDTH, 16), fill=GREEN)
    _line(draw, spec.name, NAME_TOP, 84, INK, bold=True)
    _line(draw, spec.store, STORE_TOP, 44, QUIET)
    canvas.paste(qr_image(spec.link, CODE), ((WIDTH - CODE) // 2, CODE_TOP))
    _line(draw, spec.hint, HINT_TOP, 40, QUIET)
    data = io.BytesIO()
    canvas.save(data, "PNG", optimize=True)
    return data.getvalue()


def _line(draw: ImageDraw.ImageDraw, text: str, top: int, size: int, colour: str, *, bold: bool = False) -> None:
    """Write one or two lines in the middle, as large as fits."""
    shown = fonts.drawable(text)
    if not shown:
        return
    laid = fit(shown, TEXT_WIDTH, TEXT_HEIGHT, size, 28, 2, fonts.width_bold if bold else fonts.width_regular)
    for place, line in enumerate(laid.lines):
        at = (WIDTH / 2, top + place * laid.line_height)
        draw.text(at, line, font=fonts.font(laid.size, bold), fill=colour, anchor="ma")
