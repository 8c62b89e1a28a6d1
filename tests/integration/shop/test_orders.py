"""Coupons and orders on the pages."""

from __future__ import annotations

import re

import pytest

from server_stub import tables as t
from tests.integration.shop.conftest import NEW_PHONE, PHONE_OF_C1, Browser, Shop


def _member(shop: Shop) -> Browser:
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open("/me?lang=en")
    return browser


def _state(shop: Shop, coupon_id: str) -> dict[str, object]:
    return next(dict(row) for row in shop.rows(t.coupon) if row["id"] == coupon_id)


def test_opening_claiming_and_using_a_coupon(shop: Shop) -> None:
    coupon = shop.coupon()
    stranger = shop.browser()
    page = stranger.open(f"/C/{coupon.code.lower()}?lang=en")
    assert "¥50" in page and "Sign in and claim" in page and coupon.qr not in page
    assert _state(shop, coupon.id)["opened_at"]
    browser = _member(shop)
    browser.open(f"/c/{coupon.code}")
    page = browser.submit(f"/c/{coupon.code}/claim")
    assert "It is yours" in page and f"{coupon.code[:4]}-{coupon.code[4:8]}-{coupon.code[8:]}" in page
    assert _state(shop, coupon.id)["state"] == "claimed"
    browser.open("/checkout?product=1&size=M")
    assert re.search(r'class="sum">¥400<', browser.page.text)
    page = browser.submit("/checkout") if browser.form("/checkout").method == "post" else _place(browser)
    assert "Thank you" in page and "You saved ¥50" in page and "林知夏 looked after you" in page
    assert "has been used" in browser.open(f"/c/{coupon.code}")
    again = browser.open("/checkout?product=1&size=M")
    assert "No coupon to use here" in again and 'class="sum">¥450<' in again


def _place(browser: Browser) -> str:
    """Send the page's second form, the one that places the order."""
    part = browser.page.text[browser.page.text.index('id="place"') :]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', part[: part.index("</form>")]))
    browser.page = browser.http.post("/checkout", data=fields)
    return str(browser.page.text)


def test_the_same_form_twice_is_one_order(shop: Shop) -> None:
    browser = _member(shop)
    browser.open("/checkout?product=2&size=S&qty=2")
    shown = browser.page
    first = _place(browser) and browser.page.url.path
    browser.page = shown
    second = _place(browser) and browser.page.url.path
    assert first == second and len(shop.rows(t.orders)) == 1
    (order,) = shop.rows(t.orders)
    assert (order["paid_fen"] == 180_000 and order["closing_guide_id"]) or order["bound_guide_id"] == "g1"


def test_a_changed_price_is_shown_before_it_is_paid(shop: Shop) -> None:
    browser = _member(shop)
    browser.open("/checkout?product=1&size=S")
    with shop.db.begin() as tx:
        tx.conn.execute(t.product.update().where(t.product.c.id == "p1").values(price_fen=46_000))
    page = _place(browser)
    assert browser.page.status_code == 409 and "has just changed" in page and 'class="sum">¥460<' in page
    assert not shop.rows(t.orders)
    assert "Thank you" in _place(browser)


def test_a_size_that_is_gone_is_not_sold(shop: Shop) -> None:
    browser = _member(shop)
    browser.open("/checkout?product=1&size=L")
    assert browser.page.status_code == 409 and "choose a size" in browser.page.text
    browser.open("/checkout?product=1&size=M")
    with shop.db.begin() as tx:
        tx.conn.execute(t.stock.update().where(t.stock.c.id == "s1.p1").values(sizes={"M": 0}))
    assert "choose a size" in _place(browser)
    assert not shop.rows(t.orders)


