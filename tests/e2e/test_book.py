"""The customers' book in the browser: found in few taps, a place that is kept, a product to two with no network."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import clipboard, come_online, eventually, sign_in
from tests.e2e.test_screens import MEMBER
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

FIND_TAPS = 3  # find a customer and read the last order, beside the typing
SHARED = """SELECT s.code, s.customer_id FROM share s JOIN contact k ON k.share_id = s.id
    WHERE s.guide_id = ? AND k.kind = 'poster' AND k.customer_id = s.customer_id ORDER BY s.created_at"""
LAST_ORDER = "SELECT no FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT 1"


def start(world: World, browser: Browser) -> App:
    world.start_server()
    world.start_proxy()
    world.start_app()
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))
    return app


def go_until(app: App, root: str, appears: Locator) -> None:
    """Tap a root's place, once more if the first tap only ended a hover, until something is in view."""
    for _ in range(4):
        app.go(root)
        try:
            appears.wait_for(state="visible", timeout=5_000)
        except PlaywrightError:
            continue
        return
    raise AssertionError(f"{root} does not show {appears}")


def test_a_customer_is_found_kept_in_view_and_sent_a_product(world: World, browser: Browser) -> None:
    app = start(world, browser)
    facts = Facts(world.home)
    guide = facts.guide_id("G0101")
    now = world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    name = facts.one(MEMBER, "G0101", now, now)
    member = facts.one("SELECT id FROM customer WHERE name = ? AND guide_id = ?", name, guide)

    # Found and their last order read: by a part of the pinyin, then by the name.
    app.taps = 0
    app.go("客户")
    app.type_into(re.compile("搜索"), name)
    app.tap_until(re.compile(name), app.sign("累计消费"))
    app.tap("订单", exact=True)
    app.sees(re.compile(re.escape(facts.one(LAST_ORDER, member))))
    assert app.taps <= FIND_TAPS
    app.back()
    app.tap("清除", exact=True)

    # The list keeps its place over a profile and over another tab.
    app.sees(re.compile("^共 300 位"))
    far = app.scroll_to(app.button(re.compile(r"(?:4\d|5\d) 天前$")))
    label = str(far.get_attribute("aria-label") or far.inner_text())
    far.click()
    app.sees("累计消费")
    app.back()
    app.sees(re.compile(re.escape(label.split()[0])))
    app.go("我的")
    app.sees("我的名片")
    go_until(app, "客户", app.button(re.compile(re.escape(label[:6]))))

    # A product to two of them, with no network; the server has both afterwards, each with a link of its own.
    assert world.proxy
    world.proxy.cut()
    app.tap(re.compile("^筛选"))
    app.tap(re.compile(r"^可联系 \d+"))
    app.tap(re.compile(r"^看 \d+ 位"))
    app.tap("多选", exact=True)
    rows = app.page.get_by_role("button", name=re.compile("¥.*天前"))
    for n in range(2):
        rows.nth(n).click()
    app.sees("已选 2 位")
    app.tap("发商品", exact=True)
    app.button(re.compile("¥.*件$")).click()
    app.tap("链接", exact=True)
    app.tap("开始发，共 2 位")
    codes = []
    for left in (1, 0):
        before = clipboard(app)
        app.tap("复制消息", exact=True)
        eventually(lambda before=before: clipboard(app) != before, "the message is on the clipboard")
        found = re.search(r"/s/(\w+)", clipboard(app))
        assert found
        codes.append(found.group(1))
        if left:
            app.sees(f"还剩 {left} 位")
    app.sees("都发完了")
    app.tap("回到客户", exact=True)
    come_online(app, world)
    eventually(lambda: set(codes) <= {code for code, _ in facts.rows(SHARED, guide)}, "the server has both")
    people = {customer for code, customer in facts.rows(SHARED, guide) if code in codes}
    assert len(set(codes)) == len(people) == 2
