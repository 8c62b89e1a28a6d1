"""Some of a book: which groups there are, who is found, and that the preview is what the server shares out (2.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import handover as rules
from app.domain.handover import CATEGORY, EVERYBODY, QUIET, Listed
from app.domain.instants import to_text

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def bought(days: int | None) -> str | None:
    return None if days is None else to_text(NOW - timedelta(days=days))


BOOK = (
    Listed("a", "林一诺", "lin yi nuo", "lyn", category="shoes", last_order_at=bought(3)),
    Listed("b", "王芳", "wang fang", "wf", category="tops", last_order_at=bought(90)),
    Listed("c", "Ängström", "angstrom", "a", category="shoes", last_order_at=bought(89)),
    Listed("d", "林芳", "lin fang", "lf"),
)


@pytest.mark.parametrize(
    ("words", "group", "found"),
    [
        ((), EVERYBODY, "abcd"),
        (("林",), EVERYBODY, "ad"),
        (("linyi",), EVERYBODY, "a"),
        (("lyn",), EVERYBODY, "a"),
        (("lin", "芳"), EVERYBODY, "d"),
        (("angstrom",), EVERYBODY, "c"),
        ((), QUIET, "bd"),
        ((), CATEGORY + "shoes", "ac"),
        ((), CATEGORY, "d"),
        (("林",), CATEGORY + "shoes", "a"),
        (("zhou",), EVERYBODY, ""),
    ],
)
def test_who_is_found_by_words_and_group(words: tuple[str, ...], group: str, found: str) -> None:
    assert "".join(one.id for one in rules.matching(BOOK, words, group, NOW)) == found


def test_groups_are_counted_and_who_bought_last_comes_first() -> None:
    assert list(rules.groups_of(BOOK, NOW).items()) == [
        (EVERYBODY, 4), (QUIET, 2), (CATEGORY + "shoes", 2), (CATEGORY, 1), (CATEGORY + "tops", 1)
    ]  # fmt: skip
    assert QUIET not in rules.groups_of(BOOK[:1], NOW)
    assert "".join(one.id for one in rules.latest_first(reversed(BOOK))) == "acbd"


listed = st.builds(
    Listed, st.text("abcdef", min_size=1, max_size=4), st.just("x"), category=st.sampled_from(("", "shoes", "tops"))
)
loads = st.dictionaries(st.sampled_from(("g1", "g2", "g3")), st.integers(0, 9))
skills = st.dictionaries(st.sampled_from(("g1", "g2", "g3")), st.frozensets(st.sampled_from(("shoes", "tops"))))


@given(st.lists(listed, unique_by=lambda one: one.id), loads, skills)
def test_rule_2_5_each_of_a_part_goes_to_one_guide_as_the_counts_say(
    rows: list[Listed], load: dict[str, int], skill: dict[str, frozenset[str]]
) -> None:
    given_ = rules.split_of(rows, load, skill)
    gone = sorted(one.id for some in given_.values() for one in some)
    assert gone == (sorted(one.id for one in rows) if load else [])
    counts = {kind: sum(1 for one in rows if one.category == kind) for kind in {one.category for one in rows}}
    told = rules.preview(counts, load, skill)
    assert {g: sum(kinds.values()) for g, kinds in told.items()} == {g: len(some) for g, some in given_.items()}
    for guide, kinds in told.items():
        assert kinds == {k: n for k in counts if (n := sum(1 for one in given_[guide] if one.category == k))}
