"""Pictures of screens: how they look, when they stand still, and what must never stand in them."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request

from app.ui.strings import PSEUDO, Strings, catalogue
from tests.e2e.browser import NARROW, PATIENCE_MS, PHONE, SIDE, TABLET, open_context
from tests.e2e.world import ROOT

FOLDER = Path(os.environ.get("DAOGOU_SHOTS") or ROOT / "build/shots")
RAW = re.compile(
    r"\bNone\b(?! left)|\bNaN\b|Traceback|Exception|\w+Error\b|\bTODO\b|\b(?i:null|undefined|debug|lorem)\b|[{}]|%\("
)
MIN_COLOURS = 60  # a page of text alone has hundreds through the edges of its letters
ROUNDS = 120
LANGUAGES = {"zh": "zh_CN", "en": "en", "pseudo": PSEUDO}
SETTLE = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
ALL_WORDS = """() => [...document.querySelectorAll('flt-semantics, flt-semantics *')].map(node =>
    [node.getAttribute('aria-label') || '', node.value || '',
     [...node.childNodes].filter(c => c.nodeType === 3).map(c => c.data).join('')].join('\\n')).join('\\n')"""


@dataclass(frozen=True)
class Look:
    """One way to look at a screen."""

    size: Literal["phone", "narrow", "side", "tablet"]
    light: Literal["light", "dark"]
    language: Literal["zh", "en", "pseudo"]
    scale: float = 1.0

    def __str__(self) -> str:
        large = "" if self.scale == 1 else f"-x{self.scale}"
        return f"{self.size}-{self.light}-{self.language}{large}"

    @property
    def is_phone(self) -> bool:
        return self.size != "tablet"

    @property
    def window(self) -> dict[str, int]:
        """Return the window's size: `side` is a phone on its side."""
        return {"phone": PHONE, "narrow": NARROW, "side": SIDE, "tablet": TABLET}[self.size]

    @property
    def strings(self) -> Strings:
        return Strings(LANGUAGES[self.language])

    def open(self, browser: Browser) -> BrowserContext:
        """Open a context of this look; what is loading stands still, or no picture of it would be the last."""
        context = open_context(
            browser, self.window, locale="zh-CN" if self.language == "zh" else "en-US", dark=self.light == "dark",
            still=True,
        )  # fmt: skip
        if self.language == "pseudo":  # what the language setting would keep in the browser
            chosen = json.dumps(json.dumps(PSEUDO))
            context.add_init_script(f"localStorage.setItem('flutter.daogou.language', {chosen})")
        if self.scale != 1:  # Flutter takes the text scale of the page's root
            large = f"document.documentElement.style.fontSize = '{16 * self.scale}px'"
            context.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {large} }})")
        return context


class Camera:
    """Takes pictures of one page when nothing moves in it and nothing is on its way."""

    def __init__(self, page: Page, look: Look) -> None:
        self.page, self.look = page, look
        self._coming: set[Request] = set()
        page.on("request", self._note)
        for event in ("requestfinished", "requestfailed"):
            page.on(event, self._forget)

    def _note(self, request: Request) -> None:
        if "/blob/" in request.url:  # product pictures; Flutter never tells of its fonts' end
            self._coming.add(request)

    def _forget(self, request: Request) -> None:
        self._coming.discard(request)

    def shoot(self, name: str, *, words: str | None = None) -> Path:
        """Write `<name>-<look>.png`; `words` is what the page says when it is not the app."""
        self.page.mouse.move(1, 1)  # a hovered button shows its tooltip
        picture = self._still()
        assert_not_blank(picture)
        assert_fit_words(self.page.evaluate(ALL_WORDS) if words is None else words, self.look)
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{name}-{self.look}.png"
        path.write_bytes(picture)
        return path

    def _still(self) -> bytes:
        """Return the page's picture as soon as two in a row are the same."""
        before = b""
        for _ in range(ROUNDS):
            self.page.evaluate(SETTLE)
            now = self.page.screenshot(timeout=PATIENCE_MS)
            if now == before and not self._coming:
                return now
            before = now
        on_their_way = sorted(request.url for request in self._coming)
        raise AssertionError(f"the screen does not come to rest; on their way: {on_their_way}")


def assert_not_blank(picture: bytes) -> None:
    with Image.open(io.BytesIO(picture)) as opened:
        colours = opened.convert("RGB").getcolors(1 << 24)
    assert colours and len(colours) > MIN_COLOURS, "the picture is blank"


def assert_fit_words(words: str, look: Look) -> None:
    """No raw key, no debug word, no sentence of the other language."""
    assert words.strip(), "the screen says nothing"
    found = RAW.search(words)
    assert found is None, (
        f"{found.group()!r} stands on the screen: {words[max(0, found.start() - 80) : found.end() + 80]}"
    )
    lines = {line.strip() for line in words.splitlines()}
    keys = {key for key in _keys() if key in words}
    assert not keys, f"raw keys on the screen: {sorted(keys)}"
    foreign = lines & _only_in("zh_CN" if look.language == "en" else "en")
    assert not foreign, f"texts of the other language: {sorted(foreign)}"


@cache
def _keys() -> frozenset[str]:
    return frozenset(key for key in catalogue("en") if "." in key)


@cache
def _only_in(language: str) -> frozenset[str]:
    """Return the texts without parameters that only this language has."""
    zh, en = ({form for forms in catalogue(one).values() for form in forms} for one in ("zh_CN", "en"))
    own, other = (zh, en) if language == "zh_CN" else (en, zh)
    return frozenset(text for text in own - other if text and "{" not in text and len(text) > 1)
