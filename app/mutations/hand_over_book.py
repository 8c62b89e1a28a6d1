"""Split a guide's customers over colleagues; the server decides who gets whom."""

from __future__ import annotations

from app.domain.errors import Rejected
from app.mutations.call import Call
from app.protocol.limits import HANDOVER_SOME_MAX, HANDOVER_TO_MAX
from app.protocol.mutations import HandOverBook
from app.protocol.objects import GuideBook, Staff, key
from app.store import WriteTx


def subject(mutation: HandOverBook) -> str:
    """Return the key of the guide whose book it is."""
    return key("staff", mutation.guide_id)


def check(tx: WriteTx, mutation: HandOverBook, call: Call) -> None:
    """Raise `Rejected`: `not_found`, `handover_guide`, `handover_nothing` or `bad_arguments`."""
    leaver = tx.must(Staff, mutation.guide_id)
    book = tx.get(GuideBook, mutation.guide_id)
    if not mutation.leaves and (book is None or book.customers == 0):
        raise Rejected("handover_nothing")
    if mutation.leaves and not leaver.active:
        raise Rejected("handover_guide")
    if len(mutation.to_guides) > HANDOVER_TO_MAX or len(set(mutation.to_guides)) < len(mutation.to_guides):
        raise Rejected("handover_guide")
    if mutation.customers and (mutation.leaves or len(mutation.customers) > HANDOVER_SOME_MAX):
        raise Rejected("bad_arguments", params={"field": "customers"})
    for guide_id in mutation.to_guides:
        taker = tx.get(Staff, guide_id)
        if taker is None or taker.id == leaver.id or not taker.active or taker.store_id != leaver.store_id:
            raise Rejected("handover_guide")


def apply(tx: WriteTx, mutation: HandOverBook, call: Call) -> None:
    """Change nothing: who gets whom, only the server knows."""
