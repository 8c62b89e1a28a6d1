"""Accept or refuse a guide's question about an order; the server moves the money."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol.limits import DISPUTE_TEXT_MAX
from app.protocol.mutations import DecideDispute
from app.protocol.objects import TeamDispute, key
from app.store import WriteTx


def subject(mutation: DecideDispute) -> str:
    """Return the dispute's key."""
    return key("dispute", mutation.dispute_id)


def check(tx: WriteTx, mutation: DecideDispute, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `dispute_decided`, or why it cannot be accepted as far as this device knows."""
    found = tx.must(TeamDispute, mutation.dispute_id)
    if found.state != "asked":
        raise Rejected("dispute_decided")
    blocked = (found.evidence.get("team") or {}).get("blocked")
    if mutation.accept and blocked and blocked != "dispute_order_unknown":  # an order may have come meanwhile
        raise Rejected(str(blocked))
    if len(mutation.answer) > DISPUTE_TEXT_MAX:
        raise Rejected("bad_arguments", "at most 500 characters")


def apply(tx: WriteTx, mutation: DecideDispute, call: Call) -> None:
    """Show the decision at once; one that somebody else took first stays as it is."""
    found = tx.must(TeamDispute, mutation.dispute_id)
    if found.state != "asked":
        return
    tx.update(
        TeamDispute,
        found.id,
        state="accepted" if mutation.accept else "refused",
        decided_at=call.at,
        decided_by=call.guide_id,
        answer=mutation.answer.strip(),
    )
