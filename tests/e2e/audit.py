"""What automated eyes find wrong with a screen, by the places of its texts and buttons in Chromium.

The app runs with `DAOGOU_INSPECT=1` (`app.ui.parts.inspected`), so every text is a node named by its kind. A text is
measured once more with the app's own font: what is wider than its place, and has no line left, is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

TOUCH = 47.5  # 48, and half a pixel of rounding
SLACK = 2.0  # of a rounded place
FIT = 0.965  # synthetic bold and fallback letters are measured a little wider than Flutter draws them
MEASURED = 0.15  # of the lines of a long text: where it breaks is measured, not known
NOTE_SIZE = 12.5  # one quiet line of a row may end in an ellipsis: a tap shows the whole
FONT = """async (url) => {
    if (!window.measured) {
        const face = new FontFace('sc-measure', `url(${url})`);
        document.fonts.add(await face.load());
        window.measured = document.createElement('canvas').getContext('2d');
    }
}"""
NODES = """() => {
    const clip = (r, by) => ({x: Math.max(r.x, by.x), y: Math.max(r.y, by.y),
        r: Math.min(r.r, by.r), b: Math.min(r.b, by.b)});
    const rect = n => { const r = n.getBoundingClientRect(); return {x: r.x, y: r.y, r: r.right, b: r.bottom}; };
    const words = n => [n.getAttribute('aria-label') || '', n.value || '', n.textContent || ''].join(' ').trim();
    const wide = (text, size) => { measured.font = `${size}px sc-measure`; return measured.measureText(text).width; };
    const tokens = text => text.match(/[\\u2e80-\\uffff]|[^-\\s\\u2e80-\\uffff]+-?\\s*|[-\\s]+/g) || [];
    const lines = (text, size, room) => text.split('\\n').reduce((sum, part) => {
        let count = 1, used = 0;
        for (const token of tokens(part)) {
            const need = wide(token.trimEnd(), size);
            if (used && used + need > room) { count += 1; used = 0; }
            count += Math.max(0, Math.ceil(need / room) - 1);
            used = (used + wide(token, size)) % Math.max(room, 1);
        }
        return sum + count;
    }, 0);
    const size = {x: 0, y: 0, r: innerWidth, b: innerHeight};
    const found = [];
    for (const n of document.querySelectorAll('flt-semantics, flt-semantics input, flt-semantics textarea')) {
        const id = n.getAttribute('flt-semantics-identifier') || '', role = n.getAttribute('role') || '';
        const field = n.tagName === 'INPUT' || n.tagName === 'TEXTAREA';
        const text = id.startsWith('text ');
        if (!text && !field && !['button', 'tab', 'switch', 'checkbox', 'radio', 'img'].includes(role)) continue;
        let seen = rect(n), button = null, sideways = false, edge = size;
        const own = seen;
        for (let up = n.parentElement; up && up.tagName !== 'FLT-GLASS-PANE'; up = up.parentElement) {
            const style = getComputedStyle(up), on = ['scroll', 'hidden'];  // hidden once a pointer was used
            const rolls = [...up.children].some(c => c.tagName === 'FLT-SEMANTICS-SCROLL-OVERFLOW');
            const x = rolls && on.includes(style.overflowX), y = rolls && on.includes(style.overflowY);
            if (x || y) { seen = clip(seen, rect(up)); edge = clip(edge, rect(up)); }
            if (x && !y) sideways = true;
            if (!button && ['button', 'tab'].includes(up.getAttribute('role'))) button = rect(up);
        }
        const named = n.closest('[aria-label]');
        const one = {role: field ? 'textbox' : (text ? 'text' : role), own, seen: clip(seen, size), edge, button,
            sideways, words: words(n) || (field && named ? named.getAttribute('aria-label') : ''),
            disabled: n.getAttribute('aria-disabled') === 'true'};
        if (text) {
            const [, points, line, strong, most, oneLine] = id.split(' ').map(Number);
            Object.assign(one, {points, line, strong, most, oneLine});
        }
        found.push(one);
    }
    return found.map(one => {
        if (one.role !== 'text') return one;
        const scale = window.textScale || 1, size = one.points * scale, room = one.own.r - one.own.x;
        one.natural = wide(one.words, size);
        one.lines = Math.max(1, Math.round((one.own.b - one.own.y) / (one.line * scale)));
        one.needed = one.natural * %FIT% <= room ? 1 : lines(one.words, size * %FIT%, room);
        return one;
    });
}""".replace("%FIT%", str(FIT))


@dataclass(frozen=True)
class Finding:
    """One thing wrong: `what` (sticks out, cut, overlap, small, nameless) and the words of it."""

    what: str
    words: str
    place: tuple[int, int, int, int]

    def __str__(self) -> str:
        return f"{self.what}: {self.words[:70]!r} at {self.place}"


def nodes(page: Page, scale: float) -> list[dict[str, Any]]:
    """Return every text and everything that can be pressed, as soon as two looks in a row agree."""
    page.evaluate(FONT, "/fonts/NotoSansSC-Regular.otf")
    page.evaluate("scale => { window.textScale = scale; }", scale)
    before: list[dict[str, Any]] = []
    for _ in range(60):
        now: list[dict[str, Any]] = page.evaluate(NODES)
        if now and now == before and any(node["role"] == "text" for node in now):
            return now
        before = now
        page.wait_for_timeout(350)
    raise AssertionError("the screen does not come to rest")


def audit(page: Page, scale: float = 1.0, *, pseudo: bool = False) -> list[Finding]:
    """Return what is wrong with the screen; `pseudo` tells that the app's own words stand in brackets."""
    found = nodes(page, scale)
    size = page.viewport_size
    assert size
    bad: list[Finding] = []
    for node in found:
        bad.extend(_finding(node, what) for what in wrong_with(node, size["width"], pseudo=pseudo))
    texts = [node for node in found if node["role"] == "text" and _is_visible(node)]
    for index, one in enumerate(texts):
        for other in texts[index + 1 :]:
            if overlap(one["seen"], other["seen"]):
                bad.append(_finding(one, f"overlaps {other['words'][:40]!r}"))
    return bad


