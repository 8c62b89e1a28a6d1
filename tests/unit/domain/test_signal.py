from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.instants import to_text
from app.domain.segment import Figures
from app.domain.signal import (
    Bought,
    CustomerFacts,
    HeldCoupon,
    Mark,
    Signal,
    SignalContext,
    SignalPolicy,
    View,
    rank,
    sessions_of,
    signals,
)
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 10:30")
CONTEXT = SignalContext(NOW, SHANGHAI, in_stock=frozenset({"p", "q"}), prices={"p": 80_000})
OLD = to_text(NOW - timedelta(days=400))


def ago(days: float) -> str:
    return to_text(NOW - timedelta(days=days))


def view(days: float, session: str | None = None, dwell: int = 5, product: str = "p") -> View:
    return View(product, session or f"s{days}", ago(days), dwell)


THREE = (view(1), view(2), view(3))
SEEN = CustomerFacts("c", Figures(OLD), views=THREE)


def kinds(facts: CustomerFacts, context: SignalContext = CONTEXT) -> list[str]:
    return [signal.kind for signal in signals(facts, context)]


@pytest.mark.parametrize(
    ("views", "found"),
    [
        (THREE, True),
        (THREE[:2], False),
        ((view(1), view(2), view(14)), True),
        ((view(1), view(2), view(14.01)), False),
        ((view(1), view(2), view(3, dwell=2)), False),
        ((view(1, "s"), view(2, "s"), view(3)), False),
        ((view(1, "a"), view(1 + 29 / 1440, "b"), view(3)), False),
        ((view(1, "a"), view(1 + 30 / 1440, "b"), view(3)), True),
        ((view(1), view(2), view(3, product="q")), False),
        ((view(1), view(2), view(-1)), False),
    ],
)
def test_rule_5_1_three_sessions_in_fourteen_days(views: tuple[View, ...], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, views=views))) is found


def test_rule_5_1_reason_and_value() -> None:
    signal = signals(SEEN, CONTEXT)[0]
    assert (signal.subject, signal.reason, signal.params["views"]) == ("p", "seen_n_times", 3)
    assert signal.value_fen == 20_000
    counts = sessions_of(THREE, since=ago(2), until=ago(0))
    assert counts == {"p": 2}
    assert sessions_of(THREE, since=ago(3), until=ago(1)) == {"p": 3}
    assert sessions_of(THREE, since=ago(3), until=ago(1.01)) == {"p": 2}
    assert sessions_of([view(1, dwell=3)], since=ago(3), until=ago(0)) == {"p": 1}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"orders": (Bought(ago(2.5), frozenset({"p"})),)}, False),
        ({"orders": (Bought(ago(20), frozenset({"p"})),)}, True),
        ({"orders": (Bought(ago(2.5), frozenset({"q"})),)}, True),
        ({"coupons": (HeldCoupon("k", ago(0.5), ago(0.1), sent_for="p"),)}, False),
        ({"coupons": (HeldCoupon("k", ago(0.5), ago(0.1), sent_for="q"),)}, True),
        ({"marks": (Mark("repeated_view", "p", "not_interested", ago(0.5)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "done", ago(13.9)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "done", ago(14.1)),)}, True),
        ({"marks": (Mark("repeated_view", "q", "done", ago(1)),)}, True),
        ({"marks": (Mark("repeated_view", "p", "later", ago(1), ago(-1)),)}, False),
        ({"marks": (Mark("repeated_view", "p", "later", ago(1), ago(0.1)),)}, True),
    ],
)
def test_rule_5_2_resets(change: dict[str, object], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, **change))) is found  # type: ignore[arg-type]


