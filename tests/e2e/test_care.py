"""Caring for a customer in Chromium: a reminder planned with no network, a home visit closed with what was kept."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PHONE, App, open_context
from tests.e2e.facts import Facts, Member
from tests.e2e.steps import PHONE_B, come_online, eventually, find_customer, sign_in
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

REMINDER_TAPS = 3  # from the profile


def visits(facts: Facts, member: Member) -> list[tuple[str, list[dict[str, object]]]]:
    rows = facts.rows("SELECT state, pieces FROM follow_up WHERE kind = 'visit' AND customer_id = ?", member.id)
    return [(state, json.loads(pieces)) for state, pieces in rows]


def test_a_reminder_planned_offline_arrives_and_a_home_visit_ends_with_what_was_kept(
    world: World, browser: Browser
) -> None:
    world.start_server()
    world.start_proxy()
    world.start_app()
    facts = Facts(world.home)
    member = facts.member(PHONE_B)
    app = App(open_context(browser, PHONE), world.app_url).open()
    sign_in(app, "G0101")
    find_customer(app, member)  # the first sync has brought them
    app.back()

    # No network: the reminder is planned and waits.
    assert world.proxy
    world.proxy.cut()
    app.sees(re.compile("离线"))
    find_customer(app, member)
    taps = app.taps
    app.tap(re.compile("^安排$"))
    app.tap(re.compile("^安排在 明天"))
    assert app.taps - taps <= REMINDER_TAPS
    app.sees(re.compile("已安排在 明天"))
    reminders = "SELECT count(*) FROM follow_up WHERE kind = 'reminder' AND state = 'open' AND customer_id = ?"
    before = facts.one(reminders, member.id)
    app.back()
    app.sees(re.compile("离线.*待同步"))
    come_online(app, world)
    eventually(lambda: facts.one(reminders, member.id) == before + 1, "the reminder is on the server")

    # A home visit: planned, a piece taken along, closed with it kept.
    planned = len(visits(facts, member))
    name, colour, sizes = facts.rows(
        "SELECT name, colour, sizes FROM product WHERE sizes LIKE '%\"M\"%' ORDER BY no LIMIT 1"
    )[0]
    assert "M" in json.loads(sizes)
    find_customer(app, member)
    app.tap(re.compile("^安排$"))
    app.tap(re.compile("^上门搭配$"))
    app.tap(re.compile("^安排在"))
    app.tap(re.compile("挑选带去的款"))
    app.type_into(re.compile("搜索款名"), f"{name} {colour}")
    app.tap_until(re.compile(re.escape(f"{name} {colour}")), app.sign(re.compile("带哪个码")))
    app.tap(re.compile(r"^M\b"))
    app.tap_until("好了", app.sign("已带 1 件"))
    app.back()
    app.tap_until(re.compile(re.escape(f"{name} {colour} M")), app.button(re.compile("留下 1 件")))
    app.tap(re.compile("留下 1 件"))
    app.sees(re.compile("带去 1 件，留下 1 件"))
    eventually(lambda: len(visits(facts, member)) == planned + 1, "the visit is on the server")
    eventually(lambda: ("done", [True]) in [(s, [one["kept"] for one in p]) for s, p in visits(facts, member)], "kept")
