"""Action rewards: mine with their flags, and those a manager must judge (rules 4.10, 8)."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import ActionReward, Customer, TeamReward
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class RewardTotals:
    """Sums of my rewards by what became of them; `open_fen` is still held or pending."""

    payable_fen: int
    open_fen: int
    flagged: int


@dataclass(frozen=True, slots=True)
class RewardMember:
    """Whom one reward is about; `name` is "" once the customer is no longer this guide's."""

    reward_id: str
    customer_id: str | None
    name: str
    made_at: Instant


@reads("action_reward", "customer")
def members_of(read: Read, reward_ids: tuple[str, ...]) -> tuple[RewardMember, ...]:
    """Return whom these rewards of mine are about, in this order; rewards that are not here are left out."""
    found = [one for one in (read.get(ActionReward, reward_id) for reward_id in reward_ids) if one is not None]
    known = [read.get(Customer, one.customer_id) if one.customer_id else None for one in found]
    return tuple(
        RewardMember(one.id, who.id if who else None, who.name if who else "", one.made_at)
        for one, who in zip(found, known, strict=True)
    )


@reads("action_reward")
def my_rewards(read: Read, limit: int = 200) -> list[ActionReward]:
    """Return my rewards, newest first."""
    return read.all(ActionReward, "1 ORDER BY made_at DESC, id DESC LIMIT ?", (limit,))


@reads("action_reward")
def reward(read: Read, reward_id: str) -> ActionReward | None:
    """Return one of my rewards, or None."""
    return read.get(ActionReward, reward_id)


@reads("action_reward")
def reward_totals(read: Read) -> RewardTotals:
    """Return what my rewards come to; `flagged` counts those that wait for a manager."""
    rows = read.rows("SELECT state, sum(amount_fen), sum(flags <> '[]') FROM action_reward GROUP BY state")
    fen = {state: amount for state, amount, _ in rows}
    flagged = sum(count for state, _, count in rows if state in ("pending", "held"))
    return RewardTotals(fen.get("payable", 0), fen.get("pending", 0) + fen.get("held", 0), flagged)


@reads("team_reward")
def team_rewards(read: Read, limit: int = 200) -> list[TeamReward]:
    """Return the store's flagged rewards for its manager: those to be decided first, then the newest."""
    order = "state IN ('pending', 'held') DESC, made_at DESC, id DESC"
    return read.all(TeamReward, f"1 ORDER BY {order} LIMIT ?", (limit,))


@reads("team_reward")
def team_rewards_by_ids(read: Read, reward_ids: tuple[str, ...]) -> tuple[TeamReward, ...]:
    """Return those of these flagged rewards that are on this device, in this order."""
    found = (read.get(TeamReward, reward_id) for reward_id in reward_ids)
    return tuple(one for one in found if one is not None)


@reads("team_reward")
def team_reward(read: Read, reward_id: str) -> TeamReward | None:
    """Return one of the store's flagged rewards, or None."""
    return read.get(TeamReward, reward_id)
