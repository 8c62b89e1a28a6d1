"""First sync over HTTP on loopback, 5,000 and 50,000 rows, against parsing and inserting the same rows bare.

The floor fetches the same pages, parses and inserts them with `executemany` into tables with three indexes: no
sealing, no check sums, no undo log, no change notices. Ours is shown with its sealed columns and without sealing.
On both sides the HTTP client (with the certificates it reads: 20 ms) and the empty database are there before the
stopwatch starts: in the app both were needed to sign in.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from app.device.clock import SystemClock
from app.security.sealed import RowSealer
from app.store import Store
from app.sync import OfflineSwitch, make_http
from app.sync.clock import ServerClock
from app.sync.pull import Pull
from benchmarks.measure import Figure, Spent, beside, peak_mb, spending
from benchmarks.pages import COLUMNS, PULL, pages, rows, served

ROUNDS = {5_000: 9, 50_000: 3}
FLOOR = "HTTP + JSON + executemany, 3 indexes"


class OpenSealer:
    """A sealer that leaves everything open, to show what sealing costs."""

    def seal(self, _table: str, _row_id: str, plain: bytes) -> bytes:
        return plain

    def open(self, _table: str, _row_id: str, sealed: bytes) -> bytes:
        return sealed


async def ours(url: str, count: int, sealer: Any) -> Spent:
    """Return what our client's first sync took."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder), sealer)
        async with make_http(url, OfflineSwitch(httpx.AsyncHTTPTransport())) as http:
            pull = Pull(store, http, None, ServerClock(SystemClock()), lambda *_: None, "bench", lambda _progress: None)
            with spending() as so_far:
                await pull.run()
                took = so_far()
        held = store.read.value("SELECT (SELECT count(*) FROM browse_event) + (SELECT count(*) FROM customer)")
        store.close()
    assert held == count, held
    return took


def floor(url: str) -> Spent:
    """Return what the bare client took: one page after the other, a transaction a page."""
    columns = {kind: tuple(fields) for kind, fields in COLUMNS.items()}
    with tempfile.TemporaryDirectory() as folder:
        conn = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        conn.execute("PRAGMA journal_mode = WAL")
        for kind, fields in columns.items():
            conn.execute(f"CREATE TABLE {kind} ({', '.join(fields)}, PRIMARY KEY (id))")
        conn.execute("CREATE INDEX i1 ON browse_event (customer_id, at)")
        conn.execute("CREATE INDEX i2 ON browse_event (at)")
        conn.execute("CREATE INDEX i3 ON customer (last_order_at)")
        with httpx.Client(base_url=url, trust_env=False) as http, spending() as so_far:
            _fetch_bare(http, conn, columns)
            took = so_far()
        conn.close()
    return took


def _fetch_bare(http: httpx.Client, conn: sqlite3.Connection, columns: dict[str, tuple[str, ...]]) -> None:
    cookie: Any = None
    while True:
        body = msgspec.json.decode(http.post(PULL, json={"cookie": cookie}).content)
        found: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in columns}
        for op in body["patch"]:
            if op["op"] == "put":
                kind = op["key"].partition("/")[0]
                value = op["value"]
                found[kind].append(tuple([_plain(value[name]) for name in columns[kind]]))
        conn.execute("BEGIN")
        for kind, some in found.items():
            marks = ",".join("?" * len(columns[kind]))
            conn.executemany(f"INSERT OR REPLACE INTO {kind} VALUES ({marks})", some)
        conn.execute("COMMIT")
        cookie = body["cookie"]
        if not body["more"]:
            return


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def figures() -> list[Figure]:
    return [figure for count in ROUNDS for figure in _compare(count)] + [_peak(max(ROUNDS))]


def _compare(count: int) -> list[Figure]:
    patch = rows(count)
    sealer = RowSealer(bytes(range(32)))
    with tempfile.TemporaryDirectory() as folder, served(pages(patch), Path(folder)) as url:
        ways: tuple[Callable[[], Spent], ...] = (
            lambda: asyncio.run(ours(url, count, sealer)),
            lambda: asyncio.run(ours(url, count, OpenSealer())),
            lambda: floor(url),
        )
        for way in ways:
            way()
        took = [[way() for way in ways] for _ in range(ROUNDS[count])]
    columns = [list(column) for column in zip(*took, strict=True)]
    return [
        beside(f"first sync, {count:,} rows, columns sealed", columns[0], columns[2], FLOOR, "≤ 1.5"),
        beside(f"first sync, {count:,} rows, without sealing", columns[1], columns[2], FLOOR, "≤ 1.5"),
    ]


def _peak(count: int) -> Figure:
    """Return the peak of a process of its own that syncs, above a bare interpreter's."""
    with tempfile.TemporaryDirectory() as folder, served(pages(rows(count)), Path(folder)) as url:
        synced = _memory("-m", "benchmarks.first_sync", url, str(count))
    bare = _memory("-c", "from benchmarks.measure import peak_mb; print(peak_mb())")
    name = f"peak memory of a first sync, {count:,} rows, above the interpreter"
    return Figure(name, synced - bare, None, f"interpreter {bare:.0f} MB", "< 120 MB", "MB")


def _memory(*args: str) -> float:
    done = subprocess.run([sys.executable, *args], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    asyncio.run(ours(sys.argv[1], int(sys.argv[2]), RowSealer(bytes(range(32)))))
    print(peak_mb())