def test_rule_1_12_what_is_missing_for_the_threshold_is_said(shop: Shop) -> None:
    with shop.db.begin() as tx:
        tx.conn.execute(t.product.update().where(t.product.c.id == "p1").values(price_fen=19_900))
    coupon = shop.coupon()
    browser = _member(shop)
    page = browser.open("/checkout?product=1&size=M")
    assert "¥1 more to use it" in page and 'class="sum">¥199<' in page
    page = browser.open("/checkout?product=1&size=M&qty=2")
    assert 'class="sum">¥348<' in page and coupon.id in page
    assert 'class="sum">¥398<' in browser.open("/checkout?product=1&size=M&qty=2&coupon=none")


def test_a_coupon_past_its_day_says_so(shop: Shop) -> None:
    coupon = shop.coupon()
    browser = _member(shop)
    browser.open(f"/c/{coupon.code}")
    shown = browser.form(f"/c/{coupon.code}/claim")
    shop.clock.forward(days=15)
    browser.open("/me")
    fresh = browser.form("/signout").fields["csrf"]
    browser.page = browser.http.post(shown.action, data={"csrf": fresh})
    assert browser.page.status_code == 409 and "has expired" in browser.page.text
    page = browser.open(f"/c/{coupon.code}")
    assert "has expired" in page and "Ask your guide" in page and '<form method="post"' not in page


def test_a_coupon_of_somebody_else_cannot_be_claimed(shop: Shop) -> None:
    coupon = shop.coupon("c2")
    browser = _member(shop)
    page = browser.open(f"/c/{coupon.code}")
    assert "another member" in page and "Claim it" not in page
    fresh = browser.open("/me") and browser.form("/signout").fields["csrf"]
    browser.page = browser.http.post(f"/c/{coupon.code}/claim", data={"csrf": fresh})
    assert browser.page.status_code == 409
    assert _state(shop, coupon.id)["state"] == "issued"


def test_rule_1_4_a_coupon_works_before_the_phone_has_synced(shop: Shop) -> None:
    coupon = shop.coupon(issued=False)
    browser = _member(shop)
    browser.open(f"/c/{coupon.code}")
    assert "It is yours" in browser.submit(f"/c/{coupon.code}/claim")


def test_orders_are_private(shop: Shop) -> None:
    browser = _member(shop)
    browser.open("/checkout?product=1&size=M")
    _place(browser)
    path = browser.page.url.path
    other = shop.browser()
    other.sign_in(NEW_PHONE)
    other.open(path)
    assert other.page.status_code == 404
    anonymous = shop.browser()
    anonymous.open(path)
    assert anonymous.page.url.path == "/signin"


@pytest.mark.parametrize(
    "query", ["", "product=x", "product=1", "product=1&size=XXL", "product=1&size=M&qty=-1", "product=1&size=M&qty=²"]
)
def test_bad_check_outs_are_answered(shop: Shop, query: str) -> None:
    browser = _member(shop)
    browser.open(f"/checkout?{query}")
    assert browser.page.status_code in (200, 404, 409) and "<h1" in browser.page.text


def test_a_share_brings_its_guide_the_order(shop: Shop) -> None:
    browser = shop.browser()
    code = shop.share()
    browser.open(f"/s/{code}")
    browser.submit("/consent", answer="yes")
    browser.sign_in(NEW_PHONE)
    browser.open(f"/checkout?product=1&size=M&via={code}")
    _place(browser)
    (order,) = shop.rows(t.orders)
    assert order["closing_guide_id"] == "g1" and order["store_id"] == "s1"


def test_the_last_piece_is_sold_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.db.begin() as tx:
        tx.conn.execute(t.stock.update().values(sizes={"S": 1}))
    browser = _member(shop)
    browser.open("/checkout?product=1&size=S")
    begin = shop.db.begin

    def after_another() -> object:
        """Sell the piece to somebody else just before this order's transaction begins."""
        monkeypatch.undo()
        with begin() as tx:
            tx.conn.execute(t.stock.update().values(sizes={"S": 0}))
        return begin()

    monkeypatch.setattr(shop.db, "begin", after_another)
    _place(browser)
    assert browser.page.status_code == 409 and not shop.rows(t.orders)
