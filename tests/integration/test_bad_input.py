"""Bad input: each gives one clear sentence in both languages and what to do; nothing is lost, nothing crashes.

The client is the one the bootstrap assembles, the server the real application on a real file.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from app.bootstrap import Client, Installation, Settings, later
from app.domain.errors import GuideError, LocalFault, Rejected
from app.mutations import make_share, mutate, send_coupon
from app.protocol import crockford
from app.protocol.mutations import EditNote, IssueCoupon
from app.security import FileKeyStore
from app.store import outbox
from app.store.queries import coupons, customers, products, shares, work
from app.sync import OfflineSwitch, State
from app.ui.screens.share import content
from app.ui.screens.share.poster import FOLDER, Draft, share_poster
from app.ui.screens.sync import SyncScreen
from app.ui.strings import Strings
from server_stub import jobs
from server_stub import tables as t
from server_stub.__main__ import app as commands
from server_stub.shop import texts
from server_stub.trade import shares as server_shares
from tests.fakes.device import TestClock
from tests.fakes.server import NOW, PIN, SECRETS, Server, open_world, running, settings_at
from tests.fakes.ui import FakeUi
from tests.integration.client.test_content import DAY, folder
from tests.integration.shop.conftest import PHONE_OF_C1, Browser, Shop, shop  # noqa: F401 - a fixture
from tests.integration.trade.test_imports import BROKEN, CDNOW, SAMPLE

LANGUAGES = ("zh_CN", "en")
SENTENCE = re.compile(r"[^{}]{12,140}[。.]")


def said(error: GuideError, language: str) -> str:
    """Return what a user reads; fails unless it is one filled sentence of its own."""
    text = Strings(language).error(error)
    assert SENTENCE.fullmatch(text) and error.code not in text, text
    assert text != Strings(language).error("internal")
    assert (max(text) >= "\u4e00") is (language == "zh_CN"), text
    return text


class Switchboard(httpx.AsyncBaseTransport):
    """The way to the server: open, or whatever stands in its place."""

    def __init__(self, server: Server) -> None:
        self._open = httpx.ASGITransport(app=server.app)
        self.instead: httpx.Response | httpx.TransportError | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self.instead, httpx.TransportError):
            raise self.instead
        if self.instead is not None:
            return httpx.Response(self.instead.status_code, content=self.instead.content, headers=self.instead.headers)
        if request.url.path == "/api/sync/live":  # this transport would wait for the end of the stream
            raise httpx.ConnectError("no live channel here")
        return await self._open.handle_async_request(request)


@dataclass
class Brand:
    """A server, the way to it, and devices with a clock of their own."""

    server: Server
    way: Switchboard
    root: Path
    clock: TestClock = field(default_factory=lambda: TestClock(NOW))
    devices: list[Installation] = field(default_factory=list)

    def device(self, name: str = "phone-0001") -> Installation:
        """Return a device as it starts: a second call with the same name is the app opened again."""
        home = self.root / name
        settings = Settings(home, "http://server.test", 0, "127.0.0.1", "auto", production=False, allow_web=False)
        made = Installation(name, settings, FileKeyStore(home / "keystore.json"), self.clock)
        self.devices.append(made)
        return made

    async def client(self, name: str = "phone-0001") -> Client:
        client = await self.device(name).sign_in("G0101", PIN)
        await client.engine.sync_now()
        return client

    def cut(self) -> None:
        self.way.instead = httpx.ConnectError("refused")

    def mend(self) -> None:
        self.way.instead = None

    def count(self, table: Any) -> int:
        with self.server.db.read() as conn:
            return len(conn.execute(table.select()).all())


@pytest.fixture
async def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Brand]:
    async with running(tmp_path / "server") as server:
        made = Brand(server, Switchboard(server), tmp_path)
        monkeypatch.setattr(later, "OfflineSwitch", lambda: OfflineSwitch(made.way))
        yield made
        for device in made.devices:
            await device.close()


@contextmanager
def full_disk(largest: int = 64) -> Iterator[None]:
    """Let no file grow beyond some bytes, as a disk with no room does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def fill(ui: FakeUi, language: str, pin: str, staff_no: str | None = None) -> None:
    """Fill the login in and press its button."""
    chinese = language == "zh_CN"
    if staff_no:
        await ui.type("工号" if chinese else "Staff number", staff_no)
    button = ("登录" if chinese else "Sign in") if staff_no else ("解锁" if chinese else "Unlock")
    await ui.until(lambda: any(button in one for one in ui.buttons()))  # the last try is over
    await ui.type("PIN", pin)
    await ui.press(button)


