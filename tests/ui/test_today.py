"""Today in each of its states, and the message a signal leads to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.device import images
from app.domain.instants import to_text
from app.insight import SignalBoard
from app.insight.today import MOST
from app.mutations import make_share, mutate
from app.protocol.manifest import CalendarEntry, Caption
from app.protocol.mutations import MarkSignal, PlanFollowUp, RecordContact, RecordShare
from app.protocol.objects import BrowseEvent, Contact, Customer, Order, Product, Share, SignalMark
from app.store import WriteTx
from app.store.queries import customers as q
from app.store.queries import followups, products
from app.store.queries.day import day_work
from app.store.store import SYNC
from app.sync.status import State, SyncStatus
from app.ui import hooks
from app.ui.screens.coupons import MessagePage, SendCouponPage
from app.ui.screens.today import AllPage, TodayBeside, TodayScreen
from app.ui.screens.today.reasons import Prompt, Prompts
from app.ui.screens.today.script import ready_texts, with_coupon_said
from app.ui.strings import Strings
from tests.fakes.drawn import Drawn
from tests.fakes.sample import ZONE, Sample, sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 in the store
EVENING = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 22:00 there
DAY = ("2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z")


class FakePack:
    """A pack with a play for today and one text made for the first product."""

    def __init__(self) -> None:
        play = CalendarEntry("2026-11-24", "换季外套上新", "New outerwear", "先问问老客。", "Ask first.", (1, 4))
        captions = (Caption("c", "warm", "这件替您留着。", "I kept this for you.", 1),)
        self.manifest = SimpleNamespace(calendar=(play,), captions=captions, posters=())

    def active_manifest(self) -> Any:
        return self.manifest


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Sample]:
    made: Any = await sample_store(tmp_path, TUESDAY, customers=20)
    made.content = FakePack()
    images.configure([tmp_path / "blobs"], web=False)
    yield made
    made.store.close()


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Sample]:
    """Sixty customers with a birthday this week: more than a day's list."""
    made = await sample_store(tmp_path, TUESDAY, customers=60)

    def birthdays(tx: WriteTx) -> None:
        for n, one in enumerate(q.all_customers(tx)):
            day = (TUESDAY + timedelta(days=n % 7)).strftime("%m-%d")
            tx.update(Customer, one.id, birthday=day, consents={"marketing": True, "browse": True})

    await made.store.write(birthdays)
    yield made
    made.store.close()


async def today(client: Any, **options: Any) -> FakeUi:
    ui = await FakeUi.screen(client, TodayScreen, place="root", **options)
    await ui.until(lambda: ui.shows("现在做") or ui.shows("今天的都做完了") or ui.shows("今天没有要提醒的客户"))
    return ui


def marks(client: Any) -> list[SignalMark]:
    return client.store.read.all(SignalMark, "1 ORDER BY at, id")  # type: ignore[no-any-return]


# --- the card ----------------------------------------------------------------------------------------------------


async def test_the_card_has_reason_words_goods_and_cost_ready(sample: Any) -> None:
    hero = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert hero
    ui = await today(sample)
    await ui.until(lambda: any("附上" in name for name in ui.buttons()))
    assert ui.shows(hero.name) and ui.shows("3 次留意") and ui.shows("今天还可联系 1 次")
    assert ui.shows("，这件替您留着。")  # headquarters' words for this product come first
    assert len([name for name in ui.buttons() if name.startswith("附上")]) == 3
    assert {"发券", "推迟", "海报"} <= set(ui.buttons())
    await ui.press("简洁")
    assert not ui.shows("这件替您留着") and ui.shows("有货")
    await ui.press("发券")
    assert ui.ui.nav.stack()[-1] == f"/customers/{hero.id}/coupon"
    prompt = ui.ui.slice(Prompts).current
    assert prompt and prompt.attach and prompt.kind == "repeated_view"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_rule_5_4_no_ready_text_says_that_somebody_was_watched(sample: Any, language: str) -> None:
    ui = await FakeUi.screen(sample, TodayScreen, place="root", language=language)
    hero = q.customer_by_id(sample.store.read, sample.heroes["views"])
    product = products.products(sample.store.read)[0]
    assert hero
    bad = ("看了", "浏览", "看过", "留意到", "looked", "viewed", "saw you", "noticed")
    for kind in ("repeated_view", "cart_left", "birthday", "important_date", "stored_value_low", "coupon_expiring",
                 "welcome", "care_after_purchase", "lapsing", "dormant", "general"):  # fmt: skip
        for tone in ("warm", "plain", "lively"):
            for coupon in (True, False):
                texts = ready_texts(hero, Prompt(hero.id, kind, "", product), tone, coupon=coupon)
                assert texts and not [text for text in texts for word in bad if word in text]
                assert not [text for text in texts if text.startswith("message.") or "{" in text]
    assert not ui.reports


