from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from app.domain import pii
from app.domain.errors import Refused, Rejected
from app.domain.masking import mask_name, mask_phone, phone_tail
from app.domain.pack import CalendarChange, PackFacts, active, calendar_changes, check_version, state_at
from app.domain.text import check_note, check_tag
from app.protocol.objects import OBJECTS
from app.store import spec
from tests.unit.domain.times import local

NOW = local("2026-11-22 10:30")
PACK = PackFacts("week", 3, NOW, NOW + timedelta(days=7))


@pytest.mark.parametrize(
    ("change", "days", "state"),
    [
        ({}, -0.1, "published"),
        ({}, 0, "active"),
        ({}, 6.9, "active"),
        ({}, 7, "expired"),
        ({"recalled": True}, 1, "recalled"),
    ],
)
def test_rule_7_1_time_and_recall_hide_a_pack(change: dict[str, bool], days: float, state: str) -> None:
    pack = replace(PACK, **change)
    now = NOW + timedelta(days=days)
    assert state_at(pack, now) == state
    assert (active([pack], now, store_id="s1", role="guide") is not None) is (state == "active")


def test_rule_7_1_which_pack_shows() -> None:
    later = replace(PACK, id="sale", valid_from=NOW + timedelta(days=1), stores=frozenset({"s1"}))
    broken = replace(later, id="broken", version=9, complete=False)
    managers = replace(later, id="managers", version=8, roles=frozenset({"manager"}))
    packs = [PACK, later, broken, managers]
    now = NOW + timedelta(days=2)
    assert active(packs, NOW, store_id="s1", role="guide") == PACK
    assert active(packs, now, store_id="s1", role="guide") == later
    assert active(packs, now, store_id="s2", role="guide") == PACK
    assert active(packs, now, store_id="s1", role="manager") == managers


def test_rule_7_2_versions_never_go_back() -> None:
    check_version(None, 1)
    check_version(3, 3)
    with pytest.raises(Refused) as refused:
        check_version(3, 2)
    assert refused.value.code == "pack_rollback"


def test_rule_7_4_a_changed_calendar_is_a_difference() -> None:
    old = {"2026-11-22": {"title": "a", "text": "x"}, "2026-11-23": {"title": "b"}, "2026-11-25": {"title": "d"}}
    new = {
        "2026-11-22": {"title": "A", "text": "x", "extra": 1},
        "2026-11-24": {"title": "c"},
        "2026-11-25": {"title": "d"},
    }
    assert calendar_changes(old, new) == (
        CalendarChange("changed", "2026-11-22", ("extra", "title")),
        CalendarChange("removed", "2026-11-23"),
        CalendarChange("added", "2026-11-24"),
    )


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("13812345678", "138****5678"), ("+86 138 1234 5678", "138****5678"), ("1234", "**34"), ("12", "**"), ("", "")],
)
def test_phones_are_masked(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
    assert phone_tail(phone) == "".join(char for char in phone if char.isdigit())[-4:]


@pytest.mark.parametrize(
    ("name", "masked"),
    [("王伟", "王*"), ("王小明", "王*明"), ("欧阳小明", "欧**明"), ("Anna", "A***"), ("王", "*"), ("", "")],
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_notes_and_tags_have_limits() -> None:
    assert check_note("字" * 2_000) == "字" * 2_000
    assert check_note("two\nlines") == "two\nlines"
    assert check_tag("  喜欢红色 ") == "喜欢红色"
    for bad, code in ((check_note, "note_too_long"),):
        with pytest.raises(Rejected) as refused:
            bad("字" * 2_001)
        assert refused.value.code == code
    with pytest.raises(Rejected):
        check_note("nul\0")
    for tag in ("", "   ", "字" * 21, "two\nlines", "half \ud800"):
        with pytest.raises(Rejected) as refused:
            check_tag(tag)
        assert refused.value.code == "tag_invalid"


def test_every_personal_field_is_a_field_of_its_object() -> None:
    for personal in pii.FIELDS:
        assert personal.name in {field.name for field in fields(OBJECTS[personal.kind])}
        assert personal.basis in ("contract", "consent", "interest")
    assert len({(personal.kind, personal.name) for personal in pii.FIELDS}) == len(pii.FIELDS)


def test_what_the_register_seals_is_what_the_store_seals() -> None:
    for table in spec.TABLES:
        assert frozenset(table.sealed) == pii.sealed_fields(table.object), table.object


def test_every_field_of_a_customer_has_a_reason() -> None:
    business = {"id", "guide_id", "store_id", "bound_at", "protected_until", "bound_until"}
    assert {field.name for field in fields(OBJECTS["customer"])} - business == pii.personal_fields("customer")
