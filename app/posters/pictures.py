"""Product pictures, opened as untrusted input and fitted to their place."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.errors import Refused

PICTURE_MAX_BYTES = 10_000_000
PICTURE_MAX_PIXELS = 24_000_000
FORMATS = ("PNG", "JPEG", "WEBP")


def open_picture(source: bytes | Path, wanted: tuple[int, int]) -> Image.Image:
    """Return the decoded picture, RGB or RGBA, at least `wanted` pixels large if the file is.

    Raises:
        Refused: `picture_malformed`; not a picture, too large, or broken.
    """
    raw = _read(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(raw), formats=FORMATS)
            _check_size(picture)
            picture.draft("RGB", wanted)  # JPEG decodes at 1/2, 1/4 or 1/8 of its size, much faster
            picture.load()
    except Refused:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise Refused("picture_malformed", f"picture cannot be decoded: {type(error).__name__}") from error
    return picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGBA" if _has_alpha(picture) else "RGB")


def fitted(picture: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    """Return the picture scaled into `size`: `cover` fills it and is cropped, `contain` shows all of it."""
    if fit == "cover":
        return ImageOps.fit(picture, size, Image.Resampling.BICUBIC, centering=(0.5, 0.5))
    return ImageOps.contain(picture, size, Image.Resampling.BICUBIC)


def _read(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        raw = source
    else:
        try:
            with source.open("rb") as file:
                raw = file.read(PICTURE_MAX_BYTES + 1)
        except OSError as error:
            raise Refused("picture_malformed", "picture cannot be read") from error
    if len(raw) > PICTURE_MAX_BYTES:
        raise Refused("picture_malformed", "picture file too large")
    return raw


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > PICTURE_MAX_PIXELS:
        raise Refused("picture_malformed", "picture has too many pixels")


def _has_alpha(picture: Image.Image) -> bool:
    return "A" in picture.getbands() or "transparency" in picture.info
