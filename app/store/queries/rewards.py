"""Action rewards: mine with their flags, and those a manager must judge (rules 4.10, 8)."""

from __future__ import annotations

from dataclasses import dataclass

from app.protocol.objects import ActionReward, TeamReward
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class RewardTotals:
    """Sums of my rewards by what became of them; `open_fen` is still held or pending."""

    payable_fen: int
    open_fen: int
    flagged: int


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
def team_reward(read: Read, reward_id: str) -> TeamReward | None:
    """Return one of the store's flagged rewards, or None."""
    return read.get(TeamReward, reward_id)
