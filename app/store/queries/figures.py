"""Figures of a day and of a team."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import GuideDay, Staff
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class DayFigures:
    """My customers' paid orders and my contacts in an interval; `sales_fen` is net of refunds."""

    sales_fen: int
    orders: int
    people_reached: int
    coupons_sent: int
    shares: int


@dataclass(frozen=True, slots=True)
class GuideFigures:
    """One guide of the team over some days."""

    guide: Staff
    sales_fen: int = 0
    orders: int = 0
    shares: int = 0
    visits: int = 0
    contacts: int = 0
    redeemed: int = 0
    bindings: int = 0


@reads("order", "contact", "coupon", "share")
def day_figures(read: Read, since: Instant, until: Instant) -> DayFigures:
    """Return the figures of [since, until): today, or a month."""
    span = (since, until)
    sales, orders = read.rows(
        "SELECT coalesce(sum(paid_fen - refunded_fen), 0), count(*) FROM orders"
        " WHERE paid_at >= ? AND paid_at < ? AND status <> 'cancelled'",
        span,
    )[0]
    reached = read.value("SELECT count(DISTINCT customer_id) FROM contact WHERE at >= ? AND at < ?", span)
    sent = read.value(
        "SELECT count(*) FROM coupon WHERE issued_at >= ? AND issued_at < ? AND state NOT IN ('allotted', 'voided')",
        span,
    )
    shares = read.value("SELECT count(*) FROM share WHERE created_at >= ? AND created_at < ?", span)
    return DayFigures(sales, orders, reached, sent, shares)


@reads("guide_day", "staff")
def team_figures(read: Read, store_id: str, first_day: str, last_day: str) -> list[GuideFigures]:
    """Return each guide of a store summed over the days [first_day, last_day], best sales first; zeros included."""
    rows = read.rows(
        "SELECT guide_id, sum(sales_fen), sum(orders), sum(shares), sum(visits), sum(contacts), sum(redeemed),"
        " sum(bindings) FROM guide_day WHERE store_id = ? AND date >= ? AND date <= ? GROUP BY guide_id",
        (store_id, first_day, last_day),
    )
    sums = {row[0]: row[1:] for row in rows}
    guides = read.all(Staff, "store_id = ? AND role = 'guide' ORDER BY no", (store_id,))
    figures = [GuideFigures(guide, *sums.get(guide.id, ())) for guide in guides if guide.active or guide.id in sums]
    return sorted(figures, key=lambda one: (-one.sales_fen, one.guide.no))


@reads("guide_day")
def guide_days(read: Read, first_day: str, last_day: str, guide_id: str | None = None) -> list[GuideDay]:
    """Return the days [first_day, last_day] of the team, or of one guide, oldest first."""
    return read.all(
        GuideDay,
        "date >= ? AND date <= ? AND (? IS NULL OR guide_id = ?) ORDER BY date, guide_id",
        (first_day, last_day, guide_id, guide_id),
    )
