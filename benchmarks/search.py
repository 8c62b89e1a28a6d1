"""Search over 5,000 customers, a keystroke at a time, against one pass of `in` over ready strings."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from app.insight import CustomerIndex
from app.security.sealed import RowSealer
from app.store import Store, patch
from benchmarks.measure import Figure, timed
from benchmarks.rows import NOW, customers, operations

KEYSTROKES = ("w", "wa", "wan", "wang", "wang y", "王", "王雨", "wyt", "38", "381", "通勤", "亚麻", "zzz")


async def _index(folder: str) -> tuple[Store, CustomerIndex]:
    store = Store.open(Path(folder), RowSealer(bytes(range(32))))
    await store.write(lambda tx: patch.apply(tx, operations(customers(5_000))))
    index = CustomerIndex(store.read, lambda: NOW, "Asia/Shanghai")
    index.load()
    return store, index


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        store, index = asyncio.run(_index(folder))
        blobs = [f"{c.name}\n{c.pinyin}\n{c.initials}\n{c.phone_tail}\n{c.note}" for c in customers(5_000)]
        index.search("warm")
        ours, base = [], []
        for _ in range(5):
            for text in KEYSTROKES:
                ours.append(timed(lambda text=text: index.search(text)))
                base.append(timed(lambda text=text: [b for b in blobs if text in b]))
        store.close()
    return [
        Figure(
            "search over 5,000, a keystroke",
            statistics.median(ours),
            statistics.median(base),
            "one pass of `in` over strings",
            "median < 10 ms",
        )
    ]
