"""The loop, end to end: headquarters, a guide with no network, two customers, the server, the manager."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from app.domain.commission import recompute
from tests.e2e.browser import PHONE, TABLET, App, open_context
from tests.e2e.customer import Shopper
from tests.e2e.facts import Facts
from tests.e2e.steps import (
    PHONE_A,
    PHONE_B,
    come_online,
    eventually,
    find_customer,
    make_poster,
    press_send,
    sign_in,
    write_note,
)
from tests.e2e.world import STORE_ZONE, World

pytestmark = pytest.mark.e2e

NOTE = "周末带女儿来试连衣裙，喜欢亚麻"
COUPON_TAPS = 3  # from a signal to a coupon on its way


def buy(shopper: Shopper, world: World) -> int:
    """Buy the product on the page with the coupon that fits best; return what was paid, in fen."""
    shopper.page.locator("input[name=size]:not([disabled])").first.check(force=True)
    shopper.press("立即购买")
    shopper.press(re.compile("提交订单|付款|下单"))
    shopper.sees(re.compile("优惠|节省|已省"))
    order = Facts(world.home)
    return int(order.one("SELECT paid_fen FROM orders ORDER BY created_at DESC, id DESC LIMIT 1"))


def test_the_loop(world: World, browser: Browser) -> None:
    # Headquarters publishes; the guide signs in and has it.
    world.start_server()
    world.start_proxy()
    world.start_app()
    world.command("pack", "publish", "assets/demo/packs/week")
    facts = Facts(world.home)
    start = world.now()
    member_a, member_b = facts.member(PHONE_A), facts.member(PHONE_B)
    guide = facts.guide_id("G0101")
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))
    app.scroll_to(app.text("今日玩法"))
    app.scroll_to(app.sign("今日业绩"), by=-300)  # Today keeps its place: the chips are tapped later

    # No network: a poster, a note, a coupon to B.
    assert world.proxy
    world.proxy.cut()
    app.sees(re.compile("离线"))
    product = facts.rows("SELECT name, id, no FROM product ORDER BY no LIMIT 1")[0]
    link = make_poster(app, product[0])
    assert re.fullmatch(r"HTTP://127\.0\.0\.1:\d+/S/[0-9A-Z]{32}", link)
    write_note(app, member_b, NOTE)
    app.tap(re.compile("^发券$"))
    press_send(app, member_b)
    app.tap("返回")
    app.sees(re.compile(r"离线.*待同步"))
    assert facts.one("SELECT note FROM customer WHERE id = ?", member_b.id) != NOTE

    # Customer A opens the poster's link before the server has heard of it, and comes back on two more days.
    shopper = Shopper(browser)
    shopper.open(link)
    shopper.agree_to_browsing()
    shopper.sign_in(member_a.phone)
    shopper.look_for()
    for day in (1, 2):
        world.set_clock(start + timedelta(days=day))
        shopper.open(link)
        shopper.look_for()
    assert facts.sessions(member_a, product[1], start) == 3

    # Online again: everything arrives once, and the signal is there.
    come_online(app, world)
    eventually(lambda: facts.one("SELECT note FROM customer WHERE id = ?", member_b.id) == NOTE, "the note")
    assert facts.one("SELECT count(*) FROM coupon WHERE customer_id = ? AND state = 'issued'", member_b.id) == 1
    assert facts.one("SELECT count(*) FROM share WHERE guide_id = ? AND code = ?", guide, link.rsplit("/", 1)[1]) == 1
    app.go("今日")
    taps = app.taps
    # the dress is the dearest thing seen: A is the card to do now
    app.tap_until(re.compile("^反复浏览"), app.sign(f"打开 {member_a.name} 的资料"), by=-300)
    app.sees(re.compile("3 次留意"))

    # The coupon sent from that signal is claimed and used.
    app.tap(re.compile("^发券$"))
    app.sees(re.compile(f"发券给 {member_a.name}"))
    sent = press_send(app, member_a)
    assert app.taps - taps <= COUPON_TAPS
    shopper.open(sent)
    shopper.press("领取")
    shopper.open(link)
    paid = buy(shopper, world)

    # The guide sees the money and why.
    amount, base, order_no, steps, bp = facts.commission(guide, member_a)
    assert base == paid and amount == paid * bp // 10_000 == recompute(steps)
    app.go("佣金")
    shown = f"{amount / 100:,.2f}"
    app.tap(re.compile(re.escape(shown)))
    app.sees(re.compile(re.escape(order_no)))
    app.sees(re.compile(re.escape(f"{paid / 100:,.2f}")))
    app.sees(re.compile(re.escape(f"{bp / 100:g}%")))
    app.tap("返回")
    find_customer(app, member_a)
    app.tap("更多", exact=True)
    app.tap(re.compile("^券 "))
    app.sees(re.compile("已使用"))

    # The manager sees the sale.
    manager = App(open_context(browser, TABLET), world.app_url).open()
    sign_in(manager, "M01")
    sales = facts.sales_of_day(guide, world.now().astimezone(STORE_ZONE).date().isoformat())
    assert sales >= paid
    manager.sees(re.compile("林悦"))
    manager.sees(
        re.compile(re.escape(f"¥{sales / 100:,.0f}") if sales % 100 == 0 else re.escape(f"{sales / 100:,.0f}")[:-1])
    )
