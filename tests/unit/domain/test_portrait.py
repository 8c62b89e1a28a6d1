from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import portrait as rules
from app.domain.errors import Rejected
from app.domain.portrait import GUIDE, MEMBER, ORDERS, Fact


@pytest.mark.parametrize(
    ("kind", "name", "value", "code"),
    [
        ("size", "top", "M", None),
        ("size", "hat", "M", "fact_invalid"),
        ("size", "shoe", "37.5", None),
        ("size", "shoe", "", "fact_invalid"),
        ("size", "shoe", "3" * 13, "fact_invalid"),
        ("like", "亚麻", "", None),
        ("like", "", "", "fact_invalid"),
        ("like", "亚麻", "x", "fact_invalid"),
        ("like", "字" * 41, "", "fact_invalid"),
        ("price", "", "careful", None),
        ("price", "", "rich", "fact_invalid"),
        ("price", "", "", "fact_invalid"),
        ("price", "x", "careful", "fact_invalid"),
        ("channel", "", "come_in", None),
        ("manner", "", "quiet", None),
        ("date", "孩子生日", "02-29", None),
        ("date", "孩子生日", "02-30", "fact_invalid"),
        ("date", "孩子生日", "2-3", "fact_invalid"),
        ("date", "", "02-03", "fact_invalid"),
        ("date", "two\nlines", "02-03", "fact_invalid"),
        ("birthday", "", "12-31", None),
        ("birthday", "", "", "fact_invalid"),
        ("birthday", "", "١٢-٠٣", "fact_invalid"),
        ("income", "", "9", "bad_arguments"),
    ],
)
def test_what_is_a_fact(kind: str, name: str, value: str, code: str | None) -> None:
    if code is None:
        assert rules.check_fact(kind, f" {name} ", f" {value} ") == (name, value)
        return
    with pytest.raises(Rejected) as no:
        rules.check_fact(kind, name, value)
    assert no.value.code == code


def test_a_birthday_of_the_members_own_stands() -> None:
    mine = [Fact("birthday", "", "05-24")]
    rules.check_birthday(None, [])
    rules.check_birthday("05-24", mine)
    for known, facts in (("05-24", []), ("05-25", mine)):
        with pytest.raises(Rejected, match="birthday_known"):
            rules.check_birthday(known, facts)


def test_the_guides_word_stands_above_and_going_brings_the_others_back() -> None:
    sizes, likes = {"top": "M", "shoe": "37"}, ["羊绒"]
    mine = [Fact("size", "top", "L", GUIDE, "2026-11-24T02:30:00Z"), Fact("like", "亚麻", "")]
    found = rules.portrait(sizes, likes, "05-24", mine)
    assert [(one.kind, one.name, one.value, one.source) for one in found] == [
        ("size", "top", "L", GUIDE), ("size", "shoe", "37", MEMBER), ("like", "亚麻", "", GUIDE),
        ("like", "羊绒", "", ORDERS), ("birthday", "", "05-24", MEMBER),
    ]  # fmt: skip
    without = rules.portrait(sizes, likes, None, rules.without_fact(mine, "size", "top"))
    assert without[0] == Fact("size", "top", "M", MEMBER)
    both = rules.portrait({}, [], "05-24", [Fact("birthday", "", "05-23")])
    assert both == (Fact("birthday", "", "05-24", MEMBER),), "the member's own counts"


@pytest.mark.parametrize(
    ("typed", "day"),
    [("0524", "05-24"), ("5-24", "05-24"), ("5/4", "05-04"), ("5月24日", "05-24"), (" 5.24 ", "05-24"),
     ("0229", "02-29"), ("1345", None), ("524", None), ("", None), ("2026-05-24", None), ("05024", None), ("5", None)],
)  # fmt: skip
def test_how_people_write_a_day_of_the_year(typed: str, day: str | None) -> None:
    assert rules.month_day(typed) == day


FACTS = st.builds(
    Fact, st.sampled_from(rules.KINDS), st.sampled_from(["top", "shoe", "a", ""]), st.sampled_from(["M", "05-24", ""])
)


@given(st.lists(FACTS, max_size=20))
def test_facts_of_other_names_are_never_lost(written: list[Fact]) -> None:
    facts: list[Fact] = []
    for fact in written:
        before = {(one.kind, one.name): one for one in facts}
        facts = rules.with_fact(facts, fact)
        after = {(one.kind, one.name): one for one in facts}
        assert after == before | {(fact.kind, fact.name): fact} and len(after) == len(facts)
    assert len(rules.portrait({}, [], None, facts)) == len(facts)


def test_there_are_not_too_many() -> None:
    many = [Fact("like", f"x{n}", "") for n in range(rules.FACTS_MAX)]
    assert len(rules.with_fact(many, many[0])) == rules.FACTS_MAX
    with pytest.raises(Rejected, match="fact_invalid"):
        rules.with_fact(many, Fact("like", "one more", ""))
