from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import coupon as c
from app.domain.coupon import CouponEvent, CouponRules, CouponState, Line
from app.domain.errors import Rejected
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 10:30")
LEASE_END = NOW + timedelta(days=7)
HUNDRED_OFF = CouponRules(kind="amount_off", face_fen=10_000, threshold_fen=50_000)


def line(key: str, fen: int, *, category: str = "coat", qty: int = 1, list_fen: int | None = None) -> Line:
    return Line(key, f"product-{key}", category, qty, fen if list_fen is None else list_fen, fen)


def off(rules: CouponRules, *lines: Line, channel: str = "store") -> c.Discount:
    return c.discount(rules, lines, store_id="s1", channel=channel)


def code_of(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Rejected) as refused:
        call(*args, **kwargs)  # type: ignore[operator]
    return refused.value.code


def event(kind: str, key: str = "", days: float = 0, **fields: object) -> CouponEvent:
    return CouponEvent(kind, key or kind, NOW + timedelta(days=days), **fields)  # type: ignore[arg-type]


def issued(days: int = 7) -> CouponState:
    fresh = CouponState("allotted", LEASE_END)
    until = NOW + timedelta(days=days)
    return c.apply(fresh, event("issue", customer_id="a", valid_from=NOW, valid_until=until))


def walked(*events: CouponEvent, days: int = 7) -> CouponState:
    state = issued(days)
    for one in events:
        state = c.apply(state, one)
    return state


def claimed(days: int = 7) -> CouponState:
    return walked(event("claim", customer_id="a"), days=days)


def test_rule_1_1_rules_survive_the_wire() -> None:
    wire = {
        "kind": "percent_off",
        "pay_bp": 8500,
        "cap_fen": 3000,
        "threshold_fen": 1,
        "scope": {"kind": "categories", "ids": ["coat"]},
        "validity": {"kind": "fixed", "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
        "name": "not a rule",
        "per_customer": None,
    }
    rules = CouponRules.from_wire(wire)
    assert rules.scope_ids == frozenset({"coat"})
    assert CouponRules.from_wire(rules.to_wire()) == rules


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "lottery"}, "bad_arguments"),
        ({"face_fen": -1}, "amount_invalid"),
        ({"pay_bp": 10001}, "bad_arguments"),
        ({"validity": {"kind": "hours", "n": 25}}, "bad_arguments"),
        ({"validity": {"kind": "days", "n": 0}}, "bad_arguments"),
        ({"validity": {"kind": "fixed"}}, "bad_arguments"),
        ({"scope": {"kind": "moon"}}, "bad_arguments"),
        ({"channel": "fax"}, "bad_arguments"),
        ({"threshold_base": "cost"}, "bad_arguments"),
    ],
)
def test_rule_1_1_rules_that_make_no_sense(change: dict[str, object], code: str) -> None:
    assert code_of(CouponRules.from_wire, {"kind": "amount_off"} | change) == code


@pytest.mark.parametrize(
    ("rules", "at", "until"),
    [
        (CouponRules("amount_off", validity_n=1), "2026-11-22 23:59", "2026-11-23 00:00"),
        (CouponRules("amount_off", validity_n=7), "2026-12-28 10:00", "2027-01-04 00:00"),
        (CouponRules("amount_off", validity_n=2), "2028-02-28 10:00", "2028-03-01 00:00"),
        (CouponRules("amount_off", validity_kind="hours", validity_n=48), "2026-11-22 23:59", "2026-11-24 23:59"),
    ],
)
def test_rule_1_1_validity_is_decided_at_issue(rules: CouponRules, at: str, until: str) -> None:
    assert c.validity_at_issue(rules, local(at), SHANGHAI) == (local(at), local(until))


def test_rule_1_1_fixed_validity() -> None:
    begins, ends = local("2026-11-11 00:00"), local("2026-11-12 00:00")
    rules = CouponRules("amount_off", validity_kind="fixed", validity_from=begins, validity_until=ends)
    assert c.validity_at_issue(rules, begins - timedelta(days=1), SHANGHAI) == (begins, ends)
    assert code_of(c.validity_at_issue, rules, ends, SHANGHAI) == "coupon_expired"