@pytest.mark.parametrize(
    ("press", "action", "says"),
    [
        ("完成 ", "done", "已完成"),
        (" 不感兴趣", "not_interested", "14 天内不再提醒"),
    ],
)
async def test_what_was_said_of_a_signal_is_taken_back_with_undo(
    sample: Any, press: str, action: str, says: str
) -> None:
    ui = await today(sample)
    hero = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert hero
    await ui.press(f"{press}{hero.name}" if press.endswith(" ") else f"{hero.name}{press}")
    await ui.until(lambda: ui.shows(says) and "撤销" in ui.buttons())
    assert [(one.action, one.customer_id) for one in marks(sample)] == [(action, hero.id)]
    await ui.until(lambda: "发券" not in ui.buttons() or not ui.shows("3 次留意"))
    await ui.press("撤销")
    await ui.until(lambda: not marks(sample))
    await ui.until(lambda: ui.shows("3 次留意"))


@pytest.mark.parametrize(
    ("choice", "until"),
    [("今天下午", "2026-11-24T07:00:00Z"), ("明天", "2026-11-24T16:00:00Z"), ("下周一", "2026-11-29T16:00:00Z")],
)
async def test_later_is_chosen_and_undone(sample: Any, choice: str, until: str) -> None:
    ui = await today(sample)
    await ui.press("推迟")
    await ui.until(lambda: ui.shows("什么时候再提醒？"))
    await ui.press(choice)
    await ui.until(lambda: "撤销" in ui.buttons())
    assert ui.shows(f"推迟到{choice}") and [one.until for one in marks(sample)] == [until]
    if choice == "今天下午":
        await ui.until(lambda: ui.shows("推迟了，15:00 起再出现"))
    await ui.press("撤销")
    await ui.until(lambda: not marks(sample))


# --- states ------------------------------------------------------------------------------------------------------


async def clear(client: Any) -> None:
    def change(tx: WriteTx) -> None:
        for row in (Customer, Contact):
            for one in tx.all(row):
                tx.delete(row, one.id)

    await client.store.write(change)


