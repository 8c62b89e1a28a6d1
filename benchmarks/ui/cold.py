"""What Python does in a cold start on a phone: imports, opening the store with the PIN, Today drawn with its signals.

`python -m benchmarks.ui.cold ours HOME` and `… bare` are one cold process each; they print the CPU milliseconds of
every step, all threads together. What only the measuring needs is not counted; what the app does while a hand types
the PIN has a step of its own (`BESIDE`), as nobody waits for it. Whether the store remembers the day's list is HOME's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

BESIDE = "beside the PIN"
NOT_ON_PHONES = ("numpy", "pygments", "rich")  # here for the tests; see requirements/client.txt


class Steps:
    """CPU milliseconds since the step before."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}
        self._at = 0.0  # the interpreter's own start is part of the first step

    def done(self, name: str | None, less: float = 0.0) -> None:
        """Note a step, without `less` seconds of measuring; None: nobody's."""
        now = time.process_time()
        if name is not None:
            self.taken[name] = self.taken.get(name, 0.0) + (now - self._at - less) * 1000
        self._at = now


async def _ours(steps: Steps, home: str) -> None:
    os.environ |= {"DAOGOU_HOME": home, "DAOGOU_ENV": "test", "DAOGOU_CLOCK_FILE": f"{home}/clock"}
    from app.device import heap

    heap.begin()
    import app.bootstrap as bootstrap

    heap.settle()
    steps.done("imports")
    await bootstrap.prepare()
    steps.done(BESIDE)
    from app.security import FileKeyStore  # they name what is imported by now
    from benchmarks.ui.book import DEVICE, PIN, STAFF_NO
    from tests.fakes.flying import Flying
    from tests.fakes.ui import FakeUi

    Flying.of(asyncio.get_running_loop()).limit_s = 0.0  # the first frame does not wait for the signals
    settings = bootstrap.Settings.from_env()
    keystore = FileKeyStore(bootstrap.paths.device_folder(DEVICE, settings.home) / "keystore.json")
    installation = bootstrap.App(settings).installation(DEVICE, keystore)
    steps.done(None)
    await installation.look_over()
    steps.done(BESIDE)
    client: Any = await installation.unlock(STAFF_NO, PIN)
    steps.done("unlock")
    ui = await FakeUi.app(client)
    steps.done("first frame")
    looking = 0.0
    while True:
        began = time.thread_time()
        there = ui.shows(ui.ui.strings.t("today.now"))
        looking += time.thread_time() - began
        if there:
            break
        await asyncio.sleep(0.02)
    steps.done("signals", less=looking)


async def _bare(steps: Steps) -> None:
    import flet as ft
    import flet.messaging.session

    ft.Column([ft.Text(""), ft.FilledButton("")])  # Flet imports a control when it is first named
    steps.done("imports")
    from tests.fakes.ui import FakeUi

    steps.done(None)

    @ft.component
    def Page() -> ft.Control:
        done, set_done = ft.use_state(False)
        return ft.Column([ft.Text("done" if done else "ready"), ft.FilledButton("go", on_click=lambda: set_done(True))])

    ui = FakeUi()
    ui.page.render(Page)
    await ui.settle()
    assert ui.shows("ready")
    steps.done("first frame")


def main(args: list[str]) -> None:
    for absent in NOT_ON_PHONES:
        sys.modules[absent] = None  # type: ignore[assignment]
    steps = Steps()
    asyncio.run(_ours(steps, args[1]) if args[0] == "ours" else _bare(steps))
    print(json.dumps(steps.taken), flush=True)
    os._exit(0)  # what is still to come is nobody's


if __name__ == "__main__":
    main(sys.argv[1:])
