"""Calendar days of the store's zone; a day is a `date`, an instant a UTC `datetime` or its text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app.domain.instants import Instant, from_text


def day_of(at: datetime, zone: tzinfo) -> date:
    """Return the calendar day of the instant `at` in `zone`."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the UTC instant at which `day` begins in `zone`."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def day_range(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the half-open UTC interval of `day`."""
    return start_of(day, zone), start_of(day + timedelta(days=1), zone)


def month_range(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the half-open UTC interval of the calendar month that holds `day`."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return start_of(first, zone), start_of(after, zone)


def week_start(day: date) -> date:
    """Return the Monday of the week that holds `day`."""
    return day - timedelta(days=day.weekday())


def days_to_anniversary(month_day: str, today: date) -> int | None:
    """Return the days from `today` to the next `MM-DD`, 0 on the day; None if it is no day.

    29 February falls on 28 February in other years.
    """
    try:
        month, day = int(month_day[:2]), int(month_day[3:])
        date(2000, month, day)
    except ValueError:
        return None
    for year in (today.year, today.year + 1):
        leap_only = month == 2 and day == 29 and not (year % 4 == 0 and (year % 100 or year % 400 == 0))
        coming = date(year, month, 28 if leap_only else day)
        if coming >= today:
            return (coming - today).days
    raise AssertionError("one of two years holds the day")


class DayOfText:
    """Store-zone days of instants given as text, without parsing the same hour twice.

    Call it with an instant's text; it returns the day's ordinal (`date.toordinal`).
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._days: dict[str, tuple[int, int | None]] = {}
        self._hours: dict[str, int | None] = {}

    def __call__(self, at: Instant) -> int:
        """Return the ordinal of the store-zone day of `at`."""
        hour = at[:13]
        if hour not in self._hours:
            self._hours[hour] = self._of_hour(hour)
        known = self._hours[hour]
        return self._exact(at) if known is None else known

    def _of_hour(self, hour: str) -> int | None:
        """Return the day of a whole hour; None where midnight lies within it, in a zone off the full hour."""
        day = hour[:10]
        if day not in self._days:
            self._days[day] = self._of_day(day)
        ordinal, ahead = self._days[day]
        if ahead is not None:
            return ordinal + (int(hour[11:13]) + ahead) // 24
        first, last = self._exact(hour + ":00:00Z"), self._exact(hour + ":59:59Z")
        return first if first == last else None

    def _of_day(self, day: str) -> tuple[int, int | None]:
        """Return a UTC day's ordinal and how many full hours the zone is ahead all through it; None: it is not so."""
        first, last = (
            from_text(f"{day}T{time}Z").astimezone(self.zone).utcoffset() for time in ("00:00:00", "23:59:59")
        )
        whole = first is not None and first == last and not first % timedelta(hours=1)
        ahead = first // timedelta(hours=1) if whole and first is not None else None
        return date.fromisoformat(day).toordinal(), ahead

    def _exact(self, at: Instant) -> int:
        return day_of(from_text(at), self.zone).toordinal()