async def shows(ui: FakeUi, text: str) -> None:
    await ui.until(lambda: ui.shows(text))
    assert ui.reports == [], "a crash was reported"


# --- the way in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_wrong_pin_online_and_offline(brand: Brand, language: str) -> None:
    strings = Strings(language)
    ui = await FakeUi.app(installation=brand.device(), language=language)
    await fill(ui, language, "111111", "g0101")
    await shows(ui, said(Rejected("wrong_pin"), language))
    await fill(ui, language, PIN, "g0101")
    await ui.until(lambda: ui.ui.client is not None)
    await ui.ui.client.engine.sync_now()
    await mutate(ui.ui.client, EditNote("c1", "kept"))
    await ui.ui.installation.close()
    brand.cut()
    ui = await FakeUi.app(installation=brand.device(), language=language)
    for left in (9, 8, 7, 6, 5):
        await fill(ui, language, "111111")
        await shows(ui, said(Rejected("unlock_wrong_pin", params={"left": left}), language))
    await fill(ui, language, PIN)  # the right one, too early
    await shows(ui, strings.error("unlock_locked", {"seconds": 30}))
    brand.clock.advance(31)
    await fill(ui, language, PIN)
    await ui.until(lambda: ui.ui.client is not None)
    assert ui.ui.client.store.query(customers.customer_by_id, "c1").note == "kept"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_key_lost_after_ten_tries_offline_says_to_sign_in_online(brand: Brand, language: str) -> None:
    client = await brand.client()
    await mutate(client, EditNote("c1", "kept"))
    brand.cut()
    await brand.devices[0].close()
    ui = await FakeUi.app(installation=brand.device(), language=language)
    for _ in range(10):
        await fill(ui, language, "111111")
        brand.clock.advance(7_200)
    await fill(ui, language, PIN)
    await shows(ui, said(LocalFault("key_lost"), language))
    brand.mend()
    await fill(ui, language, PIN)
    await ui.until(lambda: ui.ui.client is not None)
    assert ui.ui.client.store.query(customers.customer_by_id, "c1").note == "kept"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_locked_account_says_when_it_opens_and_opens_then(brand: Brand, language: str) -> None:
    ui = await FakeUi.app(installation=brand.device(), language=language)
    for _ in range(5):
        await fill(ui, language, "111111", "G0101")
        await shows(ui, Strings(language).error("wrong_pin"))
    await fill(ui, language, PIN, "G0101")  # even the right PIN waits
    await shows(ui, said(Rejected("account_locked", params={"seconds": 60}), language))
    assert ui.shows("1 min" if language == "en" else "1 分钟")
    brand.server.clock.forward(seconds=60)
    await fill(ui, language, PIN, "G0101")
    await ui.until(lambda: ui.ui.client is not None)


PORTAL = httpx.Response(200, html="<html>Welcome to our wireless network</html>")
AWAY = (
    httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.RemoteProtocolError("cut"), PORTAL,
    httpx.Response(302, headers={"Location": "http://portal.test"}), httpx.Response(502, text="Bad gateway"),
    httpx.Response(503, json={"code": "server_fault"}),
)  # fmt: skip


@pytest.mark.parametrize("instead", AWAY, ids=lambda one: getattr(one, "status_code", None) or type(one).__name__)
async def test_the_server_away_at_the_first_login(brand: Brand, instead: Any) -> None:
    brand.way.instead = instead
    for language in LANGUAGES:
        device = brand.device()
        ui = await FakeUi.app(installation=device, language=language)
        await fill(ui, language, PIN, "G0101")
        await shows(ui, said(Rejected("first_login_offline"), language))
        assert device.known_staff() == ()
    brand.mend()
    await fill(ui, "en", PIN, "G0101")
    await ui.until(lambda: ui.ui.client is not None)


