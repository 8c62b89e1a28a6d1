"""Rewards for actions, held until proven, and what looks like flooding (rules 8.1, 8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

HOLD_DAYS = 14
FLAGS = ("burst", "night_burst", "zero_activity", "shared_device", "add_then_delete", "readd_by_colleague")


@dataclass(frozen=True, slots=True)
class Reward:
    """A new member or referral claimed by a guide. state: pending | held | payable | rejected."""

    id: str
    guide_id: str
    person_id: str
    phone_key: str
    device_key: str
    made_at: datetime
    state: str = "pending"
    phone_verified: bool = False
    still_bound: bool = True
    activity: frozenset[str] = frozenset()
    deleted_at: datetime | None = None
    readded_by: str | None = None


@dataclass(frozen=True, slots=True)
class RewardDecision:
    """The state at a time, why, and the flags the guide sees and the manager judges."""

    state: str
    reason: str
    flags: tuple[str, ...] = ()


def decide(
    reward: Reward, others: Sequence[Reward], *, now: datetime, zone: tzinfo, per_day: int = 20
) -> RewardDecision:
    """Return where a reward stands at `now`; `others` are the guide's and the person's other rewards.

    A flag holds it until a manager decides; nothing is deleted.
    """
    raise NotImplementedError


def flags_of(reward: Reward, others: Sequence[Reward], *, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Return the flags of a reward in the order of `FLAGS` (rule 8.2)."""
    raise NotImplementedError
