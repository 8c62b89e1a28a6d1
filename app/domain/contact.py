"""May this customer be contacted now? Consent, holder, quiet hours and budget (rules 9.1 to 9.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from app.domain.calendar_days import day_of, day_range, month_range, start_of, week_start
from app.domain.errors import Param, Rejected
from app.domain.hours import is_quiet, next_polite_time
from app.domain.instants import Instant, to_text

QUIET = ("21:00", "09:00")
LOOK_BACK_DAYS = 32  # how far back contacts can matter: the longest month, and a day for a clock that is off


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """The brand's budget per customer and quiet hours; `from_wire` reads `Setting.contact`."""

    day: int = 1
    week: int = 2
    month: int = 4
    quiet: tuple[str, str] = QUIET

    @classmethod
    def from_wire(cls, setting: Mapping[str, Any]) -> ContactPolicy:
        """Return the policy in `Setting.contact`; absent fields keep their default."""
        plain = {name: int(setting[name]) for name in ("day", "week", "month") if name in setting}
        begin, end = setting.get("quiet", QUIET)
        return cls(**plain, quiet=(begin, end))


@dataclass(frozen=True, slots=True)
class Allowed:
    """The contact may go out; what is left of the budget before it, and the smallest of the three."""

    remaining: int
    day_left: int
    week_left: int
    month_left: int


@dataclass(frozen=True, slots=True)
class Denied:
    """The contact may not go out: an error code with its parameters (`next_at`: next polite time as instant text)."""

    code: str
    params: dict[str, Param] = field(default_factory=dict)


def decide(
    contacts_at: Sequence[datetime | Instant],
    *,
    now: datetime,
    zone: tzinfo,
    policy: ContactPolicy,
    consents: Mapping[str, bool],
    purpose: str = "marketing",
    device_id: str | None = None,
    holder_device_id: str | None = None,
    transactional: bool = False,
    repeat: bool = False,
) -> Allowed | Denied:
    """Return whether one more contact may go out.

    Checked in this order: consent, holder, budget, quiet hours; a transactional message bypasses all.
    Day, Monday week and month are calendar ones of the store's zone. `contacts_at` holds the counted
    (not transactional) contacts by anybody, as datetimes or instant texts.

    Args:
        device_id: the asking device; None = the server itself, which needs no slot.
        holder_device_id: which device may contact offline; None = nobody holds it yet, so nobody is refused.
        repeat: what is shared was counted today already (`is_repeat`): the budget is not asked again.
    """
    if transactional:
        return Allowed(policy.day, policy.day, policy.week, policy.month)
    if not consents.get(purpose, False):
        return Denied("no_marketing_consent")
    if device_id is not None and holder_device_id not in (None, device_id):
        return Denied("contact_other_device")
    left = budget_left(contacts_at, now, zone, policy)
    if min(left) <= 0 and not repeat:
        return Denied("contact_budget_used", _used_params(left, now, zone, policy))
    if is_quiet(policy.quiet, now, zone):
        return Denied("quiet_hours", {"next_at": to_text(next_polite_time(policy.quiet, now, zone))})
    return Allowed(min(left), *left)


def budget_left(
    contacts_at: Sequence[datetime | Instant], now: datetime, zone: tzinfo, policy: ContactPolicy
) -> tuple[int, int, int]:
    """Return what is left of the calendar day, week and month; below zero where others went over it (rule 9.2)."""
    texts = [at if isinstance(at, str) else to_text(at) for at in contacts_at]
    used = [sum(to_text(begin) <= at < to_text(end) for at in texts) for _, begin, end in _periods(now, zone)]
    return policy.day - used[0], policy.week - used[1], policy.month - used[2]


def things(coupon_id: str | None, item_id: str | None) -> frozenset[str]:
    """Return what a contact carries beside its words: a coupon, and the product (or card) of its share link."""
    named = (("coupon", coupon_id), ("item", item_id))
    return frozenset(f"{kind}/{one}" for kind, one in named if one is not None)


def is_repeat(carries: frozenset[str], counted: Iterable[frozenset[str]]) -> bool:
    """Say whether a contact shares again only what was shared with this customer that day: it is none more (rule 9.2).

    Words alone are never a repeat: what was said is not kept.

    Args:
        carries: the `things` of the one asked about.
        counted: the `things` of the customer's counted contacts of `store_day`.
    """
    return bool(carries) and carries <= frozenset().union(*counted)


def store_day(at: datetime, zone: tzinfo) -> tuple[Instant, Instant]:
    """Return the half-open day of the store that holds `at`, in which the same thing counts once."""
    begin, end = day_range(day_of(at, zone), zone)
    return to_text(begin), to_text(end)


def require(decision: Allowed | Denied) -> Allowed:
    """Return an allowed decision.

    Raises:
        Rejected: with the denial's code, one of `no_marketing_consent`, `contact_other_device`, `contact_budget_used`
            and `quiet_hours`.
    """
    if isinstance(decision, Denied):
        raise Rejected(decision.code, params=decision.params)
    return decision


def may_opt_in(by: str) -> bool:
    """Say whether `by` may give consent again after an opt-out: the customer only (rule 9.1)."""
    return by == "customer"


def _periods(now: datetime, zone: tzinfo) -> tuple[tuple[str, datetime, datetime], ...]:
    """Return the calendar day, Monday week and month of `now` as half-open UTC intervals."""
    today = day_of(now, zone)
    monday = week_start(today)
    return (
        ("day", start_of(today, zone), start_of(today + timedelta(days=1), zone)),
        ("week", start_of(monday, zone), start_of(monday + timedelta(days=7), zone)),
        ("month", *month_range(today, zone)),
    )


def _used_params(left: tuple[int, int, int], now: datetime, zone: tzinfo, policy: ContactPolicy) -> dict[str, Param]:
    """Return the longest used-up period with its budget, and the first polite time after it."""
    limits = (policy.day, policy.week, policy.month)
    full = [
        (end, name, limit)
        for (name, _, end), limit, rest in zip(_periods(now, zone), limits, left, strict=True)
        if rest <= 0
    ]
    end, name, limit = max(full)
    return {"period": name, "limit": limit, "next_at": to_text(next_polite_time(policy.quiet, end, zone))}
