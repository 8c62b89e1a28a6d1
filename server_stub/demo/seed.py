"""Seeds the demo brand in bulk: the same rules, the same projections, one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select

from app.domain.instants import to_text
from server_stub import tables as t
from server_stub.db import Database, Tx
from server_stub.demo import brand_rows, coupon_rows, member_rows, reward_rows, trade_rows
from server_stub.demo.brand_rows import Book
from server_stub.demo.days import Board
from server_stub.demo.history import Biographer, Life, Share, shares_of
from server_stub.demo.people import members_of
from server_stub.people import books
from server_stub.sync import projections
from server_stub.trade import rewards

SEED = 20_241
SEEDED = "demo_seed"
ALIVE = "demo_alive_at"
GUIDES = 12

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What a seed made and how long it took."""

    customers: int
    orders: int
    views: int
    entries: int
    seconds: float


@dataclass(slots=True)
class Past:
    """The whole history as plans: what the bulk writes and what the recompute test places again."""

    shares: list[Share]
    lives: list[Life]


def is_seeded(db: Database) -> bool:
    """Say whether this database holds a brand already."""
    with db.read() as conn:
        return conn.execute(select(t.store.c.id).limit(1)).first() is not None


def seed(db: Database, *, number: int = SEED, cache: Path | None = None, report: Report = print) -> SeedReport | None:
    """Fill an empty, migrated database with the demo brand; None (and no change) if it is seeded already.

    Args:
        number: The same number, clock and secrets give the same brand.
        cache: Where the index of the pictures lies; default: the server's folder.
        report: Called with a line after each step.
    """
    if is_seeded(db):
        return None
    begun = time.monotonic()
    blobs = db.settings.blobs
    # Pillow works outside the interpreter's lock: the pictures are made while the past is imagined.
    with ThreadPoolExecutor(1) as pool, db.begin() as tx:
        drawing = pool.submit(brand_rows.make_album, blobs, cache or db.settings.folder, report)
        book = Book(number, tx.now.replace(microsecond=0))
        past = imagine(book)
        album = drawing.result()
        brand_rows.blob_rows(tx, blobs, album)
        brand_rows.write_brand(tx, book, album)
        report(f"{len(past.lives)} members and what they did")
        made = _write(tx, book, past)
        report(f"{made[0]} orders, {made[1]} commission entries")
        books.recount(tx, tx.conn.execute(select(t.staff.c.id).where(t.staff.c.role == "guide")).scalars().all())
        projections.project_all(tx.conn, now=tx.now)
        tx.conn.execute(insert(t.meta), [
            {"name": SEEDED, "value": str(number)}, {"name": ALIVE, "value": to_text(tx.now)},
        ])  # fmt: skip
        tx.audit("demo.seed", "brand", {"number": number})
    views = sum(len(life.views) for life in past.lives)
    return SeedReport(len(past.lives), made[0], views, made[1], time.monotonic() - begun)


def imagine(book: Book) -> Past:
    """Return the plans of everybody's past for a book whose seed and time are set."""
    shares = {guide: shares_of(guide, book.now, book.seed) for guide in range(GUIDES)}
    writer = Biographer(book.now, book.seed, shares)
    members = [member for guide in range(GUIDES) for member in members_of(guide, book.now, book.seed)]
    return Past([one for rows in shares.values() for one in rows], [writer.live(member) for member in members])


def _write(tx: Tx, book: Book, past: Past) -> tuple[int, int]:
    """Decide and insert everything that happened; return how many orders and commission entries."""
    ledger = trade_rows.Ledger(book)
    for life in past.lives:
        ledger.place_all(life)
    member_rows.write_members(tx, book, past.lives, ledger.figures)
    coupons = coupon_rows.coupon_rows(tx, book, past.lives, ledger.placed)
    put = member_rows.write_all
    put(tx, t.share, member_rows.share_rows(tx, book, past.shares, past.lives, coupons.claimed, ledger.bought))
    put(tx, t.touch, member_rows.touch_rows(book, past.lives))
    put(tx, t.browse_event, member_rows.view_rows(book, past.lives))
    put(tx, t.browse_event, member_rows.left_rows(book, past.lives))
    put(tx, t.lease, coupons.leases)
    put(tx, t.coupon, coupons.coupons)
    put(tx, t.coupon_event, coupons.events)
    put(tx, t.contact, coupons.contacts)
    heads, lines, refunds = trade_rows.order_rows(ledger.placed)
    put(tx, t.orders, heads)
    put(tx, t.order_line, lines)
    put(tx, t.refund, refunds)
    entries = trade_rows.entry_rows(ledger.placed, book.now)
    entries += trade_rows.tier_rows(book, entries)
    put(tx, t.statement, trade_rows.settle(book, entries))
    put(tx, t.commission_entry, entries)
    put(tx, t.store_entry, trade_rows.store_rows(ledger.placed))
    put(tx, t.action_reward, reward_rows.reward_rows(tx, book, past.lives))
    rewards.decide_due(tx)
    board = Board(book)
    board.add_orders(ledger.placed)
    board.add_visits(past.lives)
    board.add_work(past.shares, coupons.contacts, coupons.redeemed)
    put(tx, t.guide_day, board.rows())
    return len(heads), len(entries)
