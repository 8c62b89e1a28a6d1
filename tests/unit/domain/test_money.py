from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coupon import CouponRules, Line, discount
from app.domain.errors import Rejected
from app.domain.money import FEN_MAX, allocate, amount, floor_bp, pay_of_bp

weights = st.lists(st.integers(0, FEN_MAX), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize("value", [0, 1, FEN_MAX])
def test_amounts_that_are_money(value: int) -> None:
    assert amount(value) == value


@pytest.mark.parametrize("value", [-1, FEN_MAX + 1, 1.0, "1", None, True])
def test_amounts_that_are_none(value: object) -> None:
    with pytest.raises(Rejected) as refused:
        amount(value)
    assert refused.value.code == "amount_invalid"


@pytest.mark.parametrize(
    ("base", "bp", "pays", "earns"),
    [(1, 8500, 1, 0), (101, 5000, 51, 50), (19999, 8800, 17600, 17599), (0, 8500, 0, 0), (10000, 10000, 10000, 10000)],
)
def test_rule_1_7_and_4_3_rounding_is_for_the_shop(base: int, bp: int, pays: int, earns: int) -> None:
    assert (pay_of_bp(base, bp), floor_bp(base, bp)) == (pays, earns)


def test_rule_1_8_three_lines_sharing_one_fen() -> None:
    assert allocate(1, [100, 100, 100], ["c", "a", "b"]) == [0, 1, 0]
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(0, [0, 0]) == [0, 0]
    lines = [Line(key, key, "coat", 1, 100, 100) for key in "cab"]
    taken = discount(CouponRules("amount_off", face_fen=1), lines, store_id=None, channel="store")
    assert taken.shares == {"c": 0, "a": 1, "b": 0}


@given(st.integers(-FEN_MAX, FEN_MAX), weights)
def test_rule_1_8_shares_sum_exactly(total: int, parts: list[int]) -> None:
    shares = allocate(total, parts)
    assert sum(shares) == total
    whole = sum(parts)
    assert all(abs(share * whole - total * part) < whole for share, part in zip(shares, parts, strict=True))


@given(st.data(), weights)
def test_rule_1_8_no_share_exceeds_its_line(data: st.DataObject, parts: list[int]) -> None:
    total = data.draw(st.integers(0, sum(parts)))
    assert all(0 <= share <= part for share, part in zip(allocate(total, parts), parts, strict=True))


@given(st.data(), st.integers(0, FEN_MAX), weights)
def test_rule_1_8_permuting_lines_permutes_shares(data: st.DataObject, total: int, parts: list[int]) -> None:
    ids = [f"line-{index}" for index in range(len(parts))]
    order = data.draw(st.permutations(range(len(parts))))
    before = dict(zip(ids, allocate(total, parts, ids), strict=True))
    moved_ids = [ids[index] for index in order]
    after = dict(zip(moved_ids, allocate(total, [parts[index] for index in order], moved_ids), strict=True))
    assert before == after


@pytest.mark.parametrize(("total", "parts"), [(1, [0, 0]), (1, [2, -1]), (1, [])])
def test_nothing_to_share_over(total: int, parts: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(total, parts)
