"""What became of the guide's day: people reached, people dealt with, what was put off, what was shared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.instants import Instant
from app.store.read import Read, reads

# Met in the store or at home; a reminder that was ticked off is no meeting.
_REACHED = """SELECT customer_id FROM contact WHERE at >= ?1 AND at < ?2 AND by = 'guide'
    UNION SELECT customer_id FROM follow_up WHERE state = 'done' AND kind <> 'reminder'
        AND closed_at >= ?1 AND closed_at < ?2"""
_HANDLED = f"""{_REACHED} UNION SELECT customer_id FROM signal_mark WHERE at >= ?1 AND at < ?2
    AND (action <> 'later' OR until > ?3)"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class DayWork:
    """A day up to now. `handled`: people reached, done with, declined or put off. `put_off`: those who come back
    before the day ends, the first at `put_off_at`. `orders`: of the people reached, after that day's beginning."""

    reached: int
    handled: int
    coupons: int
    orders: int
    put_off: int = 0
    put_off_at: Instant | None = None


@reads("contact", "follow_up", "signal_mark", "coupon", "order")
def day_work(read: Read, since: Instant, until: Instant, now: Instant) -> DayWork:
    """Return what became of the day [since, until) up to `now`."""
    span = (since, until)
    reached = read.value(f"SELECT count(*) FROM ({_REACHED})", span)  # noqa: S608 - constants of this module
    handled = read.value(f"SELECT count(*) FROM ({_HANDLED})", (*span, now))  # noqa: S608
    coupons = read.value(
        "SELECT count(*) FROM coupon WHERE issued_at >= ? AND issued_at < ? AND state NOT IN ('allotted', 'voided')",
        span,
    )
    orders = read.value(
        f"SELECT count(*) FROM orders WHERE paid_at >= ?1 AND paid_at < ?2 AND status <> 'cancelled'"  # noqa: S608
        f" AND customer_id IN ({_REACHED})",
        span,
    )
    later = read.rows(
        "SELECT count(DISTINCT customer_id), min(until) FROM signal_mark WHERE action = 'later' AND until > ?"
        " AND until < ?",
        (now, until),
    )[0]
    return DayWork(reached, handled, coupons, orders, later[0], later[1])


@reads("share")
def shared_since(read: Read, item_ids: Collection[str], since: Instant) -> dict[str, int]:
    """Return how often each of these items was shared since `since`; those that were not are left out."""
    marks = ",".join("?" * len(item_ids))
    rows = read.rows(
        f"SELECT item_id, count(*) FROM share WHERE created_at >= ? AND item_id IN ({marks}) GROUP BY item_id",  # noqa: S608
        (since, *item_ids),
    )
    return {row[0]: row[1] for row in rows}
