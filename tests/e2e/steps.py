"""What a guide does, as steps for the browser tests; each waits for what it leads to."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import zxingcpp
from PIL import Image

from tests.e2e.browser import App
from tests.e2e.facts import Member
from tests.e2e.world import World

PIN = "246810"
PHONE_A, PHONE_B = "13900001101", "13900001102"  # the demo keeps these two of G0101 for walk-throughs

POSTER_TAPS = 2  # a product, its poster
NOTE_TAPS = 3  # from a customer's profile
ONE = re.compile(r"^共 \d{1,2} 位")  # what a search of a name leaves of the book
BADGE = re.compile(r"^(离线|在线|需要重新登录|\d+ 条(待同步|被拒))")


def sign_in(app: App, staff_no: str) -> None:
    app.fill_in(("工号", staff_no), ("PIN", PIN))
    app.tap(re.compile("^登录$"))


def clipboard(app: App) -> str:
    return str(app.page.evaluate("navigator.clipboard.readText()"))


def decode(picture: bytes) -> str:
    """Read the poster's code with a decoder that shares nothing with the encoder."""
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == (1080, 1920)
        found = zxingcpp.read_barcodes(opened.convert("RGB"))
    assert len(found) == 1
    return str(found[0].text)


def make_poster(app: App, product: str) -> str:
    """Share a product's poster and return what its code says."""
    app.go("分享")
    app.type_into(re.compile("搜"), product, app.button(re.compile(product)))
    taps = app.taps
    app.tap_until(re.compile(product), app.button("分享海报"))
    with app.page.expect_download() as download:
        app.tap("分享海报")
    assert app.taps - taps <= POSTER_TAPS
    link = decode(Path(download.value.path()).read_bytes())
    app.tap("返回")
    return link


def find_customer(app: App, member: Member) -> None:
    app.go("客户")
    app.type_into(re.compile("搜索"), member.name, app.sign(ONE))
    app.tap_until(re.compile(member.name), app.sign("累计消费"))


def write_note(app: App, member: Member, note: str) -> None:
    find_customer(app, member)
    taps = app.taps
    app.tap(re.compile("^备注$"))
    app.type_into(re.compile("备注"), note)
    app.tap("保存备注")
    app.sees("备注已保存")
    assert app.taps - taps <= NOTE_TAPS


def press_send(app: App, member: Member) -> str:
    """Send the coupon on offer to a member; return the link in the message that came onto the clipboard.

    The clipboard is watched, not the sentence at the foot: one from an earlier coupon may still stand there.
    """
    before = clipboard(app)
    app.tap("发券并复制消息")
    eventually(lambda: clipboard(app) != before, "the message is on the clipboard")
    app.sees(re.compile(f"给 {member.name} 的券已发，消息已复制"))
    found = re.search(r"http://\S+/c/\S+", clipboard(app))
    assert found, clipboard(app)
    return found.group()


def come_online(app: App, world: World) -> None:
    """Give the network back and wait until all is sent; by then the app may have found that out by itself."""
    assert world.proxy
    world.proxy.mend()
    app.tap_until(BADGE, app.button("立即同步"))
    app.tap("立即同步")
    app.sees("一切都已同步")
    app.tap("返回")


def eventually(done: Callable[[], bool], what: str, limit_s: float = 30.0) -> None:
    """Wait until the server has settled something."""
    end = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.1)
