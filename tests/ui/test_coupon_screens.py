"""The coupon screens over a filled local store: what I may send, what I sent, a batch and its hand-out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.device.ports import DISMISSED
from app.domain.instants import to_text
from app.mutations import batch, mutate, send_coupon
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon, CouponTemplate, Customer
from app.store.queries import coupons, work
from app.store.queries import customers as q
from app.ui.screens.coupons import BatchPage, CouponPage, CouponsScreen, HandOutPage, TemplatePage
from app.ui.screens.coupons.words import conditions, gives, heads, last_moment
from app.ui.screens.customers import CustomersScreen
from app.ui.screens.customers.picking import Picking
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 in the store
NIGHT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 22:00 in the store
NOW = to_text(TUESDAY)
BEFORE = to_text(TUESDAY - timedelta(hours=1))


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY)
    await made.store.write(_forget_earlier)
    yield made
    made.store.close()


def _forget_earlier(tx: Any) -> None:
    """The sample's own issued coupon was never handed over; here only what the tests issue waits."""
    for one in tx.all(Coupon, "state = 'issued'"):
        tx.update(Coupon, one.id, opened_at=BEFORE)


def template(sample: Any, name: str = "满 399 减 50") -> CouponTemplate:
    return next(one for one in coupons.every_template(sample.store.read) if one.name == name)


def waiting(sample: Any) -> tuple[str, ...]:
    return coupons.to_hand_out(sample.store.read, "sample-device", to_text(TUESDAY - timedelta(days=30)), NOW)


async def preview(sample: Any, *ids: str, **options: Any) -> FakeUi:
    ui = await FakeUi.screen(sample, BatchPage, **options)
    picking = ui.ui.slice(Picking)
    picking.ids, picking.segment, picking.template_id = ids, None if ids else "all", template(sample).id
    await ui.until(lambda: ui.shows("不发") or ui.shows("Left out"))
    return ui


@pytest.mark.parametrize(
    ("rules", "zh", "en"),
    [
        ({"kind": "amount_off", "face_fen": 5_000}, "立减 ¥50", "¥50 off"),
        ({"kind": "percent_off", "pay_bp": 8_500}, "85 折", "15% off"),
        ({"kind": "percent_off", "pay_bp": 8_000}, "8 折", "20% off"),
        ({"kind": "percent_off", "pay_bp": 8_550}, "8.55 折", "14.5% off"),
        ({"kind": "exchange", "face_fen": 990}, "¥9.90 换购", "Yours for ¥9.90"),
        ({"kind": "exchange"}, "兑换礼", "Gift"),
        ({"kind": "free_shipping"}, "免运费", "Free shipping"),
    ],
)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_every_kind_is_said_in_words(rules: Any, zh: str, en: str, language: str) -> None:
    ui = FakeUi()
    ui.ui.speak(language)
    assert gives(rules) == (zh if language == "zh_CN" else en)


FIXED = {"kind": "fixed", "from": "2026-11-30T16:00:00Z", "until": "2026-12-12T16:00:00Z"}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"threshold_fen": 39_900, "validity": {"kind": "days", "n": 14}}, ["满 ¥399 可用", "发出起 14 天内有效"]),
        (
            {"cap_fen": 20_000, "validity": {"kind": "hours", "n": 48}},
            ["无门槛", "最多减 ¥200", "发出起 48 小时内有效"],
        ),
        ({"validity": FIXED, "scope": {"kind": "stores", "ids": ["s1", "s2"]}}, ["限 2 家店", "12月1日至12月12日有效"]),
        ({"scope": {"kind": "products", "ids": ["p1"]}}, ["限 1 款商品"]),
        ({"scope": {"kind": "categories", "ids": ["bags"]}}, ["限 1 个品类"]),
    ],
)
async def test_conditions_name_threshold_cap_scope_and_validity(rules: Any, words: list[str]) -> None:
    ui = FakeUi()
    ui.ui.speak("zh_CN")
    assert all(word in conditions(rules) for word in words)


