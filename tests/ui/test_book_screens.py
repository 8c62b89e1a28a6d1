"""The customers' list over a filled local store: search, own filters, orders, ticking, a product to several."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from app.device.ports import DISMISSED
from app.domain.book import Filter, SavedFilter
from app.domain.instants import to_text
from app.insight import CustomerIndex
from app.insight.value import super_users
from app.mutations import mutate
from app.mutations.keeping import save_filter
from app.mutations.sending import start_sending
from app.protocol.mutations import EditNote
from app.protocol.objects import Customer
from app.store import Store, erase, kept
from app.store.queries import customers as q
from app.store.queries import products, shares, work
from app.ui.screens.coupons import SendGoodsPage
from app.ui.screens.customers import CustomersScreen, FilterPage
from app.ui.screens.customers.book import Book, Swept, Typed
from app.ui.screens.customers.picking import Picking
from app.ui.theme import row_height
from tests.fakes.drawn import Drawn
from tests.fakes.sample import KEY, RowSealer, sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 in the store
NIGHT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
FIELD = "搜索姓名、手机尾号、标签、备注"
WIDE = {"width": 1180, "height": 820}
MAX_MOUNTED, MAX_DRAWN, MAX_MESSAGE = 300, 100, 40_000


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY)
    yield made
    made.store.close()


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY, customers=200)

    def put(tx: Any) -> None:
        pattern = {one.id: one for one in q.all_customers(tx)}
        base = next(iter(pattern.values()))
        for n in range(4_800):
            value = {name: getattr(base, name) for name in base.__dataclass_fields__} | {
                "id": f"many{n:04}", "name": f"王{chr(0x4E00 + n)}", "pinyin": f"wang{n % 400}", "initials": "wx",
                "tags": [{"name": f"t{n % 9}", "kind": "personal"}], "note": "", "level": "gold",
            }  # fmt: skip
            tx.put(Customer, value)

    await made.store.write(put)
    made.index.load()
    yield made
    made.store.close()


async def book(sample: Any, **options: Any) -> FakeUi:
    return await FakeUi.screen(sample, CustomersScreen, place="root", **options)


async def scroll(ui: FakeUi, control: Any, pixels: float) -> None:
    event = {"event_type": "update", "direction": "forward", "min_scroll_extent": 0.0, "max_scroll_extent": 360_000.0}
    await ui.fire(control, "scroll", {**event, "pixels": float(pixels), "viewport_dimension": 500.0})


async def undo_last(ui: FakeUi, said: int) -> None:
    """Press Undo of the last of `said` sentences, once it is there: in a test those before it never go."""
    await ui.until(lambda: sum(isinstance(c, ft.SnackBarAction) for c in ui.walk()) == said)
    await ui.fire([c for c in ui.walk() if isinstance(c, ft.SnackBarAction)][-1], "click")


def names(ui: FakeUi) -> list[str]:
    """The names on the rows, in their order."""
    return [_text(c.title) for c in ui.walk() if isinstance(c, ft.ListTile)]


def _text(title: Any) -> str:
    while isinstance(title, ft.Column | ft.Row):
        title = title.controls[0]
    one = title
    return (one.value or "") + "".join(span.text for span in one.spans or ())


async def test_the_matched_part_is_marked_in_the_row(sample: Any) -> None:
    hero = q.customer_by_id(sample.store.read, sample.heroes["note"])
    assert hero
    await mutate(sample, EditNote(hero.id, "周末来试独角兽裙子"))
    sample.index.load()
    ui = await book(sample)
    await ui.type(FIELD, "独角兽")
    assert names(ui) == [hero.name] and ui.shows("备注 周末来试独角兽裙子")
    marked = [s.text for c in ui.walk() if isinstance(c, ft.Text) for s in c.spans or () if s.style]
    assert marked == ["独角兽"]
    await ui.type(FIELD, hero.initials)
    assert hero.name in names(ui)
    assert hero.name in [s.text for c in ui.walk() if isinstance(c, ft.Text) for s in c.spans or () if s.style]


async def test_more_than_thirty_results_are_all_within_reach(many: Any) -> None:
    ui = await book(many)
    await ui.type(FIELD, "wang")
    results = next(c for c in ui.walk() if isinstance(c, ft.ListView))
    total = len(many.index.search("wang"))
    await scroll(ui, results, 80)
    assert len(names(ui)) == 30
    await ui.press(f"显示全部 {total} 位")
    assert ui.ui.slice(Typed).all and ui.count() <= MAX_MOUNTED
    await ui.type(FIELD, "wang3")
    assert not ui.ui.slice(Typed).all


async def test_nothing_found_has_two_ways_on(sample: Any) -> None:
    ui = await book(sample)
    row = next(r for r in sample.index.search() if "repeat" not in r.segments)
    await ui.press(f"复购 {sample.index.counts()['repeat']}")
    await ui.type(FIELD, row.name)
    assert ui.shows(f"没有找到「{row.name}」")
    await ui.press("在全部客户里找")
    assert row.name in names(ui)
    await ui.type(FIELD, "没有这个人" * 10)
    await ui.press("清除搜索")
    assert ui.ui.slice(Typed).query == "" and names(ui)


@pytest.mark.parametrize("sort", ["spend", "valuable", "silent", "newest", "name"])
async def test_every_order_is_two_taps_away(sample: Any, sort: str) -> None:
    ui = await book(sample)
    await ui.press("排序：最近下单")
    await ui.press(
        {"spend": "累计消费", "valuable": "月均价值", "silent": "最久没来", "newest": "最新入会", "name": "姓名"}[sort]
    )
    first = [row.name for row in sample.index.search(sort=sort)]
    assert names(ui)[:8] == first[:8] and not ui.reports


async def test_a_filter_is_put_together_kept_named_changed_and_forgotten(sample: Any) -> None:
    ui = await FakeUi.app(sample, route="/customers")
    await ui.until(lambda: "筛选" in ui.buttons())
    await ui.press("筛选")
    wanted = Filter(silent_days=60, coupon=False, spend_min_fen=100_00)
    await ui.press("60 天没买")
    await ui.type("不低于", "100元")
    count = sample.index.count_of(wanted)
    assert f"看 {count} 位" in ui.buttons()
    await ui.type("名称，比如「久未到店的金卡」", " 久未到店 ")
    await ui.press("保存")
    await ui.until(lambda: len(q.saved_filters(sample.store.read)) == 1)
    await ui.press(f"看 {count} 位")
    await ui.until(lambda: f"久未到店 {count}" in ui.buttons())
    assert sorted(names(ui)[:3]) == sorted(r.name for r in sample.index.search(chosen=wanted)[:3])
    assert q.saved_filters(sample.store.read)[0].filter == wanted
    await ui.press("筛选 2")
    await ui.press("60 天没买")
    await ui.press("保存修改")
    await ui.until(lambda: q.saved_filters(sample.store.read)[0].filter.silent_days is None)
    await undo_last(ui, 2)
    await ui.until(lambda: q.saved_filters(sample.store.read)[0].filter == wanted)
    await ui.press("删除")
    await ui.until(lambda: not q.saved_filters(sample.store.read))
    await ui.until(lambda: ui.ui.slice(Book).filter is None)
    await ui.until(lambda: ui.shows("已删除「久未到店」"))
    await undo_last(ui, 3)
    await ui.until(lambda: len(q.saved_filters(sample.store.read)) == 1)
    assert not ui.reports and work.outbox_count(sample.store.read) == 0


async def test_a_filter_kept_elsewhere_leaves_the_one_being_put_together(sample: Any) -> None:
    ui = await FakeUi.app(sample, route="/customers")
    await ui.until(lambda: "筛选" in ui.buttons())
    await ui.press("筛选")
    await ui.press("60 天没买")
    await ui.type("名称，比如「久未到店的金卡」", "久未到店")
    count = sample.index.count_of(Filter(silent_days=60))
    await save_filter(sample, SavedFilter("f1", "老朋友", Filter(segments=("repeat",))))
    await ui.until(lambda: len(q.saved_filters(sample.store.read)) == 1)
    await ui.settle(wait_s=0.05)
    assert f"看 {count} 位" in ui.buttons()
    assert ui.field("名称，比如「久未到店的金卡」").value == "久未到店"


async def test_beside_the_list_the_filter_page_follows_the_chips(sample: Any) -> None:
    await save_filter(sample, SavedFilter("f1", "老朋友", Filter(segments=("repeat",), silent_days=60)))
    ui = await FakeUi.app(sample, route="/customers", **WIDE)
    await ui.until(lambda: "筛选" in ui.buttons())
    await ui.press("筛选")
    count = sample.index.count_of(Filter(segments=("repeat",), silent_days=60))
    await ui.press(f"老朋友 {count}")
    await ui.until(lambda: f"看 {count} 位" in ui.buttons() and "删除" in ui.buttons())
    await ui.press(f"复购 {sample.index.counts()['repeat']}")
    await ui.until(lambda: f"看 {sample.index.counts()['repeat']} 位" in ui.buttons())
    assert "删除" not in ui.buttons() and not ui.reports


async def test_a_kept_filter_is_sealed_at_rest(sample: Any) -> None:
    await save_filter(sample, SavedFilter("f1", "王姐的朋友", Filter(tags=("送礼",))))
    raw = "".join(row[0] for row in sample.store.read.rows("SELECT value FROM meta"))
    assert "王姐" not in raw and "送礼" not in raw
    assert (q.saved_filters(sample.store.read)[0].name, len(raw) > 0) == ("王姐的朋友", True)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("screen", [FilterPage, SendGoodsPage])
async def test_pages_have_words_in_both_languages(sample: Any, screen: Any, language: str) -> None:
    ui = await FakeUi.screen(sample, screen, language=language)
    assert not ui.reports and len(ui.texts()) > 8
    assert not [text for text in ui.texts() if text.startswith(("customers.", "coupons.", "share."))]


async def goods_preview(sample: Any, *heroes: str) -> FakeUi:
    ui = await FakeUi.screen(sample, SendGoodsPage)
    picking = ui.ui.slice(Picking)
    picking.ids = tuple(sample.heroes[one] for one in heroes)
    picking.product_id = products.products(sample.store.read)[0].id
    await ui.until(lambda: ui.shows("会收到"))
    return ui


async def test_a_product_goes_to_the_ticked_one_by_one_and_goes_on_after_a_restart(sample: Any) -> None:
    ui = await goods_preview(sample, "views", "birthday", "note", "no_consent", "budget_used")
    assert ui.shows("没同意接收营销 · 1 位") or ui.shows("没同意接收营销")
    await ui.press("链接")
    await ui.press("开始发，共 3 位")
    await ui.until(lambda: ui.shows("还剩 3 位"))
    first, second, third = shares.sending(sample.store.read).customer_ids
    await ui.press("发链接")
    await ui.until(lambda: ui.shows("已发 1 位"))
    (share,) = shares.shares_for(sample.store.read, first)
    (contact,) = [c for c in q.contacts_of(sample.store.read, first) if c.share_id]
    assert (contact.share_id, contact.kind, contact.channel) == (share.id, "poster", "copied")
    assert share.code in str(ui.device.copied[-1])
    await ui.press("先跳过")
    await ui.until(lambda: shares.sending(sample.store.read).customer_ids == (third, second))
    again = await FakeUi.screen(sample, SendGoodsPage)  # the app was closed and opened
    await again.until(lambda: again.shows("还剩 2 位"))
    name = q.customer_by_id(sample.store.read, third).name
    await again.press(f"不发给{name}")
    await again.until(lambda: shares.sending(sample.store.read).customer_ids == (second,) and "撤销" in again.buttons())
    await again.press("撤销")
    await again.until(lambda: len(shares.sending(sample.store.read).customer_ids) == 2)
    for left in (1, 0):
        await again.press("发链接")
        await again.until(lambda left=left: len(shares.sending(sample.store.read).customer_ids) == left)
    await again.until(lambda: again.shows("都发完了"))
    assert again.shows("发出 3 位") and not again.reports and not ui.reports
    await again.press("回到客户")
    await again.until(lambda: shares.sending(sample.store.read) is None)


async def test_rule_9_2_what_did_not_go_is_no_contact_and_stays_on_the_list(sample: Any) -> None:
    hero = sample.heroes["views"]
    product = products.products(sample.store.read)[0]
    await start_sending(sample, product.id, [hero], "link", "warm")
    ui = await FakeUi.screen(sample, SendGoodsPage)

    async def text(_words: str) -> str:
        return DISMISSED

    ui.device.text = text  # type: ignore[method-assign]
    await ui.press("发链接")
    await ui.until(lambda: ui.shows("没有发出去"))
    assert shares.sending(sample.store.read).customer_ids == (hero,) and work.outbox_count(sample.store.read) == 0


async def test_rule_9_3_at_night_nobody_is_reached_and_a_page_that_slept_sends_nothing(sample: Any) -> None:
    hero = sample.heroes["views"]
    await start_sending(sample, products.products(sample.store.read)[0].id, [hero], "link", "warm")
    ui = await FakeUi.screen(sample, SendGoodsPage)
    sample.clock.at = NIGHT
    await ui.press("发链接")
    await ui.until(lambda: ui.shows("09:00"))
    assert ui.device.copied == [] and work.outbox_count(sample.store.read) == 0
    page = await goods_preview(sample, "views", "birthday")
    assert page.shows("现在免打扰") and page.shows("剩 1 位") is False and page.shows("上次还有 1 位没发")


async def test_the_list_reminds_of_what_is_not_sent_yet(sample: Any) -> None:
    product = products.products(sample.store.read)[0]
    await start_sending(sample, product.id, [sample.heroes["views"], "gone"], "link", "warm")
    ui = await book(sample)
    assert ui.shows("有件商品还没发完，剩 1 位")  # whoever is no longer on the device is not counted
    await ui.press("接着发")
    assert ui.ui.nav.stack()[-1:] == ("/customers/send",)


async def test_ticks_of_two_searches_add_up_and_go_to_a_product(sample: Any) -> None:
    ui = await book(sample)
    await ui.press("多选")
    first, second = (row for row in sample.index.search()[:2])
    for row in (first, second):
        await ui.type(FIELD, f"{row.name} {sample.index.get(row.id).phone_masked[-4:]}")
        await ui.press("全选 1 位")
    assert ui.ui.slice(Picking).ids == (first.id, second.id)
    await ui.press("全不选")
    assert ui.ui.slice(Picking).ids == (first.id,)
    await ui.press("发商品")
    assert ui.ui.nav.stack()[-1:] == ("/customers/send",)


async def test_a_keystroke_stays_within_the_budgets(many: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ui = await book(many)
    await ui.until(lambda: ui.ui.slice(Swept).version > 0)
    assert ui.count() <= MAX_MOUNTED
    drawn = Drawn(monkeypatch)
    cpu = []
    for text in ("w", "wa", "wan", "wang", "wang3", "王", "王一", "t", "t3", "38"):
        drawn.since()
        begin = time.process_time()
        await ui.type(FIELD, text)
        cpu.append(time.process_time() - begin)
        assert 0 < drawn.since() <= MAX_DRAWN and ui.count() <= MAX_MOUNTED, text
    assert max(ui.sizes[1:]) < MAX_MESSAGE
    print(sorted(cpu)[len(cpu) // 2])


@pytest.mark.parametrize("size", [{}, WIDE])
async def test_scrolling_five_thousand_sends_small_messages(many: Any, size: dict[str, int]) -> None:
    ui = await book(many, **size)
    column = next(c for c in ui.walk() if isinstance(c, ft.Column) and c.on_scroll)
    for pixels in (100, 600, 5_000, 90_000, 359_000, 200, 0):
        await scroll(ui, column, pixels)
        assert len(names(ui)) >= 8 and ui.count() <= MAX_MOUNTED
    assert max(ui.sizes[1:]) < MAX_MESSAGE


async def test_the_list_is_built_where_the_guide_was_when_its_tab_is_shown_again(many: Any) -> None:
    ui = await FakeUi.app(many, route="/customers", replies={"scroll_to": None})
    await ui.until(lambda: bool(names(ui)))
    column = next(c for c in ui.walk() if isinstance(c, ft.Column) and c.on_scroll)
    await scroll(ui, column, 90_000)
    there = names(ui)
    await ui.tab("我的")
    await ui.tab("客户")
    await ui.until(lambda: ("scroll_to" in [name for name, _ in ui.calls]) and names(ui) == there)


STRANGE = ("长" * 200, "👩‍👩‍👧‍👦🌹", "مريم الحسيني", "𠮷𡈽𠀋", "", "A" * 200)


@pytest.mark.parametrize("scale", [1.0, 2.0])
async def test_strange_names_narrow_windows_and_large_text(sample: Any, scale: float) -> None:
    def change(tx: Any) -> None:
        for one, name in zip(sample.index.search(), STRANGE, strict=False):
            tx.update(Customer, one.id, name=name, pinyin="", initials="", note="注" * 2000)

    await sample.store.write(change)
    sample.index.load()
    ui = await book(sample, width=320, height=568)
    ui.ui.layout.scale = scale
    await ui.settle()
    assert set(names(ui)) & {"长" * 200, "مريم الحسيني"} and not ui.reports
    heights = {c.min_height for c in ui.walk() if isinstance(c, ft.ListTile)}
    assert heights == {row_height(scale)}
    assert {"多选", "筛选", "排序：最近下单"} <= set(ui.buttons())
    for typed in ("长长", "🌹", "مريم", "𡈽", "aaa", "注"):
        await ui.type(FIELD, typed)
        assert names(ui) and not ui.reports


@pytest.mark.parametrize("count", [0, 1])
async def test_a_new_guide_is_led_to_their_card(sample: Any, count: int) -> None:
    def clear(tx: Any) -> None:
        for one in q.all_customers(tx)[count:]:
            tx.delete(Customer, one.id)

    await sample.store.write(clear)
    sample.index.load()
    ui = await book(sample)
    if count:
        assert len(names(ui)) == 1 and ui.shows("共 1 位")
    else:
        await ui.press("打开名片码")
        assert ui.ui.nav.stack()[-1:] == ("/card",)
    await ui.press("用名片码绑定新客户")
    assert ui.ui.nav.stack()[-1:] == ("/card",)


async def test_the_kept_list_is_opened_by_its_key_only(sample: Any, tmp_path: Path) -> None:
    await start_sending(sample, "p1", [sample.heroes["views"]], "link", "warm")
    await save_filter(sample, SavedFilter("f1", "好", Filter(coupon=True)))
    sample.store.close()
    again = Store.open(sample.store.folder, RowSealer(KEY))
    assert shares.sending(again.read).customer_ids == (sample.heroes["views"],)
    assert [one.name for one in q.saved_filters(again.read)] == ["好"]
    again.close()


async def test_rule_6_4_super_users_are_found_beside_and_have_a_chip(sample: Any) -> None:
    ids = super_users(sample.store.read)
    best = max(sample.index.search(), key=lambda row: row.spend_fen)
    await sample.store.write(lambda tx: tx.update(Customer, best.id, referrals=2))
    wanted = super_users(sample.store.read)
    assert best.id in wanted and ids <= wanted
    sample.index.load()
    ui = await book(sample)
    await ui.until(lambda: f"超级用户 {len(wanted)}" in ui.buttons())
    await ui.press(f"超级用户 {len(wanted)}")
    assert {row.id for row in sample.index.search(segment="super")} == wanted and best.name in names(ui)
    await mutate(sample, EditNote(best.id, "带了两位朋友来"))
    sample.index.on_commit(frozenset({"customer"}))
    assert best.id in {row.id for row in sample.index.search(segment="super")}


async def test_the_shape_of_the_list_stands_while_customers_are_read(sample: Any) -> None:
    sample.index = CustomerIndex(sample.store.read, sample.clock.now, "Asia/Shanghai")
    go = threading.Event()
    busy = asyncio.ensure_future(sample.store.query_in_thread(lambda _read: go.wait(5)))  # the reader is at work
    await asyncio.sleep(0)
    ui = await book(sample)
    await ui.settle(wait_s=0.2)
    assert [c for c in ui.walk() if isinstance(c, ft.Shimmer)] and not names(ui)
    go.set()
    await busy
    await ui.until(lambda: bool(names(ui)))
    assert not ui.reports


async def test_who_is_erased_is_on_no_list_that_is_kept(sample: Any) -> None:
    gone, stays = sample.heroes["views"], sample.heroes["birthday"]
    await start_sending(sample, "p1", [gone, stays], "link", "warm")
    await sample.store.write(lambda tx: tx.set_meta("batch", {"template_id": "t", "customer_ids": [gone]}))
    await sample.store.write(lambda tx: erase.forget(tx, frozenset({gone}), to_text(TUESDAY)))
    assert kept.value(sample.store.read, kept.SENDING)["customer_ids"] == [stays]
    assert sample.store.read.meta("batch") is None


async def test_an_own_filter_can_be_sent_to(sample: Any) -> None:
    chosen = Filter(segments=("repeat",))
    await save_filter(sample, SavedFilter("f1", "老朋友", chosen))
    ui = await FakeUi.screen(sample, SendGoodsPage)
    await ui.press("老朋友")
    assert len(ui.ui.slice(Picking).ids) == sample.index.count_of(chosen) and ui.shows("选一件商品")


async def test_a_product_that_left_the_shop_ends_the_sending_with_words(sample: Any) -> None:
    await start_sending(sample, "no-such-product", [sample.heroes["views"]], "poster", "warm")
    ui = await FakeUi.screen(sample, SendGoodsPage)
    assert not ui.shows("都发完了") and ui.shows("发出 0 位")
    await ui.press("回到客户")
    await ui.until(lambda: shares.sending(sample.store.read) is None)
