"""The engine in the background over real sockets: kicks, pokes, the switch, a server that goes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.domain.errors import Unavailable
from app.mutations import mutate
from app.protocol.mutations import EditNote
from app.store.queries import customers, work
from app.sync import OfflineSwitch, State, make_http
from tests.fakes.device import Device, TestClock
from tests.fakes.free_port import free_port
from tests.fakes.server import NOW, Server, running


class Relay(httpx.AsyncBaseTransport):
    """Sends what is meant for `server.test` to a local port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port)
        request.headers["host"] = f"127.0.0.1:{self.port}"
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


async def until(check: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path / "server") as server:
        yield server


async def phone_at(world: Server, port: int, root: Path, **options: Any) -> Device:
    return await Device.sign_in(root, Relay(port), "G0101", TestClock(NOW), poll_s=600, **options)


async def test_a_write_goes_out_by_itself_and_a_poke_brings_it_to_the_other_phone(
    world: Server, tmp_path: Path
) -> None:
    port = free_port()
    with serving(world.app, port):
        one = await phone_at(world, port, tmp_path / "1", live=True)
        two = await phone_at(world, port, tmp_path / "2", live=True)
        async with contextlib.AsyncExitStack() as stack:
            for phone in (one, two):
                stack.push_async_callback(phone.close)
                await phone.engine.start()
            await until(lambda: all(p.engine.status.state is State.ONLINE for p in (one, two)))
            await asyncio.sleep(0.6)  # the live channels are open
            await mutate(one, EditNote("c1", "poked"))
            await until(lambda: one.engine.status.waiting == 0 and one.store.query(work.outbox_count) == 0)
            await until(lambda: two.store.query(customers.customer_by_id, "c1").note == "poked")


async def test_the_switch_cuts_what_runs_and_a_restart_remembers_it(world: Server, tmp_path: Path) -> None:
    port = free_port()
    with serving(world.app, port):
        phone = await phone_at(world, port, tmp_path / "1", live=True)
        await phone.engine.start()
        await until(lambda: phone.engine.status.state is State.ONLINE)
        await phone.engine.set_work_offline(True)
        assert (phone.engine.status.state, phone.engine.status.work_offline) == (State.OFFLINE, True)
        with pytest.raises(Unavailable, match="offline"):
            await phone.http.get("/healthz")
        await mutate(phone, EditNote("c1", "later"))
        await until(lambda: phone.engine.status.waiting == 1)
        root, device_id = phone.root, phone.device_id
        await phone.close()
        again = await Device.unlock(root, Relay(port), "G0101", TestClock(NOW), device_id, poll_s=600)
        await again.engine.start()
        await asyncio.sleep(0.2)
        assert (again.engine.status.work_offline, again.engine.status.waiting) == (True, 1)
        await again.engine.set_work_offline(False)
        await until(lambda: again.engine.status.waiting == 0 and again.engine.status.state is State.ONLINE)
        await again.close()


async def test_a_server_that_comes_back_gets_what_waited(world: Server, tmp_path: Path) -> None:
    port = free_port()
    with serving(world.app, port):
        phone = await phone_at(world, port, tmp_path / "1")
        await phone.sync()
    await phone.engine.start()
    await mutate(phone, EditNote("c1", "while it was away"))
    await until(lambda: phone.engine.status.state is State.OFFLINE and phone.engine.status.problem is not None)
    assert phone.engine.status.problem in ("server_away", "timeout")
    with serving(world.app, port):
        phone.engine.kick()
        await until(lambda: phone.engine.status.waiting == 0 and phone.engine.status.problem is None)
        await phone.close()


async def test_a_server_that_goes_is_noticed_by_the_live_channel_long_before_the_next_poll(
    world: Server, tmp_path: Path
) -> None:
    port = free_port()
    with serving(world.app, port):
        phone = await phone_at(world, port, tmp_path / "1", live=True)
        await phone.engine.start()
        await until(lambda: phone.engine.status.state is State.ONLINE)
    await until(lambda: phone.engine.status.state is State.OFFLINE)
    assert phone.engine.status.problem in ("server_away", "timeout")
    await phone.close()


class Says(httpx.AsyncBaseTransport):
    """Answers everything the same way."""

    def __init__(self, status: int, content: bytes = b"", **headers: str) -> None:
        self._answer = (status, content, headers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status, content, headers = self._answer
        return httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (401, b"", "session_expired"), (401, b'{"code":"wrong_pin"}', "wrong_pin"),
        (403, b'{"error":"DeviceRevoked","wipe":true}', "device_revoked"), (403, b'{"code":"forbidden"}', "forbidden"),
        (409, b'{"code":"mutation_gap"}', "mutation_gap"), (429, b"", "rate_limited"), (500, b"<html>", "server_fault"),
        (503, b'{"code":"nonsense"}', "server_fault"), (418, b'{"code":"nonsense"}', "body_malformed"),
    ],
)  # fmt: skip
async def test_every_refusal_of_a_server_has_one_code(status: int, content: bytes, code: str) -> None:
    http = make_http("http://server.test", OfflineSwitch(Says(status, content, Retry_After="7")))
    with pytest.raises(Exception) as told:
        await http.get("/x")
    assert told.value.code == code
    if status in (429, 500, 503):
        assert told.value.retry_after_s == 7.0
    await http.aclose()
