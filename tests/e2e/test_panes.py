"""List and page keep their place in Chromium, turned, resized, reloaded, by keys; a reloaded root comes up again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, SIDE, TABLET, App, open_context
from tests.e2e.conftest import living
from tests.e2e.steps import eventually
from tests.e2e.test_screens import GUIDES, PIN
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TOP, PANE = 140, 520  # rows below and left of this are in the list, not in its head or the page beside it
FIRST_ROW = """([top, pane]) => {
    const rows = [...document.querySelectorAll('flt-semantics[role=button]')].filter(n => n.textContent.includes('¥'));
    const at = rows.map(n => [n.getBoundingClientRect(), n.textContent]).filter(([r]) => r.y > top && r.x < pane);
    return at.sort(([a], [b]) => a.y - b.y).map(([, text]) => text)[0] || '';
}"""
# what each of a guide's roots says, whatever the day
SAID: dict[str, str | re.Pattern[str]] = {
    "/today": "今日业绩", "/customers": re.compile(r"共 \d+ 位"), "/share": "搜索商品", "/coupons": "我能发的",
    "/commission": "最新入账", "/me": "我的名片",
}  # fmt: skip


@pytest.fixture(scope="module")
def brand(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with living(seeded_home, tmp_path_factory.mktemp("panes") / "home") as world:
        yield world


def signed_in(browser: Browser, world: World, staff_no: str) -> App:
    """Return the app of a guide at a tablet, at Today."""
    app = App(open_context(browser, TABLET), world.app_url).open()
    app.fill_in(("工号", staff_no), ("PIN", PIN))
    app.tap("登录", exact=True)
    app.sees(SAID["/today"])
    app.sees("在线")  # the first sync is through: a browser reloaded while the app is busy is taken for another one
    return app


def first_row(app: App) -> str:
    """Return the name of the first whole row in the list pane, "" while there is none."""
    found: str = app.page.evaluate(FIRST_ROW, [TOP, PANE])
    return found


def test_every_reloaded_root_comes_up_again(browser: Browser, brand: World) -> None:
    """Flet gives a reloaded browser the session as it stands: what a root remembers must survive being drawn anew."""
    app = signed_in(browser, brand, GUIDES[1])
    for _ in range(2):
        for path, said in SAID.items():
            app.visit(path)
            app.sees(said)
            assert app.page.url.endswith(path)


def test_a_place_is_kept_through_sizes_a_reload_and_keys(browser: Browser, brand: World) -> None:
    app = signed_in(browser, brand, GUIDES[0])
    app.page.keyboard.press("Control+k")  # to the customers' search field
    app.page.wait_for_url("**/customers", wait_until="commit")
    app.sees(re.compile(r"共 \d+ 位"))

    app.page.mouse.move(300, 600)
    for _ in range(6):
        app.page.mouse.wheel(0, 400)
        app.page.wait_for_timeout(150)
    row = app.page.get_by_role("button", name=re.compile(r"¥")).nth(3)
    app.press(row)
    app.page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{20,}$"), wait_until="commit")
    address = app.page.url
    app.tap("订单", exact=True)
    place = first_row(app)

    for size in (PHONE, SIDE, TABLET):  # a phone, on its side, and back
        app.page.set_viewport_size(size)
        app.sees("累计消费")
        assert app.page.url == address
    eventually(lambda: first_row(app) == place, "the list is at its place after it was a phone's")

    app.reload()
    app.page.set_viewport_size(TABLET)
    app.sees("累计消费")
    assert app.page.url == address
    eventually(lambda: first_row(app) == place, "the list is at its place after a reload")

    app.page.keyboard.press("Escape")
    app.page.wait_for_url("**/customers", wait_until="commit")
    eventually(lambda: first_row(app) == place, "the list is at its place once the page is closed")
    app.page.keyboard.press("Alt+1")
    app.page.wait_for_url("**/today", wait_until="commit")
