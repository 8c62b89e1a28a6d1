"""The look: contrast, names, targets, text sizes, keys, and places kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest
from fontTools.ttLib import TTFont

from app.protocol.objects import Customer
from app.store import WriteTx
from app.ui import comfort, hooks, routes, theme
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.gallery.gallery import KINDS, LONG, GalleryScreen
from app.ui.session import layout_of
from tests.fakes import ink
from tests.fakes.client import fake_client
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
ASSETS = Path(__file__).parents[2] / "assets"
GUIDE_SCREENS = [root.screen for root in routes.ROOTS[routes.GUIDE]]


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, TUESDAY)
    yield made
    made.store.close()


async def gallery(kind: str, **options: Any) -> FakeUi:
    ui = await FakeUi.screen(fake_client(), GalleryScreen, kind, **options)
    await ui.until(lambda: kind != "states" or any(isinstance(c, ft.Shimmer) for c in ui.walk()))
    return ui


# --- contrast and names ------------------------------------------------------------------------------------------
def test_contrast_is_that_of_the_standard() -> None:
    assert ink.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert ink.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert ink.poor({("outline", "surface", ink.TEXT)}), "a poor pair is found"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_part_can_be_read_in_light_and_dark(kind: str) -> None:
    ui = await gallery(kind)
    assert not ui.reports
    found = ink.pairs(ui.page.views)
    assert len(found) > 3
    assert ink.poor(found) == []


@pytest.mark.parametrize("name", GUIDE_SCREENS)
async def test_every_root_can_be_read_in_light_and_dark(sample: Any, name: str) -> None:
    ui = await FakeUi.screen(sample, routes.component(name), place="root")
    await ui.until(lambda: len(ui.texts()) > 3)
    assert ink.poor(ink.pairs(ui.page.views)) == []


def test_words_of_the_bar_and_of_snackbars_can_be_read() -> None:
    pairs = {
        ("on_surface", "surface_container_lowest", ink.TEXT),
        ("on_surface_variant", "surface_container_lowest", ink.TEXT),
        ("on_primary_container", "primary_container", ink.LARGE), ("on_inverse_surface", "inverse_surface", ink.TEXT),
        ("inverse_primary", "inverse_surface", ink.TEXT), ("on_surface_variant", "secondary_container", ink.TEXT),
        ("primary", "surface", ink.LARGE), ("error", "surface", ink.TEXT), ("error", "secondary_container", ink.TEXT),
    }  # fmt: skip
    assert ink.poor(pairs) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_of_the_parts_that_can_be_pressed_is_nameless(kind: str) -> None:
    assert_named(await gallery(kind))


@pytest.mark.parametrize("name", GUIDE_SCREENS)
async def test_nothing_on_a_root_that_can_be_pressed_is_nameless(sample: Any, name: str) -> None:
    ui = await FakeUi.screen(sample, routes.component(name), place="root")
    await ui.until(lambda: len(ui.texts()) > 3)
    assert_named(ui)


def assert_named(ui: FakeUi) -> None:
    assert all(name.strip() for name in ui.buttons())
    for control in ui.walk():
        if isinstance(control, ft.IconButton):
            around = [c for c in ui.walk() if isinstance(c, ft.Semantics) and c.content is control]
            assert around and around[0].label, "an icon button is named by what is around it"
        if isinstance(control, ft.Switch):
            assert any(isinstance(c, ft.Semantics) and c.content is control and c.label for c in ui.walk())


def test_figures_are_of_one_width_so_that_they_line_up() -> None:
    for weight in ("Regular", "Bold"):
        font = TTFont(ASSETS / f"fonts/NotoSansSC-{weight}.otf")
        widths = {font["hmtx"][font.getBestCmap()[ord(figure)]][0] for figure in "0123456789"}
        assert len(widths) == 1
        assert ord("−") in font.getBestCmap(), "amounts below zero need their sign"


# --- text sizes and windows --------------------------------------------------------------------------------------
def test_a_row_grows_with_the_text() -> None:
    assert theme.row_height() == theme.ROW_HEIGHT == 72
    for scale in (1.0, 1.15, 1.3, 1.44, 1.45, 1.7, 2.0):
        lines = theme.Type.ROW.line + theme.Type.META.line * (2 if scale >= theme.LARGE_TEXT else 1)
        assert theme.row_height(scale) >= lines * scale + 4


async def test_large_text_puts_figures_and_facts_in_rows_of_their_own() -> None:
    @screen
    def Figures() -> ft.Control:
        return p.stat_strip([("¥28,460", "a"), ("11", "b"), ("¥1,240", "c"), ("42", "d")])

    usual = await FakeUi.screen(fake_client(), Figures)
    rows = [c for c in usual.walk() if isinstance(c, ft.Row)]
    assert [len(row.controls) for row in rows] == [4]
    narrow = await FakeUi.screen(fake_client(), Figures, width=320)
    large = await FakeUi.screen(fake_client(), Figures)
    large.ui.layout.scale = 2.0
    large.page.render(Figures)
    await large.settle()
    assert [len(row.controls) for row in [c for c in large.walk() if isinstance(c, ft.Row)]] == [2, 2]
    assert narrow.count()


@pytest.mark.parametrize(("scale", "rows"), [(1.0, [4]), (1.3, [2, 2])])
async def test_no_word_of_a_tile_breaks(scale: float, rows: list[int]) -> None:
    """At 130 % "Statement" stood in two lines."""

    @screen
    def Tiles() -> ft.Control:
        words = ("Ledger", "Statement", "Not paid", "Rewards")
        return p.tile_row([(ft.Icons.RECEIPT_LONG_OUTLINED, word, lambda: None) for word in words])

    ui = await FakeUi.screen(fake_client(), Tiles, language="en")
    ui.ui.layout.scale = scale
    ui.page.render(Tiles)
    await ui.settle()
    assert [len(row.controls) for row in ui.walk() if isinstance(row, ft.Row)] == rows


@pytest.mark.parametrize(
    ("width", "height", "kind"),
    [
        (320, 568, "phone"), (390, 844, "phone"), (844, 390, "phone"), (932, 430, "phone"), (820, 1180, "tablet"),
        (1180, 820, "wide"), (1180, 400, "wide"), (700, 700, "tablet"),
    ],
)  # fmt: skip
def test_a_phone_on_its_side_stays_a_phone(width: float, height: float, kind: str) -> None:
    assert layout_of(width, height) == kind


@pytest.mark.parametrize(("height", "scale"), [(100, 1.0), (130, 1.3), (200, 2.0), (80, 1.0), (400, 2.0)])
async def test_the_text_scale_is_measured(height: float, scale: float) -> None:
    ui = await FakeUi.app(fake_client())
    comfort.measured(ui.ui, height)
    assert ui.ui.layout.scale == scale


async def test_a_device_that_asks_for_less_motion_gets_it() -> None:
    answer = dict.fromkeys(
        ("accessible_navigation", "bold_text", "disable_animations", "high_contrast", "invert_colors", "reduce_motion",
         "on_off_switch_labels", "supports_announcements"), False,
    ) | {"reduce_motion": True}  # fmt: skip
    ui = await FakeUi.screen(fake_client(), p.Skeleton, replies={"get_accessibility_features": answer})
    await ui.until(lambda: any(isinstance(c, ft.Shimmer) for c in ui.walk()))
    await comfort.rest(ui.page, ui.ui)
    await ui.settle()
    assert ui.ui.layout.calm and not any(isinstance(c, ft.Shimmer) for c in ui.walk())
    assert ui.page.theme.page_transitions.android is ft.PageTransitionTheme.NONE


@pytest.mark.parametrize(
    ("width", "height", "kind"), [(390, 844, ft.BottomSheet), (844, 390, ft.BottomSheet), (820, 1180, ft.AlertDialog)]
)
async def test_a_choice_is_a_sheet_on_phones_and_a_panel_elsewhere(width: float, height: float, kind: type) -> None:
    ui = await FakeUi.screen(fake_client(), GalleryScreen, "fields", width=width, height=height)
    await ui.press("打开选择")
    (shown,) = [c for c in ui.walk() if isinstance(c, ft.BottomSheet | ft.AlertDialog)]
    assert isinstance(shown, kind)
    if isinstance(shown, ft.AlertDialog):
        assert shown.alignment == ft.Alignment.CENTER_RIGHT and shown.content.height == height
        assert any(c.scroll for c in ui.inside(shown) if isinstance(c, ft.Column))
    await ui.press("关闭")
    assert not [c for c in ui.walk() if isinstance(c, ft.BottomSheet | ft.AlertDialog)]


# --- keys --------------------------------------------------------------------------------------------------------
def key(name: str, **held: bool) -> Any:
    return SimpleNamespace(key=name, **({"ctrl": False, "alt": False, "meta": False, "shift": False} | held))


@screen
def Plain() -> ft.Control:
    query, set_query = ft.use_state("")
    tab, set_tab = hooks.use_kept("tab", "first")
    return p.frame(
        "页", [p.segmented([("first", "一"), ("second", "二")], tab, set_tab), p.txt(f"开着{tab}")],
        top=[p.search_field("搜索", query, set_query)],
    )  # fmt: skip


@pytest.fixture
def plain_screens(monkeypatch: pytest.MonkeyPatch) -> None:
    @screen
    def Named(**params: str) -> ft.Control:
        tab, set_tab = hooks.use_kept("tab", "first")
        tabs = [("first", "三"), ("second", "四")]
        return p.frame("细", [p.segmented(tabs, tab, set_tab), p.txt(f"{sorted(params.values())}在{tab}")])

    monkeypatch.setattr(routes, "component", lambda name: Plain if "Screen" in name else Named)


async def test_escape_goes_back_and_figures_go_to_roots(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client())
    await ui.tab("客户")
    ui.ui.select("/customers/c1")
    await ui.settle()
    comfort.press(ui.ui, key("Escape"))
    await ui.settle()
    assert ui.ui.address() == "/customers"
    comfort.press(ui.ui, key("3", alt=True))
    assert ui.ui.nav.root == "share"
    comfort.press(ui.ui, key("9", alt=True))
    comfort.press(ui.ui, key("3"))
    assert ui.ui.nav.root == "share"


async def test_escape_leaves_an_open_sheet_to_itself(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers/c1")
    ui.page.show_dialog(ft.AlertDialog(content=ft.Text("选择")))
    await ui.settle()
    comfort.press(ui.ui, key("Escape"))
    assert ui.ui.address() == "/customers/c1"


async def test_control_k_goes_to_the_search_field(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), width=1180, height=820)
    comfort.press(ui.ui, key("k", ctrl=True))
    await ui.until(lambda: any(name == "focus" for name, _ in ui.calls))
    fresh = await FakeUi.app(fake_client(), route="/customers/c1")
    comfort.press(fresh.ui, key("K", meta=True))
    await fresh.until(lambda: any(name == "focus" for name, _ in fresh.calls))
    assert fresh.ui.address() == "/customers"


# --- places kept -------------------------------------------------------------------------------------------------
async def resize(ui: FakeUi, width: float, height: float) -> None:
    ui.ui.resized(width, height)
    await ui.settle()


async def test_an_open_tab_and_a_selection_stay_when_the_window_changes(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers/c1")
    await ui.press("四")
    assert ui.shows("['c1']在second")
    for width, height in ((844, 390), (820, 1180), (1180, 820), (700, 900), (390, 844)):
        await resize(ui, width, height)
        assert ui.shows("['c1']在second"), (width, height)
        assert ui.ui.address() == "/customers/c1"
    ui.ui.back()
    await ui.settle()
    ui.ui.select("/customers/c1")
    await ui.settle()
    assert ui.shows("['c1']在first"), "a page that was left starts anew"


async def test_turning_a_phone_builds_nothing_anew(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers")
    await ui.type("搜索", "王")
    before = ui.field("搜索")
    await resize(ui, 844, 390)
    assert ui.field("搜索").value == "王" and ui.field("搜索")._i == before._i
    bar = next(c for c in ui.walk() if isinstance(c, ft.NavigationBar))
    assert bar.height == theme.SHORT_BAR_HEIGHT


async def test_a_tablet_that_grows_keeps_list_and_page(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), width=820, height=1180, route="/customers")
    await ui.type("搜索", "王")
    for width, height in ((1180, 820), (390, 844), (820, 1180)):
        await resize(ui, width, height)
        assert ui.field("搜索").value == "王", (width, height)


async def other_tab_and_back(ui: FakeUi) -> None:
    await ui.tab("今日")
    await ui.tab("客户")


async def reloaded(ui: FakeUi) -> None:
    ui.ui.pulse()


async def turned_into_a_tablet(ui: FakeUi) -> None:
    await resize(ui, 1180, 820)


@pytest.mark.parametrize("moved", [other_tab_and_back, reloaded, turned_into_a_tablet])
async def test_a_page_comes_back_to_where_it_was_scrolled(
    plain_screens: None, moved: Callable[[FakeUi], Awaitable[None]]
) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers")
    listing = next(c for c in ui.walk() if isinstance(c, ft.ListView))
    scrolled = {"event_type": "update", "pixels": 640.0, "viewport_dimension": 700.0,
                "min_scroll_extent": 0.0, "max_scroll_extent": 3600.0}  # fmt: skip
    await ui.fire(listing, "scroll", scrolled)
    assert not any(name == "scroll_to" for name, _ in ui.calls)
    await moved(ui)
    await ui.until(lambda: any(name == "scroll_to" for name, _ in ui.calls))
    assert next(args for name, args in ui.calls if name == "scroll_to")["offset"] == 640.0


async def test_a_list_moved_by_a_hand_meanwhile_is_left_there(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers")
    listing = next(c for c in ui.walk() if isinstance(c, ft.ListView))
    scrolled = {"event_type": "update", "pixels": 640.0, "viewport_dimension": 700.0,
                "min_scroll_extent": 0.0, "max_scroll_extent": 3600.0}  # fmt: skip
    await ui.fire(listing, "scroll", scrolled)
    ui.ui.pulse()
    await ui.until(lambda: any(name == "scroll_to" for name, _ in ui.calls))
    await ui.fire(listing, "scroll", scrolled | {"pixels": 900.0})
    await asyncio.gather(*ui.ui._tasks)
    assert [args["offset"] for name, args in ui.calls if name == "scroll_to"] == [640.0]


def views(ui: FakeUi) -> list[ft.View]:
    return [c for c in ui.walk() if isinstance(c, ft.View)]


async def test_the_systems_back_goes_over_the_first_root_and_then_out(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), route="/customers/c1")
    assert len(views(ui)) == 2 and views(ui)[0].can_pop is False
    ui.ui.back()
    await ui.settle()
    await ui.fire(views(ui)[0], "confirm_pop")
    assert ui.ui.nav.root == "today" and views(ui)[0].can_pop is True
    wide = await FakeUi.app(fake_client(), width=1180, height=820, route="/today")
    assert views(wide)[0].can_pop is True
    wide.ui.select("/customers/c1")
    await wide.settle()
    assert views(wide)[0].can_pop is False


# --- bad input ---------------------------------------------------------------------------------------------------
@screen
def Root() -> ft.Control:
    return p.frame("今日", p.txt("好"))


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (timedelta(days=2, hours=3), "本机时钟快了2 天"), (timedelta(hours=-5), "本机时钟慢了5 小时"),
        (timedelta(minutes=7), "本机时钟快了7 分钟"), (timedelta(minutes=4), ""),
    ],
)  # fmt: skip
async def test_a_device_with_a_wrong_clock_is_told_by_how_much(ahead: timedelta, says: str) -> None:
    client = fake_client()
    client.clock = SimpleNamespace(now=lambda: TUESDAY, monotonic=lambda: 0.0, ahead_s=ahead.total_seconds)
    ui = await FakeUi.screen(client, Root, place="root")
    assert ui.shows(says) if says else not ui.shows("本机时钟")


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("name", GUIDE_SCREENS)
async def test_strange_names_on_a_narrow_screen_crash_nothing(sample: Any, name: str, scale: float) -> None:
    strange = ("阿" * 200, LONG, "نورا القحطاني", "👩🏻‍💼", " ", "<b>&amp;")

    def rename(tx: WriteTx) -> None:
        for index, one in enumerate(sample.store.read.rows("SELECT id FROM customer ORDER BY id")):
            tx.update(Customer, one[0], name=strange[index % len(strange)])

    await sample.store.write(rename)
    ui = FakeUi(width=320, height=568)
    ui.enter(sample, "en")
    ui.ui.layout.scale = scale
    page = routes.component(name)
    ui.page.render(page)
    ui.guard()
    await ui.until(lambda: len(ui.texts()) > 3)
    assert not ui.reports and not ui.shows("Something went wrong")


@pytest.mark.parametrize("label", ["衬衫", "", "👗", "قميص"])
async def test_a_product_without_a_picture_shows_its_letter_or_a_shape(label: str) -> None:
    @screen
    def Thumb() -> ft.Control:
        return p.product_thumb(None, label)

    ui = await FakeUi.screen(fake_client(), Thumb)
    shapes = [c for c in ui.walk() if isinstance(c, ft.Icon)]
    assert bool(shapes) == (label in ("", "👗"))
    assert shapes or ui.shows(label[0])


def test_long_names_are_as_long_as_the_issue_says() -> None:
    assert len(LONG.strip()) >= 197
