"""QR codes that survive a messenger: whole pixels per module, a full quiet zone, capitals where possible."""

from __future__ import annotations

import io
from functools import lru_cache

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from app.domain.errors import LocalFault

QUIET_MODULES = 4
MODULE_MIN_PX = 4
TEXT_MAX = 300


@lru_cache(maxsize=16)
def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """Return the dark modules of `text`, without a quiet zone; medium error correction.

    Capital letters, figures and `:/.-` become the short alphanumeric mode by themselves.

    Raises:
        LocalFault: `poster_failed`; nothing to encode or too long to be scanned from a picture.
    """
    if not text or len(text) > TEXT_MAX:
        raise LocalFault("poster_failed", "text of the QR code is empty or too long")
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    try:
        code.make(fit=True)
    except DataOverflowError as error:
        raise LocalFault("poster_failed", "text of the QR code is too long") from error
    return tuple(tuple(bool(cell) for cell in row) for row in code.get_matrix())


def qr_image(text: str, side: int) -> Image.Image:
    """Return a greyscale square of `side` pixels: the code in the middle, white around it.

    Raises:
        LocalFault: `poster_failed`; `side` leaves fewer than 4 pixels per module.
    """
    dark = modules(text)
    count = len(dark)
    pixels = side // (count + 2 * QUIET_MODULES)
    if pixels < MODULE_MIN_PX:
        raise LocalFault("poster_failed", "QR code too small to be scanned")
    small = Image.new("L", (count, count))
    small.putdata([0 if cell else 255 for row in dark for cell in row])
    code = small.resize((count * pixels, count * pixels), Image.Resampling.NEAREST)
    square = Image.new("L", (side, side), 255)
    at = (side - code.width) // 2
    square.paste(code, (at, at))
    return square


def qr_png(text: str, side: int = 640) -> bytes:
    """Return a PNG of the code of `text`, for the guide's card.

    Raises:
        LocalFault: `poster_failed`, as in `qr_image`.
    """
    out = io.BytesIO()
    qr_image(text, side).convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()
