"""The money explains itself in the app alone: why this much, why nothing, what a return does; and it is put right."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from app.domain.commission import recompute
from app.domain.instants import from_text, to_text
from tests.e2e.browser import PHONE, TABLET, App, open_context
from tests.e2e.facts import Facts
from tests.e2e.steps import eventually, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

PAID = """SELECT e.id, e.amount_fen, e.base_fen, e.order_no, e.steps FROM commission_entry e
    JOIN orders o ON o.id = e.order_id JOIN customer c ON c.id = o.customer_id JOIN order_line l ON l.id = e.line_id
    WHERE e.guide_id = ? AND c.guide_id = e.guide_id AND e.kind = 'accrual' AND e.role = 'sole' AND o.refunded_fen = 0
      AND l.qty = 1 ORDER BY e.created_at DESC, e.id LIMIT 1"""
UNPAID = """SELECT o.no FROM orders o JOIN customer c ON c.id = o.customer_id
    WHERE c.guide_id = ? AND o.reason = 'nearest_store' ORDER BY o.paid_at DESC LIMIT 1"""
OF_COLLEAGUE = """SELECT o.id, o.no, o.customer_id, o.created_at FROM orders o
    JOIN commission_entry e ON e.order_id = o.id
    JOIN customer c ON c.id = o.customer_id WHERE c.guide_id = ? AND e.guide_id = c.guide_id AND e.role = 'sole'
      AND e.state = 'pending' AND o.refunded_fen = 0 AND e.kind = 'accrual' AND e.amount_fen > 1000
      AND NOT EXISTS (SELECT 1 FROM touch t WHERE t.person_id = c.id) ORDER BY o.paid_at DESC LIMIT 1"""


EARNED = "SELECT coalesce(sum(amount_fen), 0) FROM commission_entry WHERE order_id = ? AND guide_id = ?"
WHOLE = "SELECT sum(amount_fen) FROM commission_entry WHERE order_id = ? AND kind <> 'tier'"


def yuan(fen: int) -> str:
    return f"{abs(fen) / 100:,.2f}"


def look_up(app: App, number: str) -> None:
    """Find an order by the number a customer reads out."""
    app.go("佣金")
    app.tap("没算的单", exact=True)
    app.type_into(re.compile("按订单号或姓名查"), number)
    row = app.button(re.compile(f"{re.escape(number)}|尾号 {re.escape(number[-4:])}"))
    app.press(row)
    app.sees("这笔订单付了我多少")


def test_a_guide_explains_the_money_to_themselves_and_has_it_put_right(world: World, browser: Browser) -> None:
    facts = Facts(world.home)
    guide = facts.guide_id("G0101")
    order_id, lost = a_share_opened_too_early(facts, guide)
    world.start_server()
    world.start_app()
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    app.sees(re.compile("今日业绩"))

    # The month on the phone is the server's, to the fen.
    since = facts.one("SELECT max(closed_at) FROM statement WHERE guide_id = ?", guide)
    total = facts.one(
        "SELECT sum(amount_fen) FROM commission_entry WHERE guide_id = ? AND created_at >= ?", guide, since
    )
    app.go("佣金")
    app.sees(re.compile(re.escape(f"¥{yuan(total)}")))

    # Why one order paid ¥x: the steps end at the amount; what a return would take is all of it.
    _id, amount, base, number, steps = facts.rows(PAID, guide)[0]
    assert recompute(json.loads(steps)) == amount
    look_up(app, number)
    app.press(app.scroll_to(app.button(re.compile(re.escape(f"+¥{yuan(amount)}")))))
    app.sees("为什么是这个数")
    for step in json.loads(steps):
        app.sees(re.compile(re.escape(f"¥{yuan(step['fen'])}")))
    app.sees(re.compile(re.escape(f"¥{yuan(base)}")))
    app.scroll_to(app.sign("如果退货会怎样"))
    app.scroll_to(app.sign("之后还剩"))
    app.sees(re.compile(re.escape(f"−¥{yuan(amount)}")))
    back_home(app)

    # Why another paid nothing: in plain words.
    look_up(app, facts.one(UNPAID, guide))
    app.sees("下单时这些商品没有提成")
    app.sees(re.compile("总部还没有给这些商品定提成"))
    back_home(app)

    # A customer of a colleague opened my share too early: not on this phone, so the manager is asked.
    look_up(app, lost)
    app.sees("这台手机上没有这笔订单")
    app.type_into(re.compile("补充一句"), "她是我接待的")
    app.tap("问店长", exact=True)
    app.sees("打开分享太早，超出有效期")
    app.sees("超出 7 天")
    assert facts.one(EARNED, order_id, guide) == 0

    # The manager sees the same and accepts.
    manager = App(open_context(browser, TABLET), world.app_url).open()
    sign_in(manager, "M01")
    manager.tap(re.compile("件待处理"))
    manager.tap(re.compile(re.escape(lost)))
    manager.sees("她是我接待的")
    manager.sees("打开分享太早，超出有效期")
    manager.sees("如果同意，会这样改")
    whole = facts.one(WHOLE, order_id)
    manager.press(manager.scroll_to(manager.button("同意，改记给他")))
    eventually(lambda: facts.one(EARNED, order_id, guide) > 0, "the new entry")
    assert facts.one(WHOLE, order_id) == whole

    # The guide sees the new entry, and a closed month whose closing is its sum.
    app.sees("已改判")
    app.scroll_to(app.button(re.compile(re.escape(f"+¥{yuan(facts.one(EARNED, order_id, guide))}"))))
    back_home(app)
    app.tap("结算单", exact=True)
    closed, opening, closing = facts.rows(
        "SELECT month, opening_fen, closing_fen FROM statement WHERE guide_id = ? ORDER BY month DESC LIMIT 1", guide
    )[0]
    lines = "SELECT sum(amount_fen) FROM commission_entry WHERE statement_id = ?"
    assert opening + facts.one(lines, f"{guide}.{closed}") == closing
    app.press(app.button(re.compile(re.escape(f"余额 ¥{yuan(closing)}"))))
    app.sees(re.compile("已在这台手机上核对"))
    app.sees(re.compile(re.escape(f"¥{yuan(opening)}")))
    app.sees(re.compile(re.escape(f"¥{yuan(closing)}")))
    with app.page.expect_download() as download:
        app.tap("发表格")
    sheet = download.value.path().read_text("utf-8-sig")
    assert yuan(closing).replace(",", "") in sheet and "\n-" not in sheet


def a_share_opened_too_early(facts: Facts, guide: str) -> tuple[str, str]:
    """Let a colleague's customer have opened a share of this guide 8 days before an order; return its id and number."""
    order_id, number, customer, created_at = facts.rows(OF_COLLEAGUE, facts.guide_id("G0102"))[0]
    share = facts.one("SELECT id FROM share WHERE guide_id = ? LIMIT 1", guide)
    at = to_text(from_text(created_at) - timedelta(days=8))
    conn = sqlite3.connect(facts.path)
    with conn:
        conn.execute(
            "INSERT INTO touch (id, person_kind, person_id, share_id, guide_id, channel, at)"
            " VALUES ('too-early-touch', 'customer', ?, ?, ?, 'chat', ?)",
            (customer, share, guide, at),
        )
    conn.close()
    return order_id, number


def back_home(app: App) -> None:
    """Go back over every page to the root."""
    for _ in range(6):
        if app.page.url.endswith("/commission"):
            return
        app.back()
    raise AssertionError(f"still at {app.page.url}")
