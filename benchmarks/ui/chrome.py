"""Chromium with a stopwatch inside: from an event of the browser to the semantics node that a person waits for.

Nothing is measured across the wire to the driver: the page itself notes when the event came and when the node did.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.ui import book as books
from tests.e2e.browser import ASK, PHONE, chromium, open_context
from tests.e2e.world import ROOT
from tests.fakes.free_port import free_port

START_S, WAIT_MS = 60.0, 60_000
TICKS = os.sysconf("SC_CLK_TCK")
WATCH = """
const PATIENCE = 60_000;
window.bench = {
  seen(pattern) {
    const host = document.querySelector('flt-semantics-host');
    if (!host) return false;
    if (pattern.test(host.textContent)) return true;
    for (const node of host.querySelectorAll('[aria-label]')) if (pattern.test(node.ariaLabel)) return true;
    return false;
  },
  when(source) {
    const pattern = new RegExp(source);
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error('never: ' + source)), PATIENCE);
      const look = () => {
        if (!bench.seen(pattern)) return false;
        watch.disconnect();
        clearTimeout(late);
        done(performance.now());
        return true;
      };
      const watch = new MutationObserver(look);
      if (!look()) watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    });
  },
  arm(event, source) {
    bench.took = new Promise((done, fail) => {
      const never = setTimeout(() => fail(new Error('no ' + event)), PATIENCE);
      addEventListener(event, () => {
        const began = performance.now();
        clearTimeout(never);
        bench.when(source).then(at => done(at - began), fail);
      }, {capture: true, once: true});
    });
  },
};
"""


@dataclass
class Process:
    """A process that serves pages."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_ms(self) -> float:
        """Return the CPU milliseconds of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS

    def rss_mb(self) -> float:
        """Return the memory it holds now."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text("ascii"))
        return int(found.group(1)) / 1024 if found else 0.0


@contextmanager
def started(args: list[str], env: dict[str, str], log: Path) -> Iterator[Process]:
    """Run `python ARGS` until it answers; `{port}` in an argument or a value is its port."""
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DAOGOU_")} | {"FLET_WEB_NO_CDN": "1"}
    env = clean | {name: value.replace("{port}", str(port)) for name, value in env.items()}
    command = [sys.executable, *(one.replace("{port}", str(port)) for one in args)]
    with log.open("ab") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=env) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/healthz", process)
            yield Process(process, port)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer")


def ours(book: books.Book) -> Iterator[Process]:
    """Start the app on a device without a network."""
    env = {
        "DAOGOU_HOME": str(book.home), "DAOGOU_ENV": "test", "DAOGOU_CLOCK_FILE": str(book.clock_file),
        "DAOGOU_APP_PORT": "{port}", "DAOGOU_TIPS": "off", "DAOGOU_SERVER_PORT": "9",
        "DAOGOU_WEB_RENDERER": "canvaskit",
    }  # fmt: skip
    return started(["main.py"], env, book.home / "app.log")  # type: ignore[return-value]


def bare(book: books.Book) -> Iterator[Process]:
    """Start the bare pages over the same names."""
    names = book.home / "names.json"
    if not names.exists():
        names.write_text(json.dumps(book.names, ensure_ascii=False), "utf-8")
    return started(["-m", "benchmarks.ui.bare", "{port}", str(names)], {}, book.home / "bare.log")  # type: ignore[return-value]


@dataclass
class Screen:
    """One page in the browser and the process behind it."""

    page: Page
    process: Process
    frames: list[int] = field(default_factory=list)

    def took(self, event: str, then: str, do: Callable[[], object]) -> tuple[float, float]:
        """Return the milliseconds from `event` to a node that matches `then`, and the process's CPU; `do` causes it."""
        self.page.bring_to_front()
        before = self.process.cpu_ms()
        self.page.evaluate("([event, then]) => bench.arm(event, then)", [event, then])
        do()
        wall = float(self.page.evaluate("() => bench.took"))
        return wall, self.process.cpu_ms() - before

    def since_start(self, then: str) -> float:
        """Return the milliseconds from the start of the navigation to a node that matches `then`."""
        return float(self.page.evaluate("then => bench.when(then)", then))

    def press(self, role: str, name: str | re.Pattern[str], then: str) -> tuple[float, float]:
        """Return what pressing a control takes until `then`."""
        node = self.page.get_by_role(role, name=name).first  # type: ignore[arg-type]
        node.hover()  # a first press may only end what was hovered before
        return self.took("pointerdown", then, node.click)


def open_at(browser: Browser, process: Process, path: str = "/") -> tuple[BrowserContext, Screen]:
    """Open a fresh browser, with nothing in its cache, at a path; it is on its way when this returns."""
    context = open_context(browser, PHONE)
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(WATCH + ASK)
    context.add_init_script(f"localStorage.setItem('flutter.daogou.device', '{json.dumps(books.DEVICE)}')")
    screen = Screen(context.new_page(), process)
    screen.page.on("websocket", lambda socket: socket.on("framereceived", lambda data: screen.frames.append(len(data))))
    screen.page.goto(process.url + path, wait_until="commit")
    return context, screen


__all__ = ["Process", "Screen", "bare", "chromium", "open_at", "ours", "started"]
