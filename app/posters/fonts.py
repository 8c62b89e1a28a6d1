"""The bundled fonts: found once, measured once, and which characters they can draw."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.errors import LocalFault

if TYPE_CHECKING:
    from PIL import ImageFont

PROBE_SIZE = 200
NOTDEF = "\uffff"
# Full-width punctuation brings its own space; the middle dot of Noto CJK is full width too.
_NEEDLESS_SPACE = re.compile(r" ?· ?|(?<=[，。、；：！？）》」』]) | (?=[，。、；：！？（《「『])")
_FILES = {False: "NotoSansSC-Regular.otf", True: "NotoSansSC-Bold.otf"}


def assets_dir() -> Path:
    """Return the folder of bundled assets: Flet names it on devices, else it stands beside `app`."""
    named = os.environ.get("FLET_ASSETS_DIR")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "assets"


@lru_cache(maxsize=48)
def font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """Return the bundled font at `size` pixels.

    Raises:
        LocalFault: `poster_failed`; the font is missing or damaged.
    """
    from PIL import ImageFont  # Today asks this module for a folder; nobody draws there

    try:
        path = assets_dir() / "fonts" / _FILES[bold]
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise LocalFault("poster_failed", "bundled font cannot be read") from error


@lru_cache(maxsize=20_000)
def width_regular(character: str) -> float:
    """Return the width of a character in em, Regular."""
    return font(PROBE_SIZE, False).getlength(character) / PROBE_SIZE


@lru_cache(maxsize=20_000)
def width_bold(character: str) -> float:
    """Return the width of a character in em, Bold."""
    return font(PROBE_SIZE, True).getlength(character) / PROBE_SIZE


def drawable(text: str, limit: int = 2_000) -> str:
    """Return `text` without what the fonts cannot draw (emoji, controls), in composed form."""
    composed = unicodedata.normalize("NFC", text[:limit])
    kept = "".join(c if has_glyph(c) else " " if c.isspace() else "" for c in composed)
    return _NEEDLESS_SPACE.sub(lambda found: found.group().strip(), " ".join(kept.split()))


@lru_cache(maxsize=20_000)
def has_glyph(character: str) -> bool:
    """Say if the font draws this character as itself and not as its "missing" box."""
    if unicodedata.category(character)[0] in "CM" or character.isspace():
        return character == " "
    return _picture_of(character) != _picture_of(NOTDEF)


def _picture_of(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(24, False).getmask(character)
    return mask.size, bytes(mask)
