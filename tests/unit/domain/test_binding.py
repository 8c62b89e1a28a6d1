from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain import binding as b
from app.domain.attribution import Attribution
from app.domain.binding import BindingPolicy, BindRequest
from app.domain.commission import CommissionRule, LineRefund, SoldLine, SoldOrder, accrue, refund
from app.domain.errors import Rejected
from tests.unit.domain.times import local

NOW = local("2026-11-22 10:30")
OVERRIDE = BindingPolicy("override", protection_days=90, validity_days=365)


def request(guide: str = "g2", days: float = 0, **fields: object) -> BindRequest:
    return BindRequest("c", guide, NOW + timedelta(days=days), **({"new_member": False} | fields))  # type: ignore[arg-type]


FIRST = b.decide(None, request("g1"), OVERRIDE).binding


def refusal(current: b.Binding | None, asked: BindRequest, policy: BindingPolicy = OVERRIDE) -> str:
    with pytest.raises(Rejected) as refused:
        b.decide(current, asked, policy)
    return refused.value.code


def test_rule_2_1_history_is_append_only_with_one_open_interval() -> None:
    moved = b.decide(FIRST, request(days=90), OVERRIDE)
    assert moved.outcome == "rebound"
    assert moved.closed is not None
    history = [moved.closed, moved.binding]
    b.check_history(history)
    with pytest.raises(ValueError, match="two intervals"):
        b.check_history([FIRST, moved.binding])
    with pytest.raises(ValueError, match="one customer"):
        b.check_history([FIRST, replace(FIRST, customer_id="d")])


@pytest.mark.parametrize(
    ("mode", "days", "new_member", "outcome"),
    [
        ("override", 89.9, False, "binding_protected"),
        ("override", 90, False, "rebound"),
        ("first", 364, False, "binding_protected"),
        ("first", 365, False, "rebound"),
        ("registration", 200, True, "binding_protected"),
        ("registration", 365, False, "binding_protected"),
        ("registration", 365, True, "rebound"),
    ],
)
def test_rule_2_2_modes_and_clocks(mode: str, days: float, new_member: bool, outcome: str) -> None:
    policy = replace(OVERRIDE, mode=mode)
    asked = request(days=days, new_member=new_member)
    if outcome.startswith("binding"):
        assert refusal(FIRST, asked, policy) == outcome
    else:
        assert b.decide(FIRST, asked, policy).outcome == outcome


def test_rule_2_2_a_view_keeps_and_an_order_renews() -> None:
    again = b.decide(FIRST, request("g1", days=80), OVERRIDE)
    assert (again.outcome, again.binding) == ("kept", FIRST)
    renewed = b.renew(FIRST, NOW + timedelta(days=80), OVERRIDE)
    assert renewed.protected_until == NOW + timedelta(days=170)
    assert b.renew(renewed, NOW, OVERRIDE) == renewed
    short = b.decide(None, request(), BindingPolicy("override", 90, 30)).binding
    assert short.protected_until == short.valid_until


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"customer_is_guide": True}, "binding_self"),
        ({"customer_is_staff": True}, "binding_staff"),
        ({"guide_active": False}, "binding_disabled_guide"),
        ({"store_id": "s9", "guide_stores": frozenset({"s1"})}, "binding_scope"),
    ],
)
def test_rule_2_3_never_bind(fields: dict[str, object], code: str) -> None:
    assert refusal(None, request(**fields)) == code


def test_rule_2_4_a_rebind_between_creation_and_payment_does_not_move_the_order() -> None:
    moved = b.decide(FIRST, request(days=100), OVERRIDE)
    assert moved.closed is not None
    history = [moved.closed, moved.binding]
    assert b.guide_at(history, NOW + timedelta(days=99)) == "g1"
    assert b.guide_at(history, NOW + timedelta(days=100)) == "g2"
    assert b.guide_at(history, NOW + timedelta(days=100 + 365)) is None
    assert b.guide_at(history, NOW - timedelta(seconds=1)) is None


def test_rule_2_5_hand_over() -> None:
    customers = {"c1": "coat", "c2": "shoe", "c3": "shoe", "c4": "hat"}
    given = b.hand_over(customers, {"g1": 5, "g2": 4}, {"g1": frozenset({"shoe"})})
    assert given == {"c1": "g2", "c2": "g1", "c3": "g1", "c4": "g2"}
    even = b.hand_over(dict.fromkeys("abcdef", ""), {"g1": 0, "g2": 1}, {})
    assert sorted(even.values(), key=str) == ["g1"] * 4 + ["g2"] * 2
    assert b.hand_over(customers, {}, {}) == dict.fromkeys(customers)
    assert b.fallback_owner("s1", "ip") == ("store", "s1")
    assert b.fallback_owner(None, "ip") == ("ip", "ip")


def test_rule_2_5_at_most_two_transfers_in_90_days() -> None:
    moves = [NOW - timedelta(days=90), NOW - timedelta(days=89)]
    assert b.may_transfer(moves, NOW)
    assert not b.may_transfer([*moves, NOW], NOW)


@pytest.mark.parametrize(
    ("guide", "refused", "moves", "store", "owner"),
    [
        ("g2", False, 1, "s1", ("guide", "g2")),
        ("g2", False, 2, "s1", ("store", "s1")),
        ("g2", True, 0, "s1", ("store", "s1")),
        (None, False, 0, "s1", ("store", "s1")),
        (None, False, 0, None, ("ip", "ip")),
        ("g2", True, 0, None, ("ip", "ip")),
    ],
)
def test_rule_2_5_a_hand_over_that_fails_is_never_nobodys(
    guide: str | None, refused: bool, moves: int, store: str | None, owner: tuple[str, str]
) -> None:
    earlier = [NOW - timedelta(days=day) for day in range(1, moves + 1)]
    given = {"transfers_at": earlier, "at": NOW, "refused": refused, "store_id": store, "official_ip": "ip"}
    assert b.transfer(guide, **given) == owner  # type: ignore[arg-type]


def test_rule_2_5_orders_before_stay_with_the_leaver_through_claw_back() -> None:
    history = [replace(FIRST, until_at=NOW + timedelta(days=100)), b.decide(None, request(days=100), OVERRIDE).binding]
    bought = NOW + timedelta(days=99)
    to = Attribution(None, b.guide_at(history, bought), "s1", "bound_guide", {})
    sold = SoldOrder("o", "NO1", "s1", bought, bought, (SoldLine("l", "p", "coat", 1, 10_000),))
    rule = CommissionRule("r", 1, "brand", None, NOW, rate_bp=500)
    earned = accrue(sold, to, [rule], event_id="paid:o")
    taken = refund(earned, [LineRefund("l", 0, 10_000)], event_id="r1", at=NOW + timedelta(days=130))
    assert [(entry.guide_id, entry.amount_fen) for entry in (*earned, *taken)] == [("g1", 500), ("g1", -500)]


@pytest.mark.parametrize(("private", "left"), [(True, ""), (False, "likes blue")])
def test_rule_2_6_a_private_note_goes_and_the_rest_travels(private: bool, left: str) -> None:
    assert b.note_after_hand_over("likes blue", private) == left


@pytest.mark.parametrize(("days", "bp"), [(-1, 0), (0, 3000), (29.9, 3000), (30, 0)])
def test_rule_2_5_tail_share(days: float, bp: int) -> None:
    assert b.tail_share_bp(NOW, NOW + timedelta(days=days)) == bp
