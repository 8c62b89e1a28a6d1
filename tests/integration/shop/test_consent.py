"""Nothing is kept of what a customer looks at, unless they said yes."""

from __future__ import annotations

import re

from server_stub import tables as t
from server_stub.people import customers
from tests.integration.shop.conftest import NEW_PHONE, PHONE_OF_C1, Shop


def test_before_an_answer_no_cookie_is_set_and_nothing_is_measured(shop: Shop) -> None:
    browser = shop.browser()
    browser.open(f"/s/{shop.share()}")
    assert not dict(browser.http.cookies) and not browser.measures
    assert not shop.rows(t.visitor) and not shop.rows(t.touch)


def test_declined_writes_nothing_and_the_page_works(shop: Shop) -> None:
    browser = shop.browser()
    browser.open(f"/s/{shop.share()}")
    page = browser.submit("/consent", answer="no")
    assert browser.page.url.path.startswith("/s/") and "¥450" in page
    assert not browser.measures and 'id="consent"' not in page
    assert not shop.rows(t.visitor) and not shop.rows(t.browse_event) and not shop.rows(t.touch)
    assert "dg_visitor" not in browser.http.cookies


def test_rule_5_1_a_view_counts_from_three_seconds_once_a_session(shop: Shop) -> None:
    browser, code = shop.browser(), shop.share()
    browser.open(f"/s/{code}")
    browser.submit("/consent", answer="yes")
    browser.view(2)
    assert not shop.rows(t.browse_event)
    for seconds in (3, 6, 12):
        assert browser.view(seconds) == 204
    shop.clock.forward(minutes=10)
    browser.open(f"/s/{code}")
    browser.view(5)
    (event,) = shop.rows(t.browse_event)
    assert event["dwell_s"] == 12 and event["customer_id"] is None
    shop.clock.forward(minutes=31)
    browser.open(f"/s/{code}")
    browser.view(4)
    assert len(shop.rows(t.browse_event)) == 2
    assert shop.rows(t.share)[0]["viewed"] == 2


def test_signing_in_joins_what_this_browser_agreed_to(shop: Shop) -> None:
    browser = shop.browser()
    code = shop.share()
    browser.open(f"/s/{code}")
    browser.submit("/consent", answer="yes")
    browser.view(4)
    browser.sign_in(NEW_PHONE)
    (event,) = shop.rows(t.browse_event)
    (touch,) = shop.rows(t.touch)
    member = next(row["id"] for row in shop.rows(t.customer) if row["phone_tail"] == NEW_PHONE[-4:])
    assert event["customer_id"] == member
    assert (touch["person_kind"], touch["person_id"]) == ("customer", member)
    shop.clock.forward(days=1)
    browser.open(f"/s/{code}")
    browser.view(4)
    assert [row["customer_id"] for row in shop.rows(t.browse_event)] == [member, member]
    assert len({row["session_id"] for row in shop.rows(t.browse_event)}) == 2


def test_a_forged_or_stale_view_is_refused(shop: Shop) -> None:
    browser = shop.browser()
    browser.open("/p/1")
    browser.submit("/consent", answer="yes")
    token = re.search(r'data-view="([^"]+)"', browser.page.text)
    assert token
    for bad in (token[1][:-2] + "xx", "", "a.b.c", "x" * 5000):
        assert browser.http.post("/shop/view", json={"token": bad, "dwell_s": 9}).status_code == 403
    assert (
        browser.http.post("/shop/view", content=b"\xff{", headers={"content-type": "application/json"}).status_code
        == 409
    )
    headers = {"content-type": "application/json"}
    assert browser.http.post("/shop/view", content=b"[" * 16_000, headers=headers).status_code == 409
    assert browser.http.post("/shop/view", content=rb'{"token":"a.b.\ud800"}', headers=headers).status_code == 403
    shop.clock.forward(hours=13)
    assert browser.view(9) == 403
    assert not shop.rows(t.browse_event)


