"""List and page keep their place in Chromium: turned, resized between phone and tablet, reloaded, by keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, SIDE, TABLET, App, open_context
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


def first_row(app: App) -> str:
    """Return the name of the first whole row in the list pane, "" while there is none."""
    found: str = app.page.evaluate(FIRST_ROW, [TOP, PANE])
    return found


def test_a_place_is_kept_through_sizes_a_reload_and_keys(browser: Browser, world: World) -> None:
    world.start_server()
    world.start_app()
    app = App(open_context(browser, TABLET), world.app_url).open()
    app.type_into("工号", GUIDES[0])
    app.type_into("PIN", PIN)
    app.tap("登录", exact=True)
    app.sees("今日业绩")
    app.page.keyboard.press("Control+k")  # to the customers' search field
    app.page.wait_for_url("**/customers", wait_until="commit")
    app.sees(re.compile(r"共 \d+ 位"))

    app.page.mouse.move(300, 600)
    for _ in range(6):
        app.page.mouse.wheel(0, 400)
        app.page.wait_for_timeout(150)
    row = app.page.get_by_role("button", name=re.compile(r"¥")).nth(3)
    row.click()
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
