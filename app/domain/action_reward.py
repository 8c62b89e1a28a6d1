"""Rewards for actions, held until proven, and what looks like flooding (rules 8.1, 8.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from app.domain.calendar_days import day_of
from app.domain.errors import Rejected

HOLD_DAYS = 14
BURST = 5
BURST_WINDOW = timedelta(minutes=10)
NIGHT = (23, 6)
ANSWER_MAX = 500
NEAR_MAX = 20
ACTIVITY_WITHIN = timedelta(days=7)
ACTIVITIES = ("view", "reply", "order", "check_in")
FLAGS = ("burst", "night_burst", "zero_activity", "shared_device", "add_then_delete", "readd_by_colleague")


@dataclass(frozen=True, slots=True)
class Reward:
    """A new member or referral claimed by a guide. state: pending | held | payable | rejected.

    `activity` holds what the person really did, of `ACTIVITIES`.
    """

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
    near: tuple[str, ...] = ()  # the ids of the guide's own other rewards that the reason speaks of, oldest first


def decide(
    reward: Reward,
    others: Sequence[Reward],
    *,
    now: datetime,
    zone: tzinfo,
    per_day: int = 20,
    hold_days: int = HOLD_DAYS,
) -> RewardDecision:
    """Return where a reward stands at `now`; `others` are the guide's and the person's other rewards.

    A flag holds it until a manager decides; nothing is deleted.
    """
    found = _decided(reward, others, now=now, zone=zone, per_day=per_day, hold_days=hold_days)
    return replace(found, near=near_of(reward, others, found))


def why(state: str, reason: str, flags: Sequence[str]) -> str:
    """Return the one code that says why a reward is where it is: the flag that says most, else the reason."""
    if state not in ("pending", "held") or reason != "flagged" or not flags:
        return reason
    return "night_burst" if "night_burst" in flags else flags[0]


def near_of(reward: Reward, others: Sequence[Reward], found: RewardDecision) -> tuple[str, ...]:
    """Return which of the guide's own other rewards the reason speaks of; a colleague's are not named to them."""
    mine = [other for other in others if other.guide_id == reward.guide_id and other.id != reward.id]
    told = why(found.state, found.reason, found.flags)
    about: Mapping[str, Callable[[Reward], bool]] = {
        "burst": lambda other: _is_near(other, reward),
        "night_burst": lambda other: _is_near(other, reward),
        "shared_device": lambda other: bool(other.device_key) and other.device_key == reward.device_key,
        "same_person": lambda other: bool(other.person_id) and other.person_id == reward.person_id,
        "same_phone": lambda other: bool(other.phone_key) and other.phone_key == reward.phone_key,
    }
    named = [other for other in mine if told in about and about[told](other)]
    return tuple(other.id for other in sorted(named, key=lambda other: (other.made_at, other.id)))[:NEAR_MAX]


def _decided(
    reward: Reward, others: Sequence[Reward], *, now: datetime, zone: tzinfo, per_day: int, hold_days: int
) -> RewardDecision:
    flags = flags_of(reward, others, now=now, zone=zone)
    if reward.state in ("rejected", "payable"):
        return RewardDecision(reward.state, "decided", flags)
    refusal = _refusal(reward, others)
    if refusal:
        return RewardDecision("rejected", refusal, flags)
    if flags:
        return RewardDecision("held", "flagged", flags)
    if _earlier_that_day(reward, others, zone) >= per_day:
        return RewardDecision("held", "over_cap")
    if now < reward.made_at + timedelta(days=hold_days):
        return RewardDecision("pending" if now <= reward.made_at else "held", "holding")
    missing = _missing(reward)
    return RewardDecision("rejected", missing) if missing else RewardDecision("payable", "proven")


def flags_of(reward: Reward, others: Sequence[Reward], *, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Return the flags of a reward in the order of `FLAGS` (rule 8.2)."""
    mine = [other for other in others if other.guide_id == reward.guide_id and other.id != reward.id]
    near = [other for other in mine if _is_near(other, reward)]
    burst = len(near) + 1 >= BURST
    hour = reward.made_at.astimezone(zone).hour
    deleted = reward.deleted_at is not None and reward.deleted_at - reward.made_at <= timedelta(days=HOLD_DAYS)
    found = {
        "burst": burst,
        "night_burst": burst and (hour >= NIGHT[0] or hour < NIGHT[1]),
        "zero_activity": not reward.activity and now >= reward.made_at + ACTIVITY_WITHIN,
        "shared_device": any(
            o.device_key and o.device_key == reward.device_key and o.person_id != reward.person_id for o in others
        ),
        "add_then_delete": deleted,
        "readd_by_colleague": reward.readded_by not in (None, reward.guide_id),
    }
    return tuple(flag for flag in FLAGS if found[flag])


def _is_near(other: Reward, reward: Reward) -> bool:
    return abs(other.made_at - reward.made_at) <= BURST_WINDOW


def require_undecided(state: str, flags: Sequence[str], reason: str) -> None:
    """Check that a reward waits for a person's decision: it is open and flagged, or over the day's cap.

    Raises:
        Rejected: `reward_decided` or `reward_not_flagged`.
    """
    if state in ("payable", "rejected"):
        raise Rejected("reward_decided", params={"state": state})
    if not flags and reason != "over_cap":
        raise Rejected("reward_not_flagged")


def check_answer(state: str, flags: Sequence[str], reason: str, answered: str, text: str) -> str:
    """Return the guide's answer to a flag without blanks around it; one answer is all there is (rule 8.2).

    Raises:
        Rejected: `reward_decided`, `reward_not_flagged`, `reward_answered` or `answer_invalid`.
    """
    require_undecided(state, flags, reason)
    if answered:
        raise Rejected("reward_answered")
    said = text.strip()
    if not 1 <= len(said) <= ANSWER_MAX:
        raise Rejected("answer_invalid", params={"max": ANSWER_MAX})
    return said


def _refusal(reward: Reward, others: Sequence[Reward]) -> str | None:
    """Return why it can never be paid: unique by person, phone and device; the earlier one stands (rule 8.1)."""
    earlier = [other for other in others if (other.made_at, other.id) < (reward.made_at, reward.id)]
    if any(other.state != "rejected" and other.person_id == reward.person_id for other in earlier):
        return "same_person"
    if any(other.state != "rejected" and other.phone_key == reward.phone_key for other in earlier):
        return "same_phone"
    return None


def _missing(reward: Reward) -> str | None:
    if not reward.phone_verified:
        return "phone_not_verified"
    if not reward.still_bound:
        return "not_bound"
    return None if reward.activity & set(ACTIVITIES) else "no_activity"


def _earlier_that_day(reward: Reward, others: Sequence[Reward], zone: tzinfo) -> int:
    day = day_of(reward.made_at, zone)
    return sum(
        other.guide_id == reward.guide_id
        and (other.made_at, other.id) < (reward.made_at, reward.id)
        and day_of(other.made_at, zone) == day
        for other in others
    )
