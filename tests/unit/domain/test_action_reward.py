from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.action_reward import Reward, decide, flags_of, why
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 12:00")
GOOD = Reward("r0", "g", "p", "phone", "device", NOW, phone_verified=True, activity=frozenset({"view"}))


def state(reward: Reward, days: float, *others: Reward) -> tuple[str, str]:
    found = decide(reward, others, now=NOW + timedelta(days=days), zone=SHANGHAI)
    return found.state, found.reason


def other(number: int, minutes: float, **fields: object) -> Reward:
    made = Reward(
        f"r{number}", "g", f"p{number}", f"phone{number}", f"device{number}", NOW + timedelta(minutes=minutes)
    )
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "days", "expected"),
    [
        ({}, 0, ("pending", "holding")),
        ({}, 13.9, ("held", "holding")),
        ({}, 14, ("payable", "proven")),
        ({"phone_verified": False}, 14, ("rejected", "phone_not_verified")),
        ({"still_bound": False}, 14, ("rejected", "not_bound")),
        ({"activity": frozenset({"liked"})}, 14, ("rejected", "no_activity")),
        ({"activity": frozenset()}, 14, ("held", "flagged")),
        ({"state": "rejected"}, 14, ("rejected", "decided")),
    ],
)
def test_rule_8_1_held_until_proven(change: dict[str, object], days: float, expected: tuple[str, str]) -> None:
    assert state(replace(GOOD, **change), days) == expected  # type: ignore[arg-type]


def test_rule_8_1_unique_by_person_and_phone() -> None:
    assert state(GOOD, 14, other(1, -60, person_id="p")) == ("rejected", "same_person")
    assert state(GOOD, 14, other(1, -60, phone_key="phone")) == ("rejected", "same_phone")
    assert state(GOOD, 14, other(1, 60, phone_key="phone")) == ("payable", "proven")
    assert state(GOOD, 14, other(1, -60, person_id="p", state="rejected")) == ("payable", "proven")


def test_rule_8_2_a_week_without_activity_is_flagged() -> None:
    silent = replace(GOOD, activity=frozenset())
    week = NOW + timedelta(days=7)
    assert flags_of(silent, [], now=week, zone=SHANGHAI) == ("zero_activity",)
    assert flags_of(silent, [], now=week - timedelta(seconds=1), zone=SHANGHAI) == ()


def test_rule_8_2_caps_per_guide_and_day() -> None:
    day = [other(number, -15 * number) for number in range(1, 21)]
    assert state(GOOD, 14, *day) == ("held", "over_cap")
    assert state(GOOD, 14, *day[1:]) == ("payable", "proven")


@pytest.mark.parametrize(
    ("reward", "others", "flags"),
    [
        (GOOD, [other(n, n) for n in range(1, 5)], ("burst",)),
        (GOOD, [other(n, n) for n in range(1, 4)], ()),
        (
            replace(GOOD, made_at=local("2026-11-22 23:30")),
            [other(n, 690 + n) for n in range(1, 5)],
            ("burst", "night_burst"),
        ),
        (GOOD, [other(1, -90, device_key="device")], ("shared_device",)),
        (replace(GOOD, deleted_at=NOW + timedelta(days=2)), [], ("add_then_delete",)),
        (replace(GOOD, readded_by="g2"), [], ("readd_by_colleague",)),
        (replace(GOOD, activity=frozenset()), [], ("zero_activity",)),
    ],
)
def test_rule_8_2_flags_hold(reward: Reward, others: list[Reward], flags: tuple[str, ...]) -> None:
    later = NOW + timedelta(days=20)
    assert flags_of(reward, others, now=later, zone=SHANGHAI) == flags
    assert decide(reward, others, now=later, zone=SHANGHAI).state == ("held" if flags else "payable")


@pytest.mark.parametrize(
    ("reward", "others", "code", "near"),
    [
        (GOOD, [other(n, n) for n in (4, 3, 2, 1)], "burst", ("r1", "r2", "r3", "r4")),
        (GOOD, [other(1, -60, device_key="device"), other(2, 60)], "shared_device", ("r1",)),
        (GOOD, [other(1, -60, device_key="device", guide_id="h")], "shared_device", ()),  # a colleague's is not named
        (GOOD, [other(1, -60, person_id="p")], "same_person", ("r1",)),
        (GOOD, [other(1, -60, phone_key="phone")], "same_phone", ("r1",)),
        (GOOD, [other(1, -60)], "holding", ()),
    ],
)
def test_rule_8_2_a_decision_names_its_one_reason_and_the_guides_rewards_it_speaks_of(
    reward: Reward, others: list[Reward], code: str, near: tuple[str, ...]
) -> None:
    found = decide(reward, others, now=NOW + timedelta(hours=1), zone=SHANGHAI)
    assert (why(found.state, found.reason, found.flags), found.near) == (code, near)
