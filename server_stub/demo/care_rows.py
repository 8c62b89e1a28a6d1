"""What guides have noted and planned: facts of a portrait, stages, reminders, appointments, home visits."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from app.domain.follow_up import quick_day
from app.domain.instants import to_text
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life, Order
from server_stub.demo.people import ZONE

REMEMBERED = 0.22  # of the customers the guide noted something of their own
VISITS = 3  # past home visits a guide
RECENT = timedelta(days=45)
# (kind, quick day or days back, hour, note)
PLANNED: tuple[tuple[str, str | int, time, str], ...] = (
    ("reminder", "today", time(11, 30), "问问上次的外套穿着合不合适"),
    ("appointment", "today", time(15, 0), "试新到的连衣裙，先留两个码"),
    ("reminder", 1, time(17, 0), "答应发细节图"),
    ("appointment", "tomorrow", time(14, 0), "陪先生一起来，看男装"),
    ("visit", "weekend", time(10, 30), "换季搭配，带浅色系"),
    ("reminder", "next_week", time(10, 30), "生日前问问想要什么"),
)
DATES = (("孩子生日", 0.35), ("结婚纪念日", 0.25))
CHOICES = {
    "price": ("careful", "balanced", "free"), "channel": ("chat", "chat", "call", "come_in"),
    "manner": ("quiet", "warm"),
}  # fmt: skip


def stage_of(life: Life, now: datetime) -> str:
    """Return how far the guide is with a customer: set for those who moved lately, empty for most."""
    rng = _rng(life.member.id)
    last = life.orders[-1].at if life.orders else None
    if last and now - last < RECENT:
        return "bought" if rng.random() < 0.5 else ""
    if life.views and now - life.views[-1].at < RECENT:
        return rng.choice(("in_touch", "considering", "")) if rng.random() < 0.4 else ""
    return ""


def fact_rows(book: Book, lives: Sequence[Life]) -> list[Row]:
    """Return what guides wrote of their customers, each fact with the day it was written."""
    return [row for life in lives for row in _facts(book, life)]


def _facts(book: Book, life: Life) -> Iterator[Row]:
    member, rng = life.member, _rng(f"{life.member.id}/facts")
    if member.place >= 4 and rng.random() > REMEMBERED:
        return
    at = max(member.joined_at, book.now - timedelta(days=rng.randint(3, 150)))
    made: list[tuple[str, str, str]] = [
        (kind, "", rng.choice(values)) for kind, values in CHOICES.items() if rng.random() < 0.6
    ]
    if member.gender == "female" and rng.random() < 0.5:
        made.append(("size", "dress", rng.choice(("S", "M", "L"))))
    for label, share in DATES:
        if rng.random() < share:
            made.append(("date", label, f"{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"))
    for kind, name, value in made:
        yield {
            "customer_id": member.id, "kind": kind, "name": name, "value": value, "source": "guide",
            "at": to_text(at), "by_staff": book.guides[member.guide],
        }  # fmt: skip


def follow_up_rows(book: Book, lives: Sequence[Life]) -> list[Row]:
    """Return each guide's plans of these days, and the home visits of the last weeks."""
    rows: list[Row] = []
    for guide in range(len(book.guides)):
        mine = [life for life in lives if life.member.guide == guide and not life.member.is_staged]
        rows += _plans(book, guide, mine[: len(PLANNED)])
        rows += _visits(book, guide, [life for life in mine if life.orders])
    return rows


def _plans(book: Book, guide: int, lives: Sequence[Life]) -> Iterator[Row]:
    today = book.now.astimezone(ZONE).date()
    for place, (life, (kind, when, hour, note)) in enumerate(zip(lives, PLANNED, strict=False)):
        day = today - timedelta(days=when) if isinstance(when, int) else quick_day(when, today)
        at = datetime.combine(day, hour, ZONE)
        pieces = [_piece(book, product, False) for product in life.member.favourites[:3]] if kind == "visit" else []
        made = book.now - timedelta(days=2 + place % 3, hours=place)
        yield _row(book, guide, life, f"plan/{guide}/{place}") | {
            "kind": kind, "at": to_text(at), "state": "open", "created_at": to_text(made), "note": note,
            "pieces": pieces,
        }  # fmt: skip


def _visits(book: Book, guide: int, lives: Sequence[Life]) -> Iterator[Row]:
    recent = sorted(lives, key=lambda life: (life.orders[-1].at, life.member.id), reverse=True)
    for place, life in enumerate(recent[:VISITS]):
        order = life.orders[-1]
        at = (order.at.astimezone(ZONE) - timedelta(days=1)).replace(hour=15, minute=0, second=0, microsecond=0)
        yield _row(book, guide, life, f"visit/{guide}/{place}") | {
            "kind": "visit", "at": to_text(at), "state": "done", "created_at": to_text(at - timedelta(days=3)),
            "closed_at": to_text(at + timedelta(hours=2)), "note": "", "pieces": _kept(book, life, order),
        }  # fmt: skip


def _kept(book: Book, life: Life, order: Order) -> list[Row]:
    """The pieces of the order that followed were kept, a few more were taken along."""
    pieces = {line.product: _piece(book, line.product, True, line.size) for line in order.lines}
    for product in life.member.favourites[:2]:
        pieces.setdefault(product, _piece(book, product, False))
    return list(pieces.values())


def _piece(book: Book, product: int, kept: bool, size: str = "") -> Row:
    goods = book.products[product % len(book.products)]
    return {"product_id": goods["id"], "size": size or goods["sizes"][len(goods["sizes"]) // 2], "kept": kept}


def _row(book: Book, guide: int, life: Life, name: str) -> Row:
    return {
        "id": book.id("follow_up", name), "guide_id": book.guides[guide], "customer_id": life.member.id,
        "private": False, "closed_at": None,
    }  # fmt: skip


def _rng(name: str) -> random.Random:
    return random.Random(f"care/{name}")
