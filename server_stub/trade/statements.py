"""Monthly statements (rule 4.8): made once a guide's month is over, never changed again.

What is confirmed after its month was closed (a late refund) stands in the next statement (rule 4.6). The
database itself refuses to change a statement or a settled entry (`server_stub.migrations.immutable`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update

from app.domain import instants
from app.domain.calendar_days import day_of, month_range
from app.domain.statement import Statement, StatementLine, close_month
from server_stub.db import Tx
from server_stub.tables import commission_entry, statement
from server_stub.trade.commission import SETTLED_AFTER, due
from server_stub.trade.rows import Record, every, first
from server_stub.trade.tiers import month_of, zones_of_guides

GUIDES_AT_ONCE = 20
IN_CHUNK = 500


def close_due(tx: Tx) -> int:
    """Close the finished months of some guides; return how many statements were made, to be called until 0.

    Nothing is closed while an entry waits for its confirmation: it may belong to the month.
    """
    if first(tx, due(tx.now).limit(1)) is not None:
        return 0
    known = tx.now - SETTLED_AFTER
    zones = zones_of_guides(tx)
    oldest = (
        select(commission_entry.c.guide_id, func.min(commission_entry.c.confirmed_at).label("at"))
        .where(commission_entry.c.state == "confirmed")
        .group_by(commission_entry.c.guide_id)
    )
    waiting = [
        row["guide_id"]
        for row in every(tx, oldest)
        if instants.from_text(row["at"]) < month_range(day_of(known, zones[row["guide_id"]]), zones[row["guide_id"]])[0]
    ]
    return sum(_close(tx, guide_id, zones[guide_id]) for guide_id in sorted(waiting)[:GUIDES_AT_ONCE])


def months_closed(
    guide_id: str, rows: Sequence[Record], last: Record | None, zone: ZoneInfo, this_month: str
) -> list[Statement]:
    """Return the statements of a guide's confirmed rows up to the month before `this_month`.

    `last` is the statement before them; a month in which nothing was confirmed has none.
    """
    lines = [StatementLine(row["id"], instants.from_text(row["confirmed_at"]), row["amount_fen"]) for row in rows]
    open_lines = sorted(lines, key=lambda line: line.confirmed_at)
    made: list[Statement] = []
    balance, after = (last["closing_fen"], last["month"]) if last else (0, "")
    while open_lines:
        month = month_of(open_lines[0].confirmed_at, zone)
        month = max(month, _next(after)) if after else month
        if month >= this_month:
            break
        made.append(close_month(guide_id, month, open_lines, zone=zone, opening_fen=balance))
        settled = {line.entry_id for line in made[-1].lines}
        open_lines = [line for line in open_lines if line.entry_id not in settled]
        balance, after = made[-1].closing_fen, month
    return made


def statement_id(guide_id: str, month: str) -> str:
    """Return the id of a guide's statement of a month."""
    return f"{guide_id}.{month}"


def statement_row(made: Statement, zone: ZoneInfo) -> Record:
    """Return the row of a statement; it is closed as of the end of its month, whenever the job ran."""
    ends = month_range(date.fromisoformat(f"{made.month}-01"), zone)[1]
    return {
        "id": statement_id(made.guide_id, made.month), "guide_id": made.guide_id, "month": made.month,
        "opening_fen": made.opening_fen, "closing_fen": made.closing_fen, "entries": len(made.lines),
        "digest": made.digest, "closed_at": instants.to_text(ends),
    }  # fmt: skip


def _close(tx: Tx, guide_id: str, zone: ZoneInfo) -> int:
    c = commission_entry.c
    columns = c.id, c.confirmed_at, c.amount_fen
    rows = every(tx, select(*columns).where(c.guide_id == guide_id, c.state == "confirmed"))
    newest = select(statement).where(statement.c.guide_id == guide_id).order_by(statement.c.month.desc()).limit(1)
    made = months_closed(guide_id, rows, first(tx, newest), zone, month_of(tx.now - SETTLED_AFTER, zone))
    for one in made:
        _write(tx, one, zone)
    return len(made)


def _write(tx: Tx, made: Statement, zone: ZoneInfo) -> None:
    row = statement_row(made, zone)
    tx.conn.execute(insert(statement).values(row))
    ids = [line.entry_id for line in made.lines]
    values = {"state": "settled", "statement_id": row["id"]}
    for start in range(0, len(ids), IN_CHUNK):
        some = commission_entry.c.id.in_(ids[start : start + IN_CHUNK])
        tx.conn.execute(update(commission_entry).where(some).values(values))
    tx.touch("commission_entry", *ids)
    tx.touch("statement", row["id"])


def _next(month: str) -> str:
    return (date.fromisoformat(f"{month}-01") + timedelta(days=32)).isoformat()[:7]
