"""The coupon's QR on the page is the coupon's signed text."""

from __future__ import annotations

import io
import re

import zxingcpp
from PIL import Image, ImageDraw

from app.domain import instants
from app.protocol.mutations import RedeemCoupon
from server_stub.db import Actor
from server_stub.trade import redemptions
from tests.integration.shop.conftest import PHONE_OF_C1, Shop

SCALE = 6


def _picture(page: str) -> Image.Image:
    found = re.search(r'<svg class="qr" viewBox="0 0 (\d+) \d+".*?<path fill="#000" d="([^"]+)"', page, re.S)
    assert found, "no QR on the page"
    side = int(found[1]) * SCALE
    picture = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", found[2]):
        left, top = int(x) * SCALE, int(y) * SCALE
        pen.rectangle((left, top, left + int(run) * SCALE - 1, top + SCALE - 1), fill=0)
    return picture


def test_rule_1_11_the_pages_code_is_read_from_300_pixels_after_a_poor_jpeg(shop: Shop) -> None:
    coupon = shop.coupon()
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open(f"/c/{coupon.code}")
    picture = _picture(browser.submit(f"/c/{coupon.code}/claim")).resize((300, 300), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    picture.save(small, "JPEG", quality=60)
    decoded = zxingcpp.read_barcodes(Image.open(io.BytesIO(small.getvalue())))
    assert [one.text for one in decoded] == [coupon.qr]


def test_rule_1_11_a_used_coupons_page_says_where_and_when_to_its_owner(shop: Shop) -> None:
    coupon = shop.coupon()
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    browser.open(f"/c/{coupon.code}")
    browser.submit(f"/c/{coupon.code}/claim")
    actor = Actor("g3", "guide", "s2", "21.dev1")
    args = RedeemCoupon("redemption-1", coupon.code, "typed", "s2", instants.to_text(shop.db.now()))
    with shop.db.begin(actor) as tx:
        redemptions.redeem(tx, actor, args)
    page = browser.open(f"/c/{coupon.code}")
    assert 'class="qr"' not in page
    assert "2 号店 · 2026年11月24日 10:30" in page
    assert "2 号店" not in shop.browser().open(f"/c/{coupon.code}")


def test_rule_1_11_the_page_shows_both_forms_only_to_its_owner(shop: Shop) -> None:
    coupon = shop.coupon()
    browser = shop.browser()
    browser.sign_in(PHONE_OF_C1)
    assert 'class="qr"' not in browser.open(f"/c/{coupon.code}")
    page = browser.submit(f"/c/{coupon.code}/claim")
    decoded = zxingcpp.read_barcodes(_picture(page))
    assert [one.text for one in decoded] == [coupon.qr]
    assert coupon.qr.startswith("GC1:")
    assert 'class="qr"' not in shop.browser().open(f"/c/{coupon.code}")
