"""Monthly statements: opening balance, entries, closing balance, and a hash over the lines (rule 4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain.money import Fen


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry as settled; `confirmed_at` decides the month."""

    entry_id: str
    confirmed_at: datetime
    amount_fen: Fen


@dataclass(frozen=True, slots=True)
class Statement:
    """A closed month (`YYYY-MM`) of one guide; it never changes again."""

    guide_id: str
    month: str
    opening_fen: Fen
    closing_fen: Fen
    lines: tuple[StatementLine, ...]
    digest: str


def close_month(
    guide_id: str,
    month: str,
    entries: Sequence[StatementLine],
    *,
    zone: tzinfo,
    opening_fen: Fen = 0,
    settled: frozenset[str] = frozenset(),
) -> Statement:
    """Return the statement of `month`: every entry confirmed before its end and not yet `settled`.

    A refund of a settled entry is confirmed later and so lands in the next statement (rule 4.6).
    """
    raise NotImplementedError


def digest(guide_id: str, month: str, opening_fen: Fen, lines: Sequence[StatementLine]) -> str:
    """Return the SHA-256 (hex) over the statement's lines in their order."""
    raise NotImplementedError


def verify(statement: Statement) -> bool:
    """Say whether the hash and the balance fit the lines."""
    raise NotImplementedError
