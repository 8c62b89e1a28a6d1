"""An order decided anew keeps its sum (rule 4.3), and why an order paid nothing (rules 3.2 to 4.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import dispute
from app.domain.attribution import Attribution
from app.domain.commission import (
    CommissionRule,
    Entry,
    LineRefund,
    SoldLine,
    SoldOrder,
    accrue,
    recompute,
    refund,
    tier_base,
)
from app.domain.dispute import OwnTouch, Seen, active, reassign, verdict

PAID = datetime(2026, 11, 1, 2, tzinfo=UTC)
LATER = PAID + timedelta(days=20)
GUIDES = (None, "g1", "g2", "g3")


def order(bases: list[int]) -> SoldOrder:
    lines = tuple(SoldLine(f"l{n}", f"p{n}", "tops", 1, base, "衬衫") for n, base in enumerate(bases))
    return SoldOrder("o1", "YT1", "s1", PAID, PAID, lines)


def won_by(closing: str | None, bound: str | None) -> Attribution:
    reason = "closing_touch" if closing else "bound_guide" if bound else "nearest_store"
    return Attribution(closing, bound, "s1", reason, {})


def total(entries: object) -> int:
    return sum(entry.amount_fen for entry in entries)  # type: ignore[attr-defined]


@given(
    bases=st.lists(st.integers(1, 3_000_000), min_size=1, max_size=3),
    rate=st.integers(1, 3_000), store_bp=st.sampled_from((0, 1_000, 3_333)), closing_bp=st.sampled_from((7_000, 5_001)),
    first=st.tuples(st.sampled_from(GUIDES), st.sampled_from(GUIDES)),
    askers=st.lists(st.sampled_from(GUIDES[1:]), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 100), min_size=5, max_size=5),
)  # fmt: skip
def test_rule_4_3_a_decision_keeps_the_sum_of_the_order_and_later_refunds_still_net_to_zero(
    bases: list[int], rate: int, store_bp: int, closing_bp: int, first: tuple[str | None, str | None],
    askers: list[str], cuts: list[int],
) -> None:  # fmt: skip
    rule = CommissionRule("r1", 1, "brand", None, PAID, rate_bp=rate, store_share_bp=store_bp, closing_bp=closing_bp)
    sold, bound = order(bases), first[1]
    entries: list[Entry] = list(accrue(sold, won_by(*first), [rule], event_id="paid"))
    back = dict.fromkeys((line.id for line in sold.lines), 0)

    def give_back(event: str, percent: int) -> None:
        parts = []
        for line in sold.lines:
            fen = (line.base_fen - back[line.id]) * percent // 100
            parts.append(LineRefund(line.id, back[line.id], fen))
            back[line.id] += fen
        entries.extend(refund(active(entries), parts, event_id=event, at=LATER))

    for number, asker in enumerate(askers):
        give_back(f"r{number}", cuts[number])
        before = total(entries)
        made = reassign(
            sold, entries, won_by(asker, bound), [rule], refunded=back, event_id=f"dispute:{number}", at=LATER
        )
        assert total(made) == 0 or not before
        assert not {entry.id for entry in made} & {entry.id for entry in entries}
        assert all(recompute(entry.steps) == entry.amount_fen for entry in made)
        entries.extend(made)
        assert total(entries) == before
        again = reassign(sold, entries, won_by(asker, bound), [rule], refunded=back, event_id="again", at=LATER)
        assert not again, "who has it already gains nothing by a second decision"
    parties = {entry.guide_id for entry in entries}
    for guide in parties - {None, askers[-1], bound}:
        assert total(entry for entry in entries if entry.guide_id == guide) == 0
        if guide is not None:
            assert sum(tier_base(entry) for entry in entries if entry.guide_id == guide) == 0
    give_back("rest", 100)
    assert total(entries) == 0


def test_rule_4_4_a_refund_worth_no_fen_of_commission_still_leaves_the_base() -> None:
    rule = CommissionRule("r1", 1, "brand", None, PAID, rate_bp=500)
    entries = list(accrue(order([2_000]), won_by("g2", None), [rule], event_id="paid"))
    line = entries[0].line_id
    for number, (before, fen) in enumerate(((0, 1), (1, 1_999))):
        entries += refund(active(entries), [LineRefund(line, before, fen)], event_id=f"r{number}", at=LATER)
    assert [entry.amount_fen for entry in entries] == [100, 0, -100]
    assert sum(tier_base(entry) for entry in entries) == 0


def test_rule_3_3_the_bound_guide_keeps_the_entry_when_only_the_closing_guide_changes() -> None:
    rule = CommissionRule("r1", 1, "brand", None, PAID, rate_bp=500)
    entries = accrue(order([45_000]), won_by("g2", "g1"), [rule], event_id="paid")
    made = reassign(order([45_000]), entries, won_by("g3", "g1"), [rule], refunded={}, event_id="dispute:d", at=LATER)
    assert [(entry.guide_id, entry.kind, entry.amount_fen) for entry in made] == [
        ("g2", "reversal", -1_575), ("g3", "accrual", 1_575),
    ]  # fmt: skip
    assert {entry.event_id for entry in made} == {"dispute:d", "dispute:d:back"}


def test_rule_4_6_a_correction_is_confirmed_after_the_decision_so_a_closed_month_stays_as_it_is() -> None:
    rule = CommissionRule("r1", 1, "brand", None, PAID, rate_bp=500)
    entries = accrue(order([45_000]), won_by("g2", None), [rule], event_id="paid")
    made = reassign(order([45_000]), entries, won_by("g3", None), [rule], refunded={}, event_id="dispute:d", at=LATER)
    assert all(entry.state == "pending" and entry.confirm_at == LATER == entry.created_at for entry in made)
    assert total(made) == 0


SEEN = Seen("g1", PAID, 45_000, "closing_touch", "g2", None)


@pytest.mark.parametrize(
    ("seen", "code", "rule"),
    [
        ({"historic": True}, "historic", "4.2"),
        ({"reason": "staff_purchase", "closing_guide_id": None}, "staff_purchase", "3.3"),
        ({"reason": "self_purchase", "closing_guide_id": None}, "self_purchase", "3.3"),
        ({"closing_guide_id": "g1", "accrued_fen": 900, "net_fen": 900}, "counted", "3.2"),
        ({"closing_guide_id": "g1", "bound_guide_id": "g2", "accrued_fen": 9, "net_fen": 9}, "split_closing", "3.3"),
        ({"bound_guide_id": "g1", "accrued_fen": 9, "net_fen": 9}, "split_bound", "3.3"),
        ({"closing_guide_id": "g1", "accrued_fen": 9}, "refunded", "4.6"),
        ({"closing_guide_id": "g1", "paid_fen": 0}, "zero_paid", "4.1"),
        ({"closing_guide_id": "g1", "has_rule": False}, "no_rule", "4.2"),
        ({"closing_guide_id": "g1", "paid_fen": 3}, "too_small", "4.3"),
        ({}, "other_closing", "3.2"),
        ({"touches": (OwnTouch(PAID - timedelta(days=7), 7),)}, "later_touch", "3.2"),
        ({"touches": (OwnTouch(PAID - timedelta(days=7, seconds=1), 7),)}, "window", "3.2"),
        ({"touches": (OwnTouch(PAID - timedelta(days=1), 7, active=False),)}, "guide_inactive", "3.2"),
        ({"closing_guide_id": None, "bound_guide_id": "g2"}, "other_bound", "2.4"),
        ({"closing_guide_id": None, "reason": "nearest_store"}, "nearest_store", "3.2"),
        ({"closing_guide_id": None, "reason": "nobody"}, "nobody", "3.2"),
        ({"closing_guide_id": None, "reason": None}, "unknown", "3.2"),
    ],
)
def test_rule_3_4_one_rule_decides_why_an_order_paid_this_guide_what_it_did(
    seen: dict[str, object], code: str, rule: str
) -> None:
    from dataclasses import replace

    found = verdict(replace(SEEN, **seen))  # type: ignore[arg-type]
    assert (found.code, found.rule) == (code, rule)
    assert found.code in dispute.VERDICTS
