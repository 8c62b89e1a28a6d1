"""Opening hours and quiet hours in the store's zone, also across midnight (rules 4.11, 9.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

Hours = Mapping[str, Sequence[Sequence[str]]]
"""`"0"`..`"6"` (Monday first) to pairs `["10:00", "22:00"]`; `["20:00", "02:00"]` runs into the next day."""


def is_open(hours: Hours, at: datetime, zone: tzinfo) -> bool:
    """Say whether the store is open at `at`; intervals are half-open, a weekday without hours is closed."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = str(local.weekday()), str((local.weekday() - 1) % 7)
    for begin, end in _minutes(hours.get(today, ())):
        if begin <= minute < end or (end <= begin <= minute):
            return True
    return any(end <= begin and minute < end for begin, end in _minutes(hours.get(yesterday, ())))


def is_sleep_income(hours: Hours, paid_at: datetime, zone: tzinfo) -> bool:
    """Say whether an order was paid outside the opening hours (rule 4.11); a store without hours has none."""
    return any(hours.values()) and not is_open(hours, paid_at, zone)


def is_quiet(quiet: Sequence[str], at: datetime, zone: tzinfo) -> bool:
    """Say whether `at` lies in the daily quiet hours `["21:00", "09:00"]`; equal ends mean none."""
    begin, end = _minute(quiet[0]), _minute(quiet[1])
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if begin == end:
        return False
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def next_polite_time(quiet: Sequence[str], at: datetime, zone: tzinfo) -> datetime:
    """Return `at` itself outside the quiet hours, else the UTC instant at which they end."""
    if not is_quiet(quiet, at, zone):
        return at
    local = at.astimezone(zone)
    end = _minute(quiet[1])
    ends = time(end // 60, end % 60)
    day = local.date() if local.time() < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, zone).astimezone(UTC)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _minutes(pairs: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    return [(_minute(begin), _minute(end)) for begin, end in pairs]