def test_rule_1_2_the_whole_life() -> None:
    life = [
        (event("open"), "issued"),
        (event("claim", customer_id="a"), "claimed"),
        (event("reserve", order_id="o1"), "reserved"),
        (event("release", order_id="o1"), "claimed"),
        (event("reserve", "again", order_id="o2"), "reserved"),
        (event("redeem", order_id="o2"), "redeemed"),
        (event("give_back", order_id="o2"), "returned"),
        (event("redeem", "third", order_id="o3"), "redeemed"),
    ]
    state = issued()
    for one, expected in life:
        state = c.apply(state, one)
        assert state.state == expected
        assert c.apply(state, one) == state


@pytest.mark.parametrize(
    ("state", "late", "code"),
    [
        (issued(), event("redeem", order_id="o"), "coupon_not_available"),
        (issued(), event("claim", customer_id="b"), "coupon_not_available"),
        (issued(), event("claim", days=7, customer_id="a"), "coupon_expired"),
        (claimed(), event("claim", "forwarded", customer_id="b"), "coupon_not_available"),
        (claimed(), event("undo"), "coupon_opened"),
        (claimed(), event("expire"), "coupon_not_available"),
        (claimed(), event("redeem"), "bad_arguments"),
        (claimed(), event("fly"), "bad_arguments"),
        (claimed(), event("redeem", days=-1, order_id="o"), "coupon_not_available"),
        (walked(event("open")), event("undo"), "coupon_opened"),
        (walked(event("undo")), event("claim", customer_id="a"), "coupon_not_available"),
        (CouponState("allotted", LEASE_END), event("undo"), "coupon_not_available"),
        (CouponState("allotted", LEASE_END), event("issue"), "bad_arguments"),
    ],
)
def test_rule_1_2_illegal_moves_say_why(state: CouponState, late: CouponEvent, code: str) -> None:
    assert code_of(c.apply, state, late) == code


def test_rule_1_2_reserved_outlives_its_time_but_not_its_release() -> None:
    held = c.apply(claimed(days=1), event("reserve", order_id="o"))
    assert c.effective_state(held, NOW + timedelta(days=2)) == "reserved"
    assert c.apply(held, event("redeem", days=2, order_id="o")).state == "redeemed"
    assert c.apply(held, event("release", days=2, order_id="o")).state == "expired"


KINDS = st.sampled_from(c.EVENTS)
MOVES = st.lists(
    st.tuples(KINDS, st.sampled_from("abc"), st.sampled_from(["o1", "o2"]), st.sampled_from("kl"), st.integers(0, 12)),
    max_size=25,
)


@given(MOVES)
def test_rule_1_2_any_order_and_repetition_ends_legal(moves: list[tuple[str, str, str, str, int]]) -> None:
    state = CouponState("allotted", LEASE_END)
    redeemed_by: list[str | None] = []
    for kind, customer, order, key, days in moves:
        one = event(kind, kind + key, days, customer_id=customer, order_id=order, valid_from=NOW,
                    valid_until=NOW + timedelta(days=5))  # fmt: skip
        try:
            after = c.apply(state, one)
        except Rejected:
            continue
        assert c.apply(after, one) == after
        if after.state == "redeemed" != state.state:
            redeemed_by.append(after.order_id)
        if state.customer_id is not None:
            assert after.customer_id == state.customer_id
        if state.state == "voided":
            assert after.state == "voided"
        state = after
    assert state.state in c.STATES
    returns = sum(key.startswith("give_back") for key in state.keys)
    assert len(redeemed_by) <= 1 + returns


def test_rule_1_3_stopping_stops_new_issues_only() -> None:
    stopped = replace(HUNDRED_OFF, stopped=True)
    assert code_of(c.check_limits, stopped, to_customer=0, by_guide=0, today=0, leased=False) == "template_stopped"
    c.check_limits(stopped, to_customer=0, by_guide=0, today=0, leased=True)
    assert off(stopped, line("a", 50_000)).fen == 10_000


