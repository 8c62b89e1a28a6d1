"""Circles, what a customer is worth, filters and folding."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.book import Facts, Filter, check_filter, circles_of, worth_of
from app.domain.errors import Rejected
from app.domain.folding import SIMPLIFIED, TRADITIONAL, fold
from app.domain.segment import Figures, SegmentClock

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = SegmentClock(datetime(2026, 11, 30, 16, 30, tzinfo=UTC), ZONE)  # half past midnight of 1 December in the store
JOINED = "2025-01-01T00:00:00Z"
FIRST = Figures(JOINED, 1, 1, 50_000, "2026-11-01T04:00:00Z", "2026-11-01T04:00:00Z")


@pytest.mark.parametrize(
    ("figures", "birthday", "consents", "codes"),
    [
        (Figures(JOINED), None, {}, ()),
        (FIRST, "12-31", {"marketing": True}, ("effective", "birthday", "consented")),
        (FIRST, "11-30", {"marketing": False}, ("effective",)),
        (Figures(JOINED, stored_value_fen=1), "02-29", {"browse": True}, ("effective",)),
        (Figures(JOINED), "12-01", {"marketing": True}, ("birthday", "consented")),
    ],
)
def test_rule_6_1_circles(
    figures: Figures, birthday: str | None, consents: dict[str, bool], codes: tuple[str, ...]
) -> None:
    assert circles_of(figures, CLOCK, birthday=birthday, consents=consents) == codes


def test_rule_6_3_a_large_first_order_does_not_stand_above_the_faithful() -> None:
    year = Figures(JOINED, 12, 12, 1_200_000, "2025-12-02T04:00:00Z", "2026-11-20T04:00:00Z")
    assert worth_of(Figures(JOINED), CLOCK) == 0
    assert worth_of(FIRST, CLOCK) == 50_000 * 365.25 / 12 // 90
    assert worth_of(year, CLOCK) == 1_200_000 * 365.25 / 12 // 365
    assert worth_of(year, CLOCK) > worth_of(Figures(JOINED, 1, 1, 250_000, "2026-11-30T04:00:00Z"), CLOCK)


SOMEONE = Facts(("repeat", "consented"), ("通勤", "送礼"), "gold", ("M", "38"), 100_000, 60, False)


@pytest.mark.parametrize(
    ("chosen", "holds"),
    [
        (Filter(), True),
        (Filter(segments=("new", "repeat")), True),
        (Filter(segments=("new",)), False),
        (Filter(tags=("送礼", "妈妈")), True),
        (Filter(tags=("妈妈",)), False),
        (Filter(levels=("gold",), sizes=("38",)), True),
        (Filter(levels=("gold",), sizes=("40",)), False),
        (Filter(bought_days=60), True),
        (Filter(bought_days=59), False),
        (Filter(silent_days=60), True),
        (Filter(silent_days=61), False),
        (Filter(bought_days=90, silent_days=30), True),
        (Filter(spend_min_fen=100_000, spend_max_fen=100_000), True),
        (Filter(spend_min_fen=100_001), False),
        (Filter(spend_max_fen=99_999), False),
        (Filter(coupon=True), False),
    ],
)
def test_any_value_of_a_kind_and_every_kind(chosen: Filter, holds: bool) -> None:
    assert chosen.holds(SOMEONE) is holds
    assert Filter.from_wire(chosen.to_wire() | {"unknown": 1}) == chosen


def test_who_never_bought_is_in_no_filter_of_time() -> None:
    nobody = Facts((), (), "regular", (), 0, None, True)
    assert not Filter(bought_days=10_000).holds(nobody) and not Filter(silent_days=0).holds(nobody)
    assert Filter(coupon=True).holds(nobody)


@pytest.mark.parametrize("name", ["", "   ", "长" * 21])
def test_a_filter_needs_a_name_and_something_to_filter(name: str) -> None:
    with pytest.raises(Rejected, match="bad_arguments"):
        check_filter(name, Filter(coupon=True))
    with pytest.raises(Rejected, match="bad_arguments"):
        check_filter("好", Filter())
    with pytest.raises(Rejected, match="bad_arguments"):
        check_filter("好", Filter(tags=tuple(map(str, range(21)))))
    assert check_filter("  常来 的 ", Filter(coupon=True)) == "常来 的"


def test_every_character_there_is_folds_to_one_that_stays() -> None:
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    once = fold(every)
    assert len(once) == len(every)
    assert [(one, low) for one, low in zip(every, once, strict=True) if fold(low) != low] == []


@given(st.text())
def test_a_fold_keeps_every_character_in_its_place_and_is_done_once(text: str) -> None:
    assert len(fold(text)) == len(text) and fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"), [("張偉", "张伟"), ("ＡＢｃ１２３", "abc123"), ("É　ü", "e u"), ("ß", "ß"), ("⾞", "车")]
)
def test_scripts_widths_and_cases_meet(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert len(TRADITIONAL) == len(set(TRADITIONAL)) == len(SIMPLIFIED)