# --- the clock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_s", [-86_400, 86_400])
async def test_a_device_clock_a_day_off_at_the_first_login(brand: Brand, skew_s: int) -> None:
    brand.clock.skew_s = skew_s
    client = await brand.device().sign_in("G0101", PIN)
    assert client.clock.now() == NOW, "before the first pull"
    await client.engine.sync_now()
    sent = await send_coupon(client, "t1", "c1")
    made = make_share(client, "product", 1, "chat")
    assert (sent.issued_at, made.created_at) == ("2026-11-24T02:30:00Z", "2026-11-24T02:30:00Z")
    await client.engine.sync_now()
    confirmed = client.store.query(coupons.coupon_by_id, sent.id)
    assert (confirmed.issued_at, confirmed.valid_until) == (sent.issued_at, sent.valid_until)
    assert client.store.query(work.rejected) == []
    with brand.server.db.begin() as tx:
        assert server_shares.resolve(tx, made.code) is not None
    ui = await FakeUi.app(client)
    assert ui.ui.clock.now() == NOW, "screens show the store's day"


@pytest.mark.parametrize("skew_h", [-36, -24, -12, 12, 24, 36])
async def test_a_device_clock_set_wrong_later_moves_neither_coupons_nor_quiet_hours(brand: Brand, skew_h: int) -> None:
    client = await brand.client()
    brand.cut()
    brand.clock.skew_s = skew_h * 3_600
    assert (await send_coupon(client, "t1", "c1")).issued_at == "2026-11-24T02:30:00Z"  # 10:30, whatever it shows
    brand.clock.advance(12 * 3_600)  # 22:30 in the store
    with pytest.raises(Rejected) as quiet:
        await send_coupon(client, "t1", "c2")
    assert quiet.value.code == "quiet_hours"
    assert [said(quiet.value, one) for one in LANGUAGES][1].endswith("Send it after Nov 25 09:00.")
    brand.clock.advance(-12 * 3_600)
    await brand.devices[0].close()
    if skew_h < 0:  # a clock set back could hide that the 72 hours are over: only the server opens then
        with pytest.raises(LocalFault, match="clock_set_back"):
            await brand.device().unlock("G0101", PIN)
        brand.clock.skew_s = 0
    again = await brand.device().unlock("G0101", PIN)  # opened again with no network: never before what was heard
    assert again.clock.now() >= NOW
    brand.mend()
    await again.engine.sync_now()
    assert again.clock.now() == NOW
    assert again.store.query(work.rejected) == []
    (issued,) = again.store.query(coupons.coupons_sent, "all", "2026-11-24T02:30:00Z")
    assert issued.issued_at == "2026-11-24T02:30:00Z"


# --- codes -------------------------------------------------------------------------------------------------------


async def test_a_share_code_altered_in_any_one_place_credits_nobody_and_says_so(brand: Brand) -> None:
    client = await brand.client()
    code = make_share(client, "product", 1, "chat").code
    good = await brand.server.http.get(f"/s/{code}", headers={"user-agent": "Mozilla/5.0 Chrome/140"})
    assert good.status_code == 200
    rows = brand.count(t.share)
    for place, char in enumerate(code):
        for step in (1, 7):
            other = crockford.ALPHABET[(crockford.ALPHABET.index(char) + step) % 32]
            altered = code[:place] + other + code[place + 1 :]
            with brand.server.db.begin() as tx:
                assert server_shares.resolve(tx, altered) is None, altered
        language = LANGUAGES[place % 2]
        page = await brand.server.http.get(f"/s/{altered}?lang={language}")
        assert page.status_code == 404
        assert texts.load(language)("bad_share.sentence") in page.text and "bad_share" not in page.text
    assert brand.count(t.share) == rows


