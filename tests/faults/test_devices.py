"""A phone that rests, a tablet of several guides, an answer lost while tokens change, a server that is not ours."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import flet as ft
import httpx
import pytest

from app.account.pins import FILE
from app.bootstrap import _lifecycle
from app.domain.errors import GuideError, Refused, Unavailable
from app.mutations import mutate
from app.protocol.mutations import EditNote
from app.store.queries import customers, work
from app.sync import State
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW
from tests.integration.client.conftest import Lab, lab

__all__ = ["lab"]


class Counting(httpx.AsyncBaseTransport):
    """Passes on and counts; loses the answer of the next `lose` request."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.paths, self.lose = inner, [], ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        answer = await self.inner.handle_async_request(request)
        if self.lose and request.url.path.endswith(self.lose):
            self.lose = ""
            await answer.aread()
            raise httpx.ReadError("lost on the way back")
        return answer


async def until_quiet(phone: Device) -> None:
    async with asyncio.timeout(30):
        while phone.engine.status.state is not State.ONLINE or phone.store.query(work.outbox_count):
            await asyncio.sleep(0.005)


async def test_in_the_background_it_sends_what_waits_then_rests_and_pulls_on_return(lab: Lab) -> None:
    line = Counting(lab.transport)
    phone = await lab.phone(transport=line, poll_s=0.005)
    await phone.engine.start()
    await until_quiet(phone)
    phone.engine._front.clear()  # a tap in the very moment it goes
    await mutate(phone, EditNote("c1", "on the way out"))
    await phone.engine.background()
    assert phone.store.query(work.outbox_count) == 0
    await asyncio.sleep(0)
    before = len(line.paths)
    await asyncio.sleep(0.1)  # twenty polls, were it awake
    assert len(line.paths) == before
    other = await lab.synced()
    await mutate(other, EditNote("c2", "meanwhile"))
    await other.sync()
    phone.engine.foreground()
    async with asyncio.timeout(30):
        while phone.store.query(customers.customer_by_id, "c2").note != "meanwhile":
            await asyncio.sleep(0.005)


async def test_without_a_network_it_goes_to_the_background_all_the_same(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "kept"))
    phone.switch._inner = httpx.MockTransport(lambda _request: httpx.Response(502))
    await phone.engine.background()
    assert phone.store.query(work.outbox_count) == 1


def test_a_device_rests_when_it_is_hidden_and_a_browser_tab_does_not() -> None:
    seen: list[str] = []
    ui = SimpleNamespace(background=lambda: seen.append("rest"), foreground=lambda: seen.append("work"))
    state = ft.AppLifecycleState
    for one in (state.INACTIVE, state.HIDE, state.PAUSE, state.RESUME):
        _lifecycle(ui, one, on_device=True)
    assert seen == ["rest", "rest", "work"]
    seen.clear()
    for one in (state.HIDE, state.SHOW):
        _lifecycle(ui, one, on_device=False)
    assert seen == ["work"]


async def test_guides_of_one_tablet_have_a_store_each_and_see_nothing_of_each_other(lab: Lab) -> None:
    folder = lab.folder()
    first = await lab.synced("G0101", folder=folder, device_id="tablet-of-all")
    await mutate(first, EditNote("c1", "Notiz der ersten"))
    second = await lab.synced("G0102", folder=folder, device_id="tablet-of-all")
    assert first.store.folder != second.store.folder
    assert [one.id for one in second.store.query(customers.all_customers)] == ["c5"]
    await mutate(second, EditNote("c5", "Notiz der zweiten"))
    await second.sync()
    assert first.store.query(work.outbox_count) == 1  # nobody sent a colleague's work under their own name
    await first.sync()
    with lab.server.db.read() as conn:
        sent = conn.exec_driver_sql("SELECT staff_id, count(*) FROM seen_mutation GROUP BY staff_id ORDER BY 1").all()
    assert [tuple(row) for row in sent] == [("g1", 1), ("g2", 1)]


async def test_a_lost_refresh_answer_does_not_end_the_session(lab: Lab) -> None:
    line = Counting(lab.transport)
    phone = await lab.phone(transport=line)
    await phone.sync()
    lab.server.clock.forward(seconds=901)
    line.lose = "/refresh"
    with pytest.raises(Unavailable):
        await phone.sync()
    await phone.sync()
    assert phone.engine.status.state is State.ONLINE
    assert line.paths.count("/api/auth/refresh") >= 2


async def test_a_server_with_other_keys_is_refused_and_touches_nothing(lab: Lab, tmp_path: Path) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "not for them"))
    root, folder, device_id = phone.root, phone.store.folder, phone.device_id
    await phone.close()
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}

    class Theirs(Counting):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            body = (await answer.aread()).replace(b'"coupon_keys":{"1":"', b'"coupon_keys":{"1":"AAAA')
            return httpx.Response(answer.status_code, content=body, headers={"content-type": "application/json"})

    with pytest.raises(GuideError) as refused:
        await Device.sign_in(root, Theirs(lab.transport), "G0101", TestClock(NOW), device_id)
    assert isinstance(refused.value, Refused) and refused.value.code == "trust_changed"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == kept
    assert FILE in kept
    again = await Device.sign_in(root, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(again)
    await again.sync()
    assert again.store.query(customers.customer_by_id, "c1").note == "not for them"
