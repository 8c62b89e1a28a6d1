"""First sync of a guide with 300 customers and 6,000 views, against parsing and inserting the same rows bare."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
from pathlib import Path
from typing import Any

import httpx

from app.device.clock import SystemClock
from app.protocol.limits import PAGE_ROWS
from app.security.sealed import RowSealer
from app.store import Store
from app.sync.clock import ServerClock
from app.sync.pull import Pull
from benchmarks.measure import Figure, timed, timed_async
from benchmarks.rows import NOW, customers, events, operations

ROUNDS = 5
NOTHING = 0


def _pages(patch: list[dict[str, Any]]) -> list[bytes]:
    """Return the answers of the pulls that bring `patch`."""
    cuts = [patch[i : i + PAGE_ROWS] for i in range(0, len(patch), PAGE_ROWS)]
    pages = []
    for n, cut in enumerate(cuts, 1):
        body = {
            "cookie": {"order": n, "t": "x"},
            "lastMutationIDChanges": {},
            "patch": [{"op": "clear"}, *cut] if n == 1 else cut,
            "more": n < len(cuts),
            "progress": {"done": min(n * PAGE_ROWS, len(patch)), "total": len(patch)},
            "serverTime": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        pages.append(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    return pages


async def _ours(pages: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder), RowSealer(bytes(range(32))))
        answers = iter(pages)
        transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=next(answers)))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as http:
            pull = Pull(store, http, None, ServerClock(SystemClock()), lambda *_: None, "bench", lambda _progress: None)
            took = await timed_async(pull.run)
        held = store.read.value("SELECT count(*) FROM browse_event")
        store.close()
    assert held == 6_000, held
    return took


def _floor(pages: list[bytes]) -> float:
    """Parse with `json` and insert with `executemany`, three indexes, a transaction a page."""

    def work() -> None:
        conn = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        conn.execute("PRAGMA journal_mode = WAL")
        for kind, fields in columns.items():
            conn.execute(f"CREATE TABLE {kind} ({', '.join(fields)}, PRIMARY KEY (id))")
        conn.execute("CREATE INDEX i1 ON browse_event (customer_id, at)")
        conn.execute("CREATE INDEX i2 ON browse_event (at)")
        conn.execute("CREATE INDEX i3 ON customer (last_order_at)")
        for page in pages:
            rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in columns}
            for op in json.loads(page)["patch"]:
                if op["op"] == "put":
                    kind = op["key"].partition("/")[0]
                    value = op["value"]
                    rows[kind].append(tuple(_plain(value[f]) for f in columns[kind]))
            conn.execute("BEGIN")
            for kind, found in rows.items():
                marks = ",".join("?" * len(columns[kind]))
                conn.executemany(f"INSERT OR REPLACE INTO {kind} VALUES ({marks})", found)
            conn.execute("COMMIT")
        conn.close()

    first: dict[str, Any] = {}
    for page in pages:
        for op in json.loads(page)["patch"]:
            if op["op"] == "put":
                first.setdefault(op["key"].partition("/")[0], op["value"])
    columns = {kind: tuple(value) for kind, value in first.items()}
    with tempfile.TemporaryDirectory() as folder:
        return timed(work)


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def figures() -> list[Figure]:
    people = customers(300)
    pages = _pages(operations(people, events(people, 6_000)))
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(asyncio.run(_ours(pages)))
        theirs.append(_floor(pages))
    return [
        Figure(
            "first sync, 300 customers + 6,000 views",
            statistics.median(mine),
            statistics.median(theirs),
            "json + executemany, 3 indexes",
            "≤ 3",
        )
    ]
