"""A customer's profile: every tab in every state, within its budgets, over years of entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from app.domain.instants import to_text
from app.domain.match import PARTS
from app.insight.match import people_for, suggestions_for
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, Order, Product, Stock, Tag
from app.store import WriteTx
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.store.queries.products import stock_of
from app.store.queries.profile import visits
from app.ui.screens.coupons import MessagePage
from app.ui.screens.customers import CustomerPage, ShareToPage, SuitsPage
from app.ui.screens.customers.picking import Picking
from app.ui.screens.customers.suits import Chosen
from app.ui.screens.customers.tabs import Drafts
from app.ui.screens.customers.timeline import PAGE
from app.ui.screens.share.product import ProductPage
from app.ui.screens.today.reasons import Prompts
from app.ui.strings import Strings
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 in the store
MORE = ("suits", "views", "coupons", "worth")
TABS = ("timeline", "orders", "portrait", "notes", *MORE)
HEROES = ("views", "birthday", "expiring", "dormant", "no_consent", "budget_used", "vip", "note")
MOUNTED, RENDERED = 300, 100
NAMES = {
    "long": "阿" * 200,
    "emoji": "👩‍👩‍👧 小雨 💐",
    "right-to-left": "فاطمة الزهراء",
    "markup": "Ana <b>Maria</b> & Söhne",
}


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY, customers=20)
    yield made
    made.store.close()


def ago(**how_long: float) -> str:
    return to_text(TUESDAY - timedelta(**how_long))


async def entries(sample: Any, customer_id: str, number: int) -> None:
    """Give a customer so many entries over some five years: views, orders and contacts."""
    product = sample.store.read.value("SELECT id FROM product ORDER BY id LIMIT 1")

    def fill(tx: WriteTx) -> None:
        for n in range(number):
            at = {"customer_id": customer_id, "id": f"entry-{n:05}"}
            if n % 5 == 0:
                line = {"id": f"l{n}", "product_id": product, "name": "大衣", "qty": 1, "price_fen": 100,
                        "discount_fen": 0, "paid_fen": 100}  # fmt: skip
                order = {"no": f"N{n}", "store_id": "s", "channel": "store", "status": "paid", "lines": [line]}
                money = {
                    "paid_fen": 100,
                    "refunded_fen": 0,
                    "created_at": ago(hours=20 * n),
                    "paid_at": ago(hours=20 * n),
                }
                tx.put(Order, at | order | money)
            elif n % 5 == 1:
                tx.put(Contact, at | {"guide_id": "g", "kind": "message", "channel": "copied", "at": ago(hours=20 * n)})
            else:
                seen = {"product_id": product, "session_id": f"s{n}", "dwell_s": 9, "at": ago(hours=20 * n)}
                tx.put(BrowseEvent, at | seen)

    await sample.store.write(fill)


async def become(sample: Any, customer_id: str, **fields: Any) -> None:
    await sample.store.write(lambda tx: tx.update(Customer, customer_id, **fields))


async def empty(sample: Any, customer_id: str) -> None:
    """Take every row of a customer away but themselves."""

    def clear(tx: WriteTx) -> None:
        for row in (Order, BrowseEvent, Coupon, Contact):
            for one in tx.all(row, "customer_id = ?", (customer_id,)):
                tx.delete(row, one.id)
        bare = {"spend_fen": 0, "order_count": 0, "order_days": 0, "first_order_at": None, "last_order_at": None}
        tx.update(Customer, customer_id, tags=[], sizes={}, likes=[], note="", birthday=None, **bare)

    await sample.store.write(clear)


async def profile(sample: Any, customer_id: str, tab: str = "timeline", language: str = "zh_CN", **size: Any) -> FakeUi:
    ui = await FakeUi.screen(sample, CustomerPage, customer_id, language=language, **size)
    if tab != "timeline":
        await choose(ui, tab, language)
    await ui.until(lambda: not any("Shimmer" in type(c).__name__ for c in ui.walk()))
    return ui


async def choose(ui: FakeUi, tab: str, language: str = "zh_CN") -> None:
    label = Strings(language).t(f"profile.tab_{tab}")
    if tab in MORE:
        await ui.press(Strings(language).t("profile.tab_more"))
        await ui.press(f"{label} {Strings(language).t(f'profile.about_{tab}')}")
        await ui.settle(wait_s=0.05)
        return
    found = [control for name, control in ui._pressables() if name == label]
    above = label == Strings(language).t("profile.act_note")  # an action of the same name stands above the tabs
    await ui.fire(found[above], "click")  # the timeline's chips have some of the names, too
    await ui.settle(wait_s=0.05)


def ids(ui: FakeUi) -> set[int]:
    return {control._i for control in ui.walk()}


def raw(ui: FakeUi) -> list[str]:
    return [text for text in ui.texts() if text.startswith(("profile.", "coupons.", "signal.", "autotag.", "common."))]


@pytest.mark.parametrize("hero", HEROES)
@pytest.mark.parametrize("tab", TABS)
async def test_every_tab_of_everybody_within_the_budget(sample: Any, hero: str, tab: str) -> None:
    ui = await profile(sample, sample.heroes[hero], tab)
    assert not ui.reports and not raw(ui)
    assert ui.count() <= MOUNTED, tab


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("tab", TABS)
async def test_every_tab_with_nothing_to_show_says_so(sample: Any, tab: str, language: str) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    ui = await profile(sample, customer_id, tab, language)
    assert not ui.reports and not raw(ui)
    t = Strings(language).t
    says = {
        "timeline": "profile.timeline_empty", "orders": "profile.orders_empty", "views": "profile.views_empty",
        "coupons": "profile.coupons_empty", "worth": "profile.worth_empty", "suits": "profile.reason.bestseller",
    }  # fmt: skip
    if tab in says:
        assert ui.shows(t(says[tab]))


@pytest.mark.parametrize("width", [320, 390, 1180])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
async def test_names_of_every_kind(sample: Any, name: str, width: int) -> None:
    customer_id = sample.heroes["vip"]
    await become(sample, customer_id, name=name, tags=[Tag(name[:60], "personal"), Tag("品牌", "brand")])
    ui = await profile(sample, customer_id, "notes", width=width)
    assert name in ui.texts() and not ui.reports
    assert ui.count() <= MOUNTED


async def test_opening_two_thousand_entries_shows_a_small_first_page(sample: Any) -> None:
    customer_id = sample.heroes["vip"]
    await entries(sample, customer_id, 2_000)
    for tab in TABS:
        ui = await profile(sample, customer_id, tab)
        assert not ui.reports and ui.count() <= MOUNTED, (tab, ui.count())


@pytest.mark.parametrize("tab", ["timeline", "orders", "views", "coupons"])
async def test_an_older_page_renders_little_and_keeps_the_budget(sample: Any, tab: str) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    await entries(sample, customer_id, 400)
    products = [row[0] for row in sample.store.read.rows("SELECT id FROM product LIMIT 40")]
    template = cq.templates(sample.store.read)[0]

    def more(tx: WriteTx) -> None:
        held = next(iter(tx.all(Coupon, "template_id = ? LIMIT 1", (template.id,))))
        for n, product_id in enumerate(products):
            seen = {"product_id": product_id, "session_id": f"p{n}", "dwell_s": 70, "at": ago(days=n)}
            tx.put(BrowseEvent, seen | {"id": f"seen-{n}", "customer_id": customer_id})
            card = {"id": f"card-{n}", "customer_id": customer_id, "issued_at": ago(days=n), "state": "issued"}
            names = ("template_id", "lease_id", "device_id", "guide_id", "code", "qr", "rules", "lease_until")
            tx.put(Coupon, {name: getattr(held, name) for name in names} | card)

    await sample.store.write(more)
    ui = await profile(sample, customer_id, tab)
    for _ in range(5):
        before = ids(ui)
        await ui.press("看更早的")
        await ui.settle()
        fresh = ids(ui) - before
        assert 10 < len(fresh) <= RENDERED, tab
        assert ui.count() <= MOUNTED, tab
    assert not ui.reports
    await ui.press("回到更近的")
    assert "看更早的" in ui.buttons() and ui.count() <= MOUNTED


async def test_pages_lose_nothing_also_when_many_things_happen_in_one_second(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)

    def fill(tx: WriteTx) -> None:
        for n in range(3 * PAGE):
            tx.put(Contact, {"id": f"k{n:03}", "customer_id": customer_id, "guide_id": "g", "kind": "call",
                             "channel": "call", "at": ago(days=n // 20)})  # fmt: skip

    await sample.store.write(fill)
    read, after, found = sample.store.read, q.END, []
    while page := q.timeline_of(read, customer_id, q.KINDS, PAGE, after):
        found += [item.id for item in page]
        after = (page[-1].at, page[-1].id)
    assert found == sorted(found[:20], reverse=True) + sorted(found[20:], reverse=True)
    assert len(set(found)) == len(found) == 3 * PAGE


async def test_what_happens_meanwhile_comes_on_top_and_hides_nothing(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    await entries(sample, customer_id, 40)
    ui = await profile(sample, customer_id)
    await ui.press("看更早的")
    before = [text for text in ui.texts() if "秒" in text or "复制" in text]

    def fresh(tx: WriteTx) -> None:
        tx.put(Contact, {"id": "now", "customer_id": customer_id, "guide_id": "g", "kind": "call",
                         "channel": "call", "at": to_text(TUESDAY)})  # fmt: skip

    await sample.store.write(fresh)
    await ui.until(lambda: ui.shows("打了电话"))
    after = [text for text in ui.texts() if "秒" in text or "复制" in text]
    assert after == before


async def test_the_timeline_by_kind_months_and_days(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    await entries(sample, customer_id, 200)
    ui = await profile(sample, customer_id)
    await ui.press("联系")
    assert ui.shows("发了消息") and not ui.shows("浏览 ·")
    assert ui.shows("2026年10月") or ui.shows("2026年9月"), "a heading where the month changes"
    await ui.fire([control for name, control in ui._pressables() if name == "券"][-1], "click")  # the tab is before
    assert ui.shows("没有「券」")
    await ui.press("看全部")
    assert ui.shows("浏览")


async def test_orders_show_refunds_coupon_and_the_way_to_their_commission(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    held = next(iter(sample.store.read.all(Coupon, "1 LIMIT 1")))
    lines = [
        {"id": f"l{n}", "product_id": None, "name": f"旧款 {n}", "qty": 2, "price_fen": 5_000, "discount_fen": 0,
         "paid_fen": 10_000, "refunded_qty": 1 if n == 0 else 0, "refunded_fen": 5_000 if n == 0 else 0}
        for n in range(6)
    ]  # fmt: skip
    order = {
        "id": "o1", "no": "YT1", "customer_id": customer_id, "store_id": "s", "channel": "marketplace",
        "status": "part_refunded", "created_at": ago(days=1), "paid_at": ago(days=1), "paid_fen": 60_000,
        "refunded_fen": 5_000, "lines": lines, "coupon_id": held.id,
    }  # fmt: skip
    await sample.store.write(lambda tx: tx.put(Order, order))
    ui = await profile(sample, customer_id, "orders")
    for text in ("退 1 件", "电商平台", "用了券", "−¥50", "旧款 2"):
        assert ui.shows(text), text
    assert not ui.shows("旧款 5")
    await ui.press("还有 3 件")
    assert ui.shows("旧款 5")
    await ui.press("为什么是这个提成")
    assert ui.ui.nav.stack()[-1] == "/commission/orders/YT1"


async def test_refunds_only_are_worth_nothing_and_owned_by_nobody(sample: Any) -> None:
    customer_id = sample.heroes["vip"]

    def refund(tx: WriteTx) -> None:
        for one in tx.all(Order, "customer_id = ?", (customer_id,)):
            lines = [
                {name: getattr(line, name) for name in line.__slots__}
                | {"refunded_fen": line.paid_fen, "refunded_qty": line.qty}
                for line in one.lines
            ]
            tx.update(Order, one.id, status="refunded", refunded_fen=one.paid_fen, lines=lines)

    await sample.store.write(refund)
    worth = await profile(sample, customer_id, "worth")
    assert worth.shows("还算不出价值")
    assert not (await profile(sample, customer_id, "suits")).reports


async def test_rule_6_3_the_factors_explain_themselves(sample: Any) -> None:
    ui = await profile(sample, sample.heroes["vip"], "worth")
    assert ui.shows("×") and ui.shows("点一个数字")
    await ui.press("每月几单")
    assert ui.shows("全退的不算")
    await ui.press("每月几单")
    assert ui.shows("点一个数字")


async def test_rule_6_4_a_super_user_shows_which_traits_hold(sample: Any) -> None:
    customer_id = sample.heroes["vip"]
    await become(sample, customer_id, referrals=2)

    def rich(tx: WriteTx) -> None:
        product = tx.rows("SELECT id FROM product WHERE category = 'bags' LIMIT 1")[0][0]
        line = {"id": "l", "product_id": product, "name": "包", "qty": 1, "price_fen": 9_000_000, "discount_fen": 0,
                "paid_fen": 9_000_000}  # fmt: skip
        tx.put(Order, {
            "id": "rich", "no": "R1", "customer_id": customer_id, "store_id": "s", "channel": "store",
            "status": "paid", "created_at": ago(days=1), "paid_at": ago(days=1), "paid_fen": 9_000_000,
            "refunded_fen": 0, "lines": [line],
        })  # fmt: skip

    await sample.store.write(rich)
    ui = await profile(sample, customer_id, "worth")
    await ui.until(lambda: ui.shows("品类消费前 10%"))
    assert ui.shows("包袋") or ui.shows("包")
    assert ui.shows("2 / 2") and ui.shows("新品先请来看")


async def test_article_24_no_personal_suggestions_uses_no_profile(sample: Any) -> None:
    customer_id, other = sample.heroes["vip"], sample.heroes["views"]
    shown = []
    for one in (customer_id, other):
        await become(sample, one, consents={"marketing": True, "browse": True, "personal": False})
        ui = await profile(sample, one, "suits")
        assert ui.shows("没有用到任何个人信息")
        shown.append([text for text in ui.texts() if text.startswith("店里卖得好")])
    assert shown[0] == shown[1] and shown[0]


async def test_a_suggestion_becomes_a_message_about_it(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await profile(sample, customer_id, "suits")
    name = next(name for name in ui.buttons() if name.startswith("发这件："))
    await ui.press(name)
    assert ui.ui.nav.stack()[-1] == f"/customers/{customer_id}/message"
    product = name.removeprefix("发这件：")
    prompt = ui.ui.slice(Prompts).current
    assert prompt and prompt.customer_id == customer_id
    message = FakeUi()
    message.enter(sample, "zh_CN")
    message.ui.slice(Prompts).current = prompt
    message.page.render(lambda: MessagePage(customer_id))
    await message.settle()
    text = str(message.field(Strings().t("message.field")).value)
    assert product in text and "看" not in text.replace("看到", ""), "nobody is told that they were watched"


async def test_share_on_a_profile_is_with_this_customer_and_is_recorded_for_them(sample: Any) -> None:
    customer_id = sample.heroes["vip"]
    best = suggestions_for(sample.store.read, customer_id, TUESDAY, sample.staff.store_id)[0].product
    ui = await profile(sample, customer_id)
    await ui.press("分享")
    assert ui.ui.nav.stack()[-1] == f"/customers/{customer_id}/share"
    page = await FakeUi.screen(sample, ShareToPage, customer_id)
    await page.until(lambda: any(name.startswith(f"{best.name} {best.colour}") for name in page.buttons()))
    who = q.customer_by_id(sample.store.read, customer_id)
    assert who and page.shows(who.name) and page.count() <= MOUNTED
    first = next(name for name in page.buttons() if "¥" in name)
    assert first.startswith(best.name), "what suits them comes first"
    other = sample.store.read.one(Product, "id <> ? AND NOT private_only ORDER BY released_at LIMIT 1", (best.id,))
    await page.type(Strings().t("share.search"), f"{other.name} {other.colour}")
    await page.press(f"{other.name} {other.colour} ¥")
    prompt = page.ui.slice(Prompts).current
    assert page.ui.nav.stack()[-1] == f"/customers/{customer_id}/message"
    assert prompt and (prompt.customer_id, prompt.attach, prompt.poster) == (customer_id, other, True)
    await page.type(Strings().t("share.search"), "没有这种东西")
    await page.press(Strings().t("share.show_all"))
    assert any(name.startswith(best.name) for name in page.buttons())


async def test_b1_views_are_grouped_by_product_and_need_consent(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    ui = await profile(sample, customer_id, "views")
    assert ui.shows("看过 3 次") and ui.shows("共 ") and ui.shows("最近 ")
    await become(sample, customer_id, consents={"marketing": True, "browse": False})
    await ui.until(lambda: ui.shows("没有同意记录浏览"))


async def test_b1_a_product_looked_at_says_in_which_sizes_it_is_there(sample: Any) -> None:
    customer_id, read = sample.heroes["views"], sample.store.read
    product = read.get(Product, visits(read, customer_id)[0].product_id)
    assert product
    stock = stock_of(read, product.id, sample.staff.store_id)
    assert stock
    part, (first, *_, last) = PARTS[product.category][0], product.sizes
    agreed = {"marketing": True, "browse": True, "personal": True}
    await become(sample, customer_id, consents=agreed, sizes={part: last}, facts=[])
    ui = await profile(sample, customer_id, "views")
    await ui.sees(f"常穿 {last}，店里 2 件")
    await become(sample, customer_id, consents=agreed | {"personal": False})
    await ui.until(lambda: not ui.shows(f"常穿 {last}") and ui.shows("店里有 "))
    await sample.store.write(lambda tx: tx.update(Stock, stock.id, sizes={first: 0}))
    await ui.sees("店里没有了")


async def test_rule_6_5_tags_say_where_each_comes_from(sample: Any) -> None:
    customer_id = sample.heroes["vip"]
    tags = [Tag("爱裙子", "personal", None, ago(days=3)), Tag("铂金邀约", "brand")]
    await become(sample, customer_id, tags=tags)
    ui = await profile(sample, customer_id)
    await ui.press("个标签")
    assert ui.shows("品牌标签") and ui.shows("我加的") and ui.shows("铂金邀约")
    await ui.press("移除标签 爱裙子")
    await ui.until(lambda: ui.shows("刚刚移除"))
    await ui.press("放回标签 爱裙子")
    await ui.until(lambda: "移除标签 爱裙子" in ui.buttons())
    await ui.type("加一个标签", "  爱亚麻 ")
    await ui.press("添加")
    await ui.until(lambda: "移除标签 爱亚麻" in ui.buttons())
    assert not ui.reports


async def test_what_is_behind_more_stays_open_and_the_four_tabs_of_every_day_stay_at_hand(sample: Any) -> None:
    ui = await profile(sample, sample.heroes["views"], "views")
    assert ui.shows("看过 3 次")
    assert {"动态", "订单", "偏好", "备注", "足迹"} <= set(ui.buttons()), "the open one gives the fifth its name"
    assert not {"更多", "推荐", "价值"} & set(ui.buttons())
    await ui.press("足迹")
    assert {name.split()[0] for name in ui.buttons()} >= {"推荐", "足迹", "券", "价值"}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(("width", "scale", "rows"), [(390, 1.0, 1), (320, 1.0, 2), (390, 2.0, 3), (1180, 1.0, 1)])
async def test_the_tabs_stand_in_as_few_rows_as_their_words_fit(
    sample: Any, width: int, scale: float, rows: int, language: str
) -> None:
    ui = await profile(sample, sample.heroes["views"], language=language, width=width)
    ui.ui.layout.scale = scale
    await ui.settle()
    t = Strings(language).t
    names = {t(f"profile.tab_{name}") for name in ("timeline", "orders", "portrait", "notes", "more")}
    assert names <= set(ui.buttons()) and not ui.reports

    def holds(one: ft.Control) -> bool:
        texts = {inner.value for inner in ui.inside(one) if isinstance(inner, ft.Text)}
        return bool(texts) and texts <= names

    frames = [one for one in ui.walk() if isinstance(one, ft.Row) and one.controls and all(map(holds, one.controls))]
    assert 1 <= len(frames) <= rows  # Chinese words are shorter


async def test_the_hints_goods_are_opened_and_scrolled_to(sample: Any) -> None:
    ui = await profile(sample, sample.heroes["dormant"])
    head = next(one for one in ui.walk() if isinstance(one, ft.Container) and one.on_size_change)
    await ui.fire(head, "size_change", {"w": 358.0, "h": 700.0})
    await ui.press("看全部推荐")
    await ui.until(lambda: any(name == "scroll_to" for name, _ in ui.calls))
    assert next(args["offset"] for name, args in ui.calls if name == "scroll_to") >= 700
    await ui.until(lambda: any(name.startswith("发这件：") for name in ui.buttons()))


@pytest.mark.parametrize(
    ("hero", "says"), [("vip", "现在联系正合适"), ("no_consent", "客户同意之后"), ("budget_used", "下次合适的时间")]
)
async def test_rule_9_3_the_whole_budget_is_one_tap_away(sample: Any, hero: str, says: str) -> None:
    ui = await profile(sample, sample.heroes[hero])
    assert not ui.shows("联系得够多了，没有发出"), "nothing was tried"
    await ui.press("联系额度")
    for text in (says, "今天还可联系", "本周还可联系", "本月还可联系", "21:00 到 09:00", "营销消息", "短信"):
        assert ui.shows(text), text
    assert not ui.reports


async def test_whom_a_product_suits_becomes_a_coupon_for_them(sample: Any) -> None:
    hero = q.customer_by_id(sample.store.read, sample.heroes["vip"])
    assert hero
    best = suggestions_for(sample.store.read, hero.id, TUESDAY, sample.staff.store_id)[0]
    ui = await FakeUi.screen(sample, SuitsPage, best.product.id)
    await ui.until(lambda: ui.shows("选了 0 位"))
    assert ui.shows(hero.name) and ui.shows(best.product.name)
    assert ui.count() <= MOUNTED
    assert "一起发券" not in ui.buttons(), "nobody is ticked yet"
    await ui.press(hero.name + " ")
    await ui.press("一起发券")
    assert ui.ui.slice(Picking).ids == (hero.id,)
    assert ui.ui.nav.stack()[-1] == "/coupons/batch"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_all_of_a_products_people_are_ticked_but_who_was_contacted_today(sample: Any, language: str) -> None:
    t, store_id = Strings(language).t, sample.staff.store_id
    product = suggestions_for(sample.store.read, sample.heroes["vip"], TUESDAY, store_id)[0].product
    fits = people_for(sample.store.read, product.id, TUESDAY, store_id)
    first, second, third, *others = (one.customer.id for one in fits)
    past = {"guide_id": sample.staff.id, "channel": "wechat", "kind": "message"}

    def contact(tx: WriteTx) -> None:
        for one in tx.all(Contact):
            tx.delete(Contact, one.id)
        today = past | {"at": to_text(TUESDAY - timedelta(hours=1))}
        tx.put(Contact, today | {"id": "k1", "customer_id": first, "transactional": False})
        tx.put(Contact, today | {"id": "k2", "customer_id": second, "transactional": True})
        yesterday = past | {"at": to_text(TUESDAY - timedelta(days=1))}
        tx.put(Contact, yesterday | {"id": "k3", "customer_id": third, "transactional": False})

    await sample.store.write(contact)
    ui = await FakeUi.screen(sample, SuitsPage, product.id, language=language)
    await ui.until(lambda: t("profile.who_everybody") in ui.buttons())
    assert ui.texts().count(t("profile.contacted_today")) == 1
    await ui.press(t("profile.who_everybody"))
    assert ui.ui.slice(Chosen).of(product.id) == {second, third, *others}
    assert ui.shows(t("profile.who_picked", n=len(fits) - 1))
    await ui.press(t("profile.contacted_today"))  # the row itself: one by one it may be ticked
    assert ui.ui.slice(Chosen).of(product.id) == {one.customer.id for one in fits}
    await ui.press(t("profile.who_nobody"))
    assert not ui.ui.slice(Chosen).of(product.id) and t("profile.who_everybody") in ui.buttons()
    assert ui.ui.slice(Chosen).of("another") == frozenset() and not ui.reports


async def test_a_product_whose_people_were_all_contacted_today_offers_nobody(sample: Any) -> None:
    store_id = sample.staff.store_id
    product = suggestions_for(sample.store.read, sample.heroes["vip"], TUESDAY, store_id)[0].product
    fits = people_for(sample.store.read, product.id, TUESDAY, store_id)
    said = {"guide_id": sample.staff.id, "channel": "wechat", "kind": "message", "transactional": False}
    said |= {"at": to_text(TUESDAY)}
    rows = [said | {"id": f"k-{one.customer.id}", "customer_id": one.customer.id} for one in fits]
    await sample.store.write(lambda tx: [tx.put(Contact, row) for row in rows])
    ui = await FakeUi.screen(sample, SuitsPage, product.id)
    await ui.until(lambda: ui.shows("今天已联系"))
    assert "全选" not in ui.buttons() and ui.count() <= MOUNTED and not ui.reports


async def test_a_product_nobody_likes_and_one_that_is_gone(sample: Any) -> None:
    ui = await FakeUi.screen(sample, SuitsPage, "nothing")
    await ui.until(lambda: ui.shows("还没有找到合适的人"))


async def test_rule_2_6_a_private_note_is_marked(sample: Any) -> None:
    customer_id = sample.heroes["note"]
    await become(sample, customer_id, note="生日想要惊喜", note_private=True)
    ui = await profile(sample, customer_id, "notes")
    assert ui.shows("仅自己可见")
    await ui.toggle("只给自己看", False)
    assert not ui.shows("仅自己可见") and ui.shows("接手的同事能看到")


async def test_a_half_written_note_is_there_again_and_can_be_dropped(sample: Any) -> None:
    customer_id = sample.heroes["note"]
    await become(sample, customer_id, note="生日想要惊喜", note_private=False)
    ui = await profile(sample, customer_id)
    await ui.press("备注")
    await ui.type("给这位客户的备注", "周末来试")
    sheet = next(one for one in ui.walk() if isinstance(one, ft.BottomSheet))
    await ui.fire(sheet, "dismiss")  # wiped away
    await ui.until(lambda: "保存备注" not in ui.buttons())
    assert "上次没保存" not in " ".join(ui.texts())
    await ui.press("备注")
    assert ui.field("给这位客户的备注").value == "周末来试" and ui.shows("上次没保存")
    await ui.press("不要了")
    assert ui.field("给这位客户的备注").value == "生日想要惊喜" and not ui.shows("上次没保存")
    assert "保存备注" not in ui.buttons()
    other = sample.heroes["vip"]
    await ui.type("给这位客户的备注", "周末来试")
    assert ui.ui.slice(Drafts).notes == {customer_id: ("周末来试", False)} and other not in ui.ui.slice(Drafts).notes
    await ui.press("保存备注")
    await ui.until(lambda: not ui.ui.slice(Drafts).notes)


@pytest.mark.parametrize(("width", "sheet"), [(390, ft.BottomSheet), (1180, ft.AlertDialog)])
async def test_the_note_is_written_in_a_sheet_that_closes_once_it_is_saved(
    sample: Any, width: int, sheet: type[ft.Control]
) -> None:
    customer_id = sample.heroes["note"]
    await become(sample, customer_id, note="生日想要惊喜", note_private=False)
    ui = await profile(sample, customer_id, width=width)
    await ui.press("备注")
    assert any(isinstance(control, sheet) for control in ui.walk())
    field = ui.field("给这位客户的备注")
    assert field.autofocus and field.value == "生日想要惊喜" and ui.shows("客户转给同事时，这条备注会删掉")
    assert "保存备注" not in ui.buttons(), "nothing to save yet"
    await ui.type("给这位客户的备注", "周末来试裙子")
    await ui.toggle("只给自己看", True)
    assert ui.shows("仅自己可见") and isinstance(ui.button("保存备注"), ft.FilledButton)
    assert ui.count() <= MOUNTED
    await ui.press("保存备注")
    await ui.until(lambda: not any(isinstance(control, sheet) for control in ui.walk()))
    found = q.customer_by_id(sample.store.read, customer_id)
    assert found and (found.note, found.note_private) == ("周末来试裙子", True)
    await ui.press("备注")
    assert ui.field("给这位客户的备注").value == "周末来试裙子"
    await ui.press("关闭")
    assert not any(isinstance(control, sheet) for control in ui.walk()) and not ui.reports


async def test_a_product_leads_to_whom_it_suits(sample: Any) -> None:
    product = sample.store.read.value("SELECT id FROM product ORDER BY id LIMIT 1")
    ui = await FakeUi.screen(sample, ProductPage, product)
    await ui.press("谁可能会喜欢")
    assert ui.ui.nav.stack()[-1] == f"/products/{product}/people"


async def test_the_hint_shows_three_products_and_leads_to_all_of_them(sample: Any) -> None:
    ui = await profile(sample, sample.heroes["views"])
    await ui.press("看全部推荐")
    await ui.until(lambda: any(name.startswith("发这件：") for name in ui.buttons()))
    assert not ui.reports


async def test_what_leaves_above_does_not_move_what_is_read(sample: Any) -> None:
    customer_id = sample.heroes["views"]
    await empty(sample, customer_id)
    await entries(sample, customer_id, 60)
    ui = await profile(sample, customer_id)

    async def measure() -> None:
        for one in [c for c in ui.walk() if isinstance(c, ft.Container) and c.on_size_change]:
            await ui.fire(one, "size_change", {"w": 300.0, "h": 500.0})

    def moved() -> list[float]:
        return [args["delta"] for name, args in ui.calls if name == "scroll_to" and args.get("delta")]

    await ui.press("看更早的")
    assert moved() == []
    await measure()
    await ui.press("看更早的")
    await ui.until(lambda: bool(moved()))
    assert moved() == [48 - 500.0], "as far as the page that went was high, less the way back that came"
    await measure()
    await ui.press("回到更近的")
    await ui.until(lambda: len(moved()) == 2)
    assert moved()[1] == 500.0 - 48
