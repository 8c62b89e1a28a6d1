"""A statement as CSV: amounts in two columns without signs, no cell that a spreadsheet would run (trust section 6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

RISKY = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"  # spreadsheets of Windows take the file for GBK without it


def safe(cell: str) -> str:
    """Return a cell that is shown as it is: one that would start a formula gets a quote in front."""
    return f"'{cell}" if cell.startswith(RISKY) else cell


def yuan(fen: int) -> str:
    """Return an amount of fen without its sign, with two digits after the point."""
    return f"{abs(fen) // 100}.{abs(fen) % 100:02d}"


def earned_and_taken(fen: int) -> tuple[str, str]:
    """Return an amount in the column of what came in, or of what was taken back."""
    return (yuan(fen), "") if fen >= 0 else ("", yuan(fen))


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV in UTF-8 with CRLF, every cell made safe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
    return (BOM + text.getvalue()).encode()
