"""Bounds of days and months of the store's zone, as instant texts for queries."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.domain.calendar_days import day_of, month_range
from app.domain.instants import Instant, to_text


def local_day(now: datetime, zone: str) -> date:
    """Return the calendar day of `now` in the store's zone."""
    return day_of(now, ZoneInfo(zone))


def month_bounds(day: date, zone: str) -> tuple[Instant, Instant]:
    """Return [start, end) of the calendar month that holds `day`."""
    since, until = month_range(day, ZoneInfo(zone))
    return to_text(since), to_text(until)
