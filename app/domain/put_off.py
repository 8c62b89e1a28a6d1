"""When a reason that was put off comes back: a moment of today that is still polite, or the start of a later day."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from app.domain.calendar_days import day_of, start_of, week_start
from app.domain.instants import Instant, to_text

# Name, when it comes back, until when it is offered: an hour before, it is now.
MOMENTS = (("afternoon", time(15), time(14)), ("evening", time(18), time(17)))


def choices(now: datetime, zone: tzinfo) -> tuple[tuple[str, Instant], ...]:
    """Return (name, instant) to choose from, the soonest first.

    At most one of `afternoon` and `evening`, then `tomorrow` and `next_week` (Monday, where that is not tomorrow).
    """
    here, today = now.astimezone(zone), day_of(now, zone)
    found: list[tuple[str, Instant]] = []
    for name, at, offered_until in MOMENTS:
        if not found and here.time() < offered_until:
            found.append((name, to_text(datetime.combine(today, at, zone))))
    tomorrow, monday = today + timedelta(days=1), week_start(today) + timedelta(days=7)
    found.append(("tomorrow", to_text(start_of(tomorrow, zone))))
    if monday != tomorrow:
        found.append(("next_week", to_text(start_of(monday, zone))))
    return tuple(found)
