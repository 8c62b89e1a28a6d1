"""kill -9 of the app in the middle of whatever it does, and of the server in the middle of pushes.

`DAOGOU_CLIENT_KILLS` and `DAOGOU_SERVER_KILLS` say how often; `make soak` asks for 500 and 200.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.domain.errors import GuideError
from app.store.queries import customers, work
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW
from tests.faults.looking import held
from tests.faults.processes import ServerProcess, To, heard, some_tap, spawn, tap

CLIENT_KILLS = int(os.environ.get("DAOGOU_CLIENT_KILLS", "22"))
SERVER_KILLS = int(os.environ.get("DAOGOU_SERVER_KILLS", "8"))
TAPS = 12  # how many taps an app lives to see, and then a moment more
OFTEN_S = 0.05
SEED = int(os.environ.get("DAOGOU_SEED", "1"))
FRESH_EVERY = 5


async def settled(phone: Device) -> None:
    """Sync until nothing waits; what a kill cut off may need a second round."""
    for _ in range(20):
        try:
            await phone.sync()
        except GuideError:
            await asyncio.sleep(0.05)
        if not phone.store.query(work.outbox_count):
            return
    raise AssertionError("what waits never arrives")


async def new_phone(root: Path, port: int, device_id: str, staff_no: str = "G0101", **options: Any) -> Device:
    return await Device.sign_in(root, To(port), staff_no, TestClock(NOW), device_id, **options)


def check_arrived(server: ServerProcess, said: set[str]) -> None:
    """Everything acknowledged is at the server, and once."""
    arrived = server.arrived()
    assert said <= arrived.keys(), f"{len(said - arrived.keys())} lost"
    assert set(arrived.values()) <= {1}
    assert server.rows("SELECT count(*) FROM rejected") == [(0,)]
    assert "Traceback" not in server.log


async def test_an_app_killed_at_any_moment_has_every_tap_it_acknowledged(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "brand").start()
    random, said, left = Random(SEED), set(), CLIENT_KILLS
    try:
        while left:
            root, device_id = tmp_path / f"phone-{left}", f"dev-kill-{left}"
            phone = await new_phone(root, server.port, device_id)  # its first sync is killed too
            await phone.close()
            folder, sealer = phone.store.folder, phone.store.sealer
            for _ in range(min(left, FRESH_EVERY)):
                said |= await one_life(server, root, device_id, folder, sealer, random, said)
                left -= 1
            again = await Device.unlock(root, To(server.port), "G0101", TestClock(NOW), device_id)
            await settled(again)
            assert again.store.query(work.problems) == []
            assert {one.id for one in again.store.query(customers.all_customers)} == {"c1", "c2", "c3", "c4"}
            await again.close()
        check_arrived(server, said)
        assert len(said) > CLIENT_KILLS
        print(f"{CLIENT_KILLS} kills of the app: {len(said)} acknowledged taps, 0 lost, 0 twice")
    finally:
        server.stop()


async def one_life(
    server: ServerProcess, root: Path, device_id: str, folder: Path, sealer: Any, random: Random, before: set[str]
) -> set[str]:
    """Let the app live a moment, kill it, and hold its files against what it and its earlier lives acknowledged."""
    process, said_here = spawn(root, server.port, "G0101", device_id, random.getrandbits(32))
    assert said_here.poll(60), "the app does not start"
    opened = said_here.recv_bytes()
    assert b"opened" in opened
    goal, taken = random.randrange(TAPS), []
    while len(taken) < goal and said_here.poll(10):
        taken.append(json.loads(said_here.recv_bytes()))
    process.join(random.random() * OFTEN_S)
    assert process.is_alive(), "the app ended by itself"
    process.kill()
    process.join()
    said = before | {one["mid"] for one in [*taken, *heard(said_here)]}
    waiting = held(folder, sealer)
    arrived = server.arrived().keys()
    assert said <= waiting | arrived, f"{len(said - waiting - arrived)} acknowledged taps are nowhere"
    return said


class Watch(To):
    """Counts how often a phone had to begin anew."""

    async def handle_async_request(self, request: Any) -> Any:
        answer = await super().handle_async_request(request)
        if request.url.path == "/api/sync/pull":
            self.resets = getattr(self, "resets", 0) + (b'"clear"' in await answer.aread())
        return answer


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_a_server_killed_in_the_middle_of_pushes_loses_and_doubles_nothing(tmp_path: Path, backend: str) -> None:
    server = ServerProcess(tmp_path / "brand", backend).start()
    random, said = Random(SEED), set()
    epoch = server.rows("SELECT value FROM meta WHERE name = 'epoch'")
    watches = [Watch(server.port) for _ in range(2)]
    phones = []
    try:
        for number, watch in enumerate(watches):
            phone = await Device.sign_in(tmp_path / f"p{number}", watch, "G0101", TestClock(NOW), f"dev-phone-{number}")
            phones.append(phone)
            await phone.sync()
        for _ in range(SERVER_KILLS // 2):
            said |= await killed_while_pushing(server, phones, random)
        for phone in phones:
            await settled(phone)
        check_arrived(server, said)
        assert server.rows("SELECT value FROM meta WHERE name = 'epoch'") == epoch
        assert [watch.resets for watch in watches] == [1, 1], "a kill is no restore: nobody begins anew"
        print(f"{server.kills} kills of the server on {backend}: {len(said)} taps, 0 lost, 0 twice, no reset")
    finally:
        for phone in phones:
            await phone.close()
        server.stop()


async def killed_while_pushing(server: ServerProcess, phones: list[Device], random: Random) -> set[str]:
    """Let the phones tap and push while the server is killed, hold answers against its rows, and start it again."""
    said = set()
    known = phones[0].store.query(customers.all_customers)
    for phone in phones:
        for _ in range(random.randrange(5, 25)):
            mid = await tap(phone, some_tap(random, known))
            said |= {mid} if mid else set()
    syncs = [asyncio.create_task(phone.sync()) for phone in phones]
    await asyncio.wait(syncs, timeout=random.random() * 0.15)
    await asyncio.to_thread(server.kill)
    answers = await asyncio.gather(*syncs, return_exceptions=True)
    assert all(one is None or isinstance(one, GuideError) for one in answers), answers
    arrived = server.arrived().keys()
    waiting = {row[0] for phone in phones for row in phone.store.read.rows("SELECT mid FROM outbox")}
    assert said <= arrived | waiting, "what the server confirmed went with it"
    await asyncio.to_thread(server.start)
    return said
