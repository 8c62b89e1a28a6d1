"""The customers' book in the browser: a customer is found and their last order read in few taps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import ONE, sign_in
from tests.e2e.test_screens import MEMBER
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

FIND_TAPS = 3  # find a customer and read the last order, beside the typing
LAST_ORDER = "SELECT no FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT 1"


def test_a_customer_is_found_and_the_last_order_read_in_three_taps(world: World, browser: Browser) -> None:
    world.start_server()
    world.start_app()
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))
    facts = Facts(world.home)
    now = world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    name = facts.one(MEMBER, "G0101", now, now)
    member = facts.one("SELECT id FROM customer WHERE name = ? AND guide_id = ?", name, facts.guide_id("G0101"))

    app.taps = 0
    app.go("客户")
    app.type_into(re.compile("搜索"), name, app.sign(ONE))
    app.tap_until(re.compile(name), app.sign("累计消费"))
    app.tap("订单", exact=True)
    app.sees(re.compile(re.escape(facts.one(LAST_ORDER, member))))
    assert app.taps <= FIND_TAPS
    app.back()
    app.tap("清除", exact=True)
    app.sees(re.compile("^共 300 位"))
