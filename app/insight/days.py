"""Bounds of days and months of the store's zone, as instants for queries."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.instants import Instant, to_text


def local_day(now: datetime, zone: str) -> date:
    """Return the calendar day of `now` in the store's zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def day_bounds(day: date, zone: str) -> tuple[Instant, Instant]:
    """Return [start, end) of a calendar day of the store's zone."""
    return _start(day, zone), _start(day + timedelta(days=1), zone)


def month_bounds(day: date, zone: str) -> tuple[Instant, Instant]:
    """Return [start, end) of the calendar month that holds `day`."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return _start(first, zone), _start(following, zone)


def _start(day: date, zone: str) -> Instant:
    return to_text(datetime.combine(day, time(), ZoneInfo(zone)))
