"""Pay or refuse a flagged reward of a guide of my store (rule 8.2)."""

from __future__ import annotations

from app.domain.action_reward import ANSWER_MAX, require_undecided
from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol.mutations import DecideReward
from app.protocol.objects import TeamReward, key
from app.store import WriteTx


def subject(mutation: DecideReward) -> str:
    """Return the reward's key, the same for guide and manager."""
    return key("action_reward", mutation.reward_id)


def check(tx: WriteTx, mutation: DecideReward, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `reward_decided`, `reward_not_flagged` or `answer_invalid`."""
    found = tx.must(TeamReward, mutation.reward_id)
    require_undecided(found.state, found.flags, found.reason)
    if len(mutation.answer) > ANSWER_MAX:
        raise Rejected("answer_invalid", params={"max": ANSWER_MAX})


def apply(tx: WriteTx, mutation: DecideReward, call: Call) -> None:
    """Show the decision; one the server already knows stays."""
    found = tx.must(TeamReward, mutation.reward_id)
    if found.decided_by is None:
        state = "payable" if mutation.pay else "rejected"
        tx.update(TeamReward, found.id, state=state, reason="manager", decided_by=call.guide_id, decided_at=call.at)
