"""Everybody comes back at once after an outage: nothing is lost, and who is turned away waits as it was told.

`DAOGOU_PHONES` says how many; `make soak` asks for 200.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from random import Random

import httpx
from sqlalchemy import insert

from app.protocol.mutations import EditNote, MarkSignal
from app.store.queries import work
from app.sync import State
from server_stub import tables as t
from server_stub.db import Database
from server_stub.sync import projections
from tests.fakes.device import Device, TestClock
from tests.fakes.server import FAR, NOW, PIN, START
from tests.faults.processes import ServerProcess, To, tap

PHONES = int(os.environ.get("DAOGOU_PHONES", "20"))
AT_ONCE = max(2, PHONES // 8)  # the door is narrow, so that many are turned away
LIMIT_S = 240


def crowd(db: Database) -> None:
    """Add a guide with two customers for each phone."""
    from server_stub.people import auth, phones

    pin = auth.hash_pin(PIN, "test")
    with db.begin() as tx:
        for n in range(PHONES):
            tx.conn.execute(insert(t.staff).values(
                id=f"x{n}", no=1_000 + n, staff_no=f"X{n:04d}", name=f"导购{n}", role="guide", store_id="s1",
                pin_hash=pin, card_code=f"XCARD{n}", created_at=START,
            ))  # fmt: skip
            for c in range(2):
                who = f"x{n}c{c}"
                own = phones.columns(tx.secrets, who, f"139{n:04d}{c:04d}")
                tx.conn.execute(insert(t.customer).values(
                    id=who, name=f"客{n}.{c}", pinyin="ke", initials="k", level="gold", joined_at=START,
                    guide_id=f"x{n}", store_id="s1", bound_at=START, protected_until=FAR, bound_until=FAR,
                    birthday="11-26", source="seed", phone_sealed=own.phone_sealed, phone_hash=own.phone_hash,
                    phone_masked=own.phone_masked, phone_tail=own.phone_tail,
                ))  # fmt: skip
        projections.project_all(tx.conn, now=tx.now)


class Polite(To):
    """Notes when the server said to come again later, and whether the phone came before that."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.turned_away = self.rude = 0
        self.not_before = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/sync/push":
            self.rude += time.monotonic() < self.not_before
        answer = await super().handle_async_request(request)
        if answer.status_code in (429, 503):
            self.turned_away += 1
            self.not_before = time.monotonic() + float(answer.headers["Retry-After"])
        return answer


async def test_all_phones_come_back_at_once_after_an_outage(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "brand", page_rows=3_000, at_once=AT_ONCE, fill=crowd).start()
    random, said, phones = Random(2), set(), []
    lines = [Polite(server.port) for _ in range(PHONES)]
    try:
        for n, line in enumerate(lines):
            options = {"poll_s": 600.0, "random": Random(n)}
            phone = await Device.sign_in(tmp_path / f"p{n}", line, f"X{n:04d}", TestClock(NOW), **options)
            phones.append(phone)
            await phone.sync()
        await asyncio.to_thread(server.kill)
        for n, phone in enumerate(phones):
            for number in range(random.randrange(3, 7)):
                said.add(await tap(phone, EditNote(f"x{n}c{number % 2}", f"ohne Netz {number}")))
                said.add(await tap(phone, MarkSignal(f"mark-{n}-{number}", f"x{n}c0", "birthday", "2026", "done")))
        await asyncio.to_thread(server.start)
        began = time.monotonic()
        took = await asyncio.gather(*(back(phone, began) for phone in phones))
        arrived = server.arrived()
    finally:
        for phone in phones:
            await phone.close()
        server.stop()
    assert said == arrived.keys() and set(arrived.values()) == {1}
    assert sum(line.turned_away for line in lines) > 0, "nobody was turned away: the door was not tried"
    assert sum(line.rude for line in lines) == 0
    took.sort()
    print(
        f"{PHONES} phones, {len(said)} taps, 0 lost; {sum(line.turned_away for line in lines)} times turned away and "
        f"0 came early; back after p50 {took[len(took) // 2]:.1f} s, p99 {took[int(len(took) * 0.99)]:.1f} s"
    )


async def back(phone: Device, began: float) -> float:
    """Let a phone's engine run until all is sent; return how long that took."""
    await phone.engine.start()
    async with asyncio.timeout(LIMIT_S):
        while phone.store.query(work.outbox_count) or phone.engine.status.state is not State.ONLINE:
            await asyncio.sleep(0.02)
    return time.monotonic() - began
