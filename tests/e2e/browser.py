"""Chromium driven by roles and labels: the app's screens through Flet's semantics tree, the shop as plain pages."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1180, "height": 820}
NARROW = {"width": 320, "height": 640}
SIDE = {"width": 844, "height": 390}
PATIENCE_MS = 30_000
START_MS = 120_000  # two apps starting at once on a busy machine take longer than any step after
# Asked for as soon as it can be: a field that has the focus before there is a semantics tree is never in it.
ASK = """new MutationObserver((_, watch) => {
    const button = document.querySelector('flt-semantics-placeholder');
    if (button) { watch.disconnect(); button.click(); window.semanticsAsked = true; }
}).observe(document, {subtree: true, childList: true});"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; the path comes from `.ci/chromium` by DAOGOU_CHROMIUM, else the system's."""
    path = os.environ.get("DAOGOU_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "no Chromium: run `make test`, which finds or installs one"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_context(
    browser: Browser, size: dict[str, int], *, locale: str = "zh-CN", dark: bool = False, still: bool = False
) -> BrowserContext:
    """Return a context of a window so large; `still` asks for less motion, as a device's setting does."""
    context = browser.new_context(
        viewport=size,
        locale=locale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        timezone_id="Asia/Shanghai",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


class App:
    """One open app in one browser context; every step waits for a role and a label, never for a time."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.add_init_script(ASK)
        self.url = url
        self.taps = 0  # what a hand did; typing is no tap

    def open(self) -> App:
        self.page.goto(self.url)
        self._enable_semantics()
        return self

    def visit(self, path: str) -> None:
        """Load the app at an address, as a reload or a link does."""
        self.page.goto(f"{self.url}{path}")
        self._enable_semantics()

    def reload(self) -> None:
        self.page.reload()
        self._enable_semantics()

    def _enable_semantics(self) -> None:
        """Wait until Flutter was asked for its semantics tree, and nudge the viewport until a frame has nodes.

        About one load in twenty stays half painted until a resize (measured with Flet 1.0.5).
        """
        self.page.wait_for_function("window.semanticsAsked", timeout=START_MS)
        size = self.page.viewport_size
        assert size
        nodes = self.page.locator("flt-semantics").filter(has_text=re.compile(r"\S"))
        named = self.page.locator("flt-semantics[aria-label], flt-semantics input, flt-semantics[role=button]")
        for attempt in range(60):
            if nodes.count() or named.count():
                return
            self.page.set_viewport_size({"width": size["width"], "height": size["height"] - attempt % 2})
            self.page.wait_for_timeout(250)
        raise AssertionError("the app painted nothing")

    def button(self, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact).first

    def tab(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("tab", name=name).first

    def box(self, name: str | re.Pattern[str]) -> Locator:
        named = self.page.get_by_role("textbox", name=name)
        return named.or_(self.page.get_by_role("group", name=name).get_by_role("textbox")).first

    def text(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_text(text).first

    def press(self, what: Locator, *, patience_ms: int = PATIENCE_MS) -> None:
        """Point, then press: a press in the moment the pointer comes only ends what was hovered before."""
        what.hover(timeout=patience_ms)
        what.click(timeout=patience_ms)

    def tap(self, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        self.press(self.button(name, exact=exact))
        self.taps += 1

    def tap_until(self, name: str | re.Pattern[str], appears: Locator, *, by: int = 0) -> None:
        """Tap as a person does: once more if nothing came of it, as when a list moved under the finger.

        `by`: wheel so far at a time until it can be seen. A page that comes back to its place moves after it is there.
        """
        for _ in range(6):
            try:
                if by:
                    self.scroll_to(self.button(name), by=by)
                if self.button(name).is_visible():
                    self.press(self.button(name), patience_ms=4_000)
                    self.taps += 1
                appears.first.wait_for(state="attached", timeout=4_000)
            except PlaywrightError:
                continue
            return
        raise AssertionError(f"{name} leads nowhere: {appears} did not appear")

    def back(self, name: str = "返回") -> None:
        """Tap Back and wait for it: the page that leaves has the same button."""
        before = self.page.url
        for _ in range(6):
            self.tap(name, exact=True)
            try:
                self.page.wait_for_url(lambda url: url != before, wait_until="commit", timeout=8_000)
            except PlaywrightError:
                continue
            return
        raise AssertionError(f"still at {before}")

    def go(self, name: str | re.Pattern[str]) -> None:
        """Tap a root's place in the bottom bar or rail."""
        label = name.pattern if isinstance(name, re.Pattern) else re.escape(name)
        in_rail = self.page.get_by_role(
            "button", name=re.compile(rf"^(?:{label}) \D* ?\d")
        )  # "客户 第 2 个标签，共 6 个"
        self.press(self.page.get_by_role("tab", name=name).or_(in_rail).first)
        self.taps += 1

    def type_into(self, name: str | re.Pattern[str], text: str, then: Locator | None = None) -> None:
        """Replace what a field holds; the text goes in at once, as an input method commits it.

        On a busy machine Flutter takes a field over after the text came, and empties it: no hand is that fast. So we
        look whether it took (or what comes of it, `then`), and go again.
        """
        for _ in range(8):
            field = self.box(name)
            field.wait_for()
            node = field.element_handle()  # a field named by its hint alone has no name while it holds text
            try:
                node.hover(timeout=5_000)
                node.click(timeout=5_000)
                self.page.wait_for_function("node => document.activeElement === node", arg=node, timeout=5_000)
                self.page.keyboard.press("Control+A")
                self.page.keyboard.insert_text(text)
                self.page.wait_for_function("([node, text]) => node.value === text", arg=[node, text], timeout=5_000)
                if then is not None:
                    then.wait_for(state="attached", timeout=8_000)
            except PlaywrightError:  # not focused yet, or drawn anew meanwhile
                continue
            return
        raise AssertionError(f"the field {name} does not take {text!r}")

    def fill_in(self, *pairs: tuple[str, str]) -> None:
        """Type `(label, text)` of a form's fields, again until all hold theirs: a busy Flutter may empty one later."""
        for _ in range(4):
            for name, text in pairs:
                self.type_into(name, text)
            if all(self.box(name).input_value() == text for name, text in pairs):
                return
        raise AssertionError(f"the form does not keep {[name for name, _ in pairs]}")

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the text stands on the screen or in a control's label."""
        expect(self.sign(text)).to_be_attached()

    def sign(self, text: str | re.Pattern[str]) -> Locator:
        """Text on the screen or in a control's label."""
        pattern = text if isinstance(text, re.Pattern) else re.compile(re.escape(text))
        return self.page.get_by_text(pattern).or_(self.page.get_by_label(pattern)).first

    def to_top(self) -> None:
        """Wheel up to the beginning of the page: it has kept its place."""
        size = self.page.viewport_size
        assert size
        self.page.mouse.move(size["width"] * 0.5, size["height"] * 0.6)
        self.page.mouse.wheel(0, -20_000)

    def scroll_to(self, target: Locator, *, rounds: int = 40, by: int = 300) -> Locator:
        """Wheel down (up: `by` below 0) over the page until the target has a node; rows outside the view have none."""
        size = self.page.viewport_size
        assert size
        self.page.mouse.move(size["width"] * 0.5, size["height"] * 0.6)
        for _ in range(rounds):
            if target.count() and target.is_visible():
                return target
            self.page.mouse.wheel(0, by)
            self.page.wait_for_timeout(80)
        raise AssertionError(f"not found by scrolling: {target}")
