"""Where text goes on a poster: wrapping of Chinese and Latin, shrinking, ellipsis; pure arithmetic.

Widths come as `Measure`: a character to its width in em, so that one table serves every size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Measure = Callable[[str], float]

ELLIPSIS = "…"
LINE_HEIGHT = 1.36
STEP = 0.94
ROUNDING = 1e-6
NOT_FIRST = frozenset("，。、；：！？）》」』】〕”’…—·,.;:!?)]}%℃")
NOT_LAST = frozenset("（《「『【〔“‘([{¥￥#@")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Text that fits its box: the size chosen, the lines and each line's width in pixels."""

    size: int
    lines: tuple[str, ...]
    widths: tuple[float, ...]

    @property
    def line_height(self) -> int:
        """The distance between two lines in pixels."""
        return round(self.size * LINE_HEIGHT)

    @property
    def height(self) -> int:
        """The height of all lines in pixels."""
        return self.line_height * len(self.lines)


def width_of(text: str, measure: Measure) -> float:
    """Return the width of `text` in em."""
    return sum(measure(character) for character in text)


def fit(text: str, width: int, height: int, size: int, min_size: int, lines: int, measure: Measure) -> Fitted:
    """Return `text` at the largest size in `min_size..size` at which all of it fits, else cut with an ellipsis."""
    now = size
    while True:
        room = _rooms(height, now, lines)
        wrapped = wrap(text, width / now, measure)
        if len(wrapped) <= room and all(width_of(line, measure) * now <= width + ROUNDING for line in wrapped):
            return _fitted(now, wrapped, measure)
        if now <= min_size:
            return _fitted(now, cut(wrapped, room, width / now, measure), measure)
        now = max(min_size, int(now * STEP))


def wrap(text: str, width: float, measure: Measure) -> list[str]:
    """Return the lines of `text` that are at most `width` em wide, without losing a character but spaces."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width_of(line + piece, measure) > width + ROUNDING:
            lines.append(line)
            line = ""
        *whole, rest = _chop(line + piece if line else piece.lstrip(), width, measure)
        lines.extend(whole)
        line = rest
    lines.append(line)
    return [kept for kept in (line.rstrip() for line in lines) if kept]


def cut(lines: list[str], room: int, width: float, measure: Measure) -> list[str]:
    """Return the first `room` lines, the last one ending in an ellipsis that fits `width` em."""
    kept = lines[:room]
    last = kept[-1]
    while last and width_of(last + ELLIPSIS, measure) > width:
        last = last[:-1]
    return [*kept[:-1], last.rstrip("，、,. ") + ELLIPSIS]


def _rooms(height: int, size: int, lines: int) -> int:
    # One line always has room: a box lower than its text is the template's fault, not the guide's.
    return max(1, min(lines, int(height / (size * LINE_HEIGHT) + 0.02)))


def _fitted(size: int, lines: list[str], measure: Measure) -> Fitted:
    return Fitted(size, tuple(lines), tuple(width_of(line, measure) * size for line in lines))


def _pieces(text: str) -> Iterator[str]:
    """Yield what may not be broken: a Latin word, a space, one Chinese character with its punctuation."""
    piece = ""
    for character in " ".join(text.split()):
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after in NOT_FIRST or before in NOT_LAST:
        return False
    return before == " " or after == " " or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return ord(character) >= 0x2E80


def _chop(piece: str, width: float, measure: Measure) -> list[str]:
    """Return text in parts that each fit a line: one part, unless a single word is wider than the line."""
    parts, part, used = [], "", 0.0
    for character in piece:
        size = measure(character)
        if part and used + size > width + ROUNDING:
            parts.append(part)
            part, used = "", 0.0
        part, used = part + character, used + size
    return [*parts, part]
