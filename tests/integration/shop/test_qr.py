"""The coupon's QR on the page is the coupon's signed text."""

from __future__ import annotations

import re

import zxingcpp
from PIL import Image, ImageDraw

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
