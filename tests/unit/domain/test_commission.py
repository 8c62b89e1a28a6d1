from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import commission as c
from app.domain.attribution import Attribution
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldLine, SoldOrder
from app.domain.errors import Rejected
from app.domain.statement import StatementLine, close_month, verify
from tests.unit.domain.times import SHANGHAI, local

NOW = local("2026-11-22 10:30")
START = local("2026-01-01 00:00")
BRAND = CommissionRule("r", 1, "brand", None, START, rate_bp=350)
SHARED = Attribution("g1", "g9", "s1", "closing_touch", {})
SOLE = Attribution(None, "g9", "s1", "bound_guide", {})


def order(*fens: int, qty: int = 1) -> SoldOrder:
    lines = tuple(SoldLine(f"l{index}", "p", "coat", qty, fen, "Coat") for index, fen in enumerate(fens))
    return SoldOrder("o", "NO1", "s1", NOW, NOW, lines)


def accrue(sold: SoldOrder, *rules: CommissionRule, to: Attribution = SOLE) -> tuple[Entry, ...]:
    return c.accrue(sold, to, rules or (BRAND,), event_id="paid:o")


def test_rule_4_1_nothing_paid_earns_nothing() -> None:
    assert accrue(order(0), replace(BRAND, rate_bp=None, fixed_fen=100)) == ()
    assert accrue(replace(order(100_000), historic=True)) == ()
    assert accrue(order(100_000), to=Attribution(None, None, None, "nobody", {})) == ()
    assert accrue(order(100_000), to=Attribution(None, "g9", "s1", "self_purchase", {})) == ()


def test_rule_4_2_the_most_specific_rule_in_force_wins() -> None:
    line = SoldLine("l", "p", "coat", 1, 1_000, campaign_id="k")
    targets = {"brand": None, "store": "s1", "category": "coat", "product": "p", "campaign": "k"}
    rules = [replace(BRAND, id=level, level=level, target_id=target) for level, target in targets.items()]
    for level in reversed(c.LEVELS):
        chosen = c.select_rule(rules, line, store_id="s1", at=NOW)
        assert chosen is not None
        assert chosen.id == level
        rules = [rule for rule in rules if rule.id != level]
    assert c.select_rule(rules, line, store_id="s1", at=NOW) is None


def test_rule_4_2_ties_and_times() -> None:
    line = SoldLine("l", "p", "coat", 1, 1_000)
    fixed = replace(BRAND, id="a", rate_bp=None, fixed_fen=5)
    later = replace(BRAND, id="z", from_at=NOW)
    over = replace(BRAND, id="b", until_at=NOW, rate_bp=None, fixed_fen=9)
    other = replace(BRAND, id="c", level="product", target_id="q")

    def chosen(*rules: CommissionRule) -> str:
        rule = c.select_rule(rules, line, store_id="s1", at=NOW)
        assert rule is not None
        return rule.id

    assert chosen(BRAND, later, fixed, over, other) == "a"
    assert chosen(BRAND, later) == "z"
    assert chosen(BRAND, replace(BRAND, id="q")) == "q"
    assert chosen(BRAND, replace(BRAND, id="zz", version=2)) == "zz"
    assert c.select_rule([later], line, store_id="s1", at=NOW - timedelta(seconds=1)) is None


def test_rule_4_2_fixed_is_per_piece() -> None:
    entry = accrue(order(50_000, qty=3), replace(BRAND, rate_bp=None, fixed_fen=700))[0]
    assert entry.amount_fen == 2_100
    assert [step["op"] for step in entry.steps] == ["base", "fixed"]


@pytest.mark.parametrize(
    "change",
    [
        {"rate_bp": None},
        {"fixed_fen": 5},
        {"rate_bp": 10_001},
        {"level": "moon"},
        {"target_id": "x"},
        {"level": "store"},
        {"tiers": [[5, 100], [5, 200]]},
        {"closing_bp": -1},
        {"from_at": 5},
    ],
)
def test_rule_4_2_rules_that_make_no_sense(change: dict[str, object]) -> None:
    wire = {"id": "r", "version": 1, "level": "brand", "from_at": "2026-01-01T00:00:00Z", "rate_bp": 300}
    assert CommissionRule.from_wire(wire).rate_bp == 300
    with pytest.raises(Rejected):
        CommissionRule.from_wire(wire | change)