@pytest.mark.parametrize(
    ("rules", "shown", "threshold"),
    [
        ({"name": "满 399 减 50", "face_fen": 5_000, "threshold_fen": 39_900}, ("满 399 减 50", ""), False),
        ({"name": "全场 85 折", "kind": "percent_off", "pay_bp": 8_500}, ("全场 85 折", ""), False),
        ({"name": "老友礼", "face_fen": 5_000, "threshold_fen": 39_900}, ("立减 ¥50", "老友礼"), True),
        ({"name": "减 50", "face_fen": 5_000, "threshold_fen": 39_900}, ("减 50", ""), True),
        ({"name": "399 元券", "face_fen": 39_900, "threshold_fen": 39_900}, ("399 元券", ""), True),
        ({"name": "满 1,399 减 50", "face_fen": 5_000, "threshold_fen": 39_900}, ("满 1,399 减 50", ""), True),
    ],
)
async def test_what_a_coupons_name_says_is_not_said_again(rules: Any, shown: Any, threshold: bool) -> None:
    ui = FakeUi()
    ui.ui.speak("zh_CN")
    assert heads(rules) == shown
    assert ("满 ¥399 可用" in conditions(rules, named=True)) is threshold
    assert "满 ¥399 可用" in conditions(rules) or not rules.get("threshold_fen")


async def test_rule_1_1_the_last_day_is_the_day_before_the_midnight_it_ends_at() -> None:
    ui = FakeUi()
    ui.ui.speak("zh_CN")
    assert last_moment("2026-12-07T16:00:00Z") == "12月7日"
    assert last_moment("2026-12-08T02:30:00Z") == "12月8日 10:30"


async def test_stopped_and_used_up_templates_explain_themselves(sample: Any) -> None:
    stopped, empty = template(sample, "生日 8 折"), template(sample, "新客见面礼 30 元")

    def change(tx: Any) -> None:
        tx.update(CouponTemplate, stopped.id, stopped=True)
        for one in tx.all(Coupon, "template_id = ? AND state = 'allotted'", (empty.id,)):
            tx.update(Coupon, one.id, state="voided")

    await sample.store.write(change)
    ui = await FakeUi.screen(sample, CouponsScreen, place="root")
    assert ui.shows("总部已停发，手上的还能发") and ui.shows("手上没有了，联网后会补") and ui.shows("剩 5 张")
    page = await FakeUi.screen(sample, TemplatePage, empty.id)
    assert page.shows("手上没有了，联网后会补") and "把这张发给一群客户" not in page.buttons()
    assert page.shows("发出起 7 天内有效") and page.shows("全部商品") and page.shows("1 张")


async def test_sent_coupons_by_state_what_ends_first_on_top_and_expiry_without_a_job(sample: Any) -> None:
    sent = await send_coupon(sample, template(sample).id, sample.heroes["views"])
    ui = await FakeUi.screen(sample, CouponsScreen, place="root")
    await ui.press("发出的")
    counts = coupons.sent_counts(sample.store.read, NOW)
    assert ui.shows(f"已领取 {counts['claimed']}") and ui.shows("还有 1 天到期")
    rows = coupons.coupons_sent(sample.store.read, "all", NOW)
    assert rows[0].state == "claimed" and rows[-1].state == "redeemed"
    later = to_text(TUESDAY + timedelta(days=60))
    assert {row.id for row in coupons.coupons_sent(sample.store.read, "expired", later)} >= {sent.id}
    assert "issued" not in coupons.sent_counts(sample.store.read, later)
    name = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert name is not None and ui.shows(name.name)


async def test_one_coupon_tells_its_way(sample: Any) -> None:
    sent = await send_coupon(sample, template(sample).id, sample.heroes["views"])
    ui = await FakeUi.screen(sample, CouponPage, sent.id)
    assert ui.shows("消息还没递出") and ui.shows("有效期至 12月7日")
    await ui.press("再次复制消息")
    await ui.until(lambda: ui.shows("消息已递出（已复制）"))
    assert not ui.shows("消息还没递出")


