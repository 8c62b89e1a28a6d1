"""Bad lines: slow, trickling, reset, half-open. Every round ends, the status says so, and it heals by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.account import login_online
from app.domain.errors import GuideError, Unavailable
from app.protocol.mutations import EditNote
from app.security import FileKeyStore
from app.store.queries import customers, work
from app.sync import OfflineSwitch, Patience, State, make_http
from tests.fakes.device import CALM, PIN, Device, TestClock
from tests.fakes.proxy import CutProxy, Line
from tests.fakes.server import NOW
from tests.faults.processes import ServerProcess, To, tap

HURRY = Patience(answer_s=1.5, window_s=0.5, window_bytes=2_000)  # the app's own: 25 s, 10 s and 1,000 bytes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path / "brand", page_rows=6).start()
    yield made
    made.stop()


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[CutProxy]:
    made = CutProxy(server.port).start()
    yield made
    made.stop()


@pytest.fixture
async def phone(proxy: CutProxy, tmp_path: Path) -> AsyncIterator[Device]:
    switch = OfflineSwitch(To(proxy.port), CALM)
    http = make_http("http://server.test", switch)
    http.timeout = httpx.Timeout(CALM.answer_s)
    root, clock, device_id = tmp_path / "phone", TestClock(NOW), "dev-on-bad-line"
    keys = FileKeyStore(root / "keystore.json")
    opened = await login_online(
        http, keys, clock, staff_no="G0101", pin=PIN, device_id=device_id, device_name="test", root=root
    )
    made = Device.assemble(root, device_id, switch, http, keys, clock, opened)
    yield made
    await made.close()


def hurry(phone: Device, patience: Patience = HURRY) -> None:
    """Let the phone wait less than its owner would; a busy machine is no bad line, so only while the line is bad."""
    phone.switch._patience = patience
    phone.http.timeout = httpx.Timeout(patience.answer_s)


@pytest.mark.parametrize(
    "line",
    [Line(piece=1, latency_s=0.1), Line(reset_after=400), Line(swallow_after=0), Line(swallow_after=600)],
    ids=["trickle", "reset", "half-open", "half-open in a body"],
)
async def test_a_round_on_a_bad_line_ends_and_heals(
    server: ServerProcess, proxy: CutProxy, phone: Device, line: Line
) -> None:
    await phone.sync()
    mid = await tap(phone, EditNote("c1", "auf schlechter Leitung"))
    proxy.down, proxy.line = 0, line
    hurry(phone)
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable):
            while True:  # a reset falls into one of the next answers
                await phone.sync()
                await tap(phone, EditNote("c2", "more"))
    assert phone.engine.status.state is State.OFFLINE
    assert phone.engine.status.problem in ("timeout", "server_away")
    proxy.line = Line()
    hurry(phone, CALM)
    await phone.engine.start()  # and now by itself
    async with asyncio.timeout(60):
        while phone.store.query(work.outbox_count) or phone.engine.status.state is not State.ONLINE:
            await asyncio.sleep(0.02)
    assert server.arrived()[mid] == 1
    assert phone.engine.status.problem is None


async def test_a_slow_line_is_only_slow(server: ServerProcess, proxy: CutProxy, phone: Device) -> None:
    proxy.line = Line(latency_s=0.1)
    await tap_when_there(phone)
    assert phone.engine.status.state is State.ONLINE
    assert len(server.arrived()) == 1


async def tap_when_there(phone: Device) -> None:
    await phone.sync()
    await tap(phone, EditNote("c1", "langsam"))
    await phone.sync()


async def test_a_first_sync_cut_in_every_page_sends_at_most_one_page_again_each_time(
    server: ServerProcess, proxy: CutProxy, phone: Device, tmp_path: Path
) -> None:
    sizes: list[int] = []
    whole = await Device.sign_in(tmp_path / "whole", _Measuring(server.port, sizes), "G0101", TestClock(NOW))
    await whole.sync()
    await whole.close()
    assert len(sizes) >= 3, "one page cannot be cut in between"
    proxy.down, head = 0, 500
    largest, cuts = max(sizes) + 2 * head, 0
    for number in range(len(sizes)):
        proxy.line = Line(reset_after=proxy.down + sizes[number] // 2 + head)
        try:
            await phone.sync()
        except GuideError:
            cuts += 1
            assert phone.engine.status.partial, "it says that it is not complete"
    await phone.sync()
    assert cuts >= 3 and proxy.resets == cuts
    assert proxy.down <= sum(sizes) + len(sizes) * head + cuts * largest
    assert not phone.engine.status.partial
    assert len(phone.store.query(customers.all_customers)) == 4
    assert phone.store.query(work.problems) == []


class _Measuring(To):
    """Keeps how long each page was as it came over the line."""

    def __init__(self, port: int, sizes: list[int]) -> None:
        super().__init__(port)
        self._sizes = sizes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.url.path == "/api/sync/pull":
            self._sizes.append(int(answer.headers["Content-Length"]))
        return answer
