"""The customers' list: circles beside the segments, filters a guide puts together, what a customer is worth.

Pure: the day and the zone come in with a `SegmentClock`; money is fen; a filter speaks of days back, never of dates, so
that it still says the same next month.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from app.domain.errors import Rejected
from app.domain.money import Fen
from app.domain.segment import DAYS_A_MONTH, Figures, SegmentClock, effective

CIRCLES = ("effective", "birthday", "consented")
NAME_MAX = 20
FILTERS_MAX = 12
LIST_MAX = 20  # values of one kind in a filter
NEW_LIFE_DAYS = 90


def circles_of(
    figures: Figures, clock: SegmentClock, *, birthday: str | None, consents: Mapping[str, bool]
) -> tuple[str, ...]:
    """Return the codes of `CIRCLES` that hold, in that order.

    effective: first, repeat or stored-value (rule 6.1). birthday: in this month of the store's zone. consented: may be
    written to (purpose marketing).
    """
    month = f"{date.fromordinal(clock.today).month:02d}-"
    found = {
        "effective": effective(figures, clock)["effective"],
        "birthday": bool(birthday) and str(birthday).startswith(month),
        "consented": bool(consents.get("marketing")),
    }
    return tuple(code for code in CIRCLES if found[code])


def worth_of(figures: Figures, clock: SegmentClock) -> Fen:
    """Return what a customer brings a month of life (the orders per month × basket of rule 6.3), in fen, floored.

    A life shorter than 90 days counts as 90, so that one large first order does not stand above the faithful.
    """
    if figures.first_order_at is None:
        return 0
    days = max(clock.today - clock.day_of(figures.first_order_at) + 1, NEW_LIFE_DAYS)
    return int(figures.spend_fen * DAYS_A_MONTH // days)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter looks at in one customer. `silent_days`: since the last order, None without one."""

    segments: Collection[str]
    tags: Collection[str]
    level: str
    sizes: Collection[str]
    spend_fen: Fen
    silent_days: int | None
    has_coupon: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom to list. Any value of one kind will do, every kind that is set must hold; empty: everybody.

    `bought_days`: the last order is at most so many days back; `silent_days`: at least so many. `spend_min_fen` and
    `spend_max_fen` are inclusive. `coupon`: holds a coupon that is still good.
    """

    segments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    bought_days: int | None = None
    silent_days: int | None = None
    spend_min_fen: Fen | None = None
    spend_max_fen: Fen | None = None
    coupon: bool = False

    @classmethod
    def from_wire(cls, kept: Mapping[str, Any]) -> Filter:
        """Return the filter kept as JSON; kinds this version does not know are left out."""
        known = {one.name for one in fields(cls)}
        read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in kept.items() if k in known}
        return cls(**read)

    def to_wire(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def size(self) -> int:
        """How many kinds are set."""
        return sum(value not in ((), None, False) for value in asdict(self).values())

    def holds(self, facts: Facts) -> bool:
        """Say whether a customer is in."""
        return all(check(self, facts) for check in _CHECKS)


def _of(wanted: Callable[[Filter], Collection[str]], there: Callable[[Facts], Collection[str]]) -> Any:
    def check(one: Filter, facts: Facts) -> bool:
        values = wanted(one)
        return not values or any(value in there(facts) for value in values)

    return check


def _time(one: Filter, facts: Facts) -> bool:
    silent = facts.silent_days
    if one.bought_days is not None and (silent is None or silent > one.bought_days):
        return False
    return one.silent_days is None or (silent is not None and silent >= one.silent_days)


def _money(one: Filter, facts: Facts) -> bool:
    least, most = one.spend_min_fen, one.spend_max_fen
    return (least is None or facts.spend_fen >= least) and (most is None or facts.spend_fen <= most)


_CHECKS: tuple[Callable[[Filter, Facts], bool], ...] = (
    _of(lambda one: one.segments, lambda facts: facts.segments),
    _of(lambda one: one.levels, lambda facts: (facts.level,)),
    _of(lambda one: one.tags, lambda facts: facts.tags),
    _of(lambda one: one.sizes, lambda facts: facts.sizes),
    _time,
    _money,
    lambda one, facts: facts.has_coupon or not one.coupon,
)


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter with the name its guide gave it."""

    id: str
    name: str
    filter: Filter


def check_filter(name: str, chosen: Filter) -> str:
    """Return the name without surrounding blanks: 1 to 20 characters, the filter not empty and not out of bounds.

    Raises:
        Rejected: `bad_arguments`.
    """
    text = " ".join(name.split())
    lists = (chosen.segments, chosen.tags, chosen.levels, chosen.sizes)
    if not 1 <= len(text) <= NAME_MAX or not chosen.size or any(len(values) > LIST_MAX for values in lists):
        raise Rejected("bad_arguments", "a filter without a name, or out of bounds")
    return text
