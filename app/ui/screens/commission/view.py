"""What the Commission screens remember, and the small sums they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import flet as ft

from app.domain.calendar_days import month_range
from app.domain.instants import to_text
from app.protocol.objects import CommissionEntry, Product
from app.store.queries.commission import DayAmount
from app.ui.strings import Strings, money

STATES = ("pending", "confirmed", "settled")
TONES = {"pending": "warm", "confirmed": "soft", "settled": "calm"}
KINDS = ("accrual", "refund", "reversal", "tier")
CHANNELS = ("store", "miniprogram", "marketplace", "private")
TREND_MONTHS = 6


@ft.observable
@dataclass
class CommissionView:
    """The month shown (0 = this one, -1 = the one before …) and the trend shown."""

    months: int = 0
    trend: str = "all"


@ft.observable
@dataclass
class Filters:
    """What the ledger is filtered by, apart from the month: a chip there draws nothing of the root below.

    `kind` is one of `KINDS`, `source` "sleep" or one of `CHANNELS`, `day` a `YYYY-MM-DD`; "" is everything.
    """

    state: str = ""
    kind: str = ""
    source: str = ""
    day: str = ""
    text: str = ""

    def show_all(self) -> None:
        """Take every filter of the ledger away."""
        self.state = self.kind = self.source = self.day = self.text = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return what the ledger is filtered by."""
        return self.state, self.kind, self.source, self.day, self.text


@dataclass(frozen=True, slots=True)
class Span:
    """An interval as the queries want it."""

    since: str
    until: str


def span(since: datetime, until: datetime) -> Span:
    """Return [since, until) as text."""
    return Span(to_text(since), to_text(until))


def month_day(today: date, months: int) -> date:
    """Return the first day of the month `months` from this one."""
    index = today.year * 12 + today.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def month_span(today: date, months: int, zone: ZoneInfo) -> Span:
    """Return the month `months` from this one."""
    return span(*month_range(month_day(today, months), zone))


def days_of(first: date, amounts: Sequence[DayAmount], today: date) -> list[DayAmount]:
    """Return every day of the month up to today, with 0 for days without entries."""
    known = {one.day: one.fen for one in amounts}
    days: list[DayAmount] = []
    day = first
    while day.month == first.month and day <= today:
        days.append(DayAmount(day.isoformat(), known.get(day.isoformat(), 0)))
        day += timedelta(days=1)
    return days


def trend_bounds(today: date, zone: ZoneInfo) -> tuple[tuple[str, str, str], ...]:
    """Return (`YYYY-MM`, since, until) of this month and the five before, oldest first."""
    months = [month_day(today, n) for n in range(1 - TREND_MONTHS, 1)]
    spans = [span(*month_range(month, zone)) for month in months]
    return tuple((month.isoformat()[:7], one.since, one.until) for month, one in zip(months, spans, strict=True))


def signed(fen: int) -> str:
    """Return an amount with its sign, to the fen."""
    return ("+" if fen > 0 else "") + money(fen, exact=True)


def order_path(order_no: str) -> str:
    """Return the address of an order's page."""
    return f"/commission/orders/{quote(order_no, safe='')}"


def names_in(products: Iterable[Product], strings: Strings) -> dict[str, str]:
    """Return product names as entries carry them, to those of the session's language; empty when they are the same."""
    return {} if strings.is_chinese else {product.name: product.name_en for product in products if product.name_en}


def is_estimate(entry: CommissionEntry) -> bool:
    """Return whether the amount may still change: after-sales is not over."""
    return entry.state == "pending"
