"""The ground that screens stand on: live queries, guards, the shell's moves, budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flet as ft
import pytest
from flet.messaging.protocol import Message, MessageAction, RegisterClientResponseBody

from app.bootstrap import App, Settings, web_app
from app.store.read import reads
from app.ui import hooks, routes
from app.ui import parts as p
from app.ui.guards import screen
from tests.fakes.client import fake_client
from tests.fakes.ui import FakeUi


@reads("customer")
def customer_name(read: dict[str, Any], customer_id: str) -> str:
    read["asked"] = read.get("asked", 0) + 1
    return f"{read['name']}/{customer_id}"


@screen
def Profile(customer_id: str) -> ft.Control:
    name = hooks.use_query(customer_name, customer_id)
    other, set_other = ft.use_state(0)
    return p.frame(name, [p.primary("再看", lambda: set_other(other + 1)), p.txt(f"第{other}次")])


@screen
def Broken() -> ft.Control:
    client = hooks.use_client()
    hooks.use_live({"customer"}, lambda: client.store.rows["name"])
    if client.store.rows["name"] == "坏":
        raise ValueError("a bug with 王芳 in it")
    return p.txt("好的")


@screen
def BadHandler() -> ft.Control:
    def crash() -> None:
        raise ValueError("a bug")

    return p.primary("按我", crash)


@screen
def Plain() -> ft.Control:
    return p.frame("普通", p.txt("在这里"))


DRAWN: list[int] = []
LEVELS = 8


@screen
def Level(n: int) -> ft.Control:
    DRAWN.append(n)
    hooks.use_live({"customer"}, object)
    return ft.Column([Level(n + 1)] if n + 1 < LEVELS else [])


async def test_a_commit_draws_a_page_and_the_parts_in_it_once_each() -> None:
    """Flet drew what asked in no order: a part was drawn with the page around it, and once more by itself."""
    ui = await FakeUi.screen(fake_client(), Level, 0)
    for _ in range(5):
        DRAWN.clear()
        ui.ui.live.commit({"customer"})
        await ui.settle()
        assert list(range(LEVELS)) == DRAWN


@pytest.fixture
def plain_screens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every root and page is a plain one: these tests are about the shell."""

    @screen
    def Named(**params: str) -> ft.Control:
        query, set_query = ft.use_state("")
        return p.frame("页", [p.text_field("记", query, set_query), p.txt(str(params))])

    monkeypatch.setattr(routes, "component", lambda name: Named if "Screen" not in name else Plain)


async def test_a_query_runs_again_only_when_its_tables_are_touched() -> None:
    client = fake_client(name="王芳")
    ui = await FakeUi.screen(client, Profile, "c1")
    assert ui.shows("王芳/c1")
    client.store.commit("product", name="别人")
    await ui.settle()
    await ui.press("再看")
    assert ui.shows("第1次") and ui.shows("王芳/c1") and client.store.rows["asked"] == 1
    client.store.commit("customer", name="王小芳")
    await ui.settle()
    assert ui.shows("王小芳/c1") and client.store.rows["asked"] == 2


async def test_a_screen_that_raises_is_a_card_and_comes_back() -> None:
    client = fake_client(name="好")
    ui = await FakeUi.screen(client, Broken)
    client.store.commit("customer", name="坏")
    await ui.settle()
    assert ui.shows("这里出了点问题") and not ui.shows("王芳")
    client.store.commit("customer", name="好")
    await ui.settle()
    assert ui.shows("好的")


async def test_a_handler_that_raises_is_reported_and_the_app_lives() -> None:
    ui = await FakeUi.screen(fake_client(), BadHandler)
    await ui.press("按我")
    assert [kind for kind, _ in ui.reports] == ["handler"]
    assert ui.buttons() == ["按我"]


async def test_the_phone_shows_five_roots_and_keeps_what_was_typed(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client())
    bar = next(c for c in ui.walk() if isinstance(c, ft.NavigationBar))
    assert [d.label for d in bar.destinations] == ["今日", "客户", "分享", "佣金", "我的"]
    await ui.tab("客户")
    ui.ui.select("/customers/c1")
    await ui.settle()
    assert ui.shows("c1") and ui.ui.address() == "/customers/c1"
    await ui.press("返回")
    assert not ui.shows("c1") and ui.ui.address() == "/customers"


async def test_a_wide_window_keeps_list_and_detail_side_by_side(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client(), width=1180, height=820)
    await ui.tab("客户")
    ui.ui.select("/customers/c1")
    await ui.settle()
    assert ui.shows("c1") and ui.shows("普通") and "返回" not in ui.buttons()
    await ui.type("记", "给c1的")
    ui.ui.select("/customers/c2")
    await ui.settle()
    assert ui.shows("c2") and ui.field("记").value == ""  # no state of one customer reaches the next
    await ui.tab("分享")
    await ui.tab("客户")
    assert ui.shows("c2")


async def test_a_manager_starts_with_the_team_and_a_deep_link_opens_its_page(plain_screens: None) -> None:
    ui = await FakeUi.app(fake_client("manager"))
    assert ui.ui.nav.root == "team"
    linked = await FakeUi.app(fake_client(), route="/customers/c9")
    assert linked.shows("c9") and linked.ui.nav.root == "customers"
    unknown = await FakeUi.app(fake_client(), route="/no/such/place")
    assert unknown.ui.nav.root == "today"


