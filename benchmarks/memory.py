"""Peak memory of the app's process with 5,000 customers, every root of the shell visited."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, peak_mb
from benchmarks.rows import NOW


async def _fill(folder: Path) -> None:
    from tests.fakes.sample import sample_store

    made = await sample_store(folder, NOW, customers=5_000)
    made.store.close()


async def _visit(folder: Path) -> float:
    """Open the filled store as the app does, walk the roots, and return the peak in MB."""
    import app.bootstrap.later  # noqa: F401 - the whole app is in memory, as in the real process
    from app.insight import CustomerIndex, SignalBoard
    from app.security.sealed import RowSealer
    from app.store import Store
    from tests.fakes.sample import KEY, ZONE, IdleEngine, Sample, SampleClock, World
    from tests.fakes.ui import FakeUi

    world = World(NOW, 20)  # who works there; the rows are in the folder
    store = Store.open(folder, RowSealer(KEY))
    index = CustomerIndex(store.read, lambda: NOW, ZONE)
    index.load()
    guide = world.session(world.guides[0])
    board = SignalBoard(store, lambda: NOW, ZONE, guide.staff.store_id)
    client: Any = Sample(store, guide, guide, SampleClock(NOW), IdleEngine(NOW), index, board)
    ui = await FakeUi.app(client)
    for root in ("今日", "客户", "分享", "佣金", "我的"):
        ui.ui.go({"今日": "today", "客户": "customers", "分享": "share", "佣金": "commission", "我的": "me"}[root])
        await ui.settle(wait_s=1.0)
    assert len(index) == 5_000
    store.close()
    return peak_mb()


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_fill(Path(name)))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", name], capture_output=True, text=True, check=True
        )
    return [Figure("peak memory, 5,000 customers", float(done.stdout.split()[-1]), None, "", "< 300 MB", "MB")]


if __name__ == "__main__":
    print(asyncio.run(_visit(Path(sys.argv[1]))))
