"""My commission: totals, ledger, one entry, trends, statements, and orders that paid me nothing or less."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.calendar_days import DayOfText
from app.domain.instants import Instant
from app.protocol.objects import CommissionEntry, CommissionRule, Dispute, Order, Statement, TeamDispute
from app.store.read import Read, reads

LEDGER_MAX = 5_000
UNCOUNTED_MAX = 200


@dataclass(frozen=True, slots=True)
class CommissionTotals:
    """Sums of entries made in an interval; `total_fen` = pending + confirmed + settled, `sleep_fen` is part of it."""

    total_fen: int
    pending_fen: int
    confirmed_fen: int
    settled_fen: int
    entries: int
    sleep_fen: int = 0


@dataclass(frozen=True, slots=True)
class DayAmount:
    """An amount of one day (`YYYY-MM-DD`) or month (`YYYY-MM`) of the store's zone; `sleep_fen` is part of it."""

    day: str
    fen: int
    sleep_fen: int = 0


class LedgerLine(NamedTuple):
    """One entry without its steps, as the ledger lists it; `channel` is known for orders of my own customers.

    A tuple, because a month of thousands is made anew at each change: a third of the time of a frozen dataclass.
    """

    id: str
    label: str
    order_no: str
    kind: str
    role: str
    state: str
    fen: int
    at: Instant
    sleep: bool
    channel: str
    tier: str | None = None  # of a tier entry, as JSON: its rule, the month's base with this sale, the tiers of then


@dataclass(frozen=True, slots=True)
class OrderPay:
    """An order of one of my customers and what it paid me: `accrued_fen` at first, `net_fen` after all."""

    id: str
    no: str
    customer_id: str
    paid_at: Instant
    paid_fen: int
    reason: str | None
    closing_guide_id: str | None
    bound_guide_id: str | None
    historic: bool
    accrued_fen: int
    net_fen: int


@reads("commission_entry")
def commission_totals(read: Read, since: Instant, until: Instant) -> CommissionTotals:
    """Return the sums by state of the entries made in [since, until): today, or a month."""
    rows = read.rows(
        "SELECT state, sum(amount_fen), count(*), sum(amount_fen * sleep) FROM commission_entry"
        " WHERE created_at >= ? AND created_at < ? GROUP BY state",
        (since, until),
    )
    fen = {row[0]: row[1] for row in rows}
    states = [fen.get(state, 0) for state in ("pending", "confirmed", "settled")]
    entries, sleep_fen = sum(row[2] for row in rows), sum(row[3] for row in rows)
    return CommissionTotals(sum(states), states[0], states[1], states[2], entries, sleep_fen)


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
def newest_sales(read: Read, since: Instant, until: Instant, limit: int) -> list[CommissionEntry]:
    """Return the newest entries of [since, until) that are no tier bonuses."""
    return read.all(
        CommissionEntry,
        "created_at >= ? AND created_at < ? AND kind <> 'tier' ORDER BY created_at DESC, id DESC LIMIT ?",
        (since, until, limit),
    )


@reads("commission_entry")
def tier_sum(read: Read, since: Instant, until: Instant) -> tuple[int, int]:
    """Return how many tier bonuses there are in [since, until), and their sum."""
    rows = read.rows(
        "SELECT count(*), coalesce(sum(amount_fen), 0) FROM commission_entry"
        " WHERE created_at >= ? AND created_at < ? AND kind = 'tier'",
        (since, until),
    )
    return rows[0][0], rows[0][1]


@reads("commission_entry", "order")
def ledger_lines(read: Read, since: Instant, until: Instant) -> list[LedgerLine]:
    """Return the entries made in [since, until) without their steps, newest first."""
    rows = read.rows(
        "SELECT e.id, e.label, e.order_no, e.kind, e.role, e.state, e.amount_fen, e.created_at, e.sleep,"
        " coalesce(o.channel, ''), CASE WHEN e.kind = 'tier'"
        " THEN json_array(e.rule_id, e.base_fen, json_extract(e.steps, '$[0].params.tiers')) END"
        " FROM commission_entry e LEFT JOIN orders o ON o.id = e.order_id"
        " WHERE e.created_at >= ? AND e.created_at < ? ORDER BY e.created_at DESC, e.id DESC LIMIT ?",
        (since, until, LEDGER_MAX),
    )
    return list(map(LedgerLine._make, rows))


@reads("commission_entry")
def commission_entry(read: Read, entry_id: str) -> CommissionEntry | None:
    """Return one entry with its steps, or None."""
    return read.get(CommissionEntry, entry_id)


@reads("commission_entry")
def entries_of_order(read: Read, order_id: str) -> list[CommissionEntry]:
    """Return the entries of one order, oldest first."""
    return read.all(CommissionEntry, "order_id = ? ORDER BY created_at, id", (order_id,))


@reads("commission_entry")
def entries_of_number(read: Read, order_no: str) -> list[CommissionEntry]:
    """Return the entries of the order with this number, oldest first."""
    return read.all(CommissionEntry, "order_no = ? ORDER BY created_at, id", (order_no,))


@reads("commission_entry")
def commission_trend(read: Read, since: Instant, until: Instant, zone: str) -> list[DayAmount]:
    """Return the sum of each day of the store's zone that has entries, oldest first."""
    days: dict[int, int] = defaultdict(int)
    day_at = DayOfText(ZoneInfo(zone))
    rows = read.rows(
        "SELECT created_at, amount_fen FROM commission_entry WHERE created_at >= ? AND created_at < ?", (since, until)
    )
    for created_at, fen in rows:
        days[day_at(created_at)] += fen
    return [DayAmount(date.fromordinal(day).isoformat(), days[day]) for day in sorted(days)]


