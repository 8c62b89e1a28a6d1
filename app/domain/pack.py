"""Content packs by time and version (rules 7.1, 7.2, 7.4); bytes and signatures are `protocol.manifest`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.errors import Refused

STATES = ("draft", "approved", "published", "active", "expired", "recalled")


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What decides whether a verified pack shows; `stores` and `roles` empty = everybody."""

    id: str
    version: int
    valid_from: datetime
    valid_until: datetime
    recalled: bool = False
    stores: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """One difference of two calendars: kind added | removed | changed, the day and the fields."""

    kind: str
    day: str
    fields: tuple[str, ...] = field(default=())


def state_at(pack: PackFacts, now: datetime) -> str:
    """Return published (not begun) | active | expired | recalled at `now`; needs no network (rule 7.1)."""
    if pack.recalled:
        return "recalled"
    if now < pack.valid_from:
        return "published"
    return "active" if now < pack.valid_until else "expired"


def active(packs: Sequence[PackFacts], now: datetime, *, store_id: str | None, role: str) -> PackFacts | None:
    """Return the pack that shows now: complete, in force, for this store and role; the latest start wins."""
    fitting = [
        pack
        for pack in packs
        if pack.complete
        and state_at(pack, now) == "active"
        and (not pack.stores or store_id in pack.stores)
        and (not pack.roles or role in pack.roles)
    ]
    return max(fitting, key=lambda pack: (pack.valid_from, pack.version, pack.id), default=None)


def check_version(held: int | None, offered: int) -> None:
    """Check that a pack does not go back (rule 7.2); the same version again is fine.

    Raises:
        Refused: `pack_rollback`.
    """
    if held is not None and offered < held:
        raise Refused("pack_rollback", params={"held": held, "offered": offered})


def calendar_changes(
    old: Mapping[str, Mapping[str, object]], new: Mapping[str, Mapping[str, object]]
) -> tuple[CalendarChange, ...]:
    """Return the differences of two calendars (day to fields), by day (rule 7.4)."""
    changes: list[CalendarChange] = []
    for day in sorted(old.keys() | new.keys()):
        if day not in old:
            changes.append(CalendarChange("added", day))
        elif day not in new:
            changes.append(CalendarChange("removed", day))
        elif old[day] != new[day]:
            names = old[day].keys() | new[day].keys()
            differing = sorted(name for name in names if old[day].get(name) != new[day].get(name))
            changes.append(CalendarChange("changed", day, tuple(differing)))
    return tuple(changes)
