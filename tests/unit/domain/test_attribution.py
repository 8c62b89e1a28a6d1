from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.attribution import Attribution, AttributionPolicy, OrderPerson, Touch, attribute
from tests.unit.domain.times import local

NOW = local("2026-11-22 10:30")
POLICY = AttributionPolicy.from_wire({"default_days": 14, "chat": 7, "print": 30})
ORDER = OrderPerson("m1", "s1", NOW, bound_guide_id="g9", nearest_store_id="store")


def touch(guide: str, days_ago: float, **fields: object) -> Touch:
    made = Touch(f"{guide}-{days_ago}", guide, NOW - timedelta(days=days_ago), "moments", "m1")
    return replace(made, **fields)  # type: ignore[arg-type]


def winner(*touches: Touch, order: OrderPerson = ORDER) -> tuple[str | None, str]:
    found = attribute(order, touches, POLICY)
    return found.closing_guide_id, found.reason


@pytest.mark.parametrize(
    ("channel", "days", "wins"),
    [("chat", 7, True), ("chat", 7.01, False), ("print", 30, True), ("group", 14, True), ("group", 14.01, False),
     ("group", -0.1, False)],
)  # fmt: skip
def test_rule_3_2_windows_per_channel(channel: str, days: float, wins: bool) -> None:
    expected = ("g1", "closing_touch") if wins else (None, "bound_guide")
    assert winner(touch("g1", days, channel=channel)) == expected


def test_rule_3_2_the_last_touch_wins() -> None:
    assert winner(touch("g1", 3), touch("g2", 1), touch("g3", 2)) == ("g2", "closing_touch")
    assert winner(touch("g9", 1)) == ("g9", "closing_is_bound")


def test_rule_3_2_person_beats_browser() -> None:
    session = {"member_id": None, "session_id": "s1"}
    assert winner(touch("g1", 3), touch("g2", 1, **session)) == ("g1", "closing_touch")
    assert winner(touch("g2", 1, **session)) == ("g2", "closing_touch")
    assert winner(touch("g2", 1, member_id="m2", session_id="s1")) == (None, "bound_guide")
    nobody = replace(ORDER, member_id=None, session_id=None, bound_guide_id=None)
    assert winner(touch("g2", 1, member_id=None), order=nobody) == (None, "nearest_store")


@pytest.mark.parametrize("fields", [{"guide_active": False}, {"by_staff": True}, {"member_id": "m2"}])
def test_rule_3_2_touches_that_do_not_count(fields: dict[str, object]) -> None:
    assert winner(touch("g1", 1, **fields)) == (None, "bound_guide")


def test_rule_3_2_nobody_is_left_to_the_store() -> None:
    unbound = replace(ORDER, bound_guide_id=None)
    assert winner(order=unbound) == (None, "nearest_store")
    assert winner(order=replace(unbound, nearest_store_id=None)) == (None, "nobody")


@pytest.mark.parametrize(
    ("closing", "bound", "split"),
    [
        ("g1", "g9", (("g1", "closing", 7000), ("g9", "bound", 3000))),
        ("g9", "g9", (("g9", "sole", 10000),)),
        (None, "g9", (("g9", "sole", 10000),)),
        ("g1", None, (("g1", "sole", 10000),)),
        (None, None, ()),
    ],
)
def test_rule_3_3_one_payout_split(closing: str | None, bound: str | None, split: tuple[object, ...]) -> None:
    assert Attribution(closing, bound, None, "closing_touch", {}).split() == split


def test_rule_3_3_own_and_staff_purchases_earn_nobody() -> None:
    for order in (replace(ORDER, own_guide_id="g9"), replace(ORDER, own_guide_id="g1"), replace(ORDER, is_staff=True)):
        found = attribute(order, [touch("g1", 1)], POLICY)
        assert found.split() == ()
        assert found.reason in ("self_purchase", "staff_purchase")


def test_rule_3_4_evidence_is_plain_json_and_whole() -> None:
    evidence = attribute(ORDER, [touch("g1", 1), touch("g2", 3), touch("g3", 99)], POLICY).evidence
    assert json.loads(json.dumps(evidence)) == evidence
    assert [one["guide_id"] for one in evidence["touches"]] == ["g2", "g1"]
    assert (evidence["winner"], evidence["window_days"], evidence["by"]) == ("g1-1", 14, "member")
    assert (evidence["rule_version"], evidence["bound_guide_id"]) == (1, "g9")
