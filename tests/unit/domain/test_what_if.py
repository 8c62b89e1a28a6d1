"""What-if figures are what the ledger would post (feature E10)."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.attribution import Attribution
from app.domain.commission import (
    CommissionRule,
    LineRefund,
    SoldLine,
    SoldOrder,
    accrue,
    tier_base,
    tier_entry,
    tier_fen,
)
from app.domain.what_if import general_rule, next_sale, pieces_fen, progress, returned

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
TIERS = ((0, 0), (1_000_000, 100), (3_000_000, 250))
RULE = CommissionRule("r1", 1, "brand", None, NOW, rate_bp=300, tiers=TIERS)


def test_rule_4_4_progress_is_half_open_and_ends_at_the_top() -> None:
    below, at, top = (progress(RULE, fen) for fen in (999_999, 1_000_000, 3_000_000))
    assert below and (below.rate_bp, below.left_fen, below.earned_fen) == (0, 1, 0)
    assert at and (at.rate_bp, at.left_fen, at.next_bp) == (100, 2_000_000, 250)
    assert top and (top.rate_bp, top.left_fen, top.earned_fen) == (250, None, 20_000)
    assert progress(CommissionRule("r", 1, "brand", None, NOW, rate_bp=1), 5) is None


def test_the_next_1000_yuan_just_below_a_border_pay_partly_at_each_rate() -> None:
    sale = next_sale(RULE, 950_000, 100_000, "s1", NOW)
    assert (sale.rate_fen, sale.tier_fen, sale.total_fen) == (3_000, 500, 3_500)
    plain = CommissionRule("r", 1, "brand", None, NOW, rate_bp=300, store_share_bp=1_000)
    sale = next_sale(plain, 950_000, 100_000, "s1", NOW)
    assert (sale.rate_fen, sale.tier_fen) == (2_700, 0), "a tenth is the store's"


def test_the_general_rule_is_the_brands_unless_the_store_has_its_own() -> None:
    store = CommissionRule("r2", 1, "store", "s1", NOW, rate_bp=400)
    goods = CommissionRule("r3", 1, "product", "p1", NOW, rate_bp=900)
    assert general_rule([RULE, store, goods], "s1", NOW) == store
    assert general_rule([RULE, store, goods], "s2", NOW) == RULE
    assert general_rule([goods], "s1", NOW) is None


@given(
    base=st.integers(1, 5_000_000), qty=st.integers(1, 9), data=st.data(), month=st.integers(0, 6_000_000),
    bound=st.sampled_from(("g1", "g2")), store_bp=st.sampled_from((0, 2_000)),
)  # fmt: skip
def test_a_return_in_the_what_if_is_what_the_ledger_posts(
    base: int, qty: int, data: st.DataObject, month: int, bound: str, store_bp: int
) -> None:
    rule = CommissionRule("r1", 1, "brand", None, NOW, rate_bp=333, tiers=TIERS, store_share_bp=store_bp)
    order = SoldOrder("o1", "1", "s1", NOW, NOW, (SoldLine("l1", "p1", "tops", qty, base, "衬衫"),))
    entries = accrue(order, Attribution("g1", bound, "s1", "closing_touch", {}), [rule], event_id="paid")
    mine = [entry for entry in entries if entry.guide_id == "g1"]
    back_qty = data.draw(st.integers(0, qty - 1))
    back = pieces_fen(base, qty, 0, 0, back_qty)
    pieces = data.draw(st.integers(1, qty - back_qty))
    fen = pieces_fen(base, qty, back_qty, back, pieces)
    assert back_qty + pieces < qty or back + fen == base
    found = returned(mine, [LineRefund("l1", back, fen)], rule, base + month, NOW)
    posted = tier_entry(
        rule, guide_id="g1", month="2026-11", event_id="e", at=NOW, posted_fen=tier_fen(TIERS, base + month),
        base_fen=base + month + sum(tier_base(entry) for entry in found.entries),
    )  # fmt: skip
    assert found.tier_fen == (posted.amount_fen if posted else 0)
    assert found.total_fen == sum(entry.amount_fen for entry in found.entries) + found.tier_fen
    assert returned(mine, [LineRefund("l1", back, fen)], None, 0, NOW).total_fen == found.entries_fen
    if back + fen == base and not back:
        assert found.entries_fen == -sum(entry.amount_fen for entry in mine)
