"""Today in Chromium with no network: a reason becomes a coupon on its way in two taps, a poster in two, and Undo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import clipboard, come_online, decode, eventually, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e
OPENS = re.compile(r"^打开 .+ 的资料")
SENDS = re.compile("复制消息$")
TAPS = 3  # from a signal to a coupon on its way; two are enough


def on_the_card(app: App) -> str:
    """Return the name of who is on the card to do now."""
    label = app.button(OPENS).get_attribute("aria-label") or app.button(OPENS).inner_text()
    found = re.search(r"打开 (.+?) 的资料", label)
    assert found, label
    return found.group(1)


def test_a_reason_becomes_a_coupon_and_a_poster_without_a_network(world: World, browser: Browser) -> None:
    world.start_server()
    world.start_proxy()
    world.start_app()
    world.command("pack", "publish", "assets/demo/packs/week")
    facts = Facts(world.home)
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees("现在做")
    app.sees("在线")
    assert world.proxy
    world.proxy.cut()
    app.sees(re.compile("离线"))
    app.tap(re.compile("^反复浏览"))
    first = on_the_card(app)

    # Put off until tomorrow, and thought better of.
    app.tap("推迟", exact=True)
    app.tap(re.compile("^明天"))
    app.sees(re.compile(f"{first} 推迟到明天"))
    app.tap("撤销")
    app.sees(re.compile(f"打开 {first} 的资料"))

    # The card, the ready message, sent.
    before, taps = clipboard(app), app.taps
    app.tap("发券", exact=True)
    app.sees(re.compile(f"发券给 {first}"))
    app.sees(re.compile("今天还可联系 1 次"))
    app.tap(SENDS)
    eventually(lambda: clipboard(app) != before, "the message is on the clipboard")
    assert app.taps - taps <= TAPS - 1
    app.sees(re.compile(f"给 {first} 的券已发，消息已复制"))
    assert re.search(r"/c/\S+\n\S+/s/", clipboard(app)), clipboard(app)

    # The next one gets the poster: the card's button, then send.
    eventually(lambda: on_the_card(app) != first, "the next one is on the card")
    second, taps = on_the_card(app), app.taps
    app.tap("海报", exact=True)
    app.sees("连海报一起发")
    with app.page.expect_download() as download:
        app.tap(SENDS)
    assert app.taps - taps <= TAPS - 1
    link = decode(Path(download.value.path()).read_bytes())
    eventually(lambda: link.rsplit("/", 1)[1] in clipboard(app).upper(), "the poster's link is on the clipboard")

    # Online again the server knows of both, once.
    come_online(app, world)
    whose = (
        "SELECT c.id FROM customer c JOIN staff s ON s.id = c.guide_id WHERE c.name = ? AND s.staff_no = 'G0101'"
        " AND EXISTS (SELECT 1 FROM contact k WHERE k.customer_id = c.id AND k.share_id IS NOT NULL)"
    )
    for name in (first, second):
        eventually(lambda name=name: facts.one(whose, name) is not None, f"the contact with {name}")
        who = facts.one(whose, name)
        assert facts.one("SELECT count(*) FROM share WHERE customer_id = ? AND synced", who) == 1
        marks = (
            "SELECT count(*) FROM signal_mark WHERE customer_id = ? AND signal = 'repeated_view' AND action = 'done'"
        )
        eventually(lambda who=who, marks=marks: facts.one(marks, who) == 1, f"the mark of {name}")
        assert facts.one("SELECT count(*) FROM signal_mark WHERE customer_id = ? AND action = 'later'", who) == 0
