"""Appointments and home visits of the team, as the managers of a store have them."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import Staff, TeamVisit
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class GuideVisits:
    """One guide's appointments and visits of an interval; `late`: open although their time is over.

    `open` counts the late ones too; cancelled ones count nowhere. `taken`, `kept`: pieces of done visits.
    """

    guide: Staff
    appointments: int = 0
    visits: int = 0
    open: int = 0
    done: int = 0
    late: int = 0
    taken: int = 0
    kept: int = 0


@reads("team_visit", "staff")
def team_visits(read: Read, store_id: str, since: Instant, until: Instant, now: Instant) -> list[GuideVisits]:
    """Return each guide of a store with what was due in [since, until), by number; guides who left only with some."""
    rows = read.rows(
        "SELECT guide_id, sum(kind = 'appointment'), sum(kind = 'visit'), sum(state = 'open'), sum(state = 'done'),"
        " sum(state = 'open' AND at < ?), sum(taken * (state = 'done')), sum(kept * (state = 'done')) FROM team_visit"
        " WHERE at >= ? AND at < ? AND state <> 'cancelled' GROUP BY guide_id",
        (now, since, until),
    )
    sums = {row[0]: row[1:] for row in rows}
    guides = read.all(Staff, "store_id = ? AND role = 'guide' ORDER BY no", (store_id,))
    return [GuideVisits(guide, *sums.get(guide.id, ())) for guide in guides if guide.active or guide.id in sums]


@reads("team_visit")
def next_visits(read: Read, since: Instant, until: Instant, limit: int = 40) -> list[TeamVisit]:
    """Return the open ones due in [since, until), the next first."""
    return read.all(TeamVisit, "state = 'open' AND at >= ? AND at < ? ORDER BY at, id LIMIT ?", (since, until, limit))


@reads("team_visit")
def late_visits(read: Read, since: Instant, until: Instant, limit: int = 40) -> list[TeamVisit]:
    """Return the open ones that were due in [since, until) and that nobody noted, the last first."""
    where = "state = 'open' AND at >= ? AND at < ? ORDER BY at DESC, id LIMIT ?"
    return read.all(TeamVisit, where, (since, until, limit))
