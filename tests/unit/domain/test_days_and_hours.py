from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar_days import DayOfText, day_of, day_range, days_to_anniversary, month_range, week_start
from app.domain.hours import is_open, is_quiet, is_sleep_income, next_polite_time
from app.domain.instants import from_text, to_text
from tests.unit.domain.times import SHANGHAI, local

WEEK = {str(day): [["10:00", "22:00"]] for day in range(5)} | {"5": [["10:00", "02:00"]], "6": []}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-30 23:59", date(2026, 11, 30)),
        ("2026-12-01 00:00", date(2026, 12, 1)),
        ("2026-12-31 23:59", date(2026, 12, 31)),
        ("2027-01-01 00:00", date(2027, 1, 1)),
        ("2028-02-29 12:00", date(2028, 2, 29)),
    ],
)
def test_days_are_the_stores(at: str, day: date) -> None:
    instant = local(at)
    begin, end = day_range(day, SHANGHAI)
    assert day_of(instant, SHANGHAI) == day
    assert begin <= instant < end
    assert month_range(day, SHANGHAI)[0] <= instant < month_range(day, SHANGHAI)[1]


def test_months_end_at_the_stores_midnight() -> None:
    assert month_range(date(2026, 12, 31), SHANGHAI) == (local("2026-12-01 00:00"), local("2027-01-01 00:00"))
    assert month_range(date(2028, 2, 29), SHANGHAI) == (local("2028-02-01 00:00"), local("2028-03-01 00:00"))
    assert week_start(date(2027, 1, 1)) == date(2026, 12, 28)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(["Asia/Shanghai", "Asia/Kathmandu"]))
def test_days_of_text_equal_days_of_instants(at: datetime, zone: str) -> None:
    instant = at.replace(microsecond=0, tzinfo=ZoneInfo("UTC"))
    days = DayOfText(ZoneInfo(zone))
    assert days(to_text(instant)) == day_of(instant, ZoneInfo(zone)).toordinal()
    later = instant + timedelta(minutes=7)
    assert days(to_text(later)) == day_of(later, ZoneInfo(zone)).toordinal()


@pytest.mark.parametrize(
    ("month_day", "today", "days"),
    [
        ("11-22", date(2026, 11, 22), 0),
        ("01-01", date(2026, 12, 31), 1),
        ("02-29", date(2027, 2, 27), 1),
        ("02-29", date(2028, 2, 28), 1),
        ("02-29", date(2028, 3, 1), 364),
        ("11-21", date(2026, 11, 22), 364),
        ("02-30", date(2026, 1, 1), None),
        ("nonsense", date(2026, 1, 1), None),
    ],
)
def test_anniversaries(month_day: str, today: date, days: int | None) -> None:
    assert days_to_anniversary(month_day, today) == days


@pytest.mark.parametrize(
    ("at", "opened"),
    [
        ("2026-11-27 09:59", False),
        ("2026-11-27 10:00", True),
        ("2026-11-27 22:00", False),
        ("2026-11-28 23:59", True),
        ("2026-11-29 01:59", True),
        ("2026-11-29 02:00", False),
        ("2026-11-29 12:00", False),
    ],
)
def test_rule_4_11_hours_across_midnight(at: str, opened: bool) -> None:
    assert is_open(WEEK, local(at), SHANGHAI) is opened
    assert is_sleep_income(WEEK, local(at), SHANGHAI) is not opened


def test_rule_4_11_a_store_without_hours_has_no_sleep_income() -> None:
    assert not is_sleep_income({}, local("2026-11-27 03:00"), SHANGHAI)


@pytest.mark.parametrize(
    ("at", "polite"),
    [
        ("2026-11-22 20:59", "2026-11-22 20:59"),
        ("2026-11-22 21:00", "2026-11-23 09:00"),
        ("2026-12-31 23:30", "2027-01-01 09:00"),
        ("2027-01-01 08:59", "2027-01-01 09:00"),
        ("2027-01-01 09:00", "2027-01-01 09:00"),
    ],
)
def test_rule_9_2_quiet_hours_and_the_next_polite_time(at: str, polite: str) -> None:
    quiet = ("21:00", "09:00")
    assert next_polite_time(quiet, local(at), SHANGHAI) == local(polite)
    assert is_quiet(quiet, local(at), SHANGHAI) is (at != polite)


def test_quiet_hours_within_a_day_and_none() -> None:
    assert is_quiet(("12:00", "14:00"), local("2026-11-22 13:59"), SHANGHAI)
    assert not is_quiet(("12:00", "14:00"), local("2026-11-22 14:00"), SHANGHAI)
    assert not is_quiet(("00:00", "00:00"), local("2026-11-22 14:00"), SHANGHAI)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22 02:30:00Z", "2026-W47-7T02:30:00Z", "2026-11-22T02+08:00Z", "2026-11-22T02:30:00",
     "2026-02-30T00:00:00Z"],
)  # fmt: skip
def test_instants_have_one_form(text: str) -> None:
    assert from_text("2028-02-29T02:30:00Z") == local("2028-02-29 10:30")
    with pytest.raises(ValueError):
        from_text(text)
