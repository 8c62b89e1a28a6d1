"""What was not counted, statements, the ledger's filters, what-if and the manager's approvals over a local store."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commission import CommissionRule as Rule
from app.domain.commission import tier_entry
from app.domain.instants import from_text, to_text
from app.domain.statement import StatementLine, digest
from app.insight import money as rules
from app.insight.export import RISKY, csv_bytes
from app.protocol.objects import (
    ActionReward,
    CommissionEntry,
    CommissionRule,
    Dispute,
    Order,
    Statement,
    TeamDispute,
    TeamReward,
)
from app.store.queries import commission, products
from app.store.queries import customers as q
from app.ui.screens.commission import (
    CommissionScreen,
    EntryPage,
    LedgerPage,
    OrderPayPage,
    RewardPage,
    RewardsPage,
    StatementPage,
    StatementsPage,
    UncountedPage,
)
from app.ui.screens.commission.ledger import DayHead, by_day, in_front
from app.ui.screens.commission.tiers import TierHead
from app.ui.screens.commission.view import Filters, signed
from app.ui.screens.team import ApprovalsPage, DisputePage, TeamRewardPage, TeamScreen
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
MONTH = ("2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z")
AT = "2026-11-20T02:00:00Z"
EVIDENCE = {
    "reason": "window", "rule": "3.2", "closing": "nobody", "bound": "other", "earned_fen": 0,
    "order": {"created_at": AT, "channel": "store", "status": "paid", "paid_fen": 45_000, "refunded_fen": 0},
    "touches": [{"at": "2026-11-10T02:00:00Z", "window_days": 7, "inside": False}],
}  # fmt: skip


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=30)
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


async def put(sample: Any, row: type, **values: Any) -> None:
    await sample.store.write(lambda tx: tx.put(row, values))


async def settle(sample: Any, entries: int = 6) -> Statement:
    """Close the oldest entries of the sample as the server does."""
    me = sample.staff.id
    chosen = sorted(commission.commission_ledger(sample.store.read, "2000", "2999", None, 9_999), key=lambda e: e.id)
    lines = [StatementLine(e.id, from_text("2026-10-15T02:00:00Z"), e.amount_fen) for e in chosen[:entries]]
    closing = 1_000 + sum(line.amount_fen for line in lines)
    made = Statement(
        f"{me}.2026-10", me, "2026-10", 1_000, closing, entries, digest(me, "2026-10", 1_000, lines),
        "2026-10-31T16:00:00Z",
    )  # fmt: skip
    settled = {"state": "settled", "confirmed_at": "2026-10-15T02:00:00Z", "statement_id": made.id}
    await sample.store.write(lambda tx: [tx.update(CommissionEntry, e.id, **settled) for e in chosen[:entries]])
    await put(sample, Statement, **dataclasses.asdict(made))
    return made


def is_clean(ui: FakeUi) -> bool:
    raw = [text for text in ui.texts() if text.startswith(("commission.", "team.", "profile."))]
    return not raw and not ui.reports and ui.count() <= 300


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_every_page_of_money_is_drawn_within_its_budget(sample: Any, language: str) -> None:
    await settle(sample)
    await put(sample, Dispute, id="dispute-1", guide_id=sample.staff.id, store_id="s", order_no="YT404", state="asked",
              asked_at=AT, evidence=EVIDENCE)  # fmt: skip
    await put(sample, ActionReward, id="reward-1", guide_id=sample.staff.id, store_id="s", kind="new_member",
              amount_fen=500, state="held", made_at=AT, reason="flagged", flags=["burst"])  # fmt: skip
    number = sample.store.read.one(Order, "1 ORDER BY paid_at DESC").no
    pages: list[tuple[Any, ...]] = [
        (CommissionScreen,), (LedgerPage,), (StatementsPage,), (StatementPage, "2026-10"), (UncountedPage,),
        (OrderPayPage, number), (OrderPayPage, "YT404"), (RewardsPage,), (RewardPage, "reward-1"),
    ]  # fmt: skip
    for component, *args in pages:
        for size in ({"width": 320, "height": 640}, {"width": 1180, "height": 820}):
            ui = await FakeUi.screen(sample, component, *args, language=language, **size)
            assert is_clean(ui), (component, ui.count(), ui.reports, ui.texts())


async def test_pages_without_rows_lead_on_and_a_first_sync_says_that_it_goes_on(sample: Any) -> None:
    for component, words in ((StatementsPage, "还没有结算单"), (RewardsPage, "还没有奖励")):
        assert (await FakeUi.screen(sample, component)).shows(words)
    assert (await FakeUi.screen(sample, StatementPage, "2020-01")).shows("找不到这个月的结算单")
    assert (await FakeUi.screen(sample, RewardPage, "none")).shows("找不到这笔奖励")
    sample.engine.status = dataclasses.replace(sample.engine.status, partial=True)
    ui = await FakeUi.screen(sample, StatementsPage)
    assert ui.shows(Strings().t("common.partial_title"))


async def test_the_ledger_filters_by_state_day_and_words_and_says_the_sum(sample: Any) -> None:
    entries = commission.commission_ledger(sample.store.read, *MONTH)
    ui = await FakeUi.screen(sample, LedgerPage)
    total = Strings().money(sum(entry.amount_fen for entry in entries), exact=True)
    assert ui.shows(f"{len(entries)} 笔") and ui.shows(f"合计 +{total}")
    label = entries[0].label
    await ui.type("搜商品或订单号", f"{label} {entries[0].order_no}")
    same = [entry for entry in entries if entry.label == label and entry.order_no == entries[0].order_no]
    assert ui.shows(f"{len(same)} 笔")
    await ui.type("搜商品或订单号", "没有这种商品")
    assert ui.shows("没有符合条件的明细")
    await ui.press("看全部")
    day = next(name for name in ui.buttons() if name.startswith("只看"))
    await ui.press(day)
    assert "看每一天" in ui.buttons()
    assert not ui.reports


async def test_a_statement_is_checked_on_this_phone_and_says_when_it_cannot_be(sample: Any) -> None:
    made = await settle(sample)
    entries = commission.statement_entries(sample.store.read, made.id)
    assert rules.check_statement(made, entries) == rules.CHECKED
    ui = await FakeUi.screen(sample, StatementPage, "2026-10")
    assert ui.shows("已在这台手机上核对 ✓") and ui.shows(Strings().money(made.closing_fen, exact=True))
    assert ui.shows("不等于已发放") and ui.shows("这个月里确认的"), "what the balance is, and which month counts"
    assert not ui.shows(made.digest[:8]), "a code is told only where the manager is asked to look"
    await ui.press("发表格")
    await ui.until(lambda: bool(ui.device.shared))
    name, data, mime = ui.device.shared[-1][:3]
    assert (name, mime) == (f"daogou-{sample.staff.staff_no}-2026-10.csv", "text/csv")
    assert made.digest in data.decode("utf-8-sig")
    await ui.press("发图片")
    await ui.until(lambda: len(ui.device.shared) > 1)
    assert ui.device.shared[-1][1].startswith(b"\x89PNG")
    await sample.store.write(lambda tx: tx.update(CommissionEntry, entries[0].id, amount_fen=1))
    await ui.until(lambda: ui.shows("和总部的数对不上"))
    await sample.store.write(lambda tx: tx.delete(CommissionEntry, entries[0].id))
    await ui.until(lambda: ui.shows("这台手机上还不能核对"))


async def test_what_if_counts_pieces_and_the_tier_by_the_rules(sample: Any) -> None:
    entry = next(e for e in commission.commission_ledger(sample.store.read, *MONTH) if e.state == "pending")
    order = commission.order_by_id(sample.store.read, entry.order_id)
    assert order is not None
    lines = [dataclasses.asdict(one) | ({"qty": 3} if one.id == entry.line_id else {}) for one in order.lines]
    await sample.store.write(lambda tx: tx.update(Order, order.id, lines=lines))
    await sample.store.write(lambda tx: tx.update(CommissionRule, entry.rule_id, tiers=[[0, 100]]))
    await sample.store.write(lambda tx: tx.update(CommissionEntry, entry.id, confirm_at="2026-11-28T02:00:00Z"))
    ui = await FakeUi.screen(sample, EntryPage, entry.id)
    assert ui.shows("退 3 件（全部）") and f"−{Strings().money(entry.amount_fen, exact=True)}" in ui.texts()
    await ui.press("少退一件")
    back = entry.base_fen * 2 // 3
    assert ui.shows("退 2 件，共 3 件") and Strings().money(back, exact=True) in ui.texts()
    assert f"−{Strings().money(entry.amount_fen * back // entry.base_fen, exact=True)}" in ui.texts()
    assert ui.shows("阶梯奖励")


async def test_rule_4_4_the_months_bonus_shows_the_brackets_that_make_it(sample: Any) -> None:
    entry = next(e for e in commission.commission_ledger(sample.store.read, *MONTH) if e.state == "pending")
    await sample.store.write(lambda tx: tx.update(CommissionRule, entry.rule_id, tiers=[[0, 50], [10_000, 100]]))
    await sample.store.write(lambda tx: tx.update(CommissionEntry, entry.id, confirm_at="2026-11-28T02:00:00Z"))
    found = rules.outlook(sample.store.read, sample.staff.store_id, NOW, "Asia/Shanghai")
    assert found is not None and found.progress is not None and found.expected_fen > 10_000
    ui = await FakeUi.screen(sample, CommissionScreen)
    rest = found.progress.earned_fen - 50
    assert ui.shows(f"满 ¥0 的部分 0.5% = ¥0.50，满 ¥100 的部分 1% = {Strings().money(rest, exact=True)}")
    assert ui.shows("含还没确认的成交；只算已确认的是 ¥0.00")


async def test_an_order_that_paid_nothing_says_its_rule_and_is_asked_about_offline(sample: Any) -> None:
    order = sample.store.read.one(Order, "1 ORDER BY paid_at DESC")
    entries = commission.entries_of_order(sample.store.read, order.id)
    await sample.store.write(lambda tx: [tx.delete(CommissionEntry, one.id) for one in entries])
    await sample.store.write(
        lambda tx: tx.update(Order, order.id, reason="nearest_store", closing_guide_id=None, bound_guide_id=None)
    )
    listed = await FakeUi.screen(sample, UncountedPage)
    await listed.type("按订单号或姓名查", order.no)
    buyer = q.customer_by_id(sample.store.read, order.customer_id)
    product = products.product_by_id(sample.store.read, order.lines[0].product_id)
    assert buyer and product
    await listed.type("按订单号或姓名查", buyer.name)
    assert not [name for name in listed.buttons() if name.startswith("查订单")], "a name is no order number"
    row = next(name for name in listed.buttons() if buyer.name in name)
    assert product.name in row and "归到最近的门店" in row and order.no[-4:] in row, "who, what, why and which"
    ui = await FakeUi.screen(sample, OrderPayPage, order.no)
    assert ui.shows("下单前没有有效的分享") and "¥0.00" in ui.texts()
    assert not ui.shows("规则 3.2"), "the number of a rule is for who decides by it"
    await ui.type("补充一句（可不填）", "她是我接待的")
    await ui.press("问店长")
    await ui.until(lambda: ui.shows("等答复"))
    [asked] = commission.disputes_of(sample.store.read, order.no)
    assert (asked.state, asked.text, asked.order_id) == ("asked", "她是我接待的", order.id)
    assert "问店长" not in ui.buttons(), "one open question an order"


async def test_two_entries_of_one_product_are_told_apart(sample: Any) -> None:
    first, second = sample.store.read.all(Order, "1 ORDER BY paid_at DESC LIMIT 2")
    for n, order in enumerate((first, second)):
        entry = commission.entries_of_order(sample.store.read, order.id)[0]
        values = dataclasses.asdict(entry) | {
            "id": f"twin-{n}", "label": "双胞胎大衣", "created_at": AT, "order_id": order.id, "order_no": order.no,
        }  # fmt: skip
        await sample.store.write(lambda tx, values=values: tx.put(CommissionEntry, values))
    ui = await FakeUi.screen(sample, LedgerPage)
    await ui.type("搜商品或订单号", "双胞胎")
    rows = [name for name in ui.buttons() if name.startswith("双胞胎大衣")]
    assert len(rows) == len(set(rows)) == 2
    for order in (first, second):
        buyer = q.customer_by_id(sample.store.read, order.customer_id)
        assert buyer and any(buyer.name in row and order.no[-4:] in row for row in rows), rows


async def test_a_manager_decides_offline_and_a_late_decision_says_so(sample: Any) -> None:
    sample.session = sample.manager
    me = sample.staff
    team = {"earners": [], "moves": [{"guide_id": sample.staff.id, "fen": 1_350}], "blocked": None}
    values = {"guide_id": me.id, "store_id": me.store_id, "order_no": "YT1", "state": "asked", "asked_at": AT}
    await put(sample, TeamDispute, id="dispute-1", **values, text="她是我接待的", evidence=EVIDENCE | {"team": team})
    await put(sample, TeamReward, id="reward-1", guide_id=me.id, store_id=me.store_id, kind="referral", amount_fen=500,
              state="held", made_at=AT, reason="flagged", flags=["shared_device"], answer="母女")  # fmt: skip
    board = await FakeUi.screen(sample, TeamScreen, place="root")
    assert board.shows("2 件待处理")
    queue = await FakeUi.screen(sample, ApprovalsPage)
    assert queue.shows("等答复") and queue.shows("同一台设备") and is_clean(queue)
    ui = await FakeUi.screen(sample, DisputePage, "dispute-1")
    assert ui.shows("超出 7 天") and ui.shows("+¥13.50") and is_clean(ui)
    stale = await FakeUi.screen(sample, DisputePage, "dispute-1")
    await ui.press("同意，改记给他")
    await ui.until(lambda: ui.shows("已改判"))
    assert commission.team_dispute(sample.store.read, "dispute-1").decided_by == me.id
    await stale.until(lambda: not [name for name in stale.buttons() if "同意" in name])
    reward = await FakeUi.screen(sample, TeamRewardPage, "reward-1")
    assert reward.shows("母女") and is_clean(reward)
    await reward.press("发放")
    await reward.until(lambda: reward.shows("可发放"))


async def test_a_dispute_of_another_stores_money_cannot_be_accepted(sample: Any) -> None:
    sample.session = sample.manager
    values = {"guide_id": "g", "store_id": sample.staff.store_id, "order_no": "YT1", "state": "asked", "asked_at": AT}
    blocked = EVIDENCE | {"team": {"blocked": "dispute_other_store"}}
    await put(sample, TeamDispute, id="dispute-1", **values, evidence=blocked)
    ui = await FakeUi.screen(sample, DisputePage, "dispute-1")
    assert ui.shows("本店不能同意这一条") and "同意，改记给他" not in ui.buttons() and "不改" in ui.buttons()


async def test_a_flag_is_explained_and_answered_once(sample: Any) -> None:
    await put(sample, ActionReward, id="reward-1", guide_id=sample.staff.id, store_id="s", kind="new_member",
              amount_fen=500, state="held", made_at=AT, reason="flagged", flags=["night_burst"])  # fmt: skip
    ui = await FakeUi.screen(sample, RewardPage, "reward-1")
    assert ui.shows("夜里 11 点到早上 6 点之间")
    await ui.type("当时的情况", "店庆夜场")
    await ui.press("发给店长")
    await ui.until(lambda: ui.shows("我的说明"))
    assert "发给店长" not in ui.buttons()


async def tiered(sample: Any) -> list[int]:
    """Post the tier bonuses of a month's last three orders, and return their fen; two cross into the second step."""
    rule = Rule("r-tier", 1, "brand", None, NOW, tiers=((100_000, 50), (200_000, 100)))
    orders = sample.store.read.all(Order, "1 ORDER BY paid_at DESC LIMIT 3")
    posted, made = 0, []
    for base, order in zip((150_000, 250_000, 260_000), orders, strict=True):
        entry = tier_entry(
            rule, guide_id=sample.staff.id, month="2026-11", base_fen=base, posted_fen=posted, event_id=order.id,
            at=NOW, order_id=order.id, order_no=order.no,
        )  # fmt: skip
        posted += entry.amount_fen
        made.append(entry.amount_fen)
        wire = {"created_at": to_text(NOW), "confirm_at": to_text(NOW), "confirmed_at": to_text(NOW)}
        fields = {f.name for f in dataclasses.fields(CommissionEntry)}
        values = {name: value for name, value in vars_of(entry).items() if name in fields} | wire
        await put(sample, CommissionEntry, **(values | {"steps": list(entry.steps)}))
    return made


