from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from app.domain import segment as s
from app.domain.instants import to_text
from app.domain.segment import Figures, Purchase, SegmentClock
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 10:30")
CLOCK = SegmentClock(NOW, SHANGHAI)
OLD = to_text(NOW - timedelta(days=900))


def bought(days_ago: float, fen: int = 10_000, refunded: int = 0, status: str = "paid") -> Purchase:
    return Purchase(to_text(NOW - timedelta(days=days_ago)), fen, refunded, status)


def figures(*purchases: Purchase, joined: str = OLD) -> Figures:
    return s.figures_of(purchases, CLOCK, joined_at=joined)


@pytest.mark.parametrize(
    ("purchases", "first", "repeat"),
    [
        ([], False, False),
        ([bought(5)], True, False),
        ([bought(5), bought(5)], True, False),
        ([bought(5), bought(4)], False, True),
        ([bought(5), bought(4, 10_000, 10_000, "refunded")], True, False),
        ([bought(5), bought(4, 10_000, 9_999, "part_refunded")], False, True),
        ([bought(5), bought(4, 0)], False, True),
        ([bought(5, status="cancelled")], False, False),
    ],
)
def test_rule_6_1_first_and_repeat(purchases: list[Purchase], first: bool, repeat: bool) -> None:
    found = s.effective(figures(*purchases), CLOCK)
    assert (found["first"], found["repeat"]) == (first, repeat)
    assert found["effective"] is (first or repeat)


def test_rule_6_1_distinct_days_are_the_stores() -> None:
    night = [Purchase("2026-11-10T15:59:59Z", 1), Purchase("2026-11-10T16:00:00Z", 1)]
    assert figures(*night).order_days == 2
    assert figures(night[0], Purchase("2026-11-09T16:00:00Z", 1)).order_days == 1


@pytest.mark.parametrize(
    ("balance", "topped_days_ago", "holds"), [(1, None, True), (0, 365, True), (0, 366, False), (0, None, False)]
)
def test_rule_6_1_stored_value(balance: int, topped_days_ago: int | None, holds: bool) -> None:
    topped = None if topped_days_ago is None else to_text(NOW - timedelta(days=topped_days_ago))
    found = s.effective(Figures(OLD, stored_value_fen=balance, topped_up_at=topped), CLOCK)
    assert (found["stored_value"], found["effective"]) == (holds, holds)


@pytest.mark.parametrize(("days", "dormant"), [(364, False), (365, True), (800, True)])
def test_rule_6_1_dormant(days: int, dormant: bool) -> None:
    assert s.is_dormant(figures(bought(days)), CLOCK) is dormant
    assert not s.is_dormant(figures(), CLOCK)


@pytest.mark.parametrize(
    ("days_ago", "codes"),
    [
        ((5,), ("first",)),
        ((40, 10), ("repeat",)),
        ((70, 60), ("repeat", "at_risk")),
        ((70, 50, 30), ("repeat",)),
        ((75, 50, 40), ("repeat", "at_risk")),
        ((800, 500), ("repeat", "dormant")),
        ((100, 80, 70, 60), ("repeat", "at_risk", "champion")),
        ((101, 81, 71, 61), ("repeat", "at_risk")),
    ],
)
def test_segments_of_the_list(days_ago: tuple[int, ...], codes: tuple[str, ...]) -> None:
    made = figures(*(bought(days) for days in days_ago))
    assert s.segment_of(made, CLOCK, champion_cut_fen=10_000) == codes
    assert "champion" not in s.segment_of(made, CLOCK, champion_cut_fen=made.spend_fen + 1)


def test_new_members_and_champion_cut() -> None:
    assert s.segment_of(Figures(to_text(NOW - timedelta(days=30))), CLOCK) == ("new",)
    assert s.segment_of(Figures(to_text(NOW - timedelta(days=31))), CLOCK) == ()
    assert s.segment_of(Figures(to_text(NOW + timedelta(days=1))), CLOCK) == ()
    assert s.segment_of(Figures(to_text(NOW)), CLOCK) == ("new",)
    assert s.champion_cut([0, 0]) is None
    assert s.champion_cut(range(1, 21)) == 19
    assert s.champion_cut([5]) == 5


