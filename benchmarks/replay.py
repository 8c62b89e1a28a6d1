"""Orders with refunds through the server's services on SQLite, against inserting the same rows bare.

`DAOGOU_REPLAY_ORDERS` says how many orders (10,000 by default; 100,000 is the full size). Both sides commit
every 500 orders, on one thread; both are timed in CPU seconds, since they run for minutes one after the other and a
machine is never equally busy. "Bare" is every row that the replay left in the tables it wrote, from memory, with
executemany.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert, select

from app.domain.instants import to_text
from benchmarks.measure import Figure
from server_stub import migrations
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.config import Secrets, Settings
from server_stub.db import Database
from server_stub.trade import replay
from server_stub.trade.drafts import DraftLine, OrderDraft, RefundLine

ORDERS = int(os.environ.get("DAOGOU_REPLAY_ORDERS", "10000"))
BATCH = 500
GUIDES, CUSTOMERS, PRODUCTS = 12, max(2_400, ORDERS // 6), 60
NOW = datetime(2026, 11, 22, tzinfo=UTC)
START = "2025-01-01T00:00:00Z"
FAR = "2030-01-01T00:00:00Z"
HOURS = {str(day): [["10:00", "22:00"]] for day in range(7)}
WRITTEN = (
    t.orders, t.order_line, t.refund, t.commission_entry, t.store_entry, t.guide_day, t.sync_row,
)  # fmt: skip


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        db, clock = _brand(Path(folder) / "replayed")
        stream = list(_stream(Random(7)))
        began = time.process_time()
        _replay(db, clock, stream)
        ours = time.process_time() - began
        bare, _ = _brand(Path(folder) / "bare")
        baseline = _bare(db, bare)
        db.close()
        bare.close()
    name = f"replay of {ORDERS:,} orders with {sum(len(refunds) for _, refunds in stream):,} refunds"
    per_order = 1_000_000 / ORDERS
    return [Figure(name, ours * per_order, baseline * per_order, "the same rows bare", "<= 6x", "µs an order")]


@dataclass(frozen=True, slots=True)
class Back:
    """One refund of the stream: everything left of an order, or one piece of its first line."""

    order_id: str
    event_id: str
    line_id: str
    whole: bool


Batch = tuple[list[OrderDraft], list[Back]]


def _stream(random: Random) -> Iterator[Batch]:
    """Yield batches of orders, oldest first, each with the refunds that come before the next."""
    step = timedelta(days=300) / ORDERS
    waiting: list[Back] = []
    for start in range(0, ORDERS, BATCH):
        drafts = []
        for number in range(start, min(start + BATCH, ORDERS)):
            lines = tuple(
                DraftLine(f"p{random.randrange(PRODUCTS)}", random.choice((1, 1, 2)), "S", line_id=f"l{number}-{place}")
                for place in range(random.choice((1, 1, 2, 3)))
            )
            buyer = f"c{random.randrange(CUSTOMERS)}"
            drafts.append(OrderDraft(
                f"e{number}", buyer, "miniprogram", lines, order_id=f"o{number}", no=f"N{number}",
                store_id=f"s{int(buyer[1:]) % GUIDES % 3}", created_at=NOW - timedelta(days=310) + step * number,
            ))  # fmt: skip
            if random.random() < 0.08:
                waiting.append(Back(f"o{number}", f"r{number}", f"l{number}-0", random.random() < 0.6))
        yield drafts, waiting
        waiting = []


def _replay(db: Database, clock: FixedClock, stream: list[Batch]) -> None:
    for drafts, refunds in stream:
        clock.at = drafts[-1].created_at or NOW
        with db.begin() as tx:
            replay.place_many(tx, drafts)
            replay.refund_many(tx, [
                replay.Refund(r.order_id, r.event_id, None if r.whole else (RefundLine(r.line_id, 1),)) for r in refunds
            ])  # fmt: skip


def _bare(source: Database, target: Database) -> float:
    """Insert what the replay left, from memory, in as many transactions; return the seconds it took."""
    rounds: list[list[tuple[Any, list[dict[str, Any]]]]] = [[] for _ in range(-(-ORDERS // BATCH))]
    with source.read() as conn:
        for table in WRITTEN:
            rows = [dict(row) for row in conn.execute(select(table)).mappings()]
            for number, some in enumerate(_slices(rows, len(rounds))):
                if some:
                    rounds[number].append((table, some))
    began = time.process_time()
    for one in rounds:
        with target.engine.begin() as conn:
            for table, rows in one:
                conn.execute(insert(table), rows)
    return time.process_time() - began


def _slices(rows: list[dict[str, Any]], rounds: int) -> list[list[dict[str, Any]]]:
    """Return rows by the batch of their order; what has no order is spread evenly."""
    made: list[list[dict[str, Any]]] = [[] for _ in range(rounds)]
    for place, row in enumerate(rows):
        order_id = row.get("order_id") or (row["id"] if "no" in row else None)
        made[int(order_id[1:]) // BATCH if order_id else place * rounds // len(rows)].append(row)
    return made


def _brand(home: Path) -> tuple[Database, FixedClock]:
    clock = FixedClock(NOW)
    secrets = Secrets(*(bytes([n]) * 32 for n in range(1, 8)))
    db = Database.open(Settings(home=home, env="test", public_url="http://shop.test", secrets=secrets), clock)
    migrations.upgrade(db)
    with db.begin() as tx:
        for table, rows in _rows().items():
            tx.conn.execute(insert(table), rows)
    return db, clock


def _rows() -> dict[Any, list[dict[str, Any]]]:
    guides = [f"g{n}" for n in range(GUIDES)]
    return {
        t.setting: [{
            "id": "brand", "brand": "B", "brand_en": "B", "contact": {}, "signal": {},
            "attribution": {"default_days": 14, "chat": 7, "print": 30},
        }],
        t.store: [{"id": f"s{n}", "no": n, "name": f"S{n}", "city": "上海", "hours": HOURS} for n in range(3)],
        t.staff: [
            {"id": guide, "no": n, "staff_no": f"G{n}", "name": guide, "role": "guide", "store_id": f"s{n % 3}"}
            for n, guide in enumerate(guides)
        ],
        t.product: [
            {"id": f"p{n}", "no": n, "style_no": f"P{n}", "name": f"P{n}", "category": f"k{n % 5}",
             "list_price_fen": 9_900 + 777 * n, "price_fen": 8_900 + 777 * n}
            for n in range(PRODUCTS)
        ],
        t.customer: [
            {"id": f"c{n}", "name": f"C{n}", "joined_at": START, "guide_id": guides[n % GUIDES],
             "store_id": f"s{n % GUIDES % 3}"}
            for n in range(CUSTOMERS)
        ],
        t.binding: [
            {"id": f"b{n}", "customer_id": f"c{n}", "guide_id": guides[n % GUIDES], "store_id": f"s{n % GUIDES % 3}",
             "from_at": START, "protected_until": FAR, "bound_until": FAR, "mode": "bound"}
            for n in range(CUSTOMERS)
        ],
        t.share: [
            {"id": f"h{n}", "code": f"CODE{n}", "guide_id": guides[n % GUIDES], "kind": "product", "channel": "chat",
             "created_at": START, "synced": True}
            for n in range(CUSTOMERS)
        ],
        t.touch: [
            {"id": f"t{n}-{month}", "person_kind": "customer", "person_id": f"c{n}",
             "share_id": f"h{(n * 7) % CUSTOMERS}",
             "guide_id": guides[(n * 7) % GUIDES], "channel": "chat",
             "at": to_text(NOW - timedelta(days=310 - 30 * month, hours=n % 700))}
            for n in range(0, CUSTOMERS, 3) for month in range(10)
        ],
        t.commission_rule: [
            {"id": f"r{level}", "level": level, "target_id": target, "from_at": START, "rate_bp": rate,
             "store_share_bp": share}
            for level, target, rate, share in (
                ("brand", None, 300, 0), ("category", "k1", 400, 0), ("store", "s2", 300, 1_000),
            )
        ],
    }  # fmt: skip