def test_rule_4_3_a_total_is_the_sum_of_floored_lines() -> None:
    entries = accrue(order(99, 99, 99))
    assert [entry.amount_fen for entry in entries] == [3, 3, 3]
    assert 99 * 3 * 350 // 10_000 == 10


def test_rule_4_3_an_order_of_one_fen_earns_nothing() -> None:
    assert accrue(order(1)) == ()
    assert accrue(order(1, 1, 1), replace(BRAND, rate_bp=9_999)) == ()
    assert [entry.amount_fen for entry in accrue(order(1), replace(BRAND, rate_bp=10_000), to=SHARED)] == [1]


FENS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=5)
RULES = st.builds(
    CommissionRule, st.just("r"), st.integers(1, 3), st.just("brand"), st.none(), st.just(START),
    rate_bp=st.integers(0, 10_000), closing_bp=st.integers(0, 10_000), store_share_bp=st.integers(0, 10_000),
)  # fmt: skip
FIXED = st.builds(lambda rule, fen: replace(rule, rate_bp=None, fixed_fen=fen), RULES, st.integers(0, 99_999))


@given(FENS, RULES | FIXED, st.sampled_from([SHARED, SOLE]))
def test_rule_4_3_splits_sum_to_the_lines_commission(fens: list[int], rule: CommissionRule, to: Attribution) -> None:
    sold = order(*fens, qty=2)
    totals: dict[str, int] = defaultdict(int)
    for entry in accrue(sold, rule, to=to):
        totals[entry.line_id] += entry.amount_fen
    for line in sold.lines:
        whole = line.base_fen * (rule.rate_bp or 0) // 10_000 if rule.fixed_fen is None else rule.fixed_fen * 2
        assert totals[line.id] == (whole if line.base_fen else 0)


@pytest.mark.parametrize(
    ("base", "fen"), [(0, 0), (99_999, 999), (100_000, 1_000), (100_050, 1_001), (300_000, 7_000), (300_100, 7_005)]
)
def test_rule_4_4_tiers_are_progressive_and_half_open(base: int, fen: int) -> None:
    assert c.tier_fen([(0, 100), (100_000, 300), (300_000, 500)], base) == fen


def test_rule_4_4_the_brackets_of_a_month_make_its_bonus() -> None:
    tiers = [(800_000, 50), (2_000_000, 100)]
    assert c.tier_parts(tiers, 2_101_000) == [(800_000, 50, 6_000), (2_000_000, 100, 1_010)]
    assert c.tier_parts(tiers, 2_000_000) == [(800_000, 50, 6_000)], "half-open: the border is not in the next"
    assert c.tier_parts(tiers, 800_000) == []


def test_rule_4_4_a_refund_in_the_month_recomputes_the_tier() -> None:
    rule = replace(BRAND, tiers=((0, 100), (100_000, 300)))

    def post(base: int, posted: int) -> Entry | None:
        return c.tier_entry(
            rule, guide_id="g", month="2026-11", base_fen=base, posted_fen=posted, event_id=f"e{base}", at=NOW
        )

    first, second = post(200_000, 0), post(150_000, 4_000)
    assert first is not None
    assert second is not None
    assert (first.amount_fen, second.amount_fen) == (4_000, -1_500)
    assert c.recompute(second.steps) == -1_500
    assert post(150_000, 2_500) is None


@given(st.lists(st.integers(-400_000, 400_000), min_size=1, max_size=12))
def test_rule_4_4_however_the_month_goes_up_and_down_it_earns_what_its_end_earns(moves: list[int]) -> None:
    rule = replace(BRAND, tiers=((0, 33), (100_000, 300), (300_000, 555)))
    base = posted = 0
    for index, move in enumerate(moves):
        base += move
        entry = c.tier_entry(
            rule, guide_id="g", month="2026-11", base_fen=base, posted_fen=posted, event_id=f"e{index}", at=NOW
        )
        assert entry is None or c.recompute(entry.steps) == entry.amount_fen
        posted += entry.amount_fen if entry else 0
    assert posted == c.tier_fen(rule.tiers, base)