def test_rule_1_4_lease_times() -> None:
    fresh = CouponState("allotted", LEASE_END)
    late = event("issue", days=7, customer_id="a", valid_from=NOW, valid_until=NOW + timedelta(days=9))
    assert code_of(c.apply, fresh, late) == "lease_over"
    assert c.effective_state(fresh, LEASE_END + timedelta(hours=71)) == "allotted"
    assert c.effective_state(fresh, LEASE_END + timedelta(hours=72)) == "voided"
    assert code_of(c.apply, fresh, replace(late, at=LEASE_END + timedelta(hours=72))) == "lease_over"


def test_rule_1_4_a_claim_before_the_push_marks_it_issued() -> None:
    fresh = CouponState("allotted", LEASE_END)
    until = NOW + timedelta(days=7)
    first = c.apply(fresh, event("claim", customer_id="a", valid_from=NOW, valid_until=until))
    assert first.state == "claimed"
    late_push = event("issue", customer_id="a", valid_from=NOW, valid_until=until)
    assert c.apply(first, late_push).state == "claimed"
    assert code_of(c.apply, first, replace(late_push, customer_id="b")) == "coupon_not_available"


LEASING = st.lists(
    st.tuples(
        st.sampled_from(["lease", "issue", "issue", "claim", "undo", "redeem", "give_back", "reclaim"]),
        st.integers(0, 7), st.integers(0, 3),
    ),
    max_size=25,
)  # fmt: skip


@given(st.integers(0, 12), LEASING)
def test_rule_1_4_no_interleaving_issues_more_than_the_total(total: int, steps: list[tuple[str, int, int]]) -> None:
    """Two stores' worth of devices lease, issue, claim, undo, use, return and fall silent; time only goes on."""
    blocks: list[CouponState] = []
    days = 0.0
    for number, (step, pick, pause) in enumerate(steps):
        days += pause
        if step == "lease":
            held = [one for one in blocks if c.effective_state(one, NOW + timedelta(days=days)) == "allotted"]
            free = c.available(total, sum(one.customer_id is not None for one in blocks), len(held))
            assert free is not None
            blocks += [CouponState("allotted", NOW + timedelta(days=days + 2))] * min(pick, free)
        elif step == "reclaim":
            blocks = [reclaimed(one, days) for one in blocks]
        elif blocks:
            index = pick % len(blocks)
            one = event(step, f"{step}{number}", days, customer_id="a", order_id="o", valid_from=NOW,
                        valid_until=NOW + timedelta(days=days + 3))  # fmt: skip
            with suppress(Rejected):
                blocks[index] = c.apply(blocks[index], one)
        assert sum(one.customer_id is not None for one in blocks) <= total
        assert sum(one.state == "redeemed" for one in blocks) <= total


def reclaimed(coupon: CouponState, days: float) -> CouponState:
    """The push after the lease's end was processed: what is still allotted goes back for good."""
    if coupon.state != "allotted" or NOW + timedelta(days=days) < coupon.lease_until:
        return coupon
    return c.apply(coupon, event("void", "reclaim", days))


def test_rule_1_4_without_a_limit() -> None:
    assert c.available(None, 10**6, 5) is None


@pytest.mark.parametrize(
    ("counts", "code"),
    [((1, 0, 0), "coupon_limit_customer"), ((0, 5, 0), "coupon_limit_guide"), ((0, 0, 3), "coupon_limit_day")],
)
def test_rule_1_5_limits_count_everything_ever_issued(counts: tuple[int, int, int], code: str) -> None:
    rules = replace(HUNDRED_OFF, per_customer=1, per_guide=5, per_day=3)
    to_customer, by_guide, today = counts
    assert code_of(c.check_limits, rules, to_customer=to_customer, by_guide=by_guide, today=today) == code
    c.check_limits(rules, to_customer=0, by_guide=4, today=2)


