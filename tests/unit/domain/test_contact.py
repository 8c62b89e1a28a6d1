from __future__ import annotations

from datetime import datetime

import pytest

from app.domain.contact import (
    Allowed,
    ContactPolicy,
    Denied,
    budget_left,
    decide,
    is_repeat,
    may_opt_in,
    require,
    store_day,
    things,
)
from app.domain.errors import Rejected
from app.domain.instants import to_text
from tests.unit.domain.times import SHANGHAI, local

POLICY = ContactPolicy.from_wire({"day": 1, "week": 2, "month": 4, "quiet": ["21:00", "09:00"]})
OPTED_IN = {"marketing": True, "sms": False}


def ask(now: str, *contacts: str, **fields: object) -> Allowed | Denied:
    given = {"consents": OPTED_IN} | fields
    times = [local(contact) for contact in contacts]
    return decide(times, now=local(now), zone=SHANGHAI, policy=POLICY, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("consents", [{}, {"marketing": False}])
def test_rule_9_1_no_consent_no_contact(consents: dict[str, bool]) -> None:
    assert ask("2026-11-25 10:00", consents=consents) == Denied("no_marketing_consent")
    assert ask("2026-11-25 10:00", purpose="sms") == Denied("no_marketing_consent")


def test_rule_9_1_only_the_customer_opts_in_again() -> None:
    assert [by for by in ("customer", "guide", "hq", "ip") if may_opt_in(by)] == ["customer"]


@pytest.mark.parametrize(
    ("now", "contacts", "period", "next_at"),
    [
        ("2026-11-25 10:00", ["2026-11-25 09:00"], "day", "2026-11-26 09:00"),
        ("2026-11-25 10:00", ["2026-11-23 00:00", "2026-11-24 23:59"], "week", "2026-11-30 09:00"),
        (
            "2026-12-31 10:00",
            ["2026-12-01 00:00", "2026-12-09 10:00", "2026-12-17 10:00", "2026-12-24 10:00"],
            "month",
            "2027-01-01 09:00",
        ),
    ],
)
def test_rule_9_2_budgets_and_rule_9_3_next_polite_time(
    now: str, contacts: list[str], period: str, next_at: str
) -> None:
    denied = ask(now, *contacts)
    assert isinstance(denied, Denied)
    assert denied.code == "contact_budget_used"
    assert (denied.params["period"], denied.params["next_at"]) == (period, to_text(local(next_at)))
    assert isinstance(ask(next_at, *contacts), Allowed)


def test_rule_9_2_calendar_days_of_the_store() -> None:
    assert ask("2026-11-25 10:00", "2026-11-24 23:59") == Allowed(1, 1, 1, 3)
    assert ask("2026-11-30 10:00", "2026-11-29 23:59") == Allowed(1, 1, 2, 3)


def test_rule_9_2_the_slot_belongs_to_one_holder() -> None:
    assert ask("2026-11-25 10:00", device_id="d1", holder_device_id="d2") == Denied("contact_other_device")
    for fields in ({"device_id": "d1", "holder_device_id": "d1"}, {"holder_device_id": "d2"}, {"device_id": "d1"}):
        assert isinstance(ask("2026-11-25 10:00", **fields), Allowed)


def test_rule_9_2_quiet_hours() -> None:
    assert ask("2026-11-25 21:00") == Denied("quiet_hours", {"next_at": to_text(local("2026-11-26 09:00"))})
    assert isinstance(ask("2026-11-25 20:59"), Allowed)


def test_rule_9_2_transactional_messages_bypass_all() -> None:
    assert isinstance(ask("2026-11-25 23:00", "2026-11-25 10:00", consents={}, transactional=True), Allowed)


def test_rule_9_3_over_budget_is_refused_without_override() -> None:
    with pytest.raises(Rejected) as refused:
        require(ask("2026-11-25 10:00", "2026-11-25 09:00"))
    assert refused.value.code == "contact_budget_used"
    assert require(ask("2026-11-25 10:00")).remaining == 1


def test_instants_as_text_count_like_datetimes() -> None:
    at: datetime = local("2026-11-25 09:00")
    assert ask("2026-11-25 10:00", "2026-11-25 09:00") == decide(
        [to_text(at)], now=local("2026-11-25 10:00"), zone=SHANGHAI, policy=POLICY, consents=OPTED_IN
    )


@pytest.mark.parametrize(
    ("contacts", "left"),
    [
        ((), (1, 2, 4)), (("2026-11-24 09:30",), (0, 1, 3)), (("2026-11-23 09:30",), (1, 1, 3)),
        (("2026-11-22 23:59",), (1, 2, 3)), (("2026-10-31 23:59",), (1, 2, 4)),
        (("2026-11-24 09:30", "2026-11-24 09:31"), (-1, 0, 2)),
    ],
)  # fmt: skip
def test_rule_9_2_what_is_left_of_day_week_and_month(contacts: tuple[str, ...], left: tuple[int, int, int]) -> None:
    at = [local(text) for text in contacts]
    assert budget_left(at, local("2026-11-24 10:30"), SHANGHAI, ContactPolicy()) == left


@pytest.mark.parametrize(
    ("carries", "counted", "repeat"),
    [
        (("k1", None), [("k1", None)], True),
        (("k1", None), [("k2", None)], False),
        ((None, "p1"), [("k1", "p1")], True),  # a part of what went
        (("k1", "p1"), [("k1", None)], False),  # more than went
        (("k1", "p1"), [("k1", None), (None, "p1")], True),
        ((None, None), [(None, None)], False),  # words alone: what was said is not kept
        (("k1", None), [], False),
        (("p1", None), [(None, "p1")], False),  # a coupon is no product of the same id
    ],
)
def test_rule_9_2_the_same_thing_counts_once_a_day(
    carries: tuple[str | None, str | None], counted: list[tuple[str | None, str | None]], repeat: bool
) -> None:
    assert is_repeat(things(*carries), [things(*one) for one in counted]) is repeat


def test_rule_9_2_the_day_of_a_thing_is_the_stores() -> None:
    begin, end = store_day(local("2026-11-25 23:59"), SHANGHAI)
    assert (begin, end) == (to_text(local("2026-11-25 00:00")), to_text(local("2026-11-26 00:00")))


def test_rule_9_3_a_repeat_asks_no_budget_but_all_the_rest() -> None:
    went = "2026-11-25 09:30"
    assert isinstance(ask("2026-11-25 10:00", went, repeat=True), Allowed)
    for now, fields, code in (
        ("2026-11-25 22:00", {}, "quiet_hours"),
        ("2026-11-25 10:00", {"consents": {}}, "no_marketing_consent"),
        ("2026-11-25 10:00", {"device_id": "a", "holder_device_id": "b"}, "contact_other_device"),
    ):
        denied = ask(now, went, repeat=True, **fields)  # type: ignore[arg-type]
        assert isinstance(denied, Denied) and denied.code == code
