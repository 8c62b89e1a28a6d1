"""What the Team screens remember, and the small sums they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import flet as ft

from app.protocol.objects import GuideDay
from app.store.queries.figures import GuideFigures
from app.ui.strings import Strings, money

TODAY, MONTH = "today", "month"
METRICS = ("sales_fen", "orders", "shares", "visits", "redeemed", "bindings")


@ft.observable
@dataclass
class TeamView:
    """Today or this month, and what the guides are ranked by."""

    period: str = TODAY
    sort: str = "sales_fen"


def days_of_period(period: str, today: date) -> tuple[str, str]:
    """Return the first and last day of the period."""
    first = today if period == TODAY else today.replace(day=1)
    return first.isoformat(), today.isoformat()


def ranked(figures: Iterable[GuideFigures], sort: str) -> list[GuideFigures]:
    """Return guides by a figure, the best first; equal ones by number, so that a tie never jumps."""
    return sorted(figures, key=lambda one: (-value(one, sort), one.guide.no))


def value(one: GuideFigures | GuideDay, metric: str) -> int:
    """Return one figure of a guide or a day."""
    return int(getattr(one, metric))


def total(rows: Sequence[GuideFigures | GuideDay], metric: str) -> int:
    """Return the sum of a figure."""
    return sum(value(row, metric) for row in rows)


def shown(metric: str, amount: int, strings: Strings) -> str:
    """Return a figure as text: money or a number."""
    return money(amount) if metric == "sales_fen" else strings.number(amount)