async def test_rule_1_11_a_coupon_that_can_be_used_shows_its_code_in_groups_to_read_out(sample: Any) -> None:
    sent = await send_coupon(sample, template(sample).id, sample.heroes["views"])
    shown = "  ".join((sent.code[:4], sent.code[4:8], sent.code[8:]))
    ui = await FakeUi.screen(sample, CouponPage, sent.id)
    assert ui.shows(shown)
    await ui.press("复制券码")
    await ui.until(lambda: ui.device.copied == [sent.code])

    def rules(**changed: Any) -> Any:
        return lambda tx: tx.update(Coupon, sent.id, rules=sent.rules | changed)

    await sample.store.write(rules(channel="online"))
    await ui.until(lambda: not ui.shows(shown))  # no till takes it
    await sample.store.write(rules(channel="both"))
    await ui.until(lambda: ui.shows(shown))
    await mutate(sample, UndoCoupon(sent.id))
    await ui.until(lambda: not ui.shows(shown))


async def test_nothing_in_hand_says_so_with_a_way_on(sample: Any) -> None:
    def void(tx: Any) -> None:
        for one in tx.all(Coupon, "state = 'allotted'"):
            tx.update(Coupon, one.id, state="voided")

    await sample.store.write(void)
    ui = await FakeUi.screen(sample, BatchPage)
    ui.ui.slice(Picking).segment = "all"
    await ui.settle()
    assert ui.shows("手上没有可发的券") and ui.shows("联网后会自动补足")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_the_preview_counts_who_is_left_out_and_why(sample: Any, language: str) -> None:
    everybody = sample.index.counts()["all"]
    ui = await preview(sample, language=language)
    plan = batch.plan_batch(
        sample.store.read, template(sample).id, [row.id for row in sample.index.search()], batch.call_of(sample)
    )
    assert len(plan.gets) == 5 and len(plan.gets) + plan.left_out == everybody
    assert ui.shows(str(plan.left_out))
    assert not [text for text in ui.texts() if text.startswith(("coupons.", "customers."))]
    who = sample.index.get(plan.out[0].customer_ids[0])
    assert plan.out[0].code == "no_marketing_consent" and not ui.shows(who.name)
    await ui.press("没同意接收营销" if language == "zh_CN" else "No consent")
    assert ui.shows(who.name)
    assert ui.count() <= 300 and not ui.reports


async def test_rule_9_3_at_night_nobody_gets_it_and_the_polite_time_is_named(sample: Any) -> None:
    sample.clock.at = NIGHT
    ui = await preview(sample, sample.heroes["views"], sample.heroes["birthday"])
    await ui.until(lambda: ui.shows("现在免打扰"))
    assert ui.shows("明天 09:00 起可以发") and "发 0 张" not in ui.buttons()


async def test_a_batch_is_issued_and_handed_out_one_by_one(sample: Any) -> None:
    heroes = [sample.heroes[one] for one in ("views", "birthday", "no_consent", "note")]
    ui = await preview(sample, *heroes)
    await ui.press("发 3 张")
    await ui.until(lambda: len(waiting(sample)) == 3)
    assert work.outbox_count(sample.store.read) == 3
    hand = await FakeUi.screen(sample, HandOutPage)
    first = coupons.coupon_by_id(sample.store.read, waiting(sample)[0])
    assert first is not None and first.customer_id is not None and hand.shows("还剩 3 张")
    await hand.press("递出")
    await hand.until(lambda: len(waiting(sample)) == 2)
    (contact,) = [c for c in q.contacts_of(sample.store.read, first.customer_id) if c.coupon_id == first.id]
    assert contact.kind == "coupon" and f"/c/{first.code}" in str((hand.device.shared or hand.device.copied)[-1])
    await hand.until(lambda: hand.shows("今天已递出 1 张"))
    second, third = waiting(sample)
    await hand.press("先跳过")
    await hand.press("递出")
    await hand.until(lambda: waiting(sample) == (second,))
    left = coupons.coupon_by_id(sample.store.read, second)
    assert left is not None and left.customer_id is not None
    name = q.customer_by_id(sample.store.read, left.customer_id)
    assert name is not None
    await hand.press(f"撤回给{name.name}的券")
    await hand.until(lambda: hand.shows("都递出去了"))
    assert not hand.reports and third not in waiting(sample)


