"""Tier entries told apart from sales: which step of a rule's tiers each reached, and those of one step together (4.4).

A month beyond its first border posts a tier entry for nearly every sale; together they leave the sales readable.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.domain.money import Bp, Fen

Line = TypeVar("Line")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TierStep:
    """One step of a rule's tiers: from `from_fen` of a month's base `bp` on top of the rate, `before_bp` below it."""

    rule_id: str
    from_fen: Fen
    bp: Bp
    before_bp: Bp


def step_at(rule_id: str, tiers: Sequence[tuple[Fen, Bp]], base_fen: Fen) -> TierStep:
    """Return the step that a month with `base_fen` stands in: the last one begun, the first while none is.

    A sale that crosses a border belongs to the step it reached; no tiers give a step of nothing.
    """
    ordered = sorted(tiers) or [(0, 0)]
    place = max((at for at, (begin, _) in enumerate(ordered) if begin < base_fen), default=0)
    begin, rate = ordered[place]
    return TierStep(rule_id, begin, rate, ordered[place - 1][1] if place else 0)


def apart(lines: Iterable[Line], key_of: Callable[[Line], Key | None]) -> tuple[list[Line], dict[Key, list[Line]]]:
    """Return (lines without a key, lines by key), each in their order: every line once, so that sums stay the same."""
    plain: list[Line] = []
    together: dict[Key, list[Line]] = {}
    for line in lines:
        key = key_of(line)
        if key is None:
            plain.append(line)
        else:
            together.setdefault(key, []).append(line)
    return plain, together
