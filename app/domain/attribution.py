"""Who gets an order (rules 3.2 to 3.4): touches in, a winner with reason and evidence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.money import Bp

RULE_VERSION = 1
REASONS = (
    "closing_touch",
    "closing_is_bound",
    "bound_guide",
    "nearest_store",
    "nobody",
    "self_purchase",
    "staff_purchase",
)


@dataclass(frozen=True, slots=True)
class Touch:
    """A person opened a guide's share. `by_staff`: the view was the guide's own or a colleague's."""

    id: str
    guide_id: str
    at: datetime
    channel: str = "chat"
    member_id: str | None = None
    session_id: str | None = None
    guide_active: bool = True
    by_staff: bool = False
    share_code: str | None = None


@dataclass(frozen=True, slots=True)
class AttributionPolicy:
    """Windows in days by channel, and the closing guide's part of a split (rule 3.3)."""

    default_days: int = 14
    channel_days: Mapping[str, int] = field(default_factory=lambda: {"chat": 7, "print": 30})

    @classmethod
    def from_wire(cls, setting: Mapping[str, Any]) -> AttributionPolicy:
        """Return the policy in `Setting.attribution`: `{"default_days": 14, "chat": 7, "print": 30}`."""
        raise NotImplementedError

    def days(self, channel: str) -> int:
        """Return the window of a channel in days."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class OrderPerson:
    """Who buys and when: `bound_guide_id` as frozen at the order's creation (rule 2.4)."""

    member_id: str | None
    session_id: str | None
    created_at: datetime
    bound_guide_id: str | None = None
    nearest_store_id: str | None = None
    own_guide_id: str | None = None
    is_staff: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """The outcome: guides, the reason code (one of `REASONS`) and evidence as plain JSON (rule 3.4)."""

    closing_guide_id: str | None
    bound_guide_id: str | None
    store_id: str | None
    reason: str
    evidence: dict[str, Any]

    def split(self, closing_bp: Bp = 7000) -> tuple[tuple[str, str, Bp], ...]:
        """Return (guide id, role sole | closing | bound, share in bp) of the payout; empty when no guide earns."""
        raise NotImplementedError


def attribute(order: OrderPerson, touches: Sequence[Touch], policy: AttributionPolicy) -> Attribution:
    """Return who gets the order (rule 3.2).

    The last valid touch wins, touches of the member before those of the browser's session; of two at
    the same instant the one with the larger id. A purchase by staff or by oneself earns nobody anything.
    """
    raise NotImplementedError
