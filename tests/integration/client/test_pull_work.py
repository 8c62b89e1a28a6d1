"""What a pull costs is what changed, not what is there: SQLite's own steps are counted, no clock is looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert

from benchmarks.delta import CHANGES, GUIDE, World, world
from server_stub import tables as t
from tests.fakes.server import START

SMALL, LARGE = 200, 4_000


class Steps:
    """Counts the steps of SQLite's machine: a row looked at costs some, whatever a plan calls it."""

    def __init__(self) -> None:
        self.count = 0

    def one(self) -> None:
        self.count += 1

    def watch(self, conn: sqlite3.Connection) -> None:
        conn.set_progress_handler(self.one, 1)


@contextmanager
def counted(made: World) -> Iterator[tuple[Steps, Steps]]:
    """Yield what counts at the server and on the phone."""
    server, phone = Steps(), Steps()

    def checked_out(conn: Any, *_: Any) -> None:
        server.watch(conn)

    event.listen(made.db.engine, "checkout", checked_out)
    made.store._writer.set_progress_handler(phone.one, 1)
    try:
        yield server, phone
    finally:
        event.remove(made.db.engine, "checkout", checked_out)
        made.store._writer.set_progress_handler(None, 1)


def spread(made: World) -> list[str]:
    """Return views that lie far apart."""
    ids = [row[0] for row in made.store.read.rows("SELECT id FROM browse_event ORDER BY id")]
    return ids[:: len(ids) // CHANGES][:CHANGES]


def steps(made: World) -> tuple[int, int]:
    """Return the steps of a pull that brings 10 changes, at the server and on the phone."""
    made.change(spread(made))
    with counted(made) as (server, phone):
        assert made.catch_up() == CHANGES
    assert server.count > 50 and phone.count > 50
    return server.count, phone.count


def test_a_pull_of_ten_changes_takes_the_same_steps_in_a_large_view(tmp_path: Path) -> None:
    with world(tmp_path, SMALL, 3) as small, world(tmp_path, LARGE, 3) as large:
        few, many = steps(small), steps(large)
        for made in (small, large):
            leave_an_erasure_open(made)
        few_open, many_open = steps(small), steps(large)
    assert many[0] <= 1.1 * few[0] and many_open[0] <= 1.1 * few_open[0], "the server looks at what did not change"
    assert many[1] <= 1.1 * few[1] and many_open[1] <= 1.1 * few_open[1], "the phone looks at what did not change"


def leave_an_erasure_open(made: World) -> None:
    """Let the server wait for this device's receipt."""
    with made.db.begin() as tx:
        erasure = {"id": "gone.g1", "customer_id": "gone", "guide_id": GUIDE, "at": START}
        tx.conn.execute(insert(t.erasure), [erasure])
        tx.conn.execute(insert(t.erasure_receipt), [{"erasure_id": "gone.g1", "device_id": made.actor.device_id}])
