"""Who gets an order (rules 3.2 to 3.4): touches in, a winner with reason and evidence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.instants import to_text
from app.domain.money import BP_ONE, Bp, floor_bp

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
        channels = {name: int(days) for name, days in setting.items() if name != "default_days"}
        return cls(int(setting.get("default_days", 14)), channels)

    def days(self, channel: str) -> int:
        """Return the window of a channel in days."""
        return self.channel_days.get(channel, self.default_days)


@dataclass(frozen=True, slots=True)
class OrderPerson:
    """Who buys and when: `bound_guide_id` as frozen at the order's creation (rule 2.4).

    `own_guide_id`: the buyer is this guide; `is_staff`: a colleague.
    """

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
        """Return (guide id, role sole | closing | bound | tail, share in bp) of the payout; empty when no guide earns.

        After a hand-over the bound guide's part is shared with who left (rule 2.5: `evidence["tail"]`).

        The shares are of one payout: they sum to the whole, whatever the roles (rule 3.3).
        """
        if self.reason in ("self_purchase", "staff_purchase"):
            return ()
        closing, bound = self.closing_guide_id, self.bound_guide_id
        if closing is not None and bound is not None and closing != bound:
            return ((closing, "closing", closing_bp), *self._with_tail(bound, "bound", BP_ONE - closing_bp))
        one = closing or bound
        return () if one is None else self._with_tail(one, "sole", BP_ONE)

    def _with_tail(self, guide_id: str, role: str, share_bp: Bp) -> tuple[tuple[str, str, Bp], ...]:
        """Return a part, divided with the guide who handed the customer over; only the bound guide's is."""
        tail = self.evidence.get("tail")
        if not tail or guide_id != self.bound_guide_id or tail["guide_id"] in (guide_id, self.closing_guide_id):
            return ((guide_id, role, share_bp),)
        left_bp = floor_bp(share_bp, tail["share_bp"])
        return ((guide_id, role, share_bp - left_bp), (tail["guide_id"], "tail", left_bp))


def attribute(order: OrderPerson, touches: Sequence[Touch], policy: AttributionPolicy) -> Attribution:
    """Return who gets the order (rule 3.2).

    The last valid touch wins, touches of the member before those of the browser's session; of two at
    the same instant the one with the larger id. A purchase by staff or by oneself earns nobody anything.
    """
    if order.is_staff or order.own_guide_id is not None:
        own = order.own_guide_id is not None and order.own_guide_id == order.bound_guide_id
        reason = "self_purchase" if own else "staff_purchase"
        return Attribution(None, None, order.nearest_store_id, reason, _evidence(order, (), None, policy))
    valid = [touch for touch in touches if _is_valid(touch, order, policy)]
    winner = max(valid, key=lambda touch: (_is_member(touch, order), touch.at, touch.id), default=None)
    evidence = _evidence(order, valid, winner, policy)
    bound = order.bound_guide_id
    if winner is not None:
        reason = "closing_is_bound" if winner.guide_id == bound else "closing_touch"
        return Attribution(winner.guide_id, bound, order.nearest_store_id, reason, evidence)
    if bound is not None:
        return Attribution(None, bound, order.nearest_store_id, "bound_guide", evidence)
    reason = "nobody" if order.nearest_store_id is None else "nearest_store"
    return Attribution(None, None, order.nearest_store_id, reason, evidence)


def _is_member(touch: Touch, order: OrderPerson) -> bool:
    return order.member_id is not None and touch.member_id == order.member_id


def _is_valid(touch: Touch, order: OrderPerson, policy: AttributionPolicy) -> bool:
    """Say whether the touch is this person's, by an active guide, and inside its channel's window (end included)."""
    # A browser's touch of another signed-in member is that member's, whoever holds the browser now.
    same_session = order.session_id is not None and touch.session_id == order.session_id and touch.member_id is None
    mine = _is_member(touch, order) or same_session
    age = order.created_at - touch.at
    in_window = timedelta(0) <= age <= timedelta(days=policy.days(touch.channel))
    return mine and in_window and touch.guide_active and not touch.by_staff


def _evidence(
    order: OrderPerson, valid: Sequence[Touch], winner: Touch | None, policy: AttributionPolicy
) -> dict[str, Any]:
    """Return what the decision rests on as plain JSON (rule 3.4)."""
    return {
        "rule_version": RULE_VERSION,
        "touches": [
            {
                "id": touch.id,
                "guide_id": touch.guide_id,
                "channel": touch.channel,
                "at": to_text(touch.at),
                "by": "member" if _is_member(touch, order) else "session",
            }
            for touch in sorted(valid, key=lambda touch: (touch.at, touch.id))
        ],
        "winner": None if winner is None else winner.id,
        "window_days": None if winner is None else policy.days(winner.channel),
        "by": None if winner is None else ("member" if _is_member(winner, order) else "session"),
        "bound_guide_id": order.bound_guide_id,
    }