def vars_of(entry: Any) -> dict[str, Any]:
    return {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}


async def test_rule_4_4_tier_bonuses_of_a_step_stand_in_one_row_that_opens_to_its_sales(sample: Any) -> None:
    before = await FakeUi.screen(sample, LedgerPage)
    sales = [one for one in commission.ledger_lines(sample.store.read, "2026-10-31T16", "2026-11-30T16")]
    made = await tiered(sample)
    zone, lines = before.ui.strings.zone, commission.ledger_lines(sample.store.read, "2026-10-31T16", "2026-11-30T16")
    rows = by_day(lines, zone, "")
    heads = [row for row in rows if isinstance(row, TierHead)]
    assert [(one.count, one.fen) for one in heads] == [(2, made[1] + made[2])]
    assert sum(row.fen for row in rows if isinstance(row, DayHead)) == sum(one.fen for one in sales) + sum(made)
    ui = await FakeUi.screen(sample, LedgerPage)
    assert ui.shows("阶梯奖励 +0.5% → +1%") and ui.shows("加在 2 笔销售上") and is_clean(ui)
    numbers = [order.no[-4:] for order in sample.store.read.all(Order, "1 ORDER BY paid_at DESC LIMIT 3")]
    await ui.press("阶梯奖励 +0.5% → +1%")
    opened = " ".join(ui.texts())
    assert all(number in opened for number in numbers) and is_clean(ui)
    customers = [one.customer_id for one in sample.store.read.all(Order, "1 ORDER BY paid_at DESC LIMIT 3")]
    assert all(q.customer_by_id(sample.store.read, who).name in opened for who in customers)


