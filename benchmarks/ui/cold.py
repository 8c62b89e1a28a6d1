"""What Python does in a cold start on a phone: imports, opening the store, the PIN, Today drawn with its signals.

`python -m benchmarks.ui.cold ours HOME` and `… bare` are one cold process each; they print CPU and wall milliseconds
of every step.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

STEPS = ("imports", "unlock", "today")


class Steps:
    """CPU (of all threads) and wall milliseconds since the step before."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[float, float]] = {}
        self._at = (0.0, time.perf_counter())  # the interpreter's own start counts as an import

    def done(self, name: str) -> None:
        now = (time.process_time(), time.perf_counter())
        self.taken[name] = ((now[0] - self._at[0]) * 1000, (now[1] - self._at[1]) * 1000)
        self._at = now


async def _ours(steps: Steps, home: str) -> None:
    os.environ |= {"DAOGOU_HOME": home, "DAOGOU_ENV": "test", "DAOGOU_CLOCK_FILE": f"{home}/clock"}
    for absent in ("numpy", "pygments", "rich"):  # here for the tests; no phone has them (requirements/client.txt)
        sys.modules[absent] = None  # type: ignore[assignment]
    from app.device import heap

    heap.begin()
    import app.bootstrap as bootstrap
    from app.security import FileKeyStore

    steps.done("imports")
    from benchmarks.ui.book import DEVICE, PIN, STAFF_NO
    from tests.fakes.ui import FakeUi

    steps.done("harness")
    settings = bootstrap.Settings.from_env()
    device: Any = bootstrap.App(settings).installation(
        DEVICE, FileKeyStore(bootstrap.paths.device_folder(DEVICE, settings.home) / "keystore.json")
    )
    client = await device.unlock(STAFF_NO, PIN)
    steps.done("unlock")
    ui = await FakeUi.app(client)
    steps.done("first frame")
    sent = 0
    while sent == len(ui.sizes) or not ui.shows("现在做"):  # looking at the screen costs: only after a message
        sent = len(ui.sizes)
        await asyncio.sleep(0.002)
    steps.done("today")


def main(args: list[str]) -> None:
    steps = Steps()
    asyncio.run(_ours(steps, args[1]))
    print(json.dumps(steps.taken), flush=True)
    os._exit(0)  # the store is only read


if __name__ == "__main__":
    main(sys.argv[1:])
