"""Signing out with unsent work: kept, sealed into a file that opens again, or discarded after each is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest

from app.account import export_unsent, import_unsent
from app.account.sign_in import ring_of
from app.account.sign_out import SignedOut
from app.domain.errors import Rejected
from app.mutations import mutate
from app.protocol.mutations import AddTag, EditNote
from app.security import FileKeyStore
from app.store import outbox
from app.store.queries import work
from app.ui.screens.me import MeScreen
from app.ui.screens.sync import SyncScreen
from app.ui.strings import Strings
from tests.fakes.sample import KEY, sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
PIN = "246810"


class Leaving:
    """An installation with no network: it signs out as it is told, and seals for real."""

    def __init__(self, sample: Any, folder: Path) -> None:
        self.clock, self.sample, self.choices = sample.clock, sample, []
        self.keystore = FileKeyStore(folder / "keystore.json")

    async def begin(self) -> Leaving:
        session = self.sample.session
        ring = ring_of(self.sample.store.folder, self.keystore, session.device_id, session.staff.id)
        await ring.wrap(KEY, PIN, session.share_key)
        return self

    async def sign_out(self, client: Any, choice: str) -> SignedOut:
        self.choices.append(choice)
        outcome = {"ask": "decide", "lock": "locked"}.get(choice, "done")
        return SignedOut(outcome, client.store.query(work.outbox_count), "offline")

    async def export_unsent(self, client: Any, pin: str) -> bytes:
        return await export_unsent(client.store, self.keystore, client.session, pin, TUESDAY)

    async def import_unsent(self, client: Any, data: bytes, pin: str) -> int:
        return await import_unsent(client.store, client.session, data, pin)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Any]:
    sample = await sample_store(tmp_path / "store", TUESDAY, customers=20)
    await mutate(sample, EditNote(sample.heroes["vip"], "没送出的备注"))
    await mutate(sample, AddTag(sample.heroes["note"], "没送出"))
    yield SimpleNamespace(sample=sample, leaving=await Leaving(sample, tmp_path).begin())
    sample.store.close()


async def decide(place: Any) -> FakeUi:
    ui = await FakeUi.screen(place.sample, MeScreen, place="root")
    ui.ui.installation = place.leaving
    await ui.press("退出登录")
    await ui.press("退出并删除")
    await ui.until(lambda: ui.shows("还有 2 条改动待同步"))
    return ui


async def test_what_would_be_lost_is_named_before_it_is(place: Any) -> None:
    ui = await decide(place)
    await ui.press("放弃这 2 条…")
    names = [place.sample.index.get(place.sample.heroes[who]).name for who in ("vip", "note")]
    assert ui.shows("将会丢失这 2 条改动") and all(ui.shows(name) for name in (*names, "备注", "添加标签"))
    assert place.leaving.choices == ["ask"]
    await ui.press("放弃这 2 条并退出")
    assert place.leaving.choices == ["ask", "discard"]


async def test_unsent_work_goes_into_a_sealed_file_and_comes_back_once(place: Any) -> None:
    store = place.sample.store
    before = store.query(outbox.pending)
    ui = await decide(place)
    await ui.press("保存一份加密文件")
    await ui.type("PIN", "111111")
    await ui.press("保存并退出")
    await ui.until(lambda: ui.shows("PIN 不对"))
    assert ui.device.saved == [] and place.leaving.choices == ["ask"]
    await ui.type("PIN", PIN)
    await ui.press("保存并退出")
    await ui.until(lambda: place.leaving.choices == ["ask", "discard"])
    ((name, data),) = ui.device.saved
    assert name.endswith(".unsent") and "没送出".encode() not in data
    await store.write(outbox.discard)

    back = await FakeUi.screen(place.sample, SyncScreen)
    back.ui.installation, back.device.picked = place.leaving, data
    await back.press("取回退出时存下的改动")
    await back.until(lambda: "取回并同步" in back.buttons())
    await back.type("PIN", PIN)
    await back.press("取回并同步")
    await back.until(lambda: back.shows("已取回 2 条改动"))
    assert [(one.name, one.args) for one in store.query(outbox.pending)] == [(one.name, one.args) for one in before]
    assert {one.subject for one in store.query(work.waiting)} == {
        f"customer/{place.sample.heroes[who]}" for who in ("vip", "note")
    }
    assert await import_unsent(store, place.sample.session, data, PIN) == 0


async def test_a_file_that_does_not_open_is_refused(place: Any) -> None:
    session = place.sample.session
    data = await place.leaving.export_unsent(place.sample, PIN)
    altered = data[:-1] + bytes([data[-1] ^ 1])
    for bad, pin in ((data, "000000"), (altered, PIN), (data[:30], PIN), (b"", PIN), (b"\x89PNG" * 50, PIN)):
        with pytest.raises(Rejected, match="unsent_file_invalid"):
            await import_unsent(place.sample.store, session, bad, pin)
    assert place.sample.store.query(work.outbox_count) == 2


async def test_a_tall_sheet_scrolls_and_a_short_one_is_as_tall_as_its_content(place: Any) -> None:
    ui = await decide(place)

    def scrolls() -> bool:
        return any(isinstance(c, ft.Column) and c.scroll for d in ui.page._dialogs.controls for c in ui.inside(d))

    box = next(c for c in ui.walk() if isinstance(c, ft.Container) and c.on_size_change)
    assert not scrolls()
    for height, tall in ((400.0, False), (1200.0, True), (300.0, False)):
        await ui.fire(box, "size_change", {"w": 358.0, "h": height})
        assert scrolls() is tall
        box = next(c for c in ui.walk() if isinstance(c, ft.Container) and c.on_size_change)


async def test_what_stood_behind_the_login_goes_without_an_error(place: Any, caplog: pytest.LogCaptureFixture) -> None:
    ui = await FakeUi.app(place.sample)
    for root in ("customers", "me"):
        ui.ui.go(root)
        await ui.settle(wait_s=0.02)
    ui.ui.leave()
    await ui.settle()
    assert ui.shows(Strings().t("login.sign_in")) and not [one for one in caplog.records if one.levelname == "ERROR"]