@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=4).filter(any), st.data())
def test_rule_4_6_parties_lose_together_and_never_get_a_fen_back(amounts: list[int], data: st.DataObject) -> None:
    steps = sorted(data.draw(st.lists(st.integers(0, sum(amounts)), max_size=6)))
    before = [0] * len(amounts)
    for fen in (*steps, sum(amounts)):
        parts = c.taken_back(fen, amounts)
        assert sum(parts) == fen
        assert all(old <= new <= own for old, new, own in zip(before, parts, amounts, strict=True))
        before = parts
    assert before == amounts


def test_rule_4_5_pending_until_after_sales_closes() -> None:
    entry = accrue(order(100_000))[0]
    assert entry.confirm_at == NOW + timedelta(days=7)
    assert c.state_at(entry, NOW + timedelta(days=7, seconds=-1)) == "pending"
    assert c.state_at(entry, NOW + timedelta(days=7)) == "confirmed"
    assert c.state_at(replace(entry, state="settled"), NOW + timedelta(days=99)) == "settled"


def test_rule_4_6_two_partial_refunds_making_a_whole() -> None:
    entries = accrue(order(99_999), to=SHARED)
    first = c.refund(entries, [LineRefund("l0", 0, 33_333)], event_id="r1", at=NOW)
    second = c.refund(entries, [LineRefund("l0", 33_333, 66_666)], event_id="r2", at=NOW)
    assert all(entry.amount_fen < 0 for entry in first + second)
    assert sum(entry.amount_fen for entry in entries + first + second) == 0


@given(st.data(), FENS, RULES | FIXED, st.sampled_from([SHARED, SOLE]))
def test_rule_4_6_full_refund_nets_to_zero_for_any_sequence(
    data: st.DataObject, fens: list[int], rule: CommissionRule, to: Attribution
) -> None:
    entries = accrue(order(*fens), rule, to=to)
    posted = list(entries)
    for index, fen in enumerate(fens):
        cuts = sorted({0, fen, *data.draw(st.lists(st.integers(0, fen), max_size=5))})
        for before, after in itertools.pairwise(cuts):
            part = LineRefund(f"l{index}", before, after - before)
            posted += c.refund(entries, [part], event_id=f"r{index}.{before}", at=NOW)
    by_role: dict[tuple[str, str], int] = defaultdict(int)
    for entry in posted:
        by_role[entry.line_id, entry.role] += entry.amount_fen
    assert not any(by_role.values())
    assert all(entry.amount_fen <= 0 for entry in posted if entry.kind == "refund")


def test_rule_4_6_refunds_only_what_was_paid() -> None:
    entries = accrue(order(100))
    with pytest.raises(Rejected) as refused:
        c.refund(entries, [LineRefund("l0", 60, 41)], event_id="r", at=NOW)
    assert refused.value.code == "refund_too_large"
    assert c.refund(entries, [LineRefund("elsewhere", 0, 5)], event_id="r", at=NOW) == ()


@given(FENS, RULES, st.sampled_from([SHARED, SOLE]), st.integers(1, 4))
def test_rule_4_7_replaying_an_event_changes_nothing(
    fens: list[int], rule: CommissionRule, to: Attribution, times: int
) -> None:
    ledger: dict[str, Entry] = {}
    parts = [LineRefund(f"l{index}", 0, fen) for index, fen in enumerate(fens)]
    for _ in range(times):
        entries = accrue(order(*fens), rule, to=to)
        for entry in entries + c.refund(entries, parts, event_id="r1", at=NOW):
            assert ledger.setdefault(entry.id, entry) == entry
    assert sum(entry.amount_fen for entry in ledger.values()) == 0