def order_form(browser: Browser) -> dict[str, str]:
    """Return the fields of the form that places the order."""
    part = browser.page.text[browser.page.text.index('id="place"') :]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', part[: part.index("</form>")]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_coupon_used_twice_at_two_check_outs_is_used_once(shop: Shop, language: str) -> None:  # noqa: F811
    coupon = shop.coupon()
    browsers = [shop.browser(), shop.browser()]
    for browser in browsers:  # one customer with two devices, both at the check-out
        shop.clock.forward(seconds=5)
        browser.sign_in(PHONE_OF_C1)
        browser.open(f"/checkout?product=1&size=M&coupon={coupon.id}&lang={language}")
        assert order_form(browser)["coupon"] == coupon.id

    async def together() -> list[httpx.Response]:
        posts = (one.http._client.post("/checkout", data=order_form(one)) for one in browsers)
        return list(await asyncio.gather(*posts))

    answers = shop.runner.run(together())
    assert sorted(one.status_code for one in answers) == [200, 409]
    refused = next(one for one in answers if one.status_code == 409)
    assert texts.load(language)("checkout.coupon_used") in refused.text
    (order,) = shop.rows(t.orders)
    assert (order["coupon_id"], order["paid_fen"]) == (coupon.id, 40_000)
    second = browsers[answers.index(refused)]
    second.page = refused  # nothing of the basket is lost: the new amount is shown and can be placed
    second.http.post("/checkout", data=order_form(second))
    assert [row["paid_fen"] for row in shop.rows(t.orders)] == [40_000, 45_000]
    assert [row["coupon_id"] for row in shop.rows(t.orders)] == [coupon.id, None]


async def test_a_coupon_handed_out_by_two_devices_goes_to_the_first(brand: Brand) -> None:
    one, two = await brand.client("phone-0001"), await brand.client("phone-0002")
    await one.engine.sync_now()
    sent = await send_coupon(two, "t1", "c1")
    await two.engine.sync_now()
    await one.engine.sync_now()
    with pytest.raises(Rejected) as no:
        await mutate(one, IssueCoupon(sent.id, "c2", None, None))
    assert no.value.code in ("no_lease", "coupon_not_available", "contact_other_device")
    assert all(said(no.value, language) for language in LANGUAGES)
    args = {"coupon_id": sent.id, "customer_id": "c2", "signal": None, "product_id": None, "mid": "m-1"}
    args["at"] = "2026-11-24T02:30:00Z"  # what a changed app would send in spite of its own rules
    await one.store.write(lambda tx: outbox.append(tx, IssueCoupon.NAME, args, "customer/c2"))
    await one.engine.sync_now()
    (refusal,) = one.store.query(work.rejected)
    assert all(said(Rejected(refusal.code, params=refusal.params), language) for language in LANGUAGES)
    with brand.server.db.read() as conn:
        row = conn.execute(t.coupon.select().where(t.coupon.c.id == sent.id)).mappings().one()
    assert row["customer_id"] == "c1"


# --- files -------------------------------------------------------------------------------------------------------