@reads("commission_entry")
def month_trend(read: Read, bounds: tuple[tuple[str, Instant, Instant], ...]) -> list[DayAmount]:
    """Return the sums of named months, each (`YYYY-MM`, since, until); a month without entries has 0."""
    query = (
        "SELECT coalesce(sum(amount_fen), 0), coalesce(sum(amount_fen * sleep), 0) FROM commission_entry"
        " WHERE created_at >= ? AND created_at < ?"
    )
    return [DayAmount(month, *read.rows(query, (since, until))[0]) for month, since, until in bounds]


@reads("commission_rule")
def rule_by_id(read: Read, rule_id: str) -> CommissionRule | None:
    """Return one version of a commission rule, or None."""
    return read.get(CommissionRule, rule_id)


@reads("commission_rule")
def commission_rules(read: Read) -> list[CommissionRule]:
    """Return every version of every rule."""
    return read.all(CommissionRule, "1 ORDER BY from_at, version, id")


@reads("commission_entry")
def month_base(read: Read, rule_id: str, since: Instant, until: Instant) -> tuple[int, int, list[CommissionEntry]]:
    """Return what counts for a rule's tiers in the month [since, until): confirmed fen, pending fen, shared entries.

    A sole guide's base is in the sums; the entries returned are shared ones, whose own part their steps say.
    """
    where = (
        "rule_id = ? AND kind <> 'tier' AND coalesce(confirmed_at, confirm_at) >= ?"
        " AND coalesce(confirmed_at, confirm_at) < ?"
    )
    own = "(role = 'sole' OR kind = 'reversal')"
    rows = read.rows(
        "SELECT state = 'pending', sum(base_fen) FROM commission_entry"  # noqa: S608 - constants of this function
        f" WHERE {where} AND {own} GROUP BY state = 'pending'",
        (rule_id, since, until),
    )
    fen = dict(rows)
    shared = read.all(CommissionEntry, f"{where} AND NOT {own}", (rule_id, since, until))
    return fen.get(0, 0), fen.get(1, 0), shared


# --- statements ----------------------------------------------------------------------------


@reads("statement")
def statements(read: Read) -> list[Statement]:
    """Return my closed months, newest first."""
    return read.all(Statement, "1 ORDER BY month DESC")


@reads("statement")
def statement_of(read: Read, month: str) -> Statement | None:
    """Return the statement of a month (`YYYY-MM`), or None."""
    return read.one(Statement, "month = ?", (month,))


@reads("commission_entry")
def statement_entries(read: Read, statement_id: str) -> list[CommissionEntry]:
    """Return the entries settled in a statement, in its order."""
    return read.all(CommissionEntry, "statement_id = ? ORDER BY confirmed_at, id", (statement_id,))


# --- orders that paid nothing or less, and what was asked about them -----------------------


@reads("order", "commission_entry")
def uncounted_orders(read: Read, since: Instant) -> list[OrderPay]:
    """Return my customers' orders paid since then that paid me nothing, or only a part, newest first."""
    rows = read.rows(
        "SELECT o.id, o.no, o.customer_id, o.paid_at, o.paid_fen, o.reason, o.closing_guide_id, o.bound_guide_id,"
        " o.historic, coalesce(sum(CASE WHEN e.kind = 'accrual' THEN e.amount_fen END), 0) AS accrued,"
        " coalesce(sum(e.amount_fen), 0) FROM orders o"
        " LEFT JOIN commission_entry e ON e.order_id = o.id AND e.kind <> 'tier' WHERE o.paid_at >= ?"
        " GROUP BY o.id HAVING accrued = 0 OR max(e.role) <> 'sole' ORDER BY o.paid_at DESC, o.id DESC LIMIT ?",
        (since, UNCOUNTED_MAX),
    )
    return [OrderPay(*row) for row in rows]


@reads("order")
def order_by_no(read: Read, order_no: str) -> Order | None:
    """Return the order with this number if it is on this phone."""
    return read.one(Order, "no = ?", (order_no,))


@reads("order")
def order_by_id(read: Read, order_id: str) -> Order | None:
    """Return an order of one of my customers, or None."""
    return read.get(Order, order_id)


@reads("dispute")
def disputes(read: Read) -> list[Dispute]:
    """Return what I asked about orders, newest first."""
    return read.all(Dispute, "1 ORDER BY asked_at DESC, id DESC")


@reads("dispute")
def disputes_of(read: Read, order_no: str) -> list[Dispute]:
    """Return what I asked about one order, newest first."""
    return read.all(Dispute, "order_no = ? ORDER BY asked_at DESC, id DESC", (order_no,))


@reads("team_dispute")
def team_disputes(read: Read, limit: int = 200) -> list[TeamDispute]:
    """Return the store's disputes for its manager: those to be decided first, then the newest."""
    return read.all(TeamDispute, "1 ORDER BY state = 'asked' DESC, asked_at DESC, id DESC LIMIT ?", (limit,))


@reads("team_dispute")
def team_dispute(read: Read, dispute_id: str) -> TeamDispute | None:
    """Return one of the store's disputes, or None."""
    return read.get(TeamDispute, dispute_id)
