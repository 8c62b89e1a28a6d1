"""With the server stopped: the app starts, shows everything, takes a note, a coupon and a poster; all arrive, once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import PHONE_B, PIN, eventually, find_customer, make_poster, press_send, sign_in, write_note
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

NOTE = "下周三来取改好的大衣"


def test_work_with_the_server_stopped_arrives_once(world: World, browser: Browser) -> None:
    # A device that is known, with its first sync behind it; then server and app are both stopped.
    world.start_server()
    world.start_app()
    facts = Facts(world.home)
    member, guide = facts.member(PHONE_B), facts.guide_id("G0101")
    product = str(facts.one("SELECT name FROM product ORDER BY no LIMIT 1"))
    context = open_context(browser, PHONE)
    app = App(context, world.app_url).open()
    sign_in(app, "G0101")
    app.sees("今日业绩")
    pictures = facts.one("SELECT count(DISTINCT picture) FROM product")
    eventually(lambda: len(list((world.home / "blobs").glob("?" * 64))) >= pictures, "every picture is on the device")
    app.page.close()
    world.stop_app()
    world.stop_server()

    # The app starts with no server, unlocks with the PIN and shows everything.
    world.start_app()
    app = App(context, world.app_url).open()
    app.type_into("PIN", PIN)
    app.tap(re.compile("^解锁$"))
    app.sees("今日业绩")
    app.sees("离线")
    app.go("佣金")
    app.sees(re.compile("待确认"))
    find_customer(app, member)
    app.tap("返回")

    # It takes a poster, a note and a coupon.
    link = make_poster(app, product)
    write_note(app, member, NOTE)
    app.tap(re.compile("^发券$"))
    press_send(app, member)
    app.tap("返回")
    app.sees(re.compile("离线.*待同步"))

    # Even another stop of the app loses nothing; then the server is back and all three are there, once.
    app.page.close()
    world.stop_app()
    world.start_app()
    world.start_server()
    app = App(context, world.app_url).open()
    app.type_into("PIN", PIN)
    app.tap(re.compile("^解锁$"))
    app.sees("在线")
    code = link.rsplit("/", 1)[1]
    eventually(lambda: facts.one("SELECT note FROM customer WHERE id = ?", member.id) == NOTE, "the note")
    eventually(lambda: facts.one("SELECT count(*) FROM coupon WHERE customer_id = ?", member.id) == 1, "the coupon")
    eventually(lambda: facts.one("SELECT count(*) FROM share WHERE code = ?", code) == 1, "the share")
    eventually(lambda: facts.one("SELECT count(*) FROM contact WHERE customer_id = ? AND guide_id = ?",
                                 member.id, guide) >= 1, "the contact")  # fmt: skip
    assert facts.one("SELECT count(*) FROM coupon WHERE customer_id = ? AND state = 'issued'", member.id) == 1
    assert facts.one("SELECT guide_id FROM share WHERE code = ?", code) == guide
