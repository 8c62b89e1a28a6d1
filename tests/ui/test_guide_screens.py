"""Today, Customers and Coupons over a filled local store, with no server and no browser."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.device.ports import DISMISSED
from app.domain.instants import from_text
from app.mutations import make_share, mutate, refusal_to_contact, send_coupon
from app.protocol.mutations import AddTag, RecordContact, RecordShare, UndoCoupon
from app.protocol.objects import Coupon
from app.store.queries import coupons, products, work
from app.store.queries import customers as q
from app.sync.status import State, SyncStatus
from app.ui.screens.coupons import CouponPage, CouponsScreen, MessagePage, SendCouponPage
from app.ui.screens.coupons.again import words_of_last
from app.ui.screens.customers import CustomerPage, CustomersScreen
from app.ui.screens.today import TodayScreen
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 in the store


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY)
    yield made
    made.store.close()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("screen", [TodayScreen, CustomersScreen, CouponsScreen])
async def test_roots_show_rows_and_no_raw_keys(sample: Any, screen: Any, language: str) -> None:
    ui = await FakeUi.screen(sample, screen, place="root", language=language)
    await ui.until(lambda: len(ui.texts()) > 10)  # signals are found off the loop
    assert not ui.reports
    raw = [text for text in ui.texts() if text.startswith(("today.", "customers.", "coupons.", "signal.", "profile."))]
    assert not raw
    assert ui.count() <= 300


async def test_search_by_initials_and_open(sample: Any) -> None:
    hero = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert hero
    ui = await FakeUi.screen(sample, CustomersScreen, place="root")
    await ui.type("搜索姓名、手机尾号、标签、备注", hero.initials)
    assert ui.shows(hero.name)
    await ui.press(hero.name)
    assert ui.ui.nav.stack()[-1:] == (f"/customers/{hero.id}",) or ui.ui.nav.stacks


@pytest.mark.parametrize(
    "hero", ["views", "birthday", "expiring", "dormant", "no_consent", "budget_used", "vip", "note"]
)
@pytest.mark.parametrize("tab", ["动态", "偏好", "订单", "更多", "备注"])
async def test_every_profile_and_tab_opens(sample: Any, hero: str, tab: str) -> None:
    ui = await FakeUi.screen(sample, CustomerPage, sample.heroes[hero])
    await ui.press(tab)
    assert not ui.reports
    assert not [t for t in ui.texts() if t.startswith(("profile.", "coupons.", "signal."))]
    assert ui.count() <= 300


async def test_a_note_is_kept_and_waits_for_the_network(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.screen(sample, CustomerPage, customer_id)
    await ui.press("备注")
    await ui.type("给这位客户的备注", "周末来试裙子")
    await ui.press("保存备注")
    await ui.until(lambda: work.outbox_count(sample.store.read) == 1)
    found = q.customer_by_id(sample.store.read, customer_id)
    assert found and found.note == "周末来试裙子"


async def test_rule_2_6_a_note_is_marked_private_with_one_switch(sample: Any) -> None:
    customer_id = sample.heroes["note"]
    before = q.customer_by_id(sample.store.read, customer_id)
    ui = await FakeUi.screen(sample, CustomerPage, customer_id)
    await ui.press("备注")
    await ui.toggle("只给自己看", True)
    await ui.press("保存备注")
    await ui.until(lambda: work.outbox_count(sample.store.read) == 1)
    found = q.customer_by_id(sample.store.read, customer_id)
    assert before and found and (found.note, found.note_private) == (before.note, True)


async def test_a_coupon_goes_out_with_its_message_and_can_be_taken_back(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.screen(sample, SendCouponPage, customer_id)
    await ui.press("发券")
    await ui.until(lambda: bool(ui.device.shared or ui.device.copied))
    text = (ui.device.shared or ui.device.copied)[-1]
    sent = [c for c in q.coupons_of(sample.store.read, customer_id) if c.state == "issued"]
    assert len(sent) == 1 and f"/c/{sent[0].code}" in str(text)
    await ui.until(lambda: any(c.coupon_id == sent[0].id for c in q.contacts_of(sample.store.read, customer_id)))
    await ui.until(lambda: "撤销" in ui.buttons() or "撤回" in ui.buttons())
    await ui.press("撤销")

    def voided() -> bool:
        now: Coupon | None = coupons.coupon_by_id(sample.store.read, sent[0].id)
        return now is not None and now.state == "voided"

    await ui.until(voided)


@pytest.mark.parametrize(("hero", "says"), [("no_consent", "同意"), ("budget_used", "联系")])
async def test_who_may_not_be_contacted_is_said_before_the_button(sample: Any, hero: str, says: str) -> None:
    ui = await FakeUi.screen(sample, MessagePage, sample.heroes[hero])
    assert ui.shows("现在不能联系")
    assert ui.shows(says)
    assert work.outbox_count(sample.store.read) == 0


async def test_a_signal_leads_to_its_coupon_in_three_taps(sample: Any) -> None:
    ui = await FakeUi.app(sample)
    await ui.until(lambda: ui.shows("现在做"))
    await ui.press("发券")
    await ui.until(lambda: ui.shows("附上优惠券"))
    assert ui.ui.nav.stack()[-1].endswith("/coupon")


@pytest.mark.parametrize("screen", [TodayScreen, CustomersScreen])
async def test_a_first_sync_that_is_not_finished_says_so(tmp_path: Path, sample: Any, screen: Any) -> None:
    def clear(tx: Any) -> None:
        for customer in q.all_customers(tx):
            tx.delete(type(customer), customer.id)

    await sample.store.write(clear)
    sample.index.load()
    sample.engine.status = SyncStatus(State.OFFLINE, partial=True)
    ui = await FakeUi.screen(sample, screen, place="root")
    await ui.until(lambda: ui.shows("资料还没取完"))
    assert ui.shows("现在没有网络")


async def test_days_since_an_order_are_days_of_the_store(sample: Any) -> None:
    row = next(r for r in sample.index.search() if r.last_order_at)
    bought = from_text(row.last_order_at).astimezone(ZoneInfo("Asia/Shanghai"))
    sample.clock.at = bought.replace(hour=2) + timedelta(days=1)  # the store's next day, the same day in UTC
    sample.clock.at = sample.clock.at.astimezone(UTC)
    ui = await FakeUi.screen(sample, CustomersScreen, place="root")
    await ui.type("搜索姓名、手机尾号、标签、备注", row.name)
    assert ui.shows("1 天前") and not ui.shows("今天")


async def test_two_quick_taps_on_different_things_both_count_and_a_double_tap_counts_once(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    for name in ("甲甲", "乙乙"):
        await mutate(sample, AddTag(customer_id, name))
    ui = await FakeUi.screen(sample, CustomerPage, customer_id)
    await ui.press("个标签")
    first, second = (ui.button(f"移除标签 {name}") for name in ("甲甲", "乙乙"))
    gate = threading.Event()
    sample.store.submit(lambda tx: gate.wait(5))  # the writer is at work on something else
    for tag in (first, first, second):
        await ui.fire(tag, "click")
    gate.set()
    await ui.until(lambda: work.outbox_count(sample.store.read) == 4)
    await ui.settle(wait_s=0.1)
    assert work.outbox_count(sample.store.read) == 4
    found = q.customer_by_id(sample.store.read, customer_id)
    assert found and not {tag.name for tag in found.tags} & {"甲甲", "乙乙"}


QUIET = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 22:00 in the store


async def test_rule_9_2_a_page_that_slept_into_quiet_hours_sends_nothing(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.screen(sample, MessagePage, customer_id)
    sample.clock.at = QUIET  # the page's own minute has not ticked yet
    await ui.press("发送")
    await ui.settle(wait_s=0.1)
    assert ui.device.copied == [] and ui.shows("09:00")
    assert work.outbox_count(sample.store.read) == 0


async def test_rule_9_2_copying_a_coupons_message_again_is_no_contact_more(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    template = coupons.templates(sample.store.read)[0]
    coupon = await send_coupon(sample, template.id, customer_id)
    ui = await FakeUi.screen(sample, CouponPage, coupon.id)
    await ui.press("再次复制消息")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    (contact,) = q.contacts_of(sample.store.read, customer_id)
    assert len(ui.device.copied) == 1 and contact.coupon_id == coupon.id
    await ui.until(lambda: ui.shows("今天发过了，再发一次不占次数"))
    await ui.press("再次复制消息")  # the day's budget is used, and this takes nothing of it
    await ui.until(lambda: len(ui.device.copied) == 2)
    assert ui.device.copied[0] == ui.device.copied[1] and not ui.shows("现在不能联系")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    message = await FakeUi.screen(sample, MessagePage, customer_id)
    assert message.shows("现在不能联系")  # anything else is one more
    sample.clock.at = TUESDAY + timedelta(days=1)
    await ui.press("再次复制消息")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 2)


async def test_a_coupons_page_gives_out_the_message_as_it_went_and_shows_it(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.app(sample)
    await ui.tab("客户")
    ui.ui.open(f"/customers/{customer_id}/coupon")
    await ui.type("消息", "李姐，这张留给您的，周六我在。")
    await ui.press("发券")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    went = ui.device.copied[-1]
    assert went.startswith("李姐，这张留给您的") and "/c/" in went
    (sent,) = [c for c in q.coupons_of(sample.store.read, customer_id) if c.state == "issued"]
    ui.ui.open(f"/coupons/{sent.id}")
    await ui.sees(went)
    await ui.press("再次复制消息")
    await ui.until(lambda: ui.device.copied == [went, went])


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_coupons_message_after_a_restart_is_a_whole_one_in_the_manner_of_what_prompted_it(
    sample: Any, language: str
) -> None:
    customer = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert customer is not None
    coupon = await send_coupon(sample, coupons.templates(sample.store.read)[0].id, customer.id)
    await mutate(
        sample, RecordContact("contact-1", customer.id, "coupon", "copied", coupon_id=coupon.id, signal="birthday")
    )
    ui = await FakeUi.screen(sample, CouponPage, coupon.id, language=language)
    await ui.press("再次复制消息" if language == "zh_CN" else "Copy the message again")
    await ui.until(lambda: len(ui.device.copied) == 1)
    words, link = ui.device.copied[-1].rsplit("\n", 1)
    assert ("生日快乐" if language == "zh_CN" else "irthday") in words and sample.staff.name in words
    assert link.endswith(f"/c/{coupon.code}") and ui.shows(ui.device.copied[-1])


async def test_rule_9_2_a_refusal_after_a_coupon_gives_its_message_again_until_it_is_taken_back(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    coupon = await send_coupon(sample, coupons.templates(sample.store.read)[0].id, customer_id)
    page = await FakeUi.screen(sample, CouponPage, coupon.id)
    await page.press("再次复制消息")
    await page.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    went, waiting = page.device.copied[-1], work.outbox_count(sample.store.read)
    ui = await FakeUi.screen(sample, MessagePage, customer_id)
    assert ui.shows("现在不能联系")
    await ui.press("再复制今天那条")
    await ui.until(lambda: ui.device.copied == [went])
    assert work.outbox_count(sample.store.read) == waiting
    await mutate(sample, UndoCoupon(coupon.id))
    await ui.until(lambda: "再复制今天那条" not in ui.buttons())
    sample.clock.at = TUESDAY + timedelta(days=1)
    assert words_of_last(sample, q.customer_by_id(sample.store.read, customer_id), sample.clock.at) is None


@pytest.mark.parametrize(("page", "button"), [(SendCouponPage, "发券"), (MessagePage, "发送")])
async def test_a_composer_that_sent_does_not_deny_itself_before_it_has_left(
    sample: Any, page: Any, button: str
) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.screen(sample, page, customer_id)  # alone in the window, it never leaves
    assert ui.shows("今天还可联系 1 次")
    await ui.press(button)
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    await ui.settle()
    assert not ui.shows("现在不能联系") and ui.shows("今天还可联系 1 次")
    assert button not in ui.buttons()  # nor is it sent twice
    again = await FakeUi.screen(sample, page, customer_id)
    assert again.shows("现在不能联系") and not again.shows("今天还可联系 1 次")


@pytest.mark.parametrize(("how", "says"), [("copied", "的券已发，消息已复制，去聊天里粘贴"), ("shared", "券已发给 ")])
async def test_a_coupon_is_called_sent_only_when_the_share_sheet_says_so(sample: Any, how: str, says: str) -> None:
    ui = await FakeUi.screen(sample, SendCouponPage, sample.heroes["views"])

    async def text(_words: str) -> str:
        return how

    ui.device.text = text  # type: ignore[method-assign]
    await ui.press("发券")
    await ui.sees(says)
    assert ui.shows("券已发给 ") == (how == "shared")


@pytest.mark.parametrize("row", ["发了优惠券", "「"])
async def test_what_the_timeline_tells_of_a_coupon_leads_to_it(sample: Any, row: str) -> None:
    customer_id = sample.heroes["views"]
    coupon = await send_coupon(sample, coupons.templates(sample.store.read)[0].id, customer_id)
    await mutate(sample, RecordContact("contact-1", customer_id, "coupon", "copied", coupon_id=coupon.id))
    ui = await FakeUi.screen(sample, CustomerPage, customer_id)
    await ui.press(f"「{coupon.rules['name']}」" if row == "「" else row)
    assert ui.ui.nav.stack()[-1] == f"/coupons/{coupon.id}" and not ui.reports and ui.count() <= 300


async def test_rule_9_2_the_very_words_of_today_are_given_out_again_for_nothing(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await FakeUi.app(sample)
    await ui.tab("客户")
    ui.ui.open(f"/customers/{customer_id}/message")
    await ui.press("发送")
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    await ui.until(lambda: "发送" not in ui.buttons())
    ui.ui.open(f"/customers/{customer_id}/message")
    words, waiting = ui.device.copied[-1], work.outbox_count(sample.store.read)
    await ui.press("再复制今天那条")
    await ui.until(lambda: ui.device.copied == [words, words])
    assert work.outbox_count(sample.store.read) == waiting
    sample.clock.at = QUIET
    await ui.press("再复制今天那条")
    await ui.settle(wait_s=0.1)
    assert len(ui.device.copied) == 2


async def test_rule_9_2_the_same_product_again_on_one_day_is_no_contact_more(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    one, other = list(products.products(sample.store.read))[:2]
    for item in (one, one, other):
        made = make_share(sample, "product", item.no, "chat")
        await mutate(
            sample, RecordShare(made.share_id, made.code, "product", item.id, "chat", made.created_at, "", customer_id)
        )
        assert (refusal_to_contact(sample, customer_id, item_id=other.id) is None) == (
            not q.contacts_of(sample.store.read, customer_id)
        )
        if item is one:
            assert refusal_to_contact(sample, customer_id, item_id=one.id) is None
        await mutate(
            sample, RecordContact(f"contact-{made.share_id}", customer_id, "poster", "chat", share_id=made.share_id)
        )
    assert len(q.contacts_of(sample.store.read, customer_id)) == 2


async def test_a_coupon_whose_message_did_not_go_is_sent_again_not_one_more(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    before = len(q.coupons_of(sample.store.read, customer_id))
    ui = await FakeUi.screen(sample, SendCouponPage, customer_id)
    handed: list[str] = []

    async def text(words: str) -> str:
        handed.append(words)
        return DISMISSED if len(handed) < 3 else "copied"

    ui.device.text = text  # type: ignore[method-assign]
    for turn in (1, 2, 3):
        await ui.press("发券")
        await ui.until(lambda turn=turn: (len(handed) == turn and "发券" in ui.buttons()) or turn == 3)
    await ui.until(lambda: len(q.contacts_of(sample.store.read, customer_id)) == 1)
    assert len(q.coupons_of(sample.store.read, customer_id)) == before + 1
    assert len({words.rsplit("/", 1)[1] for words in handed}) == 1
