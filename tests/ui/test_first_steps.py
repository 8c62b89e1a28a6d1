"""The first steps and the tips: once for each person on each device, skippable, and nothing of them is real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest

from app.store.queries import customers, work
from app.ui import hooks, routes, seen
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.first import FirstSteps
from app.ui.screens.first.walk import STEPS
from app.ui.screens.help import HelpScreen
from app.ui.strings import Strings, catalogue
from tests.fakes.client import fake_client
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
LEAD_ZH, LEAD_EN = 40, 110  # two short lines on a phone


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Any]:
    made = await sample_store(tmp_path, NOW, customers=20)
    made.installation = SimpleNamespace(clock=made.clock, known_staff=lambda: ())
    yield made
    made.store.close()


@screen
def Tipped(*names: str) -> ft.Control:
    return p.frame("页", p.txt("内容"), tips=names)


async def tipped(kept: dict[str, str], *names: str) -> FakeUi:
    ui = FakeUi()
    ui.ui.guided = True
    ui.device.kept = kept
    ui.enter(fake_client(), "zh_CN")
    ui.page.render(lambda: Tipped(*names))
    ui.guard()
    await ui.settle()
    return ui


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_the_three_steps_are_walked_by_their_own_buttons_and_change_nothing(sample: Any, language: str) -> None:
    t, before = Strings(language).t, sample.store.query(customers.all_customers)
    ui = await FakeUi.screen(sample, FirstSteps, language=language)
    for name in STEPS:
        assert ui.shows(t(f"first.{name}_title")) and t("first.next") not in ui.buttons(), "first the step's own button"
        assert ui.count() <= 300
        await ui.press(t(f"first.{name}_do"))
        await ui.until(lambda: t("first.next") in ui.buttons())
        if name == "poster":
            await ui.until(lambda: any(isinstance(c, ft.Image) for c in ui.walk()))
        await ui.press(t("first.next"))
    assert ui.shows(t("first.end_title")) and t("first.start") in ui.buttons()
    assert sample.store.query(work.outbox_count) == 0 and sample.store.query(customers.all_customers) == before
    assert not [one for one in sample.index.search(t("first.name"))], "the practice customer is in nobody's list"
    assert not ui.device.copied and not ui.device.shared and ui.reports == []


async def test_every_step_can_be_skipped_and_says_that_it_is_practice(sample: Any) -> None:
    ui = await FakeUi.screen(sample, FirstSteps)
    for name in STEPS:
        assert "跳过" in ui.buttons() and ui.shows("练习") and ui.shows("不会同步")
        await ui.press(Strings().t(f"first.{name}_do"))
        await ui.press("下一步")


@pytest.mark.parametrize(("language", "most"), [("zh_CN", LEAD_ZH), ("en", LEAD_EN)])
def test_no_step_and_no_tip_is_a_wall_of_text(language: str, most: int) -> None:
    said = {key: forms[0] for key, forms in catalogue(language).items() if key.startswith("first.")}
    long = {key: text for key, text in said.items() if ("_lead" in key or "tip_" in key) and len(text) > most}
    assert not long


async def test_they_open_once_for_each_person_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    real = routes.component

    @screen
    def Home() -> Any:
        return p.frame("首页", p.txt("到了"))

    monkeypatch.setattr(routes, "component", lambda name: real(name) if name.startswith("first") else Home)
    ui = await FakeUi.app(installation=SimpleNamespace(clock=fake_client().clock, known_staff=lambda: ()))
    ui.ui.guided = True
    for turn, opens in enumerate((True, False)):
        client = fake_client()
        ui.ui.enter(client)
        await ui.settle()
        assert (ui.ui.nav.stack() == ("/first",)) is opens, f"turn {turn}"
        if opens:
            await ui.press("跳过")
            assert ui.shows("到了") and ui.ui.nav.stack() == ()
        ui.ui.leave()
    assert json.loads(ui.device.kept["seen.s1"]) == ["first"]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (800, 1100), (1180, 820), (320, 640)])
async def test_they_stand_over_everything_in_every_window(sample: Any, width: float, height: float) -> None:
    ui = await FakeUi.app(sample, route="/first", width=width, height=height)
    title = Strings().t("first.see_title")
    views = [one.route for one in ui.walk() if isinstance(one, ft.View)]
    assert views == ["/", "/first"] and ui.texts().count(title) == 1
    await ui.press("跳过")
    assert [one.route for one in ui.walk() if isinstance(one, ft.View)] == ["/"] and not ui.shows(title)


@pytest.mark.parametrize("role", ["manager", "hq"])
async def test_others_than_guides_are_not_greeted(role: str) -> None:
    ui = FakeUi()
    ui.ui.guided = True
    ui.replies["push_route"] = None
    ui.enter(fake_client(role), "zh_CN")
    await ui.settle()
    assert ui.ui.nav.stack() == () and "seen.s1" not in ui.device.kept


async def test_a_link_from_outside_is_not_covered() -> None:
    ui = FakeUi(route="/card")
    ui.ui.guided = True
    ui.replies["push_route"] = None
    ui.enter(fake_client(), "zh_CN")
    await ui.settle()
    assert ui.ui.nav.stack() == ("/card",)


async def test_one_tip_a_visit_and_none_twice() -> None:
    kept = {"seen.s1": '["first"]'}
    t = Strings().t
    for name in ("customers", "share"):
        ui = await tipped(kept, "customers", "share")
        other = {"customers": "share", "share": "customers"}[name]
        assert ui.shows(t(f"first.tip_{name}")) and not ui.shows(t(f"first.tip_{other}"))
        await ui.press(t("first.tip_close"))
        assert not ui.shows(t("first.tip_customers")) and not ui.shows(t("first.tip_share"))
    ui = await tipped(kept, "customers", "share")
    assert t("first.tip_close") not in ui.buttons()
    assert json.loads(kept["seen.s1"]) == ["first", "customers", "share"]


async def test_the_offline_tip_waits_until_there_is_no_network() -> None:
    ui = await tipped({"seen.s1": '["first"]'}, "offline")
    assert not ui.shows(Strings().t("first.tip_offline"))
    ui.ui.client.engine.become(state="offline")
    await ui.settle()
    assert ui.shows(Strings().t("first.tip_offline"))


async def test_without_guidance_nothing_is_asked_and_nothing_shown() -> None:
    ui = await FakeUi.screen(fake_client(), Tipped, "customers")
    assert Strings().t("first.tip_close") not in ui.buttons() and ui.device.kept == {}


async def test_help_shows_tips_and_first_steps_again(sample: Any) -> None:
    ui = await FakeUi.screen(sample, HelpScreen)
    ui.device.kept["seen." + sample.staff.id] = '["first","customers"]'
    await ui.press(Strings().t("help.tips_again"))
    assert json.loads(ui.device.kept["seen." + sample.staff.id]) == ["first"] and ui.shows("小提示会再出现一次")
    await ui.press(Strings().t("help.first_again"))
    assert ui.ui.nav.stack()[-1] == "/first"


async def test_two_who_ask_at_once_do_not_forget_what_was_seen_between() -> None:
    ui = FakeUi()
    ui.enter(fake_client(), "zh_CN")
    late = asyncio.Event()

    async def slow(_name: str) -> None:
        await late.wait()

    quick, ui.device.get = ui.device.get, slow  # type: ignore[method-assign]
    asked = asyncio.ensure_future(seen.load(ui.ui))
    await ui.settle()
    ui.device.get = quick  # type: ignore[method-assign]
    await seen.mark(ui.ui, "first")
    late.set()
    await asked
    await seen.mark(ui.ui, "today")
    assert json.loads(ui.device.kept["seen.s1"]) == ["first", "today"]


@pytest.mark.parametrize("kept", [None, "", "{", "7", '{"a": 1}', '["first", 3]'])
def test_a_damaged_preference_is_nothing_seen(kept: str | None) -> None:
    assert seen.names_of(kept) in ((), ("first", "3"))


def test_every_tip_that_a_screen_names_has_its_words() -> None:
    root = Path(hooks.__file__).parent
    known = catalogue("zh_CN")
    for path in root.rglob("*.py"):
        text = path.read_text("utf-8")
        for part in text.split("tips=[")[1:]:
            for name in part.split("]")[0].split(","):
                if name.strip():
                    assert f"first.tip_{name.strip().strip(chr(34))}" in known, f"{path.name}: {name}"