async def test_the_newest_entries_are_sales_and_the_bonuses_stand_in_one_row(sample: Any) -> None:
    made = await tiered(sample)
    ui = await FakeUi.screen(sample, CommissionScreen, place="root")
    assert ui.shows("加在 3 笔销售上") and ui.shows(signed(sum(made))) and is_clean(ui)
    assert not ui.shows("+0.5% → +1%")
    await ui.press("阶梯奖励")
    assert ui.ui.slice(Filters).kind == "tier"


def test_who_comes_from_a_sum_of_one_kind_sees_its_chip_first() -> None:
    options = [("", "全部"), ("state:pending", "待确认"), ("kind:tier", "阶梯奖励"), ("source:store", "门店")]
    came = in_front(options, frozenset({"kind:tier"}))
    assert [value for value, _ in came] == ["", "kind:tier", "state:pending", "source:store"]
    assert in_front(options, frozenset({"state:", "kind:"})) == options


HELD = {"kind": "new_member", "amount_fen": 500, "state": "held", "reason": "flagged", "made_at": AT}


async def test_a_held_reward_names_its_members_the_one_reason_and_what_comes(sample: Any) -> None:
    mine = {"guide_id": sample.staff.id, "store_id": sample.staff.store_id} | HELD
    one, two = sample.heroes["views"], sample.heroes["birthday"]
    near, flags = ["reward-2", "reward-3"], ["shared_device", "zero_activity"]
    await put(sample, ActionReward, id="reward-1", customer_id=one, flags=flags, near=near, **mine)
    await put(sample, ActionReward, id="reward-2", customer_id=two, flags=flags, near=["reward-1"], **mine)
    await put(sample, ActionReward, id="reward-3", customer_id=None, **mine)
    names = [q.customer_by_id(sample.store.read, who).name for who in (one, two)]
    ui = await FakeUi.screen(sample, RewardPage, "reward-1")
    said = f"3 位会员是用同一台手机加入的：{names[0]}、{names[1]}、1 位已不在你名下的会员。"
    assert ui.shows("为什么先保留") and ui.shows(said) and ui.shows("还有：没有任何互动")
    assert ui.shows("没有自动到期") and ui.shows("写在下面") and is_clean(ui)
    await ui.press(names[1])
    assert ui.ui.nav.stack()[-1] == f"/customers/{two}"
    ledger = await FakeUi.screen(sample, RewardsPage)
    assert ledger.shows(names[0]) and ledger.shows("同一台设备")


