"""Commission over a filled local store: sums to the fen, and steps that end at the amount."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain import commission as rules
from app.domain.attribution import Attribution
from app.domain.dispute import reassign
from app.protocol.objects import CommissionEntry
from app.store.queries import commission
from app.ui.screens.commission import CommissionScreen, EntryPage, LedgerPage
from app.ui.screens.commission.steps import adds_up, explain
from app.ui.screens.commission.view import days_of, month_day
from app.ui.strings import Strings, catalogue
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
MONTH = ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=30)
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


def shared_line() -> tuple[Any, ...]:
    """One line of 12,345 fen, closed by one guide and bound to another, by the rules themselves."""
    rule = rules.CommissionRule("r1", 3, "brand", None, NOW, rate_bp=333)
    order = rules.SoldOrder("o1", "YT1", "st", NOW, NOW, (rules.SoldLine("l1", "p1", "tops", 1, 12_345, "衬衫"),))
    won = Attribution("g1", "g2", "st", "closing_touch", {})
    return rules.accrue(order, won, [rule], event_id="paid/o1")


def on_the_wire(entry: Any) -> CommissionEntry:
    known = {field.name for field in dataclasses.fields(CommissionEntry)}
    values = {k: v for k, v in dataclasses.asdict(entry).items() if k in known}
    return CommissionEntry(
        **values | {"created_at": "2026-11-24T02:30:00Z", "steps": list(entry.steps), "confirm_at": None}
    )


async def test_the_month_is_the_sum_of_its_entries(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CommissionScreen, place="root")
    totals = commission.commission_totals(sample.store.read, *MONTH)
    entries = commission.commission_ledger(sample.store.read, *MONTH)
    assert totals.total_fen == sum(entry.amount_fen for entry in entries)
    assert Strings().money(totals.total_fen, exact=True) in ui.texts()
    assert "预计" in ui.texts()
    assert ui.count() <= 300
    assert not ui.reports


async def test_a_state_below_zero_says_why(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CommissionScreen, place="root")
    assert not ui.shows("退货扣回")
    entry = next(one for one in commission.commission_ledger(sample.store.read, *MONTH) if one.state == "confirmed")
    await sample.store.write(lambda tx: tx.update(CommissionEntry, entry.id, amount_fen=-9_999_999))
    await ui.until(lambda: ui.shows("退货扣回"))


@pytest.mark.parametrize(("chip", "state"), [("待确认", "pending"), ("已确认", "confirmed")])
async def test_the_ledger_keeps_one_state(sample: Any, chip: str, state: str) -> None:
    ui = await FakeUi.screen(sample, LedgerPage)
    await ui.press(chip)
    wanted = commission.commission_ledger(sample.store.read, *MONTH, state)
    rows = [name for name in ui.buttons() if "+¥" in name]
    assert wanted
    assert rows
    assert all(chip in row for row in rows)


async def test_months_go_back_and_no_further_than_now(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CommissionScreen, place="root")
    assert ui.shows("2026年11月")
    await ui.press("上个月")
    assert ui.shows("2026年10月")
    await ui.press("下个月")
    assert ui.shows("2026年11月")
    assert "下个月" not in ui.buttons()


async def test_an_entry_shows_its_steps_in_the_guides_language(sample: Any) -> None:
    entry = commission.commission_ledger(sample.store.read, *MONTH)[0]
    amount = Strings().money(entry.amount_fen, exact=True)
    for language, words in (
        ("zh_CN", ("顾客实付", "乘以 3%", "为什么是这个数")),
        ("en", ("Times 3%", "Why this amount")),
    ):
        ui = await FakeUi.screen(sample, EntryPage, entry.id, language=language)
        assert all(ui.shows(word) for word in words), ui.texts()
        assert ui.texts().count(f"+{amount}") >= 2  # the head and the result say the same
        assert not [text for text in ui.texts() if text.startswith("commission.")]
        assert not ui.reports


def test_rule_4_9_every_kind_of_step_is_said_and_ends_at_the_amount() -> None:
    entries = shared_line()
    back = rules.refund(entries, [rules.LineRefund("l1", 0, 5_000)], event_id="refund/1", at=NOW)
    again = rules.refund(entries, [rules.LineRefund("l1", 5_000, 7_345)], event_id="refund/2", at=NOW)
    tiered = rules.CommissionRule("r2", 1, "brand", None, NOW, tiers=((0, 100), (1_000_000, 200)))
    bonus = rules.tier_entry(
        tiered, guide_id="g1", month="2026-11", base_fen=1_500_000, posted_fen=900, event_id="t", at=NOW
    )
    said: set[str] = set()
    moved = Attribution("g3", None, "st", "dispute", {})
    line = rules.SoldOrder("o1", "YT1", "st", NOW, NOW, (rules.SoldLine("l1", "p1", "tops", 1, 12_345, "衬衫"),))
    rule = rules.CommissionRule("r1", 3, "brand", None, NOW, rate_bp=333)
    taken = reassign(line, [*entries, *back], moved, [rule], refunded={"l1": 5_000}, event_id="dispute:d", at=NOW)
    for entry in (*entries, *back, *again, bonus, *taken):
        wire = on_the_wire(entry)
        for strings in (Strings(), Strings("en")):
            steps = explain(wire, None, strings)
            assert steps[-1].fen == wire.amount_fen
            assert not [s for s in steps if s.title.startswith("commission.") or s.why.startswith("commission.")]
        assert adds_up(wire)
        said |= {step["op"] for step in wire.steps}
    assert said == set(rules.STEP_OPS) - {"fixed"}


def test_pieces_of_a_fixed_commission_are_counted() -> None:
    steps = [
        {"op": "base", "params": {"fen": 9_900}, "fen": 9_900},
        {
            "op": "fixed",
            "params": {"rule_id": "r", "version": 1, "level": "product", "each_fen": 800, "qty": 3},
            "fen": 2_400,
        },
    ]
    entry = dataclasses.replace(on_the_wire(shared_line()[0]), steps=steps, amount_fen=2_400)
    assert explain(entry, None, Strings())[1].title == "每件 ¥8，3 件"
    assert adds_up(entry)


@pytest.mark.parametrize(
    "steps",
    [[], [{"op": "base", "params": {"fen": 5}, "fen": 5}], [{"op": "new_op", "params": {}, "fen": 1}],
     [{"op": "rate", "params": {}, "fen": 1}]],
)  # fmt: skip
async def test_steps_that_do_not_make_the_amount_are_never_passed_off_as_an_explanation(
    sample: Any, steps: list[dict[str, Any]]
) -> None:
    entry = commission.commission_ledger(sample.store.read, *MONTH)[0]
    await sample.store.write(lambda tx: tx.update(CommissionEntry, entry.id, steps=steps))
    ui = await FakeUi.screen(sample, EntryPage, entry.id)
    assert ui.shows("步骤还不完整")
    assert not ui.reports


async def test_a_zero_says_why(sample: Any) -> None:
    entry = commission.commission_ledger(sample.store.read, *MONTH)[0]
    await sample.store.write(
        lambda tx: tx.update(CommissionEntry, entry.id, amount_fen=0, steps=[], reason="self_purchase")
    )
    ui = await FakeUi.screen(sample, EntryPage, entry.id)
    assert ui.shows("自己买的不计佣金")


async def test_an_empty_month_leads_to_sharing_and_a_lost_entry_is_said(sample: Any) -> None:
    everything = commission.commission_ledger(sample.store.read, "2000", "2999", None, 9_999)
    await sample.store.write(lambda tx: [tx.delete(CommissionEntry, entry.id) for entry in everything])
    ui = await FakeUi.screen(sample, CommissionScreen, place="root")
    assert ui.shows("这个月还没有佣金")
    assert "去分享" in ui.buttons()
    assert (await FakeUi.screen(sample, EntryPage, "nothing")).shows("找不到这条佣金")


def test_days_of_a_month_have_no_gaps() -> None:
    days = days_of(date(2026, 2, 1), [commission.DayAmount("2026-02-03", 5)], date(2026, 3, 9))
    assert len(days) == 28
    assert sum(day.fen for day in days) == 5
    assert [month_day(date(2026, 1, 31), step) for step in (0, -1, -13)] == [
        date(2026, 1, 1), date(2025, 12, 1), date(2024, 12, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("area", ["share", "commission", "team"])
def test_both_languages_say_the_same_things(area: str) -> None:
    chinese, english = ({k for k in catalogue(language) if k.startswith(f"{area}.")} for language in ("zh_CN", "en"))
    assert chinese == english
