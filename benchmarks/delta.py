"""A pull of 10 changes, server and phone together: in a view of 500 and of 50,000 rows, beside 10 and 10,000 guides.

Also the rebase of 100 pending mutations in a view of 50,000 rows. The server's answer is made by its own code on
SQLite, the phone applies it in its store; the network between them is left out, it costs the same in all cases.
The least of the rounds counts: each waits once for the disk, and that takes 1 ms or 30 as others write.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from app.mutations import replay_for
from app.mutations.call import Call
from app.mutations.mutate import perform
from app.protocol.mutations import EditNote
from app.security.sealed import RowSealer
from app.store import Store
from app.sync import rebase
from app.sync.wire import Page, read_page
from benchmarks.measure import Figure, Spent, beside, spending, timed
from benchmarks.pages import rows
from benchmarks.rows import NOW
from server_stub import tables as t
from server_stub.db import Actor, Database
from server_stub.sync import projections
from server_stub.sync.pull import pull
from tests.fakes.server import open_world

CHANGES, PENDING, ROUNDS = 10, 100, 25
GUIDE, BUCKET = "g1", "guide:g1"


@dataclass
class World:
    """One server and one phone that is up to date with it."""

    db: Database
    store: Store
    actor: Actor = field(default_factory=lambda: Actor(GUIDE, "guide", "s1", "G0101.bench"))
    cookie: Any = None
    round: int = 0

    def page(self) -> Page:
        """Return one answer of the server."""
        return read_page(pull(self.db, self.actor, "bench", self.cookie, "1").encode())

    def take(self, page: Page) -> None:
        """Apply an answer on the phone."""
        assert self.store.submit(lambda tx: rebase.apply_page(tx, page, self.cookie, replay)).result()
        self.cookie = page.cookie

    def catch_up(self) -> int:
        """Pull to the end; return how many rows came."""
        came = 0
        while True:
            page = self.page()
            came += len(page.patch)
            self.take(page)
            if not page.more:
                return came

    def change(self, ids: Sequence[str]) -> None:
        """Change some rows at the server."""
        self.round += 1
        new = {f"browse_event/{one}": (BUCKET, _event(one, self.round)) for one in ids}
        with self.db.begin() as tx:
            old = projections._old_of_keys(tx.conn, list(new))
            projections.write(tx.conn, new, old, tx.now)


replay = replay_for(GUIDE, "bench", "Asia/Shanghai")


def _event(row_id: str, dwell_s: int) -> dict[str, Any]:
    return {
        "id": row_id, "customer_id": "c", "product_id": "p", "session_id": "s", "at": "2026-11-01T00:00:00Z",
        "dwell_s": dwell_s, "channel": "chat",
    }  # fmt: skip


@contextmanager
def world(folder: Path, view: int, guides: int) -> Any:
    """Yield a world of `guides` guides, the phone's guide with `view` rows, the others with 20 each."""
    db = open_world(folder / f"server-{view}-{guides}")
    store = Store.open(folder / f"phone-{view}-{guides}", RowSealer(bytes(range(32))))
    made = World(db, store)
    patch = {op["key"]: (BUCKET, op["value"] | {"guide_id": GUIDE}) for op in rows(view)}
    with db.begin() as tx:
        tx.conn.execute(insert(t.device), [_device(made.actor)])
        projections.write(tx.conn, patch, {}, tx.now)
        for n in range(guides):
            others = {f"browse_event/o{n}.{k}": (f"guide:o{n}", _event(f"o{n}.{k}", 1)) for k in range(20)}
            projections.write(tx.conn, others, {}, tx.now)
    try:
        made.catch_up()
        yield made
    finally:
        store.close()
        db.close()


def _device(actor: Actor) -> dict[str, Any]:
    return {
        "id": actor.device_id, "staff_id": actor.staff_id, "install_id": "bench", "name": "bench", "share_key_no": 1,
        "created_at": "2026-11-01T00:00:00Z",
    }  # fmt: skip


def _deltas(worlds: Sequence[World]) -> list[list[Spent]]:
    """Return what each pull that brings 10 changes took, in each world, measured in turn."""
    ids = [made.store.query(lambda read: _some_views(read, ROUNDS * CHANGES)) for made in worlds]
    took = [[_one(made, known[n * CHANGES : (n + 1) * CHANGES]) for made, known in zip(worlds, ids, strict=True)]
            for n in range(ROUNDS)]  # fmt: skip
    return [list(column) for column in zip(*took, strict=True)]


def _some_views(read: Any, count: int) -> list[str]:
    return [row[0] for row in read.rows("SELECT id FROM browse_event LIMIT ?", (count,))]


def _one(made: World, ids: Sequence[str]) -> Spent:
    made.change(ids)
    with spending() as so_far:
        came = made.catch_up()
        took = so_far()
    assert came == CHANGES, came
    return took


def _rebase(made: World) -> tuple[float, float]:
    """Return the milliseconds of taking 10 changes in with 100 pending mutations, and with none."""
    plain = _delta_only(made)
    people = made.store.query(lambda read: [row[0] for row in read.rows("SELECT id FROM customer LIMIT 100")])
    call = Call(GUIDE, "bench", ZoneInfo("Asia/Shanghai"), NOW)

    async def tap() -> None:
        for number in range(PENDING):
            note = EditNote(people[number], f"note {number}")
            await made.store.write(lambda tx, note=note: perform(tx, note, call))

    asyncio.run(tap())
    return _delta_only(made), plain


def _delta_only(made: World) -> float:
    """Return the milliseconds the phone alone takes to apply 10 changes."""
    known = made.store.query(lambda read: _some_views(read, CHANGES))
    took = []
    for _ in range(ROUNDS):
        made.change(known)
        page = made.page()
        took.append(timed(lambda page=page: made.take(page)))
    return statistics.median(took)


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_worlds:
        sizes = ((500, 10), (50_000, 10), (500, 10_000))
        small, big, crowd = [open_worlds.enter_context(world(Path(name), *size)) for size in sizes]
        base, wide, crowded = _deltas((small, big, crowd))
        pending, plain = _rebase(big)
    return [
        beside("pull of 10 changes, view of 50,000 rows", wide, base, "view of 500 rows", "0.8 to 1.2", min),
        beside("pull of 10 changes, 10,000 guides", crowded, base, "10 guides", "0.8 to 1.2", min),
        Figure("page of 10 changes over 100 pending, view of 50,000", pending, plain, "nothing pending", "< 50 ms"),
    ]