def test_rule_4_7_identity() -> None:
    ids = {c.entry_id(*identity) for identity in [
        ("r", 1, "l", "sole", "e"), ("r", 2, "l", "sole", "e"), ("r", 1, "m", "sole", "e"), ("r", 1, "l", "bound", "e"),
        ("r", 1, "l", "sole", "f"),
    ]}  # fmt: skip
    assert len(ids) == 5
    assert c.entry_id("r", 1, "l", "sole", "e") == "671d87fd-1ad9-8523-ad9c-c4f838f4eb3e"


def test_rule_4_8_statements_carry_over_and_cannot_be_altered() -> None:
    lines = [
        StatementLine("b", local("2026-11-30 23:59"), 500),
        StatementLine("a", local("2026-11-01 00:00"), 300),
        StatementLine("refund", local("2026-12-01 00:00"), -300),
    ]
    november = close_month("g", "2026-11", lines, zone=SHANGHAI, opening_fen=10)
    assert [line.entry_id for line in november.lines] == ["a", "b"]
    assert (november.opening_fen, november.closing_fen) == (10, 810)
    settled = frozenset(line.entry_id for line in november.lines)
    december = close_month("g", "2026-12", lines, zone=SHANGHAI, opening_fen=november.closing_fen, settled=settled)
    assert (december.closing_fen, len(december.lines)) == (510, 1)
    assert verify(november)
    altered = replace(november, lines=(replace(november.lines[0], amount_fen=301), *november.lines[1:]))
    assert not verify(altered)
    assert not verify(replace(november, closing_fen=811))
    assert not verify(replace(altered, closing_fen=811))


def test_rule_4_8_month_and_year_end_in_the_stores_zone() -> None:
    lines = [
        StatementLine("last", local("2026-12-31 23:59"), 7),
        StatementLine("first", local("2027-01-01 00:00"), 11),
        StatementLine("leap", local("2028-02-29 23:59"), 13),
        StatementLine("march", local("2028-03-01 00:00"), 17),
    ]
    settled: frozenset[str] = frozenset()
    for month, ids in (("2026-12", ["last"]), ("2027-01", ["first"]), ("2028-02", ["leap"]), ("2028-03", ["march"])):
        made = close_month("g", month, lines, zone=SHANGHAI, settled=settled)
        assert [line.entry_id for line in made.lines] == ids
        settled |= set(ids)


def test_rule_4_6_a_refund_after_settlement_lands_in_the_next_statement() -> None:
    entry = accrue(order(100_000))[0]
    late = c.refund([entry], [LineRefund("l0", 0, 100_000)], event_id="r", at=local("2026-12-20 12:00"))[0]
    assert late.confirm_at == local("2026-12-20 12:00")
    early = c.refund([entry], [LineRefund("l0", 0, 100_000)], event_id="r", at=NOW + timedelta(days=1))[0]
    assert early.confirm_at == entry.confirm_at


@given(FENS, RULES | FIXED, st.sampled_from([SHARED, SOLE]), st.integers(0, 1_000_000))
def test_rule_4_9_steps_recompute_the_amount(
    fens: list[int], rule: CommissionRule, to: Attribution, refunded: int
) -> None:
    entries = accrue(order(*fens), rule, to=to)
    parts = [LineRefund(f"l{index}", 0, min(fen, refunded)) for index, fen in enumerate(fens)]
    for entry in entries + c.refund(entries, parts, event_id="r", at=NOW):
        steps = json.loads(json.dumps(entry.steps))
        assert c.recompute(steps) == entry.amount_fen
        assert all(step["op"] in c.STEP_OPS for step in steps)


def test_rule_4_9_steps_that_lie_are_caught() -> None:
    steps = [dict(step) for step in accrue(order(99_999), to=SHARED)[0].steps]
    assert [step["op"] for step in steps] == ["base", "rate", "split"]
    with pytest.raises(ValueError, match="says"):
        c.recompute([*steps[:2], steps[2] | {"fen": steps[2]["fen"] + 1}])
    with pytest.raises(ValueError, match="unknown step"):
        c.recompute([{"op": "magic", "params": {}, "fen": 1}])
