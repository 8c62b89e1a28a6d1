"""Answer what was flagged on one of my rewards, once (rule 8.2)."""

from __future__ import annotations

from app.domain.action_reward import check_answer
from app.mutations.call import Call
from app.protocol.mutations import AnswerFlag
from app.protocol.objects import ActionReward, key
from app.store import WriteTx


def subject(mutation: AnswerFlag) -> str:
    """Return the reward's key."""
    return key("action_reward", mutation.reward_id)


def check(tx: WriteTx, mutation: AnswerFlag, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `reward_not_flagged`, `reward_decided`, `reward_answered` or `answer_invalid`."""
    found = tx.must(ActionReward, mutation.reward_id)
    check_answer(found.state, found.flags, found.reason, found.answer, mutation.text)


def apply(tx: WriteTx, mutation: AnswerFlag, call: Call) -> None:
    """Keep the answer; one that stands already stays."""
    if not tx.must(ActionReward, mutation.reward_id).answer:
        tx.update(ActionReward, mutation.reward_id, answer=mutation.text.strip())
