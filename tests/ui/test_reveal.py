"""The full number: a deliberate act with a reason, ten seconds on the screen, nowhere else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.sync import OfflineSwitch, make_http
from app.ui.screens.customers import CustomerPage
from tests.fakes.sample import sample_store
from tests.fakes.ui import FakeUi

NUMBER = "13912345678"
TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


async def test_the_number_shows_after_reason_and_pin_and_goes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        if "pin" not in asked[-1]:
            return httpx.Response(403, json={"code": "step_up_needed"})
        return httpx.Response(200, json={"phone": NUMBER})

    monkeypatch.setattr("app.ui.screens.customers.reveal.SHOWN_S", 2.0)
    sample = await sample_store(tmp_path / "store", TUESDAY, customers=20)
    switch = OfflineSwitch(httpx.MockTransport(answer))
    sample.http = make_http("http://server.test", switch)
    ui = await FakeUi.screen(sample, CustomerPage, sample.heroes["vip"])
    switch.work_offline = True
    await ui.press("点按查看完整号码")
    await ui.press("送货")
    await ui.press("显示 10 秒")
    await ui.until(lambda: ui.shows("没有网络"))
    assert asked == []
    switch.work_offline = False
    await ui.press("显示 10 秒")
    await ui.until(lambda: ui.shows("再确认是你"))
    await ui.type("PIN", "246810")
    await ui.press("显示 10 秒")
    await ui.until(lambda: ui.shows(NUMBER))
    await ui.press("拨打")
    await ui.press("复制号码")
    await ui.until(lambda: ui.device.called == [NUMBER] and ui.device.copied == [NUMBER])
    await ui.until(lambda: not ui.shows(NUMBER))
    assert asked == [{"reason": "delivery"}, {"reason": "delivery", "pin": "246810"}]
    assert not any(NUMBER.encode() in one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    sample.store.close()
