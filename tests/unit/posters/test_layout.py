"""Text on posters: nothing lost, nothing beyond its width, punctuation where a reader expects it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.posters.layout import NOT_FIRST, fit, width_of, wrap


def em(character: str) -> float:
    return 1.0 if ord(character) >= 0x2E80 else 0.5


TEXT = st.text(alphabet="羊绒大衣，。（）《》 abcXYZ-1280¥…", max_size=120)


@given(TEXT, st.integers(2, 30))
def test_wrapping_loses_nothing_but_spaces_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width, em)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line, em) <= width + 1e-6 for line in lines)


def test_chinese_breaks_anywhere_and_latin_between_words() -> None:
    assert wrap("手工编织托特包 Limited Edition", 6, em) == ["手工编织托特", "包 Limited", "Edition"]


def test_no_line_begins_with_a_comma_or_ends_with_an_opening_bracket() -> None:
    lines = wrap("亚麻上身有褶才好看，越洗越软（通勤）。", 5, em)
    assert not [line for line in lines if line[0] in NOT_FIRST or line[-1] == "（"]


@given(TEXT, st.integers(60, 900), st.integers(30, 400), st.integers(1, 4))
def test_fitted_text_is_within_its_box(text: str, width: int, height: int, lines: int) -> None:
    laid = fit(text, width, height, 80, 24, lines, em)
    assert 24 <= laid.size <= 80
    assert len(laid.lines) <= lines
    assert all(w <= width + 1e-3 for w in laid.widths)
    assert len(laid.lines) <= 1 or laid.height <= height * 1.1


@pytest.mark.parametrize(("name", "size", "last"), [("大衣", 60, "大衣"), ("大衣" * 9, 30, "大衣" * 4 + "…")])
def test_text_shrinks_first_and_ends_in_an_ellipsis_last(name: str, size: int, last: str) -> None:
    laid = fit(name, 270, 90, 60, 30, 1, em)
    assert (laid.size, laid.lines[-1]) == (size, last)
