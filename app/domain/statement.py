"""Monthly statements: opening balance, entries, closing balance, and a hash over the lines (rule 4.8)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from app.domain.calendar_days import month_range
from app.domain.instants import to_text
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
    first = date.fromisoformat(month + "-01")
    ends = month_range(first, zone)[1]
    due = sorted(
        (line for line in entries if line.confirmed_at < ends and line.entry_id not in settled),
        key=lambda line: (line.confirmed_at, line.entry_id),
    )
    closing = opening_fen + sum(line.amount_fen for line in due)
    return Statement(guide_id, month, opening_fen, closing, tuple(due), digest(guide_id, month, opening_fen, due))


def digest(guide_id: str, month: str, opening_fen: Fen, lines: Sequence[StatementLine]) -> str:
    """Return the SHA-256 (hex) over the statement's lines in their order."""
    head = [guide_id, month, opening_fen]
    rows = [[line.entry_id, to_text(line.confirmed_at), line.amount_fen] for line in lines]
    return hashlib.sha256(json.dumps([head, rows], separators=(",", ":")).encode()).hexdigest()


def verify(statement: Statement) -> bool:
    """Say whether the hash and the balance fit the lines."""
    total = statement.opening_fen + sum(line.amount_fen for line in statement.lines)
    made = digest(statement.guide_id, statement.month, statement.opening_fen, statement.lines)
    return total == statement.closing_fen and made == statement.digest