async def opened_again(sample: Any, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Give the sample the board of the next start; return what lets its first run begin."""
    await sample.store.write(lambda tx: None, priority=SYNC)  # behind the one that keeps whom the list was about
    board, may_run = SignalBoard(sample.store, sample.clock.now, ZONE, sample.staff.store_id), asyncio.Event()
    run = board._after

    async def held(before: Any) -> Any:
        await may_run.wait()
        return await run(before)

    monkeypatch.setattr(board, "_after", held)
    sample.board = board
    return may_run


async def test_the_day_is_there_before_it_is_looked_for_and_an_equal_answer_draws_nothing(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many.board.today(MOST)
    may_run = await opened_again(many, monkeypatch)
    await many.board.recall()
    ui = await FakeUi.screen(many, TodayScreen, place="root")
    await ui.settle()
    first = ui.texts()
    assert ui.shows("现在做") and many.board.runs == 0
    drawn = Drawn(monkeypatch)
    may_run.set()
    await many.board.answered.wait()
    await ui.settle()
    assert many.board.runs == 1 and drawn.since() == 0 and ui.texts() == first and not ui.reports


async def test_the_first_frame_ends_with_the_card_to_do_now(many: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "DRAWN_S", 3600.0)
    ui = await today(many)
    assert ui.shows("现在做") and "发券" in ui.buttons()
    assert not ui.shows("今天稍后")
    monkeypatch.setattr(hooks, "DRAWN_S", 0.0)
    ui = await today(many)
    assert ui.shows("现在做") and ui.shows("今天稍后")


async def test_what_came_since_replaces_what_was_remembered(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await sample.board.today(MOST)
    may_run = await opened_again(sample, monkeypatch)
    await sample.board.recall()
    named = {one.customer.id for one in sample.board.remembered()}
    new = next(one for one in q.all_customers(sample.store.read) if one.id not in named)
    soon = {"birthday": "11-25", "spend_fen": 90_000_000, "order_count": 1, "consents": {"marketing": True}}
    await sample.store.write(lambda tx: tx.update(Customer, new.id, **soon))
    ui = await FakeUi.screen(sample, TodayScreen, place="root")
    await ui.settle()
    assert ui.shows("现在做") and not ui.shows(new.name)
    may_run.set()
    await ui.sees(new.name)


async def test_nothing_to_do(sample: Any) -> None:
    await clear(sample)
    ui = await FakeUi.screen(sample, TodayScreen, place="root")
    await ui.until(lambda: ui.shows("今天没有要提醒的客户"))
    await ui.press("看看客户")
    assert ui.ui.nav.root == "customers"


async def test_offline_all_is_there_and_the_badge_says_so(sample: Any) -> None:
    sample.engine.status = SyncStatus(State.OFFLINE, waiting=2)
    ui = await today(sample)
    assert ui.shows("离线") and ui.shows("3 次留意") and "发券" in ui.buttons()


async def test_who_is_over_the_budget_is_not_on_the_list(sample: Any) -> None:
    ui = await today(sample)
    hero = q.customer_by_id(sample.store.read, sample.heroes["views"])
    assert hero and ui.shows(hero.name)
    await mutate(sample, RecordContact("contact-1", hero.id, "message", "copied"))
    await ui.until(lambda: not ui.shows("3 次留意"))


async def test_rule_9_3_in_quiet_hours_the_card_and_the_message_name_the_next_polite_time(sample: Any) -> None:
    sample.clock.at = EVENING
    ui = await today(sample)
    assert ui.shows("免打扰") and ui.shows("09:00")
    hero = sample.heroes["views"]
    page = await FakeUi.screen(sample, SendCouponPage, hero)
    assert page.shows("现在不能联系") and page.shows("09:00") and "发券" not in page.buttons()


async def test_from_quiet_hours_a_reminder_brings_the_reason_back_in_the_morning(sample: Any) -> None:
    sample.clock.at = EVENING
    app = await FakeUi.app(sample)
    await app.until(lambda: app.shows("现在做"))
    await app.press("发券")
    await app.until(lambda: "到时提醒我" in app.buttons())
    await app.press("到时提醒我")
    await app.until(lambda: len(marks(sample)) == 1)
    assert marks(sample)[0].until == "2026-11-25T01:00:00Z"
    assert app.ui.nav.stack() == ()


async def test_a_day_ends_after_so_many_people_and_goes_on_only_if_one_likes(many: Any) -> None:
    ui = await today(many)
    texts = ui.texts()
    at = texts.index("已联系")
    assert texts[at - 2 : at] == ["1", "/ 14"]  # fourteen people make a day, one of them was reached already
    assert not re.search(r"还有 \d+ 位|全部 \d+", " ".join(texts)), "one figure says how far the day is"
    people = [one for one in q.all_customers(many.store.read) if one.birthday][:20]
    for n, one in enumerate(people):
        await mutate(many, RecordContact(f"contact-{n}", one.id, "message", "copied"))
    await ui.until(lambda: ui.shows("今天的都做完了"))
    work = day_work(many.store.read, *DAY, to_text(TUESDAY))
    assert ui.shows(f"联系了 {work.reached} 位客户") and work.handled == work.reached
    assert not ui.shows("现在做")
    more = next(name for name in ui.buttons() if name.startswith("还想做"))
    await ui.press(more)
    await ui.until(lambda: ui.shows("现在做"))


async def test_progress_counts_people_not_ticks(sample: Any) -> None:
    before = day_work(sample.store.read, *DAY, to_text(TUESDAY))
    a, b = sample.heroes["views"], sample.heroes["dormant"]
    for n in (1, 2):
        await mutate(sample, RecordContact(f"contact-{n}", a, "message", "copied"))
    await mutate(sample, MarkSignal("mark-1", b, "dormant", "", "done"))
    await mutate(sample, PlanFollowUp("follow-1", b, "reminder", to_text(TUESDAY)))
    after = day_work(sample.store.read, *DAY, to_text(TUESDAY))
    assert (after.reached - before.reached, after.handled - before.handled) == (1, 2)


# --- promises, play, orders --------------------------------------------------------------------------------------


async def test_a_promise_of_another_day_says_how_late_it_is(sample: Any) -> None:
    who = sample.heroes["budget_used"]
    await mutate(sample, PlanFollowUp("follow-late", who, "reminder", to_text(TUESDAY - timedelta(days=2)), "试大衣"))
    ui = await today(sample)
    assert "过了 2 天" in ui.texts() and ui.shows("先办这件")


async def test_promises_stand_at_their_time_whatever_the_budget_says(sample: Any) -> None:
    who = q.customer_by_id(sample.store.read, sample.heroes["budget_used"])
    assert who
    for n, (kind, hours) in enumerate((("appointment", 3.5), ("reminder", -2), ("visit", 40))):
        at = to_text(TUESDAY + timedelta(hours=hours))
        await mutate(sample, PlanFollowUp(f"follow-{n}", who.id, kind, at, "试大衣"))
    ui = await today(sample)
    texts = ui.texts()
    assert texts.index("08:30") < texts.index("14:00") and "约好的" in texts
    assert not [text for text in texts if text == "上门搭配"]  # the visit is the day after tomorrow
    await ui.press(f"完成 {who.name}")
    await ui.until(lambda: len(followups.due(sample.store.read, DAY[1])) == 1)
    await ui.until(lambda: "撤销" in ui.buttons())
    await ui.press("撤销")
    await ui.until(lambda: len(followups.due(sample.store.read, DAY[1])) == 2)
    assert (
        texts.index("08:30") < texts.index("现在做") < texts.index("14:00")
    )  # only what is late comes before the card
    assert ui.shows("先办这件"), "which comes first is said"
    await ui.press(next(name for name in ui.buttons() if who.name in name and "14:00" in name))
    assert ui.ui.nav.stack()[-1] == f"/customers/{who.id}/followups/follow-0"


async def test_the_play_says_what_was_shared(sample: Any) -> None:
    ui = await today(sample)
    assert ui.shows("换季外套上新") and ui.shows("已发 1 / 2") and ui.shows("今天发过 1 次")
    todo = products.product_by_no(sample.store.read, 4)
    assert todo
    made = make_share(sample, "product", 4, "chat")
    await mutate(sample, RecordShare(made.share_id, made.code, "product", todo.id, "chat", made.created_at))
    await ui.until(lambda: ui.shows("今天都发过了"))


def order_of(sample: Any, order_id: str) -> dict[str, Any]:
    line = {"id": f"{order_id}.1", "product_id": None, "name": "大衣", "qty": 1, "price_fen": 128_000,
            "discount_fen": 0, "paid_fen": 128_000}  # fmt: skip
    at = to_text(TUESDAY - timedelta(minutes=1))
    return {"id": order_id, "no": order_id, "customer_id": sample.heroes["vip"], "store_id": None, "channel": "private",
            "status": "paid", "created_at": at, "paid_at": at, "paid_fen": 128_000, "refunded_fen": 0,
            "lines": [line], "historic": False}  # fmt: skip


async def test_an_order_that_comes_in_is_told_once_and_quietly(sample: Any) -> None:
    sample.clock.at = EVENING  # quiet hours matter for notifications, not for a banner on the open screen
    ui = await today(sample)
    assert not ui.shows("新订单")
    for n in (1, 2):
        value = order_of(sample, f"YT{n}")
        await sample.store.write(lambda tx, value=value: tx.put(Order, value))
        await ui.until(lambda: ui.shows("新订单"))
    vip = q.customer_by_id(sample.store.read, sample.heroes["vip"])
    assert vip and ui.shows(f"{vip.name} · ¥1,280") and ui.shows("还有 1 单")
    await ui.press("收起新订单")
    assert not ui.shows("新订单")


async def test_what_the_first_sync_brings_is_no_news(sample: Any) -> None:
    sample.engine.status = SyncStatus(State.SYNCING, partial=True)
    ui = await today(sample)
    await sample.store.write(lambda tx: tx.put(Order, order_of(sample, "YT9")))
    await ui.settle(wait_s=0.1)
    assert ui.shows("刚进来的订单") and not ui.shows("新订单")


# --- the message -------------------------------------------------------------------------------------------------


async def test_a_product_goes_along_as_a_link_that_counts(sample: Any) -> None:
    who = sample.heroes["views"]
    ui = await FakeUi.screen(sample, MessagePage, who)
    await ui.until(lambda: any(name.startswith("附上 ") for name in ui.buttons()))
    chosen = next(name for name in ui.buttons() if name.startswith("附上 "))
    await ui.press(chosen)
    await ui.press("发送")
    await ui.until(lambda: bool(ui.device.copied))
    await ui.until(lambda: len(q.contacts_of(sample.store.read, who)) == 1)
    (contact,) = q.contacts_of(sample.store.read, who)
    share = sample.store.read.get(Share, contact.share_id)
    assert share and share.customer_id == who and share.code in ui.device.copied[-1]
    product = sample.store.read.get(Product, share.item_id)
    assert product and product.name in chosen


async def test_its_poster_goes_along_and_is_recorded_as_one(sample: Any) -> None:
    who = sample.heroes["views"]
    ui = await FakeUi.screen(sample, MessagePage, who)
    await ui.until(lambda: any(name.startswith("附上 ") for name in ui.buttons()))
    await ui.press("附上 ")
    await ui.toggle("连海报一起发", True)
    await ui.press("发送")
    await ui.until(lambda: bool(ui.device.shared), limit_s=20)
    await ui.until(lambda: len(q.contacts_of(sample.store.read, who)) == 1)
    name, data, mime, text = ui.device.shared[0]
    (contact,) = q.contacts_of(sample.store.read, who)
    assert mime == "image/jpeg" and len(data) > 10_000 and contact.kind == "poster"
    share = sample.store.read.get(Share, contact.share_id)
    assert share and share.code in text and name.endswith(".jpg")


async def test_a_coupon_is_changed_left_out_and_added(sample: Any) -> None:
    ui = await FakeUi.screen(sample, SendCouponPage, sample.heroes["views"])
    assert "发券" in ui.buttons()
    await ui.press("换一张")
    await ui.until(lambda: ui.shows("选一张"))
    other = next(name for name in ui.buttons() if "剩" in name and "已选" not in name and "换一张" not in name)
    await ui.press(other)
    await ui.press("不附券")
    assert "发送" in ui.buttons() and ui.shows("写给")
    await ui.press("附一张券")
    await ui.until(lambda: ui.shows("选一张"))


async def test_the_ready_text_names_the_coupon_that_goes_along_until_it_is_taken_off(sample: Any) -> None:
    product, who = products.product_by_no(sample.store.read, 1), sample.heroes["views"]
    ui = FakeUi()
    ui.enter(sample, "zh_CN")
    ui.ui.slice(Prompts).current = Prompt(who, "repeated_view", product.id if product else "", product)
    ui.page.render(lambda: SendCouponPage(who))
    ui.guard()
    await ui.settle()
    field = Strings().t("message.field")
    assert re.search("这件替您留着.*还有一张「.+」，在下面的链接里。$", ui.field(field).value)
    await ui.press("换一句")
    assert re.search("店里有货.*还有一张「.+」，在下面的链接里。$", ui.field(field).value)
    await ui.press("不附券")
    assert "店里有货" in ui.field(field).value and "链接" not in ui.field(field).value
    await ui.type(field, "我自己写的")
    await ui.press("附一张券")
    await ui.until(lambda: ui.shows("选一张"))
    await ui.press(next(name for name in ui.buttons() if "剩" in name))
    assert ui.field(field).value == "我自己写的" and "不附券" in ui.buttons()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_text_that_offers_a_coupon_does_not_say_it_twice(sample: Any, language: str) -> None:
    await FakeUi.screen(sample, TodayScreen, place="root", language=language)
    hero, word = q.customer_by_id(sample.store.read, sample.heroes["views"]), Strings(language).t("message.coupon_word")
    assert hero
    for tone in ("warm", "plain", "lively"):
        prompt = Prompt(hero.id, "dormant", "", None)
        text = with_coupon_said(ready_texts(hero, prompt, tone)[0], prompt, "满 399 减 50")
        assert text.count(word) == 1 and "满 399" not in text


async def test_the_other_ready_texts_come_round(sample: Any) -> None:
    product = products.product_by_no(sample.store.read, 1)
    who = sample.heroes["views"]
    ui = FakeUi()
    ui.enter(sample, "zh_CN")
    ui.ui.slice(Prompts).current = Prompt(who, "repeated_view", product.id if product else "", product)
    ui.page.render(lambda: MessagePage(who))
    ui.guard()
    await ui.settle()
    assert "这件替您留着" in (ui.field("消息").value or "")
    await ui.press("换一句")
    assert "店里有货" in (ui.field("消息").value or "")
    await ui.press("换一句")
    assert "这件替您留着" in (ui.field("消息").value or "")


# --- budgets -----------------------------------------------------------------------------------------------------


async def test_budgets_of_a_full_day(many: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    many.content = FakePack()
    for n in range(6):
        at = to_text(TUESDAY + timedelta(hours=n))
        await mutate(many, PlanFollowUp(f"follow-{n}", many.heroes["vip"], "reminder", at))
    for n in range(5):
        value = order_of(many, f"YT{n}")
        await many.store.write(lambda tx, value=value: tx.put(Order, value))
    ui = await FakeUi.app(many)
    await ui.until(lambda: ui.shows("现在做"))
    await ui.settle(wait_s=0.2)
    assert ui.count() <= 300, ui.count()
    drawn = Drawn(monkeypatch)
    await ui.press("简洁")
    assert drawn.since() <= 100
    await ui.press("推迟")
    assert drawn.since() <= 100
    assert not ui.reports
    whole = await FakeUi.screen(many, AllPage)
    await whole.until(lambda: whole.shows("全部 "))
    assert whole.count() <= 300 and whole.shows("要联系的客户")


async def test_each_pane_of_a_wide_window_keeps_the_budget(many: Any) -> None:
    left = await FakeUi.screen(many, TodayScreen, place="root", width=1180)
    right = await FakeUi.screen(many, TodayBeside, place="pane", width=1180)
    await left.until(lambda: left.shows("现在做"))
    await right.until(lambda: right.shows("附上商品") and right.shows("最近动态"))
    assert left.count() <= 300 and right.count() <= 300
    assert not left.shows("话术")  # what to say stands at the right


async def test_a_check_out_that_was_left_leads_to_a_message_with_the_product(sample: Any) -> None:
    who, product = sample.heroes["vip"], products.products(sample.store.read)[5]
    at = to_text(TUESDAY - timedelta(hours=3))
    event = {"id": "begun", "customer_id": who, "product_id": product.id, "session_id": "s", "at": at, "dwell_s": 0,
             "kind": "checkout"}  # fmt: skip
    await sample.store.write(lambda tx: tx.put(BrowseEvent, event))
    ui = await today(sample)
    await ui.press("没付完款 1")
    await ui.until(lambda: ui.shows("还没付款"))
    await ui.press("写消息")
    assert ui.ui.nav.stack()[-1] == f"/customers/{who}/message"
