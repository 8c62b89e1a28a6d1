"""My commission: totals, ledger, one entry, trend."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.domain.instants import Instant, from_text
from app.protocol.objects import CommissionEntry, CommissionRule
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class CommissionTotals:
    """Sums of entries made in an interval; `total_fen` = pending + confirmed + settled."""

    total_fen: int
    pending_fen: int
    confirmed_fen: int
    settled_fen: int
    entries: int


@dataclass(frozen=True, slots=True)
class DayAmount:
    """An amount of one day (`YYYY-MM-DD` of the store's zone)."""

    day: str
    fen: int


@reads("commission_entry")
def commission_totals(read: Read, since: Instant, until: Instant) -> CommissionTotals:
    """Return the sums by state of the entries made in [since, until): today, or a month."""
    rows = read.rows(
        "SELECT state, sum(amount_fen), count(*) FROM commission_entry"
        " WHERE created_at >= ? AND created_at < ? GROUP BY state",
        (since, until),
    )
    fen = {state: amount for state, amount, _ in rows}
    states = [fen.get(state, 0) for state in ("pending", "confirmed", "settled")]
    return CommissionTotals(sum(states), states[0], states[1], states[2], sum(row[2] for row in rows))


@reads("commission_entry")
def commission_ledger(
    read: Read, since: Instant, until: Instant, state: str | None = None, limit: int = 200
) -> list[CommissionEntry]:
    """Return the entries made in [since, until), newest first; only one state if it is named."""
    return read.all(
        CommissionEntry,
        "created_at >= ? AND created_at < ? AND (? IS NULL OR state = ?) ORDER BY created_at DESC, id DESC LIMIT ?",
        (since, until, state, state, limit),
    )


@reads("commission_entry")
def commission_entry(read: Read, entry_id: str) -> CommissionEntry | None:
    """Return one entry with its steps, or None."""
    return read.get(CommissionEntry, entry_id)


@reads("commission_entry")
def entries_of_order(read: Read, order_id: str) -> list[CommissionEntry]:
    """Return the entries of one order, oldest first."""
    return read.all(CommissionEntry, "order_id = ? ORDER BY created_at, id", (order_id,))


@reads("commission_entry")
def commission_trend(read: Read, since: Instant, until: Instant, zone: str) -> list[DayAmount]:
    """Return the sum of each day of the store's zone that has entries, oldest first."""
    days: dict[str, int] = defaultdict(int)
    place = ZoneInfo(zone)
    rows = read.rows(
        "SELECT created_at, amount_fen FROM commission_entry WHERE created_at >= ? AND created_at < ?", (since, until)
    )
    for created_at, fen in rows:
        days[from_text(created_at).astimezone(place).date().isoformat()] += fen
    return [DayAmount(day, days[day]) for day in sorted(days)]


@reads("commission_rule")
def rule_by_id(read: Read, rule_id: str) -> CommissionRule | None:
    """Return one version of a commission rule, or None."""
    return read.get(CommissionRule, rule_id)