def test_rule_5_2_counting_begins_anew_after_a_reset() -> None:
    views = (*THREE, view(0.1), view(0.5), view(5))
    sent = (HeldCoupon("k", ago(2.5), ago(1), sent_for="p"),)
    found = signals(replace(SEEN, views=views, coupons=sent), CONTEXT)
    assert found[0].params["views"] == 4


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"contact_open": False}, False),
        ({"views": tuple(replace(one, product_id="sold-out") for one in THREE)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9)),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"p"})),)}, False),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), frozenset({"q"})),)}, True),
        ({"coupons": (HeldCoupon("k", ago(20), ago(-9), used=True),)}, True),
        ({"coupons": (HeldCoupon("k", ago(20), ago(0)),)}, True),
        ({"orders": (Bought(ago(60), frozenset({"p"}), frozenset({"p"}), ago(30)),)}, False),
        ({"orders": (Bought(ago(60), frozenset({"p"}), frozenset({"p"}), ago(30.1)),)}, True),
    ],
)
def test_rule_5_3_suppressed(change: dict[str, object], found: bool) -> None:
    assert ("repeated_view" in kinds(replace(SEEN, **change))) is found  # type: ignore[arg-type]


def test_unknown_stock_does_not_silence() -> None:
    assert kinds(SEEN, SignalContext(NOW, SHANGHAI)) == ["repeated_view"]


def test_rule_5_4_no_reason_speaks_of_watching() -> None:
    assert all("watch" not in signal.reason for signal in signals(SEEN, CONTEXT))


@pytest.mark.parametrize(
    ("birthday", "reason"),
    [("11-22", "birthday_today"), ("11-29", "birthday_soon"), ("11-30", None), ("11-21", None), (None, None)],
)
def test_birthday(birthday: str | None, reason: str | None) -> None:
    found = signals(CustomerFacts("c", Figures(OLD), birthday=birthday), CONTEXT)
    assert [signal.reason for signal in found] == ([] if reason is None else [reason])


@pytest.mark.parametrize(("days", "found"), [(0, False), (0.1, True), (3, True), (3.1, False)])
def test_coupon_expiring(days: float, found: bool) -> None:
    facts = CustomerFacts("c", Figures(OLD), coupons=(HeldCoupon("k", ago(9), ago(-days), face_fen=500),))
    assert kinds(facts) == (["coupon_expiring"] if found else [])


def buyer(last: float, first: float | None = None, days: int = 1) -> Figures:
    return Figures(OLD, days, days, 90_000, ago(first or last), ago(last))


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (Figures(ago(7)), ["welcome"]),
        (Figures(ago(8)), []),
        (buyer(364), []),
        (buyer(365), ["dormant"]),
        (buyer(60, 80, 2), ["lapsing"]),
        (buyer(29, 30, 2), []),
    ],
)
def test_welcome_lapsing_dormant(figures: Figures, expected: list[str]) -> None:
    assert kinds(CustomerFacts("c", figures)) == expected


@pytest.mark.parametrize(("days", "refunded", "found"), [(2, (), 0), (3, (), 1), (5, (), 1), (6, (), 0), (4, "p", 0)])
def test_care_after_purchase(days: int, refunded: str, found: int) -> None:
    order = Bought(ago(days), frozenset({"p"}), frozenset(refunded))
    facts = CustomerFacts("c", buyer(days), orders=(order,))
    assert kinds(facts).count("care_after_purchase") == found


def test_rank_is_by_value_and_stable() -> None:
    low, high = Signal("birthday", "a", "", "r", value_fen=1), Signal("dormant", "b", "", "r", value_fen=2)
    tie = Signal("repeated_view", "z", "", "r", value_fen=1)
    assert rank([low, high, tie]) == rank([tie, high, low]) == (high, tie, low)


def test_policy_from_the_setting() -> None:
    policy = SignalPolicy.from_wire({"views": 2, "days": 7}, 200)
    assert (policy.views, policy.days, policy.dormant_days) == (2, 7, 200)
    assert kinds(replace(SEEN, views=THREE[:2]), SignalContext(NOW, SHANGHAI, policy)) == ["repeated_view"]
