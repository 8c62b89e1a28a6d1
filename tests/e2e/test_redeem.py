"""One coupon in two stores without a network: both take it, the first to reach the server wins, and both are told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from app.domain.instants import to_text
from app.protocol import coupon_code
from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import come_online, eventually, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e
FIELD = re.compile("扫码或输入券码")
REDEEM_TAPS = 3  # Today, 核销, 核销这张券; scanning and typing are none
CLAIMED = """
    SELECT c.id, c.code, c.qr, c.customer_id FROM coupon c JOIN staff s ON s.id = c.guide_id
    WHERE s.staff_no = ? AND c.state = 'claimed' AND c.valid_until > ? ORDER BY c.valid_until DESC, c.id LIMIT 1
"""


def counter(app: App, text: str) -> None:
    """Go to the counter from Today and give it a code."""
    app.go("今日")
    app.tap(re.compile("^核销$"))
    app.type_into(FIELD, text)


def test_two_stores_redeem_the_same_coupon_without_a_network(world: World, browser: Browser) -> None:
    world.start_server()
    world.start_proxy()
    world.start_app()
    assert world.proxy
    facts = Facts(world.home)
    coupon_id, code, qr, _ = facts.rows(CLAIMED, "G0101", to_text(world.now()))[0]
    first, second = (App(open_context(browser, PHONE), world.app_url).open() for _ in range(2))
    for app, staff_no in ((first, "G0101"), (second, "G0201")):
        sign_in(app, staff_no)
        app.sees("今日业绩")
        app.sees("在线")
    world.proxy.cut()
    for app in (first, second):
        app.sees(re.compile("离线"))

    # The guide who sent it has its row: the typed code is enough.
    before = first.taps
    counter(first, coupon_code.display(code).lower())
    first.sees("可以用")
    first.tap("核销这张券")
    first.sees(re.compile("已核销，待同步"))
    assert first.taps - before <= REDEEM_TAPS
    # The other store has not: the typed code needs a network, the signed QR does not; a changed one is refused.
    counter(second, code)
    second.sees("待核对")
    second.sees(re.compile("要联网才能核对"))
    second.type_into(FIELD, qr[:-2] + ("00" if qr[-2:] != "00" else "11"))
    second.sees(re.compile("不是我们发的|券码不对"))
    second.type_into(FIELD, qr)
    second.sees("可以用")
    second.tap("核销这张券")
    second.sees(re.compile("已核销，待同步"))
    for app in (first, second):
        app.tap("返回")

    # Back online: the first to arrive stands, the other is refused; each is told of the other.
    come_online(first, world)
    come_online(second, world)
    eventually(lambda: facts.one("SELECT count(*) FROM redemption WHERE coupon_id = ?", coupon_id) == 2, "both arrived")
    won = facts.one("SELECT s.staff_no FROM redemption r JOIN staff s ON s.id = r.by_id WHERE r.state = 'accepted'"
                    " AND r.contested = 1 AND r.coupon_id = ?", coupon_id)  # fmt: skip
    assert (
        facts.one("SELECT reason FROM redemption WHERE coupon_id = ? AND state = 'refused'", coupon_id) == "coupon_used"
    )
    winner, loser = (first, second) if won == "G0101" else (second, first)
    for app in (winner, loser):
        app.go("今日")
        app.tap(re.compile("^核销$"))
    loser.sees(re.compile("核销过了，这次没有使用"))
    loser.sees("未通过")
    winner.sees(re.compile("又用这张券，没有通过"))
    winner.sees("有人重复用")
    stores = facts.rows("SELECT DISTINCT store_id FROM redemption WHERE coupon_id = ?", coupon_id)
    assert all(len(facts.view(f"manager:{store}", "team_redemption")) == 1 for (store,) in stores)
