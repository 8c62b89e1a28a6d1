from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tier_steps import TierStep, apart, step_at

TIERS = ((2_000_000, 100), (800_000, 50))  # in no order
LINE = st.tuples(st.integers(0, 9_999), st.integers(-100_000, 100_000), st.none() | st.integers(0, 4))


@pytest.mark.parametrize(
    ("base", "step"),
    [
        (900_000, (800_000, 50, 0)),
        (2_000_000, (800_000, 50, 0)),  # half-open: nothing of the next step is earned at its border
        (2_000_001, (2_000_000, 100, 50)),
        (700_000, (800_000, 50, 0)),  # a return took the month below the first border
    ],
)
def test_rule_4_4_the_step_a_month_stands_in(base: int, step: tuple[int, int, int]) -> None:
    assert step_at("r", TIERS, base) == TierStep("r", *step)


def test_no_tiers_give_a_step_of_nothing() -> None:
    assert step_at("r", (), 5) == TierStep("r", 0, 0, 0)


@given(st.lists(LINE, max_size=60))
def test_rule_4_4_together_the_tier_entries_come_to_the_same_fen_and_each_is_there_once(
    lines: list[tuple[int, int, int | None]],
) -> None:
    plain, together = apart(lines, lambda line: line[2])
    shown = [*plain, *(line for some in together.values() for line in some)]
    assert sorted(shown, key=repr) == sorted(lines, key=repr)
    assert sum(line[1] for line in shown) == sum(line[1] for line in lines)
    assert plain == [line for line in lines if line[2] is None]
    assert all(some == [line for line in lines if line[2] == key] for key, some in together.items())
