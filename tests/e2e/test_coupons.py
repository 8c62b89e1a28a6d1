"""A coupon for a segment, made with no network and handed out one by one; the server has it all afterwards."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import clipboard, come_online, eventually, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

ISSUED = "SELECT customer_id, code FROM coupon WHERE guide_id = ? AND issued_at >= ? ORDER BY issued_at, id"
HANDED = "SELECT count(*) FROM contact WHERE guide_id = ? AND at >= ? AND coupon_id IS NOT NULL"
OPTED_OUT = """SELECT c.id FROM customer c WHERE c.guide_id = ? AND NOT coalesce((SELECT granted FROM consent k
    WHERE k.person_id = c.id AND k.purpose = 'marketing' ORDER BY at DESC, id DESC LIMIT 1), 0)"""


def link_of(app: App, before: str) -> str:
    eventually(lambda: clipboard(app) != before, "the message is on the clipboard")
    found = re.search(r"/c/(\S+)", clipboard(app))  # the check character may be one of *~$=
    assert found, clipboard(app)
    return unquote(found.group(1))


def hand_out(app: App) -> str:
    """Copy the message of whose turn it is; return the coupon's code."""
    before = clipboard(app)
    app.tap("复制消息", exact=True)
    return link_of(app, before)


def test_a_segment_gets_a_coupon_offline_and_two_are_handed_out(world: World, browser: Browser) -> None:
    world.start_server()
    world.start_proxy()
    world.start_app()
    facts = Facts(world.home)
    guide, start = facts.guide_id("G0101"), world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))
    app.go("客户")
    app.tap(re.compile(r"^沉睡 \d+"))
    app.tap("多选", exact=True)
    app.tap(re.compile(r"^发券给全部 \d+ 位"))
    app.sees("发哪一张")
    app.sees(re.compile("剩 20 张"))  # the block is here: from now on no network is needed
    assert world.proxy
    world.proxy.cut()
    app.tap(re.compile("全场 85 折"))

    app.sees(re.compile("没同意接收营销"))
    issue = app.button(re.compile(r"^发 \d+ 张$"))
    count = int(re.findall(r"\d+", issue.inner_text() or str(issue.get_attribute("aria-label")))[0])
    assert 2 < count <= 20
    app.press(issue)
    app.sees(f"还剩 {count} 张")
    codes = [hand_out(app), hand_out(app)]
    app.sees("今天已递出 2 张")
    app.sees(f"还剩 {count - 2} 张")
    assert facts.rows(ISSUED, guide, start) == []

    app.tap("返回")
    come_online(app, world)
    eventually(lambda: len(facts.rows(ISSUED, guide, start)) == count, "the server has every coupon")
    eventually(lambda: facts.one(HANDED, guide, start) == 2, "the server counts two contacts")
    issued = facts.rows(ISSUED, guide, start)
    assert len({customer for customer, _ in issued}) == count
    assert set(codes) < {code for _, code in issued}
    assert not {customer for customer, _ in issued} & {row[0] for row in facts.rows(OPTED_OUT, guide)}