def test_rule_1_6_stacking() -> None:
    other = replace(HUNDRED_OFF, stack_group="freight")
    c.check_stack([HUNDRED_OFF, other])
    c.check_stack([replace(HUNDRED_OFF, exclusive=True)])
    assert code_of(c.check_stack, [HUNDRED_OFF, HUNDRED_OFF]) == "coupon_not_stackable"
    assert code_of(c.check_stack, [HUNDRED_OFF, replace(other, exclusive=True)]) == "coupon_not_stackable"


def test_rule_1_6_order_of_discounts_and_floor() -> None:
    lines = [line("a", 60_000, list_fen=70_000), line("b", 40_000)]
    priced = c.price_order(lines, [HUNDRED_OFF], store_id="s1", channel="online", points_fen=500, freight_fen=1_200)
    assert (priced.coupon_fen, priced.points_fen, priced.payable_fen) == (10_000, 500, 90_700)
    assert priced.line_discount_fen == {"a": 6_300, "b": 4_200}
    free = c.price_order(lines, store_id="s1", channel="online", points_fen=10**9)
    assert free.payable_fen == 1


def test_rule_1_6_a_hundred_percent_off_leaves_the_floor() -> None:
    gift = CouponRules("percent_off", pay_bp=0)
    assert off(gift, line("a", 1)).fen == 0
    assert off(gift, line("a", 300), line("b", 2)).shares == {"a": 299, "b": 2}
    assert off(gift, line("a", 0)).fen == 0
    assert c.discount(gift, [line("a", 300)], store_id=None, channel="store", floor_fen=0).fen == 300


@pytest.mark.parametrize(
    ("fen", "pay_bp", "cap", "discount"),
    [(1, 5000, None, 0), (3, 5000, None, 1), (99_999, 8500, None, 14_999), (99_999, 8500, 10_000, 10_000)],
)
def test_rule_1_7_percent_off_never_loses_a_fen(fen: int, pay_bp: int, cap: int | None, discount: int) -> None:
    assert off(CouponRules("percent_off", pay_bp=pay_bp, cap_fen=cap), line("a", fen)).fen == discount


def test_rule_1_7_exchange_and_free_shipping() -> None:
    exchange = CouponRules("exchange", face_fen=100)
    assert off(exchange, line("a", 5_000, qty=2), line("b", 9_000)).shares == {"a": 2_400, "b": 0}
    freight = CouponRules("free_shipping")
    taken = c.discount(freight, [line("a", 1)], store_id=None, channel="online", freight_fen=800)
    assert (taken.fen, taken.freight_fen) == (0, 800)


@given(st.data(), st.lists(st.integers(0, 500_000), min_size=1, max_size=8))
def test_rule_1_8_shares_sum_and_follow_their_lines(data: st.DataObject, fens: list[int]) -> None:
    lines = [line(str(index), fen, category="coat" if index % 3 else "hat") for index, fen in enumerate(fens)]
    kind = data.draw(st.sampled_from(["amount_off", "percent_off", "exchange"]))
    scope = data.draw(st.sampled_from(["all", "categories"]))
    face, pay_bp = data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, 10_000))
    rules = CouponRules(kind, scope, frozenset({"hat"}), face_fen=face, pay_bp=pay_bp)
    taken = off(rules, *lines)
    shuffled = off(rules, *data.draw(st.permutations(lines)))
    assert taken.shares == shuffled.shares
    assert sum(taken.shares.values()) == taken.fen
    assert all(0 <= taken.shares[one.id] <= one.sale_fen for one in lines)
    assert sum(fens) - taken.fen >= min(1, sum(fens))


@pytest.mark.parametrize(
    ("device", "monotonic", "expected", "flagged"),
    [
        ("2026-11-22 10:34", 240.0, "2026-11-22 10:34", False),
        ("2026-11-23 10:34", 240.0, "2026-11-22 10:34", True),
        ("2026-11-21 10:34", 240.0, "2026-11-22 10:34", True),
        ("2026-11-22 10:29", 0.0, "2026-11-22 10:30", False),
        ("2026-11-21 10:30", None, "2026-11-22 10:30", True),
        ("2026-11-25 10:30", None, "2026-11-25 10:30", False),
        ("2026-11-22 10:25", None, "2026-11-22 10:30", False),
    ],
)
def test_rule_1_9_a_leap_of_the_clock_is_bounded_and_flagged(
    device: str, monotonic: float | None, expected: str, flagged: bool
) -> None:
    assert c.bounded_device_time(local(device), NOW, monotonic) == (local(expected), flagged)


