"""Rewards for the members who joined by a guide's card in the last weeks (rules 4.10, 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app.domain.instants import to_text
from server_stub.db import Tx
from server_stub.demo import brand
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life
from server_stub.people import phones

JOINED_WITHIN = timedelta(days=75)
EVERY_REFERRED = 5  # each fifth came through a link made for another customer


def reward_rows(tx: Tx, book: Book, lives: Sequence[Life]) -> list[Row]:
    """Return a reward for every recent member, not yet judged; a guide's two newest came from one browser."""
    rows: list[Row] = []
    for guide in range(len(book.guides)):
        recent = [
            life
            for life in lives
            if life.member.guide == guide and book.now - JOINED_WITHIN < life.member.joined_at < book.now
        ]
        recent.sort(key=lambda life: (life.member.joined_at, life.member.id))
        rows += [_row(tx, book, life, place, len(recent)) for place, life in enumerate(recent)]
    return rows


def _row(tx: Tx, book: Book, life: Life, place: int, of: int) -> Row:
    member = life.member
    kind = "referral" if place % EVERY_REFERRED == EVERY_REFERRED - 1 else "new_member"
    shared = place >= of - 2
    browser = f"{member.guide}/newest" if shared else member.id
    return {
        "id": book.id("reward", member.id), "guide_id": book.guides[member.guide],
        "store_id": book.shop_of(member.guide), "kind": kind, "amount_fen": brand.REWARDS[kind], "state": "pending",
        "made_at": to_text(member.joined_at), "customer_id": member.id,
        "phone_key": phones.phone_hash(tx.secrets, member.phone), "device_key": book.id("browser", browser),
        "held_until": to_text(member.joined_at + timedelta(days=brand.REWARDS["hold_days"])), "reason": "holding",
        "flags": [], "near": [], "answer": "",
    }  # fmt: skip