def test_withdrawing_is_one_tap_and_ends_it_at_once(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open("/p/1")
    assert browser.measures
    token = re.search(r'data-view="([^"]+)"', browser.page.text)
    browser.open("/me")
    browser.submit("/me/consent", purpose="browse", answer="no")
    assert token and browser.http.post("/shop/view", json={"token": token[1], "dwell_s": 9}).status_code == 204
    browser.open("/p/1")
    assert not browser.measures and not shop.rows(t.browse_event)
    shop.clock.forward(seconds=1)
    browser.open("/me")
    browser.submit("/me/consent", purpose="browse", answer="yes")
    browser.open("/p/1")
    assert browser.measures


def test_rule_3_3_views_by_staff_never_count(shop: Shop) -> None:
    with shop.db.begin() as tx:
        tx.conn.execute(t.customer.update().where(t.customer.c.id == "c1").values(staff_member=True))
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open("/p/1")
    browser.view(9)
    assert not shop.rows(t.browse_event)


def test_rule_3_3_a_share_opened_by_staff_counts_nowhere(shop: Shop) -> None:
    code = shop.share()
    with shop.db.begin() as tx:  # hired since: nothing was written at the member
        same = t.customer.select().where(t.customer.c.id == "c1")
        digest = tx.conn.execute(same).mappings().one()["phone_hash"]
        tx.conn.execute(t.staff.update().where(t.staff.c.id == "g2").values(phone_hash=digest))
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    assert "¥450" in browser.open(f"/s/{code}")
    browser.view(9)
    (share,) = shop.rows(t.share)
    assert (share["opened"], share["viewed"]) == (0, 0)
    assert not shop.rows(t.guide_day) and not shop.rows(t.touch) and not shop.rows(t.browse_event)


def test_adding_a_guide_asks_each_consent_on_its_own(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(NEW_PHONE, "/g/card11")
    browser.submit("/g/CARD11", name="王芳", marketing="yes")
    member = next(row for row in shop.rows(t.customer) if row["phone_tail"] == NEW_PHONE[-4:])
    asked = {row["purpose"]: row["granted"] for row in shop.rows(t.consent) if row["person_id"] == member["id"]}
    assert (member["guide_id"], member["name"], member["initials"]) == ("g1", "王芳", "wf")
    assert asked == {"marketing": True}


def test_a_protected_member_keeps_their_guide_and_is_told_why(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1, "/g/CARD12?lang=en")
    page = browser.submit("/g/CARD12")
    assert browser.page.status_code == 409 and "already have a personal guide" in page


def test_a_code_is_good_once_five_tries_and_five_minutes(shop: Shop) -> None:
    browser = shop.browser()
    browser.open("/signin?lang=en")
    browser.submit("/signin", phone="138-0000-0001")
    good = re.search(r'demo-code">(\d{6})<', browser.page.text)
    assert good
    wrong = f"{(int(good[1]) + 1) % 1_000_000:06d}"
    for _ in range(5):
        page = browser.submit("/signin/code", code=wrong)
        assert "wrong or too old" in page
    assert "wrong or too old" in browser.submit("/signin/code", code=good[1])
    browser.open("/signin")
    browser.submit("/signin", phone="13800000001")
    late = re.search(r'demo-code">(\d{6})<', browser.page.text)
    shop.clock.forward(minutes=6)
    assert late and "wrong or too old" in browser.submit("/signin/code", code=late[1])
    assert "11-digit" in (browser.open("/signin") and browser.submit("/signin", phone="12345"))


def test_codes_are_rate_limited(shop: Shop) -> None:
    browser = shop.browser()
    for _ in range(6):
        browser.open("/signin?lang=en")
        page = browser.submit("/signin", phone=NEW_PHONE)
    assert browser.page.status_code == 429 and "too often" in page


def test_signing_out_ends_the_session_on_the_server(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    token = browser.http.cookies["dg_member"]
    browser.open("/me")
    browser.submit("/signout")
    assert not browser.http.cookies.get("dg_member")
    thief = shop.browser()
    thief.http.cookies.set("dg_member", token)
    thief.open("/me")
    assert thief.page.url.path == "/signin"


def test_a_check_out_begun_is_kept_under_consent_once_a_session(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    path = "/checkout?product=1&size=M"
    browser.open(path, purpose="prefetch")  # the browser looked ahead, nobody came
    assert not shop.rows(t.browse_event)
    browser.open("/p/1")
    browser.view(5)
    for _ in range(2):
        browser.open(path)
    shop.clock.forward(minutes=31)
    browser.open(path)
    begun = [row for row in shop.rows(t.browse_event) if row["kind"] == "checkout"]
    assert [(row["customer_id"], row["dwell_s"]) for row in begun] == [("c1", 0)] * 2
    assert len({row["session_id"] for row in begun}) == 2
    viewed = [row for row in shop.rows(t.browse_event) if row["kind"] == "view"]
    assert len(viewed) == 1 and viewed[0]["dwell_s"] == 5  # a check-out lengthens no view


def test_a_check_out_begun_is_not_kept_without_consent_nor_of_staff(shop: Shop) -> None:
    stranger = shop.browser()
    stranger.open("/checkout?product=1&size=M")
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open("/me")
    browser.submit("/me/consent", purpose="browse", answer="no")
    browser.open("/checkout?product=1&size=M")
    shop.clock.forward(seconds=1)
    browser.open("/me")
    browser.submit("/me/consent", purpose="browse", answer="yes")
    with shop.db.begin() as tx:
        tx.conn.execute(t.customer.update().where(t.customer.c.id == "c1").values(staff_member=True))
    browser.open("/checkout?product=1&size=M")
    assert not shop.rows(t.browse_event)


def test_article_24_personal_suggestions_hold_until_the_member_says_no(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    assert "Suggestions for me" in browser.open("/me?lang=en")
    for answer, granted in (("no", False), ("yes", True)):
        shop.clock.forward(seconds=1)
        browser.open("/me")
        browser.submit("/me/consent", purpose="personal", answer=answer)
        with shop.db.begin() as tx:
            assert customers.consents_of(tx.conn, "customer", "c1")["personal"] is granted