def sold(key: str, fen: int, share: int, returned: int, qty: int = 1) -> c.SoldLine:
    return c.SoldLine(key, qty, fen, share, fen - share, returned)


@pytest.mark.parametrize(
    ("lines", "days", "before", "action", "deduct"),
    [
        ([sold("a", 30_000, 6_000, 1), sold("b", 20_000, 4_000, 1)], 0, 0, "return", 0),
        ([sold("a", 30_000, 6_000, 1), sold("b", 20_000, 4_000, 1)], 7, 0, "expire", 0),
        ([sold("a", 30_000, 6_000, 1), sold("b", 20_000, 4_000, 0)], 0, 0, "keep", 4_000),
        ([sold("a", 30_000, 6_000, 0), sold("b", 50_000, 4_000, 1)], 0, 0, "keep", 6_000),
        ([sold("a", 50_000, 9_800, 0), sold("b", 1_000, 200, 1)], 0, 0, "keep", 0),
        ([sold("a", 49_999, 9_800, 0), sold("b", 1, 0, 1)], 0, 0, "keep", 1),
        ([sold("a", 30_000, 6_000, 1), sold("b", 20_000, 4_000, 1)], 0, 4_000, "return", -4_000),
    ],
)
def test_rule_1_10_refunds(lines: list[c.SoldLine], days: int, before: int, action: str, deduct: int) -> None:
    effect = c.refund_effect(
        HUNDRED_OFF, lines, valid_until=NOW + timedelta(days=7), now=NOW + timedelta(days=days), deducted_fen=before
    )
    assert (effect.action, effect.deduct_fen) == (action, deduct)


@pytest.mark.parametrize(
    "before", [issued(), claimed(), walked(event("claim", customer_id="a"), event("redeem", order_id="o"))]
)
def test_rule_1_10_unused_gifts_are_voided(before: CouponState) -> None:
    after = c.take_back_gift(before, event("refund", "refund:r1"))
    assert after.state == ("redeemed" if before.state == "redeemed" else "voided")
    assert c.take_back_gift(after, event("refund", "refund:r1")) == after


def test_rule_1_11_the_first_redemption_wins() -> None:
    used = walked(event("claim", customer_id="a"), event("redeem", order_id="o1"))
    assert code_of(c.apply, used, event("redeem", "late", order_id="o2")) == "coupon_used"
    assert code_of(c.apply, used, event("void")) == "coupon_used"


def test_rule_1_12_more_for_the_threshold_counts_eligible_lines() -> None:
    rules = replace(HUNDRED_OFF, scope_kind="categories", scope_ids=frozenset({"coat"}))
    lines = [line("a", 49_999), line("b", 90_000, category="hat")]
    assert c.missing_fen(rules, lines, "s1") == 1
    with pytest.raises(Rejected) as refused:
        off(rules, *lines)
    assert (refused.value.code, refused.value.params) == ("coupon_below_threshold", {"missing_fen": 1})
    exact = off(rules, line("a", 50_000), lines[1])
    assert exact.shares == {"a": 10_000, "b": 0}


def test_rule_1_12_threshold_base_and_scope() -> None:
    at_list = replace(HUNDRED_OFF, threshold_base="list")
    assert off(at_list, line("a", 30_000, list_fen=50_000)).fen == 10_000
    elsewhere = replace(HUNDRED_OFF, scope_kind="stores", scope_ids=frozenset({"s2"}))
    assert code_of(off, elsewhere, line("a", 90_000)) == "coupon_out_of_scope"
    online = replace(HUNDRED_OFF, channel="online")
    assert code_of(off, online, line("a", 90_000)) == "coupon_out_of_scope"
    one = replace(HUNDRED_OFF, scope_kind="products", scope_ids=frozenset({"product-a"}))
    assert off(one, line("a", 90_000), line("b", 90_000)).shares["b"] == 0
