"""Follow-ups: what is planned for a customer, what is due on a day, what visits came to."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain import follow_up as rules
from app.domain.follow_up import Conversion
from app.domain.instants import Instant
from app.protocol.objects import FollowUp
from app.store.queries.customers import FAR
from app.store.read import Read, reads

DUE_MAX = 100


@dataclass(frozen=True, slots=True)
class VisitResult:
    """A done home visit, and whether an order followed within a week."""

    visit: FollowUp
    followed: bool


@reads("follow_up")
def follow_up_by_id(read: Read, follow_up_id: str) -> FollowUp | None:
    """Return one follow-up, or None."""
    return read.get(FollowUp, follow_up_id)


@reads("follow_up")
def open_of(read: Read, customer_id: str) -> list[FollowUp]:
    """Return a customer's open follow-ups, the next first."""
    return read.all(FollowUp, "customer_id = ? AND state = 'open' ORDER BY at, id", (customer_id,))


@reads("follow_up")
def next_of(read: Read, customer_id: str) -> FollowUp | None:
    """Return a customer's next open follow-up, also one that is late, or None."""
    return read.one(FollowUp, "customer_id = ? AND state = 'open' ORDER BY at, id LIMIT 1", (customer_id,))


@reads("follow_up")
def past_of(read: Read, customer_id: str, limit: int = 50, before: Instant = FAR) -> list[FollowUp]:
    """Return a customer's closed follow-ups, the last closed first, closed before `before`."""
    where = "customer_id = ? AND state <> 'open' AND closed_at < ? ORDER BY closed_at DESC, id DESC LIMIT ?"
    return read.all(FollowUp, where, (customer_id, before, limit))


@reads("follow_up")
def due(read: Read, until: Instant, limit: int = DUE_MAX) -> list[FollowUp]:
    """Return all customers' open follow-ups due before `until` (the end of a day), late ones included, by time.

    For Today: `until` is the end of the day; those before its start are late.
    """
    return read.all(FollowUp, "state = 'open' AND at < ? ORDER BY at, id LIMIT ?", (until, limit))


@reads("follow_up", "order")
def done_visits(read: Read, customer_id: str, limit: int = 50) -> list[VisitResult]:
    """Return a customer's done home visits, the last first, each with whether an order followed."""
    where = "customer_id = ? AND kind = 'visit' AND state = 'done' ORDER BY closed_at DESC, id DESC LIMIT ?"
    visits = read.all(FollowUp, where, (customer_id, limit))
    paid = [
        row[0]
        for row in read.rows(
            "SELECT paid_at FROM orders WHERE customer_id = ? AND status NOT IN ('cancelled', 'refunded')",
            (customer_id,),
        )
    ]
    return [VisitResult(visit, rules.is_followed(visit.at, visit.closed_at, paid)) for visit in visits]


@reads("follow_up", "order")
def conversion_of(read: Read, customer_id: str) -> Conversion:
    """Return what a customer's home visits came to: taken, kept, and how many an order followed."""
    return rules.conversion((one.visit.pieces, one.followed) for one in done_visits(read, customer_id))