async def test_a_reward_in_its_holding_time_says_until_when_and_what_it_needs(sample: Any) -> None:
    mine = {"guide_id": sample.staff.id, "store_id": sample.staff.store_id} | HELD
    mine |= {"reason": "holding", "held_until": "2026-12-08T02:30:00Z"}
    await put(sample, ActionReward, id="reward-1", customer_id=sample.heroes["views"], **mine)
    ui = await FakeUi.screen(sample, RewardPage, "reward-1")
    assert ui.shows("到 12月8日") and ui.shows("手机号验证过") and "发给店长" not in ui.buttons() and is_clean(ui)


async def test_the_manager_sees_the_one_reason_and_when_but_no_name(sample: Any) -> None:
    guide = sample.staff
    sample.session = sample.manager
    of = {"guide_id": guide.id, "store_id": guide.store_id} | HELD
    await put(sample, TeamReward, id="reward-1", flags=["burst"], near=["reward-2"], **of)
    await put(sample, TeamReward, id="reward-2", flags=["burst"], **(of | {"made_at": "2026-11-20T02:34:00Z"}))
    ui = await FakeUi.screen(sample, TeamRewardPage, "reward-1")
    assert ui.shows("10 分钟内加了 2 位会员。集中活动") and ui.shows("11月20日 10:34")
    assert ui.shows("手机上，要核对请当面问")
    assert is_clean(ui)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), min_size=1), max_size=5))
def test_no_cell_of_a_csv_starts_a_formula_and_every_cell_comes_back(rows: list[list[str]]) -> None:
    text = csv_bytes(rows).decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert not [cell for row in back for cell in row if cell.startswith(RISKY)]
    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
