"""The eyes that look for faults of the layout see them: each kind once, and a sound screen not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.audit import overlap, wrong_with

WIDTH = 320


def box(x: float, y: float, r: float, b: float) -> dict[str, float]:
    return {"x": x, "y": y, "r": r, "b": b}


def text(**more: Any) -> dict[str, Any]:
    """A line of 100 by 20 that fits its place."""
    here = box(16, 100, 116, 120)
    return {
        "role": "text", "words": "新到的三款", "own": here, "seen": here, "button": None, "sideways": False,
        "edge": box(0, 0, WIDTH, 600), "points": 14, "line": 20, "most": 0, "lines": 1, "needed": 1, "disabled": False,
    } | more  # fmt: skip


def button(**more: Any) -> dict[str, Any]:
    here = box(16, 100, 116, 148)
    return {"role": "button", "words": "保存", "own": here, "seen": here, "sideways": False, "disabled": False,
            "edge": box(0, 0, WIDTH, 600)} | more  # fmt: skip


SOUND = [
    text(), button(), text(sideways=True, own=box(300, 100, 400, 120)), button(words="", role="img", disabled=True) | {
        "words": "大衣"}, text(needed=2, most=1, words="阿" * 200), text(needed=2, most=1, points=12.5, words="[ńöw]"),
    button(own=box(16, 100, 116, 130), disabled=True),
    text(needed=4, lines=2, own=box(16, 590, 116, 630), seen=box(16, 590, 116, 600)),
]  # fmt: skip
FAULTS = [
    (text(own=box(250, 100, 350, 120), seen=box(250, 100, 320, 120)), "sticks out of the window"),
    (text(button=box(16, 104, 100, 130)), "sticks out of its button"),
    (text(needed=3, lines=2), "cut"),
    (text(needed=2, most=1, words="[Sàvè]"), "cut"),
    (button(words=""), "without a name"),
    (button(own=box(16, 100, 116, 140), seen=box(16, 100, 116, 140)), "button of 100 x 40"),
    (button(own=box(-20, 100, 80, 148), seen=box(0, 100, 80, 148)) | {"seen": box(-20, 100, 80, 148)}, "sticks out"),
]


@pytest.mark.parametrize("node", SOUND)
def test_what_is_sound_is_not_found(node: dict[str, Any]) -> None:
    assert wrong_with(node, WIDTH, pseudo=True) == []


@pytest.mark.parametrize(("node", "said"), FAULTS)
def test_every_kind_of_fault_is_found(node: dict[str, Any], said: str) -> None:
    assert any(said in one for one in wrong_with(node, WIDTH, pseudo=True))


def test_texts_over_each_other_are_found() -> None:
    assert overlap(box(0, 0, 100, 20), box(90, 10, 200, 30))
    assert not overlap(box(0, 0, 100, 20), box(100, 0, 200, 20)) and not overlap(box(0, 0, 9, 20), box(0, 19, 9, 40))
