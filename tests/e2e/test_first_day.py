"""A guide's first day: the three steps once, help, and new customers who come by the card, also with no network."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.customer import Shopper
from tests.e2e.facts import Facts
from tests.e2e.steps import PIN, come_online, eventually, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

FIRST, SECOND = ("13700001234", "苏晚晴"), ("13700005678", "顾清野")
MINE = "SELECT count(*) FROM customer WHERE guide_id = ? AND name = ? AND bound_at IS NOT NULL"
AGREED = """SELECT count(*) FROM consent k JOIN customer c ON c.id = k.person_id
    WHERE c.name = ? AND k.purpose = 'marketing' AND k.granted"""
TIP = "先做「现在做」的那一件"
DEEDS = (
    "SELECT count(*) FROM coupon WHERE issued_at IS NOT NULL", "SELECT count(*) FROM share",
    "SELECT count(*) FROM contact",
)  # fmt: skip


def card_link(app: App) -> str:
    """Keep the card as a picture and read its code as a customer's camera would."""
    with app.page.expect_download() as download:
        app.tap("保存图片")
    with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as picture:
        found = zxingcpp.read_barcodes(picture.convert("RGB"))
    assert len(found) == 1
    return str(found[0].text)


def register(browser: Browser, link: str, phone: str, name: str) -> None:
    """Scan the card, register by phone, choose what to agree to, and take the guide."""
    shopper = Shopper(browser)
    shopper.open(link)
    shopper.press(re.compile("^添加.*为我的导购"))
    shopper.page.get_by_label("手机号").fill(phone)
    shopper.press("获取验证码")
    code = shopper.page.get_by_test_id("demo-code").inner_text()
    shopper.page.get_by_label("6 位验证码").fill(code.strip())
    shopper.press(re.compile("^登录$"))
    shopper.page.get_by_label(re.compile("怎么称呼")).fill(name)
    shopper.page.locator("#c-marketing").check()
    shopper.press(re.compile("^添加.*为我的导购"))
    shopper.sees(re.compile("是你的专属导购"))


def test_a_new_customer_scans_the_card_and_is_in_the_list_online_and_after_a_time_without_network(
    world: World, browser: Browser
) -> None:
    world.start_server()
    world.start_proxy()
    world.start_app()
    facts = Facts(world.home)
    guide = facts.guide_id("G0101")
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))
    app.go("我的")
    app.tap(re.compile("^我的名片"))
    app.sees("有人登记，几秒内会显示在这里")
    link = card_link(app)

    # Online: the hint is there within seconds, and leads to the profile.
    register(browser, link, *FIRST)
    assert facts.one(MINE, guide, FIRST[1]) == 1 and facts.one(AGREED, FIRST[1]) == 1
    app.sees(f"{FIRST[1]} 刚刚成为你的客户")
    app.tap(re.compile(f"^{FIRST[1]} 刚刚成为你的客户"))
    app.sees(re.compile("累计消费"))
    app.back()

    # No network at the guide's: the card still leads to the page, and the customer is there after the next sync.
    assert world.proxy
    world.proxy.cut()
    app.sees("现在没有网络也能扫；他登记后，你联网就看到")
    assert card_link(app) == link
    register(browser, link, *SECOND)
    assert facts.one(MINE, guide, SECOND[1]) == 1
    app.back()
    app.go("客户")
    app.type_into(re.compile("搜索"), SECOND[1], app.sign(re.compile("没有|没找到")))
    come_online(app, world)
    app.go("客户")
    app.type_into(re.compile("搜索"), SECOND[1])
    app.tap_until(re.compile(f"^{SECOND[1]}"), app.sign(re.compile("累计消费")))


def test_the_first_steps_come_once_and_leave_nothing_behind(world: World, browser: Browser) -> None:
    world.tips = True
    world.start_server()
    world.start_app()
    facts = Facts(world.home)
    before = [facts.one(count) for count in DEEDS]
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees("为什么今天联系她")
    for button, then in (("看看为什么", "所以排在最前"), ("发券并复制消息", "券已发出"), ("画海报", "练习海报")):
        app.tap(button, exact=True)
        app.sees(re.compile(then))
        app.tap("下一步", exact=True)
    app.sees("就这些")
    app.tap("开始工作", exact=True)
    app.sees(re.compile("今日业绩"))
    app.sees(re.compile("在线"))
    assert [facts.one(count) for count in DEEDS] == before
    assert not facts.one("SELECT count(*) FROM customer WHERE name LIKE '练习%'")

    # One tip on Today; closed, it is gone for ever.
    app.sees(TIP)
    app.tap("知道了，不再提示", exact=True)
    expect(app.sign(TIP)).not_to_be_attached()

    # Not again after the app was closed; Help has them, and can be left at once.
    app.page.close()
    app = App(app.context, world.app_url).open()
    app.type_into("PIN", PIN)
    app.tap(re.compile("^解锁$"))
    app.sees(re.compile("今日业绩"))
    assert not app.sign(TIP).count()
    app.go("我的")
    app.tap(re.compile("^帮助$"))
    app.type_into(re.compile("搜索"), "扫不出", app.sign("券的码扫不出来"))
    app.tap(re.compile("券的码扫不出来"))
    app.sees("去核销")
    app.type_into(re.compile("搜索"), "")
    app.scroll_to(app.button("再看一遍三步上手"))
    app.tap("再看一遍三步上手")
    app.sees("为什么今天联系她")
    app.tap("跳过", exact=True)
    app.sees("券的码扫不出来")
    eventually(lambda: app.page.url.endswith("/help"), "the address is Help's again")
