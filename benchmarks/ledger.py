"""A month of 2,000 entries on the phone: ledger, figures and trend, against a bare SELECT of the same rows."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from app.domain import commission as rules
from app.domain.attribution import Attribution
from app.domain.instants import to_text
from app.protocol.objects import CommissionEntry
from app.security.sealed import RowSealer
from app.store import Store, patch
from app.store.queries import commission
from app.ui.screens.commission.ledger import by_day, kept
from app.ui.screens.commission.view import Filters
from benchmarks.measure import Figure, pair
from benchmarks.rows import NOW, operations

ENTRIES = 2_000
NAMES = tuple(field.name for field in dataclasses.fields(CommissionEntry))
MONTH = ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
ZONE = "Asia/Shanghai"


def entries(count: int) -> list[CommissionEntry]:
    """Return `count` entries of one guide's month as the rules make them, a third of them shared, some at night."""
    random = Random(11)
    rule = rules.CommissionRule("r1", 1, "brand", None, NOW - timedelta(days=400), rate_bp=300)
    made: list[CommissionEntry] = []
    for n in range(count):
        at = NOW.replace(day=1) + timedelta(minutes=random.randrange(23 * 1440))
        line = rules.SoldLine(f"l{n}", f"p{n % 72}", "tops", 1, random.randrange(9_900, 299_900), f"商品 {n % 72}")
        order = rules.SoldOrder(f"o{n}", f"2026{n:08d}", "s1", at, at, (line,), sleep=n % 9 == 0)
        won = Attribution("g1", "g2" if n % 3 == 0 else "g1", "s1", "closing_touch", {})
        entry = next(one for one in rules.accrue(order, won, [rule], event_id=f"e{n}") if one.guide_id == "g1")
        values = {name: getattr(entry, name, None) for name in NAMES}
        values |= {"steps": list(entry.steps), "created_at": to_text(at), "confirm_at": to_text(at + timedelta(days=7))}
        made.append(CommissionEntry(**values))
    return made


async def _store(folder: str) -> Store:
    store = Store.open(Path(folder), RowSealer(bytes(range(32))))
    await store.write(lambda tx: patch.apply(tx, operations(entries(ENTRIES))))
    return store


def figures() -> list[Figure]:
    """Return what the ledger page and its figures take."""
    with tempfile.TemporaryDirectory() as folder:
        store = asyncio.run(_store(folder))
        zone, view = ZoneInfo(ZONE), Filters()

        def page() -> None:
            commission.commission_totals(store.read, *MONTH)
            commission.commission_trend(store.read, *MONTH, ZONE)
            lines = commission.ledger_lines(store.read, *MONTH)
            rows = by_day(kept(lines, view, {}, zone), zone, "")
            if len(lines) != ENTRIES or len(rows) <= ENTRIES:
                raise RuntimeError("the ledger does not hold the month")

        bare = sqlite3.connect(f"file:{Path(folder) / 'store.db'}?mode=ro", uri=True)

        def select() -> None:
            bare.execute(
                "SELECT id, label, order_no, kind, role, state, amount_fen, created_at, sleep FROM commission_entry"
                " WHERE created_at >= ? AND created_at < ? ORDER BY created_at DESC, id DESC",
                MONTH,
            ).fetchall()

        ours, base = pair(page, select, rounds=15)
        bare.close()
        store.close()
    return [Figure(f"ledger and figures of {ENTRIES:,} entries", ours, base, "a bare SELECT of the rows", "< 30 ms")]
