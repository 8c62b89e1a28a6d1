"""Interleavings of leases, sends, claims, uses in two stores without a network, refunds, expiry, faults and days.

`DAOGOU_COUPON_SEEDS` sets how many seeds run (300 by default; the proof `coupons` of `make soak` asks for 10,000).
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from unittest import mock

import pytest
import structlog

from app.domain import coupon as rules
from server_stub.trade import coupons, leases, redemptions
from tests.sim_coupons.brand import Brand
from tests.sim_coupons.holds import Broken
from tests.sim_coupons.world import run

SEEDS = int(os.environ.get("DAOGOU_COUPON_SEEDS", "300"))
SHARDS = 4
TRIES = 60
HAPPENS = (
    "sent", "claimed", "tried", "bought", "receipt", "refunded", "fine", "lost", "twice", "half", "told",
    "use accepted", "use coupon_used",
)  # fmt: skip
SELDOM = ("use returned", "use coupon_expired", "use coupon_reserved", "use coupon_not_issued", "use coupon_voided")


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """The server logs every refusal; here there are tens of thousands."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def brand() -> Iterator[Brand]:
    made = Brand()
    yield made
    made.close()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_rule_1_4_never_over_issued_and_every_double_use_is_told_to_both(brand: Brand, shard: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(shard, SEEDS, SHARDS):
        seen += run(brand, seed)
    wanted = HAPPENS + (SELDOM if SEEDS >= 2_000 else ())
    assert SEEDS < 200 or not [name for name in wanted if not seen[name]], seen


def _caught(brand: Brand) -> str:
    for seed in range(TRIES):
        try:
            run(brand, seed)
        except Broken as broken:
            return str(broken)
    return ""


def _bugs() -> dict[str, tuple[object, str, object, str]]:
    judge = rules.available
    real = redemptions.why_not
    return {
        "the first is not told": (redemptions, "_tell_the_first", lambda tx, second: None, "told to who was first"),
        "leases are counted short": (
            leases.rules_of, "available", lambda total, issued, open_leases: judge(total, issued, 0), "available"
        ),
        "limits are not asked": (coupons, "_require_limits", lambda *args: None, "at most"),
        "used ones may be used": (
            redemptions, "why_not", lambda *a, **k: None if real(*a, **k) == "coupon_used" else real(*a, **k), ""
        ),
        "managers are not told": (
            redemptions, "_touch", lambda tx, number: tx.touch("redemption", number), "the manager"
        ),
    }  # fmt: skip


@pytest.mark.parametrize("bug", sorted(_bugs()))
def test_a_planted_bug_is_caught(brand: Brand, bug: str) -> None:
    where, name, broken, says = _bugs()[bug]
    with mock.patch.object(where, name, broken):
        found = _caught(brand)
    assert found and says in found, found
