"""Rows to measure with: customers and their views as a pull brings them, from a fixed seed."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from app.domain.ids import uuid7
from app.domain.instants import to_text
from app.protocol.objects import BrowseEvent, Customer, Tag

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
FAMILY = (("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"), ("赵", "zhao"))
GIVEN = (
    ("雨桐", "yu tong"),
    ("思远", "si yuan"),
    ("佳怡", "jia yi"),
    ("子涵", "zi han"),
    ("静", "jing"),
    ("芳", "fang"),
)


def customers(count: int) -> list[Customer]:
    """Return `count` customers of one guide with names, pinyin, tags and figures."""
    random = Random(7)
    found = []
    for i in range(count):
        (family, f_pinyin), (given, g_pinyin) = random.choice(FAMILY), random.choice(GIVEN)
        tail = f"{random.randrange(10_000):04d}"
        found.append(
            Customer(
                id=uuid7(NOW - timedelta(days=i), os.urandom(10)),
                guide_id="g1",
                store_id="s1",
                name=family + given,
                pinyin=f"{f_pinyin} {g_pinyin}",
                initials="".join(w[0] for w in f"{f_pinyin} {g_pinyin}".split()),
                phone_masked=f"138****{tail}",
                phone_tail=tail,
                level=random.choice(("member", "silver", "gold")),
                joined_at=to_text(NOW - timedelta(days=random.randrange(900))),
                gender="f",
                birthday="05-17",
                note="喜欢亚麻，周末有空" if i % 3 == 0 else "",
                sizes={"top": "M"},
                likes=["连衣裙"],
                tags=[Tag("通勤", "brand"), Tag("38 码", "personal")],
                consents={"browse": True, "marketing": True},
                spend_fen=random.randrange(2_000_000),
                order_count=random.randrange(12),
                order_days=random.randrange(9),
                first_order_at=to_text(NOW - timedelta(days=500)),
                last_order_at=to_text(NOW - timedelta(days=random.randrange(400))),
            )
        )
    return found


def events(people: list[Customer], count: int) -> list[BrowseEvent]:
    """Return `count` views spread over the customers and 180 days."""
    random = Random(8)
    return [
        BrowseEvent(
            id=uuid7(NOW - timedelta(minutes=i), os.urandom(10)),
            customer_id=random.choice(people).id,
            product_id=f"p{random.randrange(72)}",
            session_id=f"v{i // 2}",
            at=to_text(NOW - timedelta(minutes=random.randrange(180 * 1440))),
            dwell_s=random.randrange(3, 90),
            channel="chat",
        )
        for i in range(count)
    ]


def operations(*groups: list[Any]) -> list[dict[str, Any]]:
    """Return the rows as the `put` operations of a pull."""
    return [
        {"op": "put", "key": f"{row.OBJECT}/{row.id}", "value": dataclasses.asdict(row), "b": "guide:g1", "v": v}
        for v, row in enumerate((row for group in groups for row in group), 1)
    ]
