"""A store whose files may not grow, in a process of its own: the limit is the whole process's."""

from __future__ import annotations

import asyncio
import os
import resource
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from app.domain.errors import LocalFault
from app.mutations import mutate
from app.protocol.mutations import EditNote
from app.protocol.objects import Customer
from app.security import RowSealer
from app.store import Store, outbox
from app.store.queries import customers
from tests.fakes.device import TestClock
from tests.fakes.server import NOW
from tests.unit.client.values import customer

KEY = bytes(range(32))
STEPS = 12


def run(folder: str, said: Connection) -> None:
    """Take notes until the limit is hit, raise it, and so on; say how many were taken and refused."""
    said.send(asyncio.run(_run(Path(folder))))


async def _run(folder: Path) -> tuple[int, int]:
    store = Store.open(folder, RowSealer(KEY))
    session = SimpleNamespace(staff=SimpleNamespace(id="g1"), device_id="dev-sized", zone="Asia/Shanghai")
    phone: Any = SimpleNamespace(store=store, session=session, clock=TestClock(NOW), engine=None)
    await store.write(lambda tx: tx.put(Customer, customer()))
    random, taken, refused = Random(5), 0, 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for step in range(STEPS):
        largest = max(file.stat().st_size for file in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + step * 1_700, hard))
        for _ in range(200):
            text = "".join(chr(0x4E00 + random.randrange(5_000)) for _ in range(1_900))
            try:
                await mutate(phone, EditNote("c1", text))
            except LocalFault as full:
                assert full.code == "disk_full", full
                refused += 1
                break
            taken += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        _check(store, taken)
    store.close()
    store = Store.open(folder, RowSealer(KEY))
    _check(store, taken)
    store.close()
    return taken, refused


def _check(store: Store, taken: int) -> None:
    assert store.read.value("PRAGMA integrity_check") == "ok"
    pending = store.query(outbox.pending)
    assert len(pending) == taken, (len(pending), taken, os.getpid())
    if pending:
        assert store.query(customers.customer_by_id, "c1").note == pending[-1].args["note"]