def wrong_with(node: dict[str, Any], width: int, *, pseudo: bool) -> list[str]:
    """Return what is wrong with one node in a window so wide."""
    own, wrong = node["own"], []
    if node["role"] == "text":
        if not node["sideways"] and (own["x"] < -SLACK or own["r"] > width + SLACK):
            wrong.append("sticks out of the window")
        if node["button"] and not node["sideways"] and _is_whole(node) and _outside(own, node["button"]):
            wrong.append("sticks out of its button")
        if _is_cut(node, pseudo=pseudo):
            wrong.append(f"cut (needs {node['needed']} lines, has {node['lines']})")
        return wrong
    if not node["words"] and _is_whole(node):  # what is half scrolled away may have its words outside
        wrong.append(f"{node['role']} without a name")
    if node["role"] != "img" and not node["disabled"] and _is_visible(node) and _is_whole(node):
        wide, high = own["r"] - own["x"], own["b"] - own["y"]
        if min(wide, high) < TOUCH and not node["sideways"]:
            wrong.append(f"{node['role']} of {wide:.0f} x {high:.0f}")
        if not node["sideways"] and (own["x"] < -SLACK or own["r"] > width + SLACK):
            wrong.append(f"{node['role']} sticks out of the window")
    return wrong


def _is_cut(node: dict[str, Any], *, pseudo: bool) -> bool:
    over = node["needed"] - node["lines"]
    if over <= MEASURED * node["lines"] or not _is_whole(node) or node["sideways"]:
        return False
    if node["most"] == 0:  # nobody said that it may be cut
        return True
    if node["most"] > 1:  # the first lines of a longer text
        return False
    return pseudo and "[" in node["words"] and node["points"] != NOTE_SIZE


def _is_visible(node: dict[str, Any]) -> bool:
    seen = node["seen"]
    return bool(seen["r"] - seen["x"] > SLACK and seen["b"] - seen["y"] > SLACK)


def _is_whole(node: dict[str, Any]) -> bool:
    """Return whether a node is not half scrolled away: Flutter clips what scrolls out."""
    own, seen, edge = node["own"], node["seen"], node["edge"]
    if own["b"] > edge["b"] - SLACK or own["y"] < edge["y"] + 0.1:
        return False
    return bool(
        seen["b"] - seen["y"] > own["b"] - own["y"] - SLACK and seen["r"] - seen["x"] > own["r"] - own["x"] - SLACK
    )


def _outside(own: dict[str, float], box: dict[str, float]) -> bool:
    return (
        own["x"] < box["x"] - SLACK or own["r"] > box["r"] + SLACK
        or own["y"] < box["y"] - SLACK or own["b"] > box["b"] + SLACK
    )  # fmt: skip


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    """Return whether two boxes lie over each other by more than a rounding."""
    return (
        min(one["r"], other["r"]) - max(one["x"], other["x"]) > SLACK
        and min(one["b"], other["b"]) - max(one["y"], other["y"]) > SLACK
    )


def _finding(node: dict[str, Any], what: str) -> Finding:
    own = node["own"]
    return Finding(what, node["words"], tuple(round(own[side]) for side in ("x", "y", "r", "b")))  # type: ignore[arg-type]