def test_figures_of_objects_and_of_dicts() -> None:
    fields = {"joined_at": OLD, "order_days": 2, "stored_value_topped_up_at": OLD, "unknown": 1}
    expected = Figures(OLD, order_days=2, topped_up_at=OLD)
    assert Figures.from_wire(fields) == Figures.from_wire(SimpleNamespace(**fields)) == expected


@pytest.mark.parametrize(
    ("purchases", "expected"),
    [
        ([], (0, 0, 0, 0)),
        ([bought(10, 500, 500, "refunded")], (0, 0, 0, 0)),
        ([bought(10, 500)], (0, 0, 10, 0)),
        ([bought(0, 500)], (0, 0, 0, 0)),
        ([bought(10, 500), bought(10, 700)], (0, 0, 10, 0)),
        ([bought(10, 500), bought(4, 700), bought(4, 300), bought(2, 101, 100)], (2, 8, 10, 500)),
    ],
)
def test_rule_6_2_rfm(purchases: list[Purchase], expected: tuple[int, int, int, int]) -> None:
    found = s.rfm(purchases, CLOCK)
    assert (found.frequency, found.recency, found.age, found.monetary_fen) == expected


def test_rule_6_3_lifetime_value_shows_its_factors() -> None:
    found = s.clv([bought(364, 30_000), bought(100, 20_000, 10_000, "part_refunded")], CLOCK)
    assert found.months == pytest.approx(365 / (365.25 / 12))
    assert found.basket_fen == 20_000
    assert found.months * found.orders_per_month * found.basket_fen == pytest.approx(found.value_fen)
    assert s.clv([], CLOCK) == s.Clv(0.0, 0.0, 0, 0)


def test_rule_6_4_super_users() -> None:
    crowd = [s.SuperTraits(f"c{index:02}", {"coat": index * 100}) for index in range(18)]
    top = s.SuperTraits("top", {"coat": 90_000}, referrals=2)
    early = s.SuperTraits("early", {"hat": 1}, first_week_purchases=2)
    poor = s.SuperTraits("poor", {"coat": 1}, referrals=9)
    assert s.super_users([*crowd, top, early, poor]) == {"top": "referrals", "early": "early_buyer"}
    assert s.super_users([replace(top, referrals=1)]) == {}


@pytest.mark.parametrize(
    ("fen", "referrals", "early", "top", "reason"),
    [
        (900, 2, 0, ("coat",), "referrals"), (900, 1, 2, ("coat",), "early_buyer"), (900, 2, 2, ("coat",), "referrals"),
        (899, 2, 2, (), None), (900, 1, 1, ("coat",), None), (0, 9, 9, (), None),
    ],
)  # fmt: skip
def test_rule_6_4_each_trait_says_whether_it_holds(
    fen: int, referrals: int, early: int, top: tuple[str, ...], reason: str | None
) -> None:
    found = s.super_of(s.SuperTraits("c", {"coat": fen}, referrals, early), {"coat": 900})
    assert (found.top_categories, found.reason) == (top, reason)
    assert (found.brings_friends, found.buys_early) == (referrals >= 2, early >= 2)


def test_rule_6_4_the_dearest_category_stands_first_and_nobody_bought_is_no_top() -> None:
    assert s.category_cuts([{"a": 0, "b": 5}, {"a": 0}]) == {"b": 5}
    assert s.super_of(s.SuperTraits("c", {"a": 5, "b": 9}), {"a": 5, "b": 5, "z": 1}).top_categories == ("b", "a")


@pytest.mark.parametrize(
    ("released", "paid", "holds"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", True), ("2026-11-01T00:00:00Z", "2026-11-07T23:59:59Z", True),
        ("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", False),
        ("2026-11-01T00:00:00Z", "2026-10-31T23:59:59Z", False),
        (None, "2026-11-01T00:00:00Z", False),
    ],
)  # fmt: skip
def test_rule_6_4_the_first_week_of_a_product(released: str | None, paid: str, holds: bool) -> None:
    assert s.is_first_week(released, paid) is holds


@pytest.mark.parametrize(
    ("days_ago", "gap"), [((), None), ((5,), None), ((40, 10), 30), ((40, 30, 9), 16), ((5, 5, 4), 1)]
)
def test_the_usual_gap_is_between_purchase_days(days_ago: tuple[int, ...], gap: int | None) -> None:
    assert s.usual_gap(figures(*(bought(days) for days in days_ago)), CLOCK) == gap
