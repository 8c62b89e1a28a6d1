"""A lost phone: its holder sees what is signed in, and ends one with the PIN."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.sync import OfflineSwitch, make_http
from app.ui.screens.me import DevicesScreen
from tests.fakes.sample import Sample, sample_store
from tests.fakes.ui import FakeUi

TUESDAY = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
SEEN = "2026-11-24T01:05:00Z"


class Answers:
    """A server with two devices of one's own and one of somebody else's; a revocation wants the PIN."""

    def __init__(self, sample: Sample) -> None:
        self.asked: list[tuple[str, Any]] = []
        mine, other = sample.session.staff, "g9"
        self.rows = [
            self.row("11.web-here", "Linux", mine.id, mine.name, here=True),
            self.row("11.app-lost", "Android", mine.id, mine.name),
            self.row("12.app-theirs", "iOS", other, "周店员"),
        ]

    def row(self, key: str, name: str, staff_id: str, staff_name: str, *, here: bool = False) -> dict[str, Any]:
        return {
            "id": key, "name": name, "staff_id": staff_id, "staff_name": staff_name,
            "created_at": "2026-10-02T01:05:00Z",
            "seen_at": SEEN, "revoked_at": None, "wiped_at": None, "here": here,
        }  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"devices": self.rows})
        body = json.loads(request.content)
        self.asked.append((request.url.path, body))
        if "pin" not in body:
            return httpx.Response(403, json={"code": "step_up_needed"})
        for row in self.rows:
            row["revoked_at"] = SEEN if row["id"] in request.url.path else row["revoked_at"]
        return httpx.Response(200, json={})


async def opened(tmp_path: Path) -> tuple[FakeUi, Answers, OfflineSwitch]:
    sample = await sample_store(tmp_path / "store", TUESDAY, customers=3)
    answers = Answers(sample)
    switch = OfflineSwitch(httpx.MockTransport(answers))
    switch.work_offline = True
    sample.http = make_http("http://server.test", switch)
    ui = await FakeUi.screen(sample, DevicesScreen)
    await ui.sees("联网后可查看设备")
    switch.work_offline = False
    return ui, answers, switch


async def test_a_lost_phone_is_ended_with_the_pin_and_then_waits_to_erase_itself(tmp_path: Path) -> None:
    ui, answers, switch = await opened(tmp_path)
    await ui.press("再试一次")
    await ui.sees("我的设备")
    assert ui.shows("本机") and ui.shows("浏览器") and ui.shows("周店员") and ui.shows("最近联网 09:05")
    await ui.press("Android")
    switch.work_offline = True
    await ui.press("退出并清除")
    await ui.sees("连上网再试")
    switch.work_offline = False
    await ui.press("退出并清除")
    await ui.sees("再确认是你")
    await ui.type("PIN", "246810")
    await ui.press("退出并清除")
    await ui.sees("等它联网就清除")
    path = "/api/devices/11.app-lost/revoke"
    assert answers.asked == [(path, {}), (path, {"pin": "246810"})]
    assert not any("Android" in name for name in ui.buttons())


@pytest.mark.parametrize("broken", [{"devices": [{"id": "x"}]}, {}])
async def test_an_answer_that_is_no_list_of_devices_is_said_and_can_be_asked_again(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    sample = await sample_store(tmp_path / "store", TUESDAY, customers=3)
    answer = httpx.MockTransport(lambda _request: httpx.Response(200, json=broken))
    sample.http = make_http("http://server.test", OfflineSwitch(answer))
    ui = await FakeUi.screen(sample, DevicesScreen)
    await ui.until(lambda: any("再试" in name or "重试" in name for name in ui.buttons()))
