"""What a guide waits for a hundred times a day, over 5,000 customers, in Chromium: ours and a bare page in turn.

A keystroke of the search until the new count stands there, a change of tab, a jump over the whole list, opening a
profile with 2,000 entries. Both sides run in one browser and one run, each in a context and a process of its own.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from app.ui.strings import Strings
from benchmarks.measure import Figure, spread
from benchmarks.ui import book as books
from benchmarks.ui import chrome
from benchmarks.ui.start import unlock

ROUNDS = 7
FOCUS_TRIES = 8
WORDS = ("wang", "liyu", "138", "雨桐", "zhs")
WHEELS, WHEEL = 40, 900
LIMIT_KB = 40
zh = Strings("zh_CN").t
Taken = list[tuple[float, float]]


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        book = books.make(Path(folder))  # before the browser's driver holds the thread's loop
        with chrome.chromium() as browser, _both(browser, book) as (ours, open_bare):
            return [
                *_search(ours, open_bare, book), _tabs(ours, open_bare), *_scroll(ours, open_bare, book),
                _profile(ours, open_bare, book),
            ]  # fmt: skip


OpenBare = Callable[[str], chrome.Screen]


@contextmanager
def _both(browser: Browser, book: books.Book) -> Iterator[tuple[chrome.Screen, OpenBare]]:
    """Yield the app with an open store, and what opens a bare page."""
    with ExitStack() as stack:
        app, bare = stack.enter_context(chrome.ours(book)), stack.enter_context(chrome.bare(book))
        context, ours = chrome.open_at(browser, app)
        stack.callback(context.close)
        unlock(ours)

        def open_bare(path: str) -> chrome.Screen:
            bare_context, screen = chrome.open_at(browser, bare, path)
            stack.callback(bare_context.close)
            screen.page.locator("flt-semantics-host").wait_for(state="attached")
            return screen

        yield ours, open_bare


def _go(screen: chrome.Screen, root: str, then: str) -> tuple[float, float]:
    return screen.press("tab", re.compile(zh(f"common.root_{root}")), then)


def _search(ours: chrome.Screen, open_bare: OpenBare, book: books.Book) -> list[Figure]:
    bare = open_bare("/search")
    bare.since_start("共5000位")
    _go(ours, "customers", _ours_count(books.CUSTOMERS))
    texts = [text for word in WORDS for text in _keystrokes(word)]
    found = {text: book.count(text) for text in texts}
    plain = {text: sum(text in hay for _, hay in book.names) for text in texts}  # the bare page finds parts of words
    mine: Taken = []
    theirs: Taken = []
    boxes = [
        (ours, mine, found, zh("customers.search"), _ours_count), (bare, theirs, plain, "搜索", _bare_count),
    ]  # fmt: skip
    for word in WORDS:
        for screen, taken, counts, label, sentence in boxes:
            _focus(screen, label)
            shown = books.CUSTOMERS
            for text in _keystrokes(word):
                if counts[text] != shown:  # the same count again says nothing
                    taken.append(_key(screen, text[-1], sentence(counts[text])))
                    shown = counts[text]
                else:
                    screen.page.keyboard.insert_text(text[-1])
            screen.page.bring_to_front()
            screen.page.keyboard.press("Control+A")
            screen.took("keydown", sentence(books.CUSTOMERS), lambda s=screen: s.page.keyboard.press("Backspace"))
    return [_figure("keystroke to updated list, 5,000 customers", mine, theirs, "thirty memoised rows", "<= 1.2x")]


def _focus(screen: chrome.Screen, label: str) -> None:
    """Put the cursor into a field, as often as it takes: the other page in front takes it away."""
    for _ in range(FOCUS_TRIES):
        screen.page.bring_to_front()
        field = screen.page.get_by_role("textbox", name=label).first
        field.click()
        node = field.element_handle()  # Flutter may have drawn the field anew
        with contextlib.suppress(PlaywrightError):
            screen.page.wait_for_function("node => document.activeElement === node", arg=node, timeout=5_000)
            return
    raise AssertionError(f"the field {label} does not take the cursor")


def _keystrokes(word: str) -> list[str]:
    return [word[:n] for n in range(1, len(word) + 1)]


def _ours_count(count: int) -> str:
    return re.escape(zh("customers.count", n=count, count=f"{count:,}"))


def _bare_count(count: int) -> str:
    return f"共{count}位"


def _key(screen: chrome.Screen, key: str, then: str) -> tuple[float, float]:
    return screen.took("input", then, lambda: screen.page.keyboard.insert_text(key))


def _tabs(ours: chrome.Screen, open_bare: OpenBare) -> Figure:
    bare = open_bare("/tabs")
    bare.since_start("页0")
    count = _ours_count(books.CUSTOMERS)
    now = zh("today.now")
    mine: Taken = []
    theirs: Taken = []
    for _ in range(ROUNDS):
        mine += [_go(ours, "today", now), _go(ours, "customers", count)]
        theirs += [bare.press("button", "去1", "页1"), bare.press("button", "去0", "页0")]
    return _figure("change of tab, both visited", mine, theirs, "two pages of twenty cards", "< 200 ms")


def _scroll(ours: chrome.Screen, open_bare: OpenBare, book: books.Book) -> list[Figure]:
    bare = open_bare("/list")
    bare.since_start(re.escape(book.names[0][0]))
    middle = (195, 560)
    sizes: dict[str, list[int]] = {}
    for name, screen in (("ours", ours), ("bare", bare)):
        screen.page.bring_to_front()
        screen.page.mouse.move(*middle)
        screen.frames.clear()
        for _ in range(WHEELS):
            screen.page.mouse.wheel(0, WHEEL)
            screen.page.wait_for_timeout(60)  # a hand's pace
        sizes[name] = list(screen.frames)
    assert sizes["ours"], "the list did not scroll"
    mine: Taken = []
    theirs: Taken = []
    ends = [(ours, mine, book.in_order()), (bare, theirs, [name for name, _ in book.names])]
    for _ in range(ROUNDS):
        for screen, taken, names in ends:
            for far, name in ((1, names[-1]), (-1, names[0])):
                screen.page.mouse.move(*middle)
                jump = far * len(names) * 100
                taken.append(screen.took("wheel", re.escape(name), lambda s=screen, j=jump: s.page.mouse.wheel(0, j)))
    biggest = [max(sizes[name]) / 1024 for name in ("ours", "bare")]
    return [
        _figure("from one end of 5,000 rows to the other", mine, theirs, "a window of chunks", ""),
        Figure("largest message while scrolling", biggest[0], biggest[1], "a window of chunks", f"< {LIMIT_KB} kB",
               "kB", f"{len(sizes['ours'])} messages, {sum(sizes['ours']) / 1024:,.0f} kB in all"),
    ]  # fmt: skip


def _profile(ours: chrome.Screen, open_bare: OpenBare, book: books.Book) -> Figure:
    bare = open_bare("/detail")
    bare.since_start("打开")
    name, hay = book.rich
    ours.page.get_by_role("textbox", name=zh("customers.search")).first.click()
    ours.took("input", re.escape(name), lambda: ours.page.keyboard.insert_text(hay.split("\n")[2]))
    mine: Taken = []
    theirs: Taken = []
    ours.page.get_by_text(zh("customers.title")).first.click()  # the cursor leaves the field
    for _ in range(ROUNDS):
        mine.append(ours.press("button", re.compile(f"^{name}"), re.escape(zh("profile.tab_timeline"))))
        ours.press("button", zh("common.back"), re.escape(zh("customers.title")))
        theirs.append(bare.press("button", "打开", "详情"))
        bare.press("button", "返回", "打开")
    return _figure("opening a profile with 2,000 entries", mine, theirs, "a page of thirty rows", "< 300 ms")


def _figure(name: str, mine: Taken, theirs: Taken, against: str, bound: str) -> Figure:
    ours, bare = ([wall for wall, _ in some] for some in (mine, theirs))
    cpu = [statistics.mean(cpu for _, cpu in some) for some in (mine, theirs)]
    note = f"{spread(ours)}; Python {cpu[0]:,.0f} ms of CPU"
    against = f"{against}; Python {cpu[1]:,.0f} ms"
    return Figure(name, statistics.median(ours), statistics.median(bare), against, bound, note=note)