@pytest.fixture
def headquarters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder for files, beside a brand that the commands find."""
    home = tmp_path / "home"
    open_world(home).close()
    SECRETS.save(home / "server" / "secrets.json")
    monkeypatch.setenv("DAOGOU_HOME", str(home))
    monkeypatch.setenv("DAOGOU_ENV", "test")
    monkeypatch.delenv("DAOGOU_CLOCK_FILE", raising=False)
    yield tmp_path


def orders_at(home: Path) -> int:
    with closing(sqlite3.connect(settings_at(home).folder / "daogou.db")) as conn:
        return int(conn.execute("SELECT count(*) FROM orders").fetchone()[0])


def test_an_import_with_broken_lines_takes_the_rest_and_names_them(headquarters: Path) -> None:
    lines = SAMPLE.read_text().splitlines()[:60]
    for number, (text, _) in BROKEN.items():
        lines.insert(number - 1, text)
    file = headquarters / "broken.txt"
    file.write_text("\n".join(lines))
    run = CliRunner().invoke(commands, ["import", "orders", str(file), "--map", str(CDNOW)])
    assert run.exit_code == 0 and "Imported 60 orders." in run.output, run.output
    for number in BROKEN:
        assert re.search(rf"line {number}: \w+: .+", run.output)
    assert len((headquarters / "broken.txt.rejected.csv").read_text().splitlines()) == 1 + len(BROKEN)
    again = CliRunner().invoke(commands, ["import", "orders", str(file), "--map", str(CDNOW)])
    assert "Nothing new" in again.output and orders_at(headquarters / "home") == 60


@pytest.mark.parametrize("what", [b"", b"\x00\xff\xfe\x01" * 300, b"\n\n\n", b"%PDF-1.7 nothing of this kind"])
def test_a_file_that_is_no_list_at_all_is_refused_in_one_sentence(headquarters: Path, what: bytes) -> None:
    file = headquarters / "strange.csv"
    file.write_bytes(what)
    run = CliRunner().invoke(commands, ["import", "orders", str(file)])
    assert run.exit_code == 2 and isinstance(run.exception, SystemExit), run.output
    assert "Not imported: " in run.output + run.stderr and "Traceback" not in run.output
    assert orders_at(headquarters / "home") == 0


# --- a full disk -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_full_disk_while_writing_a_poster(brand: Brand, language: str) -> None:
    client = await brand.client()
    product = client.store.query(products.product_by_id, "p1")
    draft = Draft(product, content.built_in()[0], "看看这件", "chat")
    ui = await FakeUi.app(client, language=language)
    with full_disk(20_000):
        ui.ui.run(share_poster, ui.ui, draft)
        await shows(ui, said(LocalFault("disk_full"), language))
    assert list((client.store.folder / FOLDER).iterdir()) == [], "no half poster"
    assert ui.device.shared == [] and client.engine.status.waiting == 0
    ui.ui.run(share_poster, ui.ui, draft)  # with room again it simply works
    await ui.until(lambda: len(ui.device.shared) == 1)
    await client.engine.sync_now()
    assert len(client.store.query(shares.my_shares)) == 1


async def test_a_device_that_cannot_take_the_file_says_whether_the_disk_is_full(brand: Brand) -> None:
    client = await brand.client()
    draft = Draft(client.store.query(products.product_by_id, "p1"), content.built_in()[0], "", "chat")
    for error, code in (
        (RuntimeError("FileSystemException: No space left on device, errno = 28"), "disk_full"),
        (RuntimeError("PlatformException"), "poster_failed"),
    ):
        ui = await FakeUi.app(client, language="en")

        async def refuse(*_file: Any, error: Exception = error) -> str:
            raise error

        ui.device.file = refuse  # type: ignore[method-assign]
        ui.ui.run(share_poster, ui.ui, draft)
        await shows(ui, said(LocalFault(code), "en"))
    assert client.engine.status.waiting == 0


async def test_a_full_disk_while_writing_the_store_changes_nothing(brand: Brand) -> None:
    client = await brand.client()
    brand.cut()
    await mutate(client, EditNote("c1", "before"))
    with full_disk(), pytest.raises(LocalFault) as full:
        await mutate(client, EditNote("c1", "lost"))
    assert full.value.code == "disk_full" and all(said(full.value, one) for one in LANGUAGES)
    assert client.store.query(customers.customer_by_id, "c1").note == "before"
    assert client.store.query(work.outbox_count) == 1
    await mutate(client, EditNote("c2", "after"))
    brand.mend()
    await client.engine.sync_now()
    notes = {one.id: one.note for one in client.store.query(customers.all_customers)}
    assert (notes["c1"], notes["c2"]) == ("before", "after")
    assert client.store.query(work.outbox_count) == 0


async def test_a_store_that_may_not_grow_keeps_every_note_it_took(brand: Brand) -> None:
    client = await brand.client()
    brand.cut()
    pages = client.store.read.value("PRAGMA page_count")
    await client.store.write(lambda tx: tx.conn.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone() and None)
    taken = 0
    with pytest.raises(LocalFault) as full:
        for taken in range(200):
            await mutate(client, EditNote("c1", f"{taken} " + "长" * 1_900))
    assert full.value.code == "disk_full" and taken > 0
    assert client.store.query(work.outbox_count) == taken
    assert client.store.query(customers.customer_by_id, "c1").note.startswith(f"{taken - 1} ")
    await client.store.write(lambda tx: tx.conn.execute("PRAGMA max_page_count = 1000000").fetchone() and None)
    brand.mend()
    await client.engine.sync_now()
    with brand.server.db.read() as conn:
        row = conn.execute(t.customer.select().where(t.customer.c.id == "c1")).mappings().one()
    assert row["note"].startswith(f"{taken - 1} ")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_full_disk_at_the_login_leaves_the_keys_as_they_are(brand: Brand, language: str) -> None:
    client = await brand.client()
    await mutate(client, EditNote("c1", "kept"))
    await brand.devices[0].close()
    brand.cut()
    ui = await FakeUi.app(installation=brand.device(), language=language)
    with full_disk():
        await fill(ui, language, PIN)
        await shows(ui, said(LocalFault("disk_full"), language))
    await fill(ui, language, PIN)
    await ui.until(lambda: ui.ui.client is not None)
    assert ui.ui.client.store.query(customers.customer_by_id, "c1").note == "kept"


# --- content from headquarters -----------------------------------------------------------------------------------


async def test_a_tampered_pack_is_refused_and_the_old_one_stays(brand: Brand) -> None:
    from server_stub.hq.packs import publish

    client = await brand.client()
    with brand.server.db.begin() as tx:
        publish(tx, folder(brand.root))
    await client.engine.sync_now()
    await client.content.refresh()
    with brand.server.db.begin() as tx:
        publish(tx, folder(brand.root, "第二版"))
        tx.conn.execute(update(t.pack).values(manifest=t.pack.c.manifest + " "))
    await client.engine.sync_now()
    await client.content.refresh()
    assert client.content.today(DAY).title == "换季"
    (problem,) = client.store.query(work.problems)
    for language in LANGUAGES:
        sentence = said(LocalFault(problem.code, params=problem.params), language)
        ui = await FakeUi.screen(client, SyncScreen, language=language)
        await shows(ui, sentence)
    assert client.engine.status.state is State.ONLINE


# --- the server's own writing ------------------------------------------------------------------------------------


async def test_phones_that_listen_do_not_hold_the_database(brand: Brand) -> None:
    events = brand.server.app.state.live.stream(("brand", "guide:g1"), 20)
    assert await anext(events) == ": ready\n\n"
    await asyncio.sleep(0.3)  # the watcher has looked, and looked again
    path = brand.server.db.settings.folder / "daogou.db"
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as other:  # a job or a command
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE staff SET name = name")
        other.execute("COMMIT")
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "somebody stays in a snapshot"
    await events.aclose()


async def test_a_transaction_inside_a_transaction_fails_at_once(brand: Brand) -> None:
    db, began = brand.server.db, time.monotonic()
    with pytest.raises(RuntimeError, match="inside a transaction"), db.begin(), db.begin():
        pass
    assert time.monotonic() - began < 5
    with db.begin() as tx:  # and leaves nothing behind
        tx.audit("test", "nothing")


async def test_a_job_with_much_to_do_lets_others_write_in_between(brand: Brand) -> None:
    db, rounds, wrote_at = brand.server.db, [0], []

    def job(_tx: Any) -> int:
        rounds[0] += 1
        return 1

    def write() -> None:
        while not rounds[0]:
            time.sleep(0.001)
        with db.begin():
            wrote_at.append(rounds[0])

    writer = threading.Thread(target=write)
    writer.start()
    await asyncio.to_thread(jobs._until_done, db, "long", job)
    writer.join(10)
    assert rounds[0] == jobs.ROUNDS_MAX and wrote_at[0] < jobs.ROUNDS_MAX - 5


def test_ended_leases_go_back_a_few_at_a_time(tmp_path: Path) -> None:
    from server_stub.trade import leases

    db = open_world(tmp_path)
    over = {"from_at": "2026-01-01T00:00:00Z", "until_at": "2026-01-08T00:00:00Z"}
    block = {"template_id": "t1", "device_id": "d1", "guide_id": "g1", "size": 0, **over}
    with db.begin() as tx:
        device = {"id": "d1", "staff_id": "g1", "install_id": "d1", "name": "", "share_key_no": 1}
        tx.conn.execute(t.device.insert().values(**device, created_at=tx.now_text))
        tx.conn.execute(t.lease.insert(), [{"id": f"l{n:02d}", **block} for n in range(25)])
    for expected in (10, 10, 5, 0):
        with db.begin() as tx:
            assert leases.release_leases(tx) == expected
    db.close()