async def test_rule_9_2_a_message_that_did_not_go_is_no_contact_and_stays(sample: Any) -> None:
    await batch.issue_batch(sample, template(sample).id, [sample.heroes["views"]])
    ui = await FakeUi.screen(sample, HandOutPage)

    async def text(_words: str) -> str:
        return DISMISSED

    ui.device.text = text  # type: ignore[method-assign]
    await ui.press("递出")
    await ui.until(lambda: ui.shows("消息还没递出，券还在这里"))
    assert len(waiting(sample)) == 1 and coupons.handed_out(sample.store.read, BEFORE) == 0


async def test_who_may_not_be_contacted_now_waits_behind_the_others(sample: Any) -> None:
    first, second = sample.heroes["views"], sample.heroes["birthday"]
    await batch.issue_batch(sample, template(sample).id, [first, second])

    def withdraw(tx: Any) -> None:
        tx.update(Customer, first, consents={"marketing": False})

    await sample.store.write(withdraw)
    ui = await FakeUi.screen(sample, HandOutPage)
    name = q.customer_by_id(sample.store.read, second)
    assert name is not None and ui.shows("没同意接收营销")
    assert f"撤回给{name.name}的券" in ui.buttons()
    await ui.press("递出")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, second)) == 1)
    await ui.until(lambda: "递出" not in ui.buttons())
    assert len(waiting(sample)) == 1


async def test_a_batch_stopped_half_way_is_offered_again(sample: Any) -> None:
    rest = {"template_id": template(sample).id, "customer_ids": [sample.heroes["views"]]}
    await sample.store.write(lambda tx: tx.set_meta(batch.META, rest))
    ui = await FakeUi.screen(sample, CouponsScreen, place="root")
    await ui.press("接着发")
    assert ui.ui.nav.stack()[-1:] == ("/coupons/batch",)
    assert ui.ui.slice(Picking).ids == (sample.heroes["views"],)
    await ui.press("不发了")
    await ui.until(lambda: coupons.unfinished_batch(sample.store.read) is None)
    await ui.until(lambda: not ui.shows("上次群发停在半路"))


async def test_customers_are_ticked_in_place_and_a_segment_goes_whole(sample: Any) -> None:
    ui = await FakeUi.screen(sample, CustomersScreen, place="root")
    await ui.press("多选")
    first, second = sample.index.search()[:2]
    await ui.press(first.name)
    assert ui.shows("已选 1 位") and ui.ui.slice(Picking).ids == (first.id,)
    await ui.press(second.name)
    await ui.press(first.name)
    assert ui.ui.slice(Picking).ids == (second.id,)
    await ui.press("发券给 1 位")
    assert ui.ui.nav.stack()[-1:] == ("/coupons/batch",)
    await ui.press("结束多选")
    assert ui.shows("客户") and not ui.ui.slice(Picking).has_people
    await ui.press("复购")
    await ui.press("多选")
    await ui.press(f"发券给全部 {sample.index.counts()['repeat']} 位")
    assert ui.ui.slice(Picking).segment == "repeat"


async def test_a_thousand_customers_stay_within_the_budget_of_controls(tmp_path: Path) -> None:
    many = await sample_store(tmp_path / "many", TUESDAY, customers=1_000)
    try:
        ui = await FakeUi.screen(many, CustomersScreen, place="root")
        await ui.press("多选")
        await ui.press("全选 1000 位")
        assert ui.count() <= 300 and len(ui.ui.slice(Picking).ids) == 1_000
        page = await preview(many)
        await page.press("手上的券不够")
        assert page.count() <= 300
    finally:
        many.store.close()
