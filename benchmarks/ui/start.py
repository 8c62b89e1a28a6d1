"""A cold start to a usable Today with 5,000 customers on the device, against a bare Flet page of the same fonts.

In Chromium, each time with a fresh process and a fresh browser, ours and bare in turn: from the navigation to the PIN
field, and from the tap on "unlock" to the first signal's card. What a hand does between the two is not counted. The
Python part is measured in processes without a browser and without the web server, as on a phone (`benchmarks.ui.cold`):
of a later start of a day, when the day's list is remembered, and of the first one.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from app.ui.strings import Strings
from benchmarks.measure import Figure, spread
from benchmarks.ui import book as books
from benchmarks.ui import chrome
from benchmarks.ui.cold import BESIDE

ROUNDS, COLD_ROUNDS = 7, 7
LATER = "a later one of the day"
BARE = "a bare page of the same fonts"
zh = Strings("zh_CN").t


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        book = books.make(Path(folder) / "book")
        first = book.copy(Path(folder) / "first")
        return [*_python(book), *_python(first, first_of_day=True), *_chromium(book)]


def unlock(screen: chrome.Screen) -> tuple[float, float]:
    """Type the PIN of a page that shows the way in, and press; return what Today took."""
    screen.since_start(zh("login.unlock"))
    field = screen.page.get_by_role("textbox", name=zh("login.pin"))
    for _ in range(8):  # the first click may only end what was hovered
        field.click()
        screen.page.keyboard.press("Control+A")
        screen.page.keyboard.insert_text(books.PIN)
        if field.input_value() == books.PIN:
            break
    return screen.press("button", zh("login.unlock"), f"^{zh('today.now')}$|{zh('today.now')}")


def _chromium(book: books.Book) -> list[Figure]:
    taken: dict[str, list[float]] = {"login": [], "today": [], "cpu": [], "ours": [], "bare": []}
    with chrome.chromium() as browser:
        for _ in range(ROUNDS):
            login, today, cpu = _ours(browser, book)
            for name, value in (("login", login), ("today", today), ("cpu", cpu), ("ours", login + today)):
                taken[name].append(value)
            taken["bare"].append(_bare(browser, book))
    median = {name: statistics.median(values) for name, values in taken.items()}
    over = [ours - bare for ours, bare in zip(taken["ours"], taken["bare"], strict=True)]
    note = f"{spread(taken['ours'])}; PIN field {median['login']:,.0f}, then Today {median['today']:,.0f}"
    return [
        Figure(
            f"cold start to Today, 5,000 customers, Chromium, {LATER}",
            median["ours"],
            median["bare"],
            BARE,
            "",
            note=note,
        ),
        Figure("  of it over the bare page", statistics.median(over), None, "", "<= 500 ms", note=spread(over)),
    ]


def _ours(browser: Browser, book: books.Book) -> tuple[float, float, float]:
    with chrome.ours(book) as process:
        context, screen = chrome.open_at(browser, process)
        before = process.cpu_ms()
        login = screen.since_start(zh("login.unlock"))
        today, _ = unlock(screen)
        cpu = process.cpu_ms() - before
        context.close()
    return login, today, cpu


def _bare(browser: Browser, book: books.Book) -> float:
    with chrome.bare(book) as process:
        context, screen = chrome.open_at(browser, process, "/page")
        took = screen.since_start("就绪")
        context.close()
    return took


def _python(book: books.Book, *, first_of_day: bool = False) -> list[Figure]:
    ours, bare = [], []
    for _ in range(COLD_ROUNDS):
        if first_of_day:
            book.forget_day()
        ours.append(_cold("ours", str(book.home)))
        bare.append(_cold("bare"))
    total, floor = ([_waited(steps) for steps in some] for some in (ours, bare))
    over = [mine - theirs for mine, theirs in zip(total, floor, strict=True)]
    kind = "the day's first" if first_of_day else LATER
    parts = ", ".join(f"{name} {statistics.median(steps[name] for steps in ours):,.0f}" for name in ours[0])
    return [
        Figure(f"cold start, Python's CPU, {kind}", statistics.median(total), statistics.median(floor),
               "import and draw a page", "", note=f"{spread(total)}: {parts}"),
        Figure("  of it over the bare page", statistics.median(over), None, "", "< 400 ms", note=spread(over)),
    ]  # fmt: skip


def _waited(steps: dict[str, float]) -> float:
    """Return the sum of what a guide waits for."""
    return sum(took for name, took in steps.items() if name != BESIDE)


def _cold(*args: str) -> dict[str, float]:
    """Return the CPU milliseconds of each step of one cold process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ui.cold", *args], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
