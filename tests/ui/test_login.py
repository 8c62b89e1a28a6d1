"""The way in and out, by what a person reads and presses."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest

from app.device.clock import SystemClock
from app.domain.errors import GuideError, LocalFault, Rejected, Unavailable
from app.protocol.codes import CODES
from app.ui import hooks, routes
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens import login
from app.ui.screens.login import warm
from app.ui.screens.sync import _again
from app.ui.strings import Strings
from tests.fakes.client import fake_client
from tests.fakes.ui import FakeUi


class FakeInstallation:
    """A device whose sign-in answers what a test says."""

    def __init__(self, *known: tuple[str, str], client: Any = None) -> None:
        self.clock = SystemClock()
        self.client = client or fake_client()
        self.answer: GuideError | None = None
        self.unlocking: GuideError | None = None
        self.asked: list[tuple[str, str, str]] = []
        self._known = tuple(
            SimpleNamespace(staff_id=f"id-{no}", staff_no=no, name=name, role="guide") for no, name in known
        )

    def known_staff(self) -> tuple[Any, ...]:
        return self._known

    async def release(self, _user: Any, _client: Any) -> None:
        self.asked.clear()

    async def sign_in(self, staff_no: str, pin: str) -> Any:
        self.asked.append(("sign_in", staff_no, pin))
        if self.answer:
            raise self.answer
        return self.client

    async def unlock(self, staff_no: str, pin: str) -> Any:
        self.asked.append(("unlock", staff_no, pin))
        if self.unlocking:
            raise self.unlocking
        return self.client


@pytest.fixture(autouse=True)
def plain_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    real = routes.component

    @screen
    def Home() -> Any:
        return p.frame("首页", p.txt("到了"))

    monkeypatch.setattr(routes, "component", lambda name: real(name) if name.startswith("login") else Home)


async def test_the_first_sign_in_goes_to_the_server_and_opens_the_shell() -> None:
    device = FakeInstallation()
    ui = await FakeUi.app(installation=device)
    await ui.type("工号", "G0101")
    await ui.type("PIN", "246810")
    await ui.press("登录")
    assert device.asked == [("sign_in", "G0101", "246810")] and ui.shows("到了")


async def test_a_press_that_comes_with_the_last_letter_finds_it_typed() -> None:
    """A busy device hears both at once; what the first changed is drawn before the second is answered."""
    device = FakeInstallation()
    ui = await FakeUi.app(installation=device)
    await ui.type("工号", "G0101")
    field, button = ui.field("PIN"), ui.button("登录")
    ui.session.apply_patch(field._i, {"value": "246810"})
    heard = [(field, "change", "246810"), (button, "click", None)]
    await asyncio.gather(*(ui.session.dispatch_event(one._i, name, data) for one, name, data in heard))
    await ui.settle()
    assert device.asked == [("sign_in", "G0101", "246810")]


async def test_a_slow_way_in_dims_the_button_and_a_second_press_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, device = asyncio.Event(), FakeInstallation(("G0101", "林小满"))
    unlock = device.unlock

    async def slow(staff_no: str, pin: str) -> Any:
        found = await unlock(staff_no, pin)
        await opened.wait()
        return found

    monkeypatch.setattr(device, "unlock", slow)
    monkeypatch.setattr(login, "LONG_S", 0.05)
    ui = await FakeUi.app(installation=device)
    await ui.type("PIN", "246810")
    await ui.press("解锁")
    await ui.press("解锁")
    assert "解锁" in ui.buttons()
    await ui.until(lambda: "解锁" not in ui.buttons())
    opened.set()
    await ui.sees("到了")
    assert device.asked == [("unlock", "G0101", "246810")]


async def test_what_today_is_made_of_is_drawn_once_behind_the_way_in_and_is_nothing_to_read_or_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def behind(ui: FakeUi) -> list[ft.Semantics]:
        return [one for one in ui.walk() if isinstance(one, ft.Semantics) and one.exclude_semantics]

    monkeypatch.setattr(hooks, "DRAWN_S", 0.01)
    monkeypatch.setattr(warm, "GONE_S", 3600)
    ui = await FakeUi.app(installation=FakeInstallation(("G0101", "林小满")))
    await ui.until(lambda: bool(behind(ui)))
    (hidden,) = behind(ui)
    parts = {type(one) for one in ui.inside(hidden)}
    assert {ft.ProgressRing, ft.FilledButton, ft.NavigationBar, ft.Icon} <= parts and ft.TextField not in parts
    assert isinstance(hidden.content, ft.Container) and hidden.content.disabled  # the keyboard cannot reach it
    monkeypatch.setattr(warm, "GONE_S", 0.0)
    assert not behind(await FakeUi.app(installation=FakeInstallation(("G0101", "林小满"))))


async def test_empty_fields_are_asked_for_and_nothing_is_sent() -> None:
    device = FakeInstallation()
    ui = await FakeUi.app(installation=device)
    await ui.press("登录")
    assert ui.shows("请填写工号和 PIN") and device.asked == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Rejected("wrong_pin"), "工号或 PIN 不对"),
        (Rejected("account_locked", params={"seconds": 61}), "请过 2 分钟再试"),
        (Rejected("clock_skew"), "时间不准"),
        (Unavailable("first_login_offline"), "第一次登录需要联网"),
        (LocalFault("disk_full"), "存储空间满了"),
    ],
)
async def test_every_way_to_fail_is_one_sentence_and_the_pin_is_gone(error: GuideError, sentence: str) -> None:
    device = FakeInstallation()
    device.answer = error
    ui = await FakeUi.app(installation=device)
    await ui.type("工号", "G0101")
    await ui.type("PIN", "111111")
    await ui.press("登录")
    assert ui.shows(sentence) and ui.field("PIN").value == "" and ui.field("工号").value == "G0101"
    device.answer = None
    await ui.type("PIN", "246810")
    await ui.press("登录")
    assert ui.shows("到了")


async def test_a_known_person_unlocks_with_the_pin_alone() -> None:
    device = FakeInstallation(("G0101", "林悦"), ("G0102", "周宁"))
    device.unlocking = Rejected("unlock_wrong_pin", params={"left": 4})
    ui = await FakeUi.app(installation=device)
    await ui.press("周宁")
    await ui.type("PIN", "1")
    await ui.press("解锁")
    assert ui.shows("还可以试 4 次")
    device.unlocking = None
    await ui.type("PIN", "246810")
    await ui.press("解锁")
    assert device.asked[-1] == ("unlock", "G0102", "246810") and ui.shows("到了")


async def test_a_lost_key_is_recovered_by_the_server_with_the_same_pin() -> None:
    device = FakeInstallation(("G0101", "林悦"))
    device.unlocking = LocalFault("key_lost")
    ui = await FakeUi.app(installation=device)
    await ui.type("PIN", "246810")
    await ui.press("解锁")
    assert [step for step, *_ in device.asked] == ["unlock", "sign_in"] and ui.shows("到了")


async def test_somebody_else_can_sign_in_on_a_known_device() -> None:
    ui = await FakeUi.app(installation=FakeInstallation(("G0101", "林悦")), language="en")
    await ui.press("Sign in as someone else")
    assert ui.field("Staff number").value == ""
    await ui.press("Back to people on this device")
    assert "Unlock" in ui.buttons()


@pytest.mark.parametrize("code", ["device_revoked", "offline_too_long", "clock_set_back"])
async def test_why_a_session_ended_stands_at_the_login_until_somebody_is_in(code: str) -> None:
    device = FakeInstallation(("G0101", "林悦"))
    ui = await FakeUi.app(device.client, installation=device)
    ui.ui.leave()
    ui.ui.shut_out(code)
    await ui.settle()
    assert ui.shows(Strings().error(code))
    await ui.type("PIN", "246810")
    await ui.press("解锁")
    assert ui.shows("到了")
    ui.ui.leave()
    await ui.settle()
    assert not ui.shows(Strings().error(code))


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_who_cannot_sign_in_is_told_what_to_do_in_each_case(language: str) -> None:
    t = Strings(language).t
    ui = await FakeUi.app(installation=FakeInstallation(), language=language)
    await ui.press(t("login.help"))
    for case in ("pin", "locked", "new", "away", "revoked"):
        assert ui.shows(t(f"login.{case}_title")) and ui.shows(t(f"login.{case}_do"))


def test_every_code_reads_well_with_and_without_its_parameters() -> None:
    for language in ("zh_CN", "en"):
        strings = Strings(language)
        for code in CODES:
            sentence = strings.error(code)
            assert "{" not in sentence and "  " not in sentence and sentence.endswith(("。", "."))


@pytest.mark.parametrize("server_away", [False, True])
async def test_a_session_the_server_ended_is_asked_for_there_before_the_pin_opens_it_again(server_away: bool) -> None:
    device = FakeInstallation(("G0101", "林悦"))
    ui = await FakeUi.app(device.client, installation=device)
    await _again(ui.ui, device.client)
    await ui.settle()
    device.answer = Unavailable("server_away") if server_away else None
    await ui.type("PIN", "246810")
    await ui.press("解锁")
    assert [how for how, *_ in device.asked] == (["sign_in", "unlock"] if server_away else ["sign_in"])
    assert ui.shows("到了") and ui.ui.ended == ""
