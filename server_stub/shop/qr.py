"""A QR code as one SVG path: sharp at any size, needs no file and no script."""

from __future__ import annotations

from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M


@dataclass(frozen=True, slots=True)
class QrPath:
    """The side in modules, quiet zone included, and the path of the dark ones."""

    size: int
    path: str


def draw(text: str) -> QrPath:
    """Return the code of `text`, runs of dark modules joined row by row."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    matrix = code.get_matrix()
    runs = [f"M{x} {y}h{n}v1h-{n}z" for y, row in enumerate(matrix) for x, n in _runs(row)]
    return QrPath(len(matrix), "".join(runs))


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found
