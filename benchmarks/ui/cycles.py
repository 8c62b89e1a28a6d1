"""Memory over 300 rounds of opening a profile, going back, another tab and back: what grows, grows for ever.

Runs in a process of its own, with the whole app and 5,000 customers but no browser. `python -m benchmarks.ui.cycles
HOME` prints the memory in MB and the number of objects after a third of the rounds and after all.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

CYCLES = 300


def figures() -> list[Figure]:
    from benchmarks.ui import book as books

    with tempfile.TemporaryDirectory() as folder:
        book = books.make(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ui.cycles", str(book.home), book.heroes[books.RICH]],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    first_mb, last_mb, first, last = map(float, done.stdout.split())
    rounds = f"{CYCLES // 3} and {CYCLES} rounds"
    return [
        Figure(f"memory after {CYCLES} rounds of moves", last_mb, first_mb, f"after {CYCLES // 3}", "<= 1.02x", "MB"),
        Figure("objects in memory", last, first, f"between {rounds}", "<= 1.01x", ""),
    ]


async def _run(home: str, customer: str) -> None:
    os.environ |= {"DAOGOU_HOME": home, "DAOGOU_ENV": "test", "DAOGOU_CLOCK_FILE": f"{home}/clock"}
    import app.bootstrap as bootstrap
    from app.security import FileKeyStore
    from benchmarks.ui.book import DEVICE, PIN, STAFF_NO
    from tests.fakes.ui import FakeUi

    settings = bootstrap.Settings.from_env()
    keystore = FileKeyStore(bootstrap.paths.device_folder(DEVICE, settings.home) / "keystore.json")
    client: Any = await bootstrap.App(settings).installation(DEVICE, keystore).unlock(STAFF_NO, PIN)
    ui = await FakeUi.app(client)
    measured: list[tuple[float, int]] = []
    for turn in range(1, CYCLES + 1):
        for move in (
            lambda: ui.ui.go("customers"), lambda: ui.ui.select(f"/customers/{customer}"), ui.ui.back,
            lambda: ui.ui.go("today"),
        ):  # fmt: skip
            move()
            await ui.settle(wait_s=0.005)
        ui.sizes.clear()  # the harness's own notes
        ui.calls.clear()
        if turn in (CYCLES // 3, CYCLES):
            gc.unfreeze()  # count what the start set apart, too
            gc.collect()
            measured.append((_rss_mb(), len(gc.get_objects())))
    print(*(mb for mb, _ in measured), *(count for _, count in measured), flush=True)
    os._exit(0)  # the store was only read


def _rss_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(found.group(1)) / 1024 if found else 0.0


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
