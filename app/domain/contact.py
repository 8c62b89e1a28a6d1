"""May this customer be contacted now? Consent, holder, quiet hours and budget (rules 9.1 to 9.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from app.domain.errors import Param
from app.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """The brand's budget per customer and quiet hours; `from_wire` reads `Setting.contact`."""

    day: int = 1
    week: int = 2
    month: int = 4
    quiet: tuple[str, str] = ("21:00", "09:00")

    @classmethod
    def from_wire(cls, setting: Mapping[str, Any]) -> ContactPolicy:
        """Return the policy in `Setting.contact`; absent fields keep their default."""
        raise NotImplementedError


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
) -> Allowed | Denied:
    """Return whether one more contact may go out.

    Checked in this order: consent, holder, budget, quiet hours; a transactional message bypasses all.
    Day, Monday week and month are calendar ones of the store's zone. `contacts_at` holds the counted
    (not transactional) contacts by anybody, as datetimes or instant texts.

    Args:
        device_id: the asking device; None = the server itself, which needs no slot.
        holder_device_id: which device may contact offline; None = nobody holds it yet, so nobody is refused.
    """
    raise NotImplementedError


def require(decision: Allowed | Denied) -> Allowed:
    """Return an allowed decision.

    Raises:
        Rejected: the denial's code: `no_marketing_consent`, `contact_other_device`, `contact_budget_used`, `quiet_hours`.
    """
    raise NotImplementedError


def may_opt_in(by: str) -> bool:
    """Say whether `by` (customer | guide | hq | ip) may give consent again after an opt-out: the customer only (rule 9.1)."""
    raise NotImplementedError