async def test_the_badge_is_honest(plain_screens: None) -> None:
    client = fake_client()
    ui = await FakeUi.app(client)
    assert ui.shows("在线")
    client.engine.become(state="offline", waiting=3)
    await ui.settle()
    assert ui.shows("离线") and ui.shows("3 条待同步")
    client.engine.become(state="online", refused=2)
    await ui.settle()
    assert ui.shows("2 条被拒")


def Row(value: int) -> ft.Control:
    return p.list_row(f"第{value}位", "¥100", leading=p.avatar("王", str(value)), fact="3 天前", on_click=lambda: None)


async def test_a_list_of_five_thousand_builds_only_what_is_near() -> None:
    ui = await FakeUi.screen(fake_client(), p.VirtualList, tuple(range(5000)), Row)
    assert ui.shows("第0位") and not ui.shows("第100位")
    assert ui.count() < 300
    listing = next(c for c in ui.walk() if isinstance(c, ft.Column) and c.on_scroll)
    before = len(ui.sizes)
    await ui.fire(
        listing,
        "scroll",
        {
            "event_type": "update",
            "pixels": 72.0 * 1200,
            "viewport_dimension": 700.0,
            "min_scroll_extent": 0.0,
            "max_scroll_extent": 360000.0,
        },
    )
    assert ui.shows("第1205位") and not ui.shows("第0位")
    assert sum(ui.sizes[before:]) < 60_000 and ui.count() < 600


def test_every_screen_that_routes_name_exists() -> None:
    roots = {root for of_role in routes.ROOTS.values() for root in of_role}
    named = {r.screen for r in roots} | {r.empty for r in roots if r.empty} | {r.screen for r in routes.PAGES}
    assert all(callable(routes.component(name)) for name in named)
    assert {page.root for page in routes.PAGES} <= {root.name for root in roots}


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1180, 820)])
async def test_a_toast_stands_above_the_foot_of_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, width: float, height: float
) -> None:
    @screen
    def Footed(**params: str) -> ft.Control:
        return p.frame("页", p.txt("在这里"), foot=p.primary("保存", lambda: p.say("已保存")))

    @screen
    def Bare() -> ft.Control:
        return p.frame("普通", p.primary("说", lambda: p.say("说了")))

    monkeypatch.setattr(routes, "component", lambda name: Footed if name.endswith(":CustomerPage") else Bare)
    ui = await FakeUi.app(fake_client(), width=width, height=height, route="/customers")

    def above() -> float:
        return [one for one in ui.walk() if isinstance(one, ft.SnackBar)][-1].margin.bottom

    async def dismiss() -> None:
        for one in [one for one in ui.walk() if isinstance(one, ft.SnackBar)]:
            await ui.fire(one, "dismiss")

    await ui.press("说")
    bare = above()
    await dismiss()
    ui.ui.open("/customers/c1")
    await ui.settle()
    foot = next(one for one in ui.walk() if isinstance(one, ft.Container) and one.on_size_change)
    await ui.fire(foot, "size_change", {"w": 390.0, "h": 74.0})
    await ui.press("保存")
    assert above() == bare + 74
    await dismiss()
    ui.ui.back()
    await ui.settle()
    await ui.press("说")
    assert above() == bare, "a foot that is gone lifts nothing"


async def test_a_message_is_said_briefly_however_much_a_page_remembers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Flet's web transport writes each out, read or not: with remembered parts a reload waited for ever."""

    class Page:
        def __repr__(self) -> str:
            raise AssertionError("a whole page was written out")

    monkeypatch.setenv("DAOGOU_HOME", str(tmp_path))
    web_app(App(Settings.from_env()))
    message = Message(MessageAction.REGISTER_CLIENT, RegisterClientResponseBody("", Page(), ""))
    assert len(f"send_message: {message}") < 60


REDRAW: list[Any] = []


@screen
def Typing() -> ft.Control:
    text, set_text = ft.use_state("")
    times, set_times = ft.use_state(0)
    REDRAW[:] = [lambda: set_times(times + 1)]
    return p.frame("写", [p.text_field("备注", text, set_text), p.txt(f"第{times}次")])


async def test_a_screen_drawn_while_a_letter_is_under_way_does_not_write_the_text_of_before_over_it() -> None:
    """Flet tells first what the field holds, then that it changed: "linen" became "lnen" where a draw fell between."""
    ui = await FakeUi.screen(fake_client(), Typing)
    ui.guard()
    await ui.type("备注", "l")
    sent: list[str] = []
    send = ui.send_message
    ui.send_message = lambda message: (sent.append(str(getattr(message.body, "patch", ""))), send(message))[1]  # type: ignore[method-assign]
    field = ui.field("备注")
    ui.session.apply_patch(field._i, {"value": "li"})
    REDRAW[0]()
    await ui.settle()
    assert ui.shows("第1次") and not any("'l'" in one for one in sent)
    ui.session.apply_patch(field._i, {"value": "lin"})  # the next one came before the first was answered
    await ui.session.dispatch_event(field._i, "change", "li")
    await ui.settle()
    await ui.session.dispatch_event(field._i, "change", "lin")
    await ui.settle()
    assert ui.field("备注").value == "lin" and not any("'l" in one for one in sent)
