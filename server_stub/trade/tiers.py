"""Tiers over the calendar month (rule 4.4): each confirmed sale and return moves its guide's month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain import commission as rules_of
from app.domain import instants
from app.domain.calendar_days import day_of, month_range
from app.domain.commission import CommissionRule, Entry
from server_stub.db import Tx
from server_stub.tables import commission_entry, commission_rule, staff, store
from server_stub.trade.rows import DEFAULT_ZONE, Record, every


@dataclass(slots=True)
class Month:
    """One guide's month under one rule so far: the base that counts and what was paid for it."""

    base_fen: int = 0
    posted_fen: int = 0


Key = tuple[str, str, str]  # guide, rule, month


def moves(tx: Tx, confirmed: Sequence[Record]) -> list[Entry]:
    """Return the tier entries that these entries cause, confirmed in their order; they are not written yet."""
    rules = {
        row["id"]: rule for row in every(tx, select(commission_rule)) if (rule := CommissionRule.from_wire(row)).tiers
    }
    mine = [row for row in confirmed if row["rule_id"] in rules]
    if not mine:
        return []
    zones = zones_of_guides(tx)
    months: dict[Key, Month] = {}
    for row in mine:
        key = key_of(row, zones)
        if key not in months:
            months[key] = _so_far(tx, key, zones[row["guide_id"]])
    return replay(mine, rules, zones, months)


def replay(
    confirmed: Sequence[Record], rules: dict[str, CommissionRule], zones: dict[str, ZoneInfo], months: dict[Key, Month]
) -> list[Entry]:
    """Return the tier entries of entries in the order they are confirmed; `months` move along."""
    made = []
    for _, group in groupby(confirmed, key=lambda row: (row["confirm_at"], row["event_id"])):
        rows = list(group)
        for key in sorted({key_of(row, zones) for row in rows}):
            same = [row for row in rows if key_of(row, zones) == key]
            entry = _move(key, same, rules[key[1]], months.setdefault(key, Month()))
            if entry is not None:
                made.append(entry)
    return made


def key_of(row: Record, zones: dict[str, ZoneInfo]) -> Key:
    """Return whose month under which rule an entry belongs to, by the time it is confirmed."""
    month = month_of(instants.from_text(row["confirm_at"]), zones[row["guide_id"]])
    return row["guide_id"], row["rule_id"], month


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """Return the calendar month `YYYY-MM` of an instant in a zone."""
    return day_of(at, zone).isoformat()[:7]


def zones_of_guides(tx: Tx) -> dict[str, ZoneInfo]:
    """Return the zone of every member of staff's store."""
    query = select(staff.c.id, store.c.zone).outerjoin(store, store.c.id == staff.c.store_id)
    return {row.id: ZoneInfo(row.zone or DEFAULT_ZONE) for row in tx.conn.execute(query)}


def _move(key: Key, rows: Sequence[Record], rule: CommissionRule, month: Month) -> Entry | None:
    from server_stub.trade.commission import entry_of  # it stands on this module

    month.base_fen += sum(rules_of.tier_base(entry_of(row)) for row in rows)
    entry = rules_of.tier_entry(
        rule,
        guide_id=key[0],
        month=key[2],
        base_fen=month.base_fen,
        posted_fen=month.posted_fen,
        event_id=rows[0]["event_id"],
        at=instants.from_text(rows[0]["confirm_at"]),
        order_id=rows[0]["order_id"],
        order_no=rows[0]["order_no"],
    )
    month.posted_fen += entry.amount_fen if entry else 0
    return entry


def _so_far(tx: Tx, key: Key, zone: ZoneInfo) -> Month:
    """Return the month as it stands before what is confirmed now."""
    from server_stub.trade.commission import entry_of  # it stands on this module

    guide_id, rule_id, month = key
    begins, ends = month_range(datetime.fromisoformat(f"{month}-01").date(), zone)
    c = commission_entry.c
    there = (
        c.guide_id == guide_id, c.rule_id == rule_id, c.state.in_(("confirmed", "settled")),
        c.confirmed_at >= instants.to_text(begins), c.confirmed_at < instants.to_text(ends),
    )  # fmt: skip
    found = Month()
    for row in every(tx, select(commission_entry).where(*there)):
        if row["kind"] == "tier":
            found.posted_fen += row["amount_fen"]
        else:
            found.base_fen += rules_of.tier_base(entry_of(row))
    return found
