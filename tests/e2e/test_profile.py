"""A customer's profile in the browser: a number shown and a hand-over, with and without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts, Member
from tests.e2e.steps import PHONE_A, PHONE_B, PIN, come_online, eventually, find_customer, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

GUIDE = "G0101"
WORDS = "喜欢亚麻，周末来"
GIVE = "交给同事"
COLLEAGUE = """
    SELECT other.id, other.name, other.staff_no FROM staff me JOIN staff other ON other.store_id = me.store_id
    WHERE me.staff_no = ? AND other.role = 'guide' AND other.active AND other.id <> me.id ORDER BY other.staff_no
"""


@pytest.fixture
def shop(world: World) -> World:
    world.start_server()
    world.start_proxy()
    world.start_app()
    return world


def guide(browser: Browser, world: World, staff_no: str = GUIDE) -> App:
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, staff_no)
    app.sees(re.compile("今日业绩"))
    return app


def guide_of(facts: Facts, member: Member) -> Any:
    return facts.one("SELECT guide_id FROM customer WHERE id = ?", member.id)


def ask_for_the_number(app: App, reason: str) -> None:
    app.tap_until(re.compile("点按查看完整号码"), app.button("显示 10 秒"))
    app.tap(reason, exact=True)
    app.tap("显示 10 秒")


def give(app: App, member: Member, colleague: str) -> None:
    """Hand a customer over from their profile: it leads back to the list and says who goes to whom."""
    find_customer(app, member)
    app.tap_until(re.compile(f"^{GIVE}$"), app.sign(f"{member.name} 由谁接手"))
    app.tap(re.compile(re.escape(colleague)))
    app.type_into(re.compile("给同事的话"), WORDS)
    app.press(app.page.get_by_role("button", name=GIVE, exact=True).last)
    app.sees(f"{member.name} 正在交给 {colleague}")
    app.box(re.compile("搜索")).wait_for()


def test_a_number_needs_a_reason_and_the_network(shop: World, browser: Browser) -> None:
    facts = Facts(shop.home)
    member = facts.member(PHONE_A)
    app = guide(browser, shop)
    find_customer(app, member)
    ask_for_the_number(app, "送货")
    if not app.sign(re.compile(member.phone)).is_visible():
        field = app.box("PIN").or_(app.sign(re.compile(member.phone)))
        field.first.wait_for()
        if app.box("PIN").is_visible():  # the server wants it again after a while
            app.type_into("PIN", PIN)
            app.tap("显示 10 秒")
    app.sees(re.compile(member.phone))
    reveals = facts.rows("SELECT reason FROM reveal WHERE customer_id = ?", member.id)
    assert reveals == [("delivery",)], "counted, with its reason"
    app.sign(re.compile(member.phone)).wait_for(state="detached")  # ten seconds later it is masked again

    assert shop.proxy
    shop.proxy.cut()
    ask_for_the_number(app, "回电")
    app.sees(re.compile("没有网络"))
    assert len(facts.rows("SELECT id FROM reveal WHERE customer_id = ?", member.id)) == 1


def test_a_customer_goes_to_a_colleague_online_and_offline(shop: World, browser: Browser) -> None:
    facts = Facts(shop.home)
    online, offline = facts.member(PHONE_A), facts.member(PHONE_B)
    colleague_id, colleague, staff_no = facts.rows(COLLEAGUE, GUIDE)[0]
    app = guide(browser, shop)
    give(app, online, colleague)
    eventually(lambda: guide_of(facts, online) == colleague_id, "the hand-over")
    assert not app.sign("这位客户不在你的名下").is_visible()

    assert shop.proxy
    shop.proxy.cut()
    app.sees(re.compile("离线"))
    give(app, offline, colleague)
    app.tap("撤销", exact=True)
    app.sees("已撤销")
    give(app, offline, colleague)
    assert guide_of(facts, offline) == facts.guide_id(GUIDE), "nothing left the phone"
    come_online(app, shop)
    eventually(lambda: guide_of(facts, offline) == colleague_id, "the hand-over made offline")

    other = guide(browser, shop, staff_no)
    find_customer(other, offline)
    other.sees(re.compile(WORDS))
