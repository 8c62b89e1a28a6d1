"""A statement as a picture: the month, its balance, its entries; nothing of a customer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from app.posters import fonts

WIDTH, SIDE = 1080, 72
PAPER, INK, QUIET, LINE, GREEN, RED = "#FFFFFF", "#191C1B", "#5B625F", "#E3E5E0", "#0B6B5B", "#B3261E"
HEAD_HEIGHT, FACT_HEIGHT, ROW_HEIGHT, FOOT_HEIGHT = 300, 72, 104, 150
ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One entry: what was sold, a quiet line below, the amount."""

    title: str
    meta: str
    amount: str
    taken: bool = False


@dataclass(frozen=True, slots=True)
class StatementSpec:
    """All that the picture shows, as text in the guide's language; `more` says what did not fit."""

    brand: str
    title: str
    owner: str
    facts: Sequence[tuple[str, str]]
    rows: Sequence[StatementRow]
    more: str
    foot: Sequence[str]


def make_statement(spec: StatementSpec) -> bytes:
    """Return the picture as PNG, 1080 wide and as tall as it needs.

    Raises:
        LocalFault: `poster_failed`; the font is missing.
    """
    rows = spec.rows[:ROWS_MAX]
    height = HEAD_HEIGHT + FACT_HEIGHT * len(spec.facts) + ROW_HEIGHT * (len(rows) + bool(spec.more)) + FOOT_HEIGHT
    canvas = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    top = _head(draw, spec)
    for label, value in spec.facts:
        _write(draw, (SIDE, top), label, 32, QUIET)
        _write(draw, (WIDTH - SIDE, top), value, 34, INK, bold=True, right=True)
        top += FACT_HEIGHT
    for row in rows:
        _row(draw, row, top)
        top += ROW_HEIGHT
    if spec.more:
        draw.line((SIDE, top, WIDTH - SIDE, top), fill=LINE, width=2)
        _write(draw, (SIDE, top + 32), spec.more, 28, QUIET)
        top += ROW_HEIGHT
    for place, line in enumerate(spec.foot):
        _write(draw, (SIDE, top + 36 + 44 * place), line, 26, QUIET)
    data = io.BytesIO()
    canvas.save(data, "PNG", optimize=True)
    return data.getvalue()


def _head(draw: ImageDraw.ImageDraw, spec: StatementSpec) -> int:
    draw.rectangle((0, 0, WIDTH, 12), fill=GREEN)
    _write(draw, (SIDE, 64), spec.brand, 30, QUIET)
    _write(draw, (SIDE, 116), spec.title, 60, INK, bold=True)
    _write(draw, (SIDE, 206), spec.owner, 32, QUIET)
    return HEAD_HEIGHT


def _row(draw: ImageDraw.ImageDraw, row: StatementRow, top: int) -> None:
    draw.line((SIDE, top, WIDTH - SIDE, top), fill=LINE, width=2)
    room = WIDTH - 2 * SIDE - 260
    _write(draw, (SIDE, top + 18), row.title, 32, INK, room=room)
    _write(draw, (SIDE, top + 60), row.meta, 26, QUIET, room=room)
    _write(draw, (WIDTH - SIDE, top + 32), row.amount, 34, RED if row.taken else INK, bold=True, right=True)


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, colour: str, *, bold: bool = False,
    right: bool = False, room: int = WIDTH,
) -> None:  # fmt: skip
    face = fonts.font(size, bold)
    shown = fonts.drawable(text)
    if face.getlength(shown) > room:
        while shown and face.getlength(shown + "…") > room:
            shown = shown[:-1]
        shown += "…"
    draw.text(at, shown, font=face, fill=colour, anchor="ra" if right else "la")
