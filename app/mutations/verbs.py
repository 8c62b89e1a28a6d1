"""Every verb by the dataclass that names it, and the replay that the sync is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.instants import from_text
from app.mutations import (
    add_tag,
    answer_flag,
    ask_about_order,
    cancel_follow_up,
    close_follow_up,
    decide_dispute,
    decide_reward,
    dismiss_rejected,
    edit_note,
    hand_over_book,
    hand_over_customer,
    issue_coupon,
    mark_signal,
    move_follow_up,
    plan_follow_up,
    record_contact,
    record_share,
    redeem_coupon,
    remove_fact,
    remove_tag,
    reopen_follow_up,
    set_fact,
    set_stage,
    take_piece,
    undo_coupon,
    unmark_signal,
)
from app.mutations.call import Call, Verb
from app.protocol import mutations as m
from app.store import WriteTx

VERBS: dict[type, Verb] = {
    m.EditNote: Verb.of(edit_note),
    m.AddTag: Verb.of(add_tag),
    m.RemoveTag: Verb.of(remove_tag),
    m.RecordShare: Verb.of(record_share),
    m.IssueCoupon: Verb.of(issue_coupon),
    m.UndoCoupon: Verb.of(undo_coupon),
    m.RedeemCoupon: Verb.of(redeem_coupon),
    m.RecordContact: Verb.of(record_contact),
    m.MarkSignal: Verb.of(mark_signal),
    m.UnmarkSignal: Verb.of(unmark_signal),
    m.DismissRejected: Verb.of(dismiss_rejected),
    m.AskAboutOrder: Verb.of(ask_about_order),
    m.DecideDispute: Verb.of(decide_dispute),
    m.AnswerFlag: Verb.of(answer_flag),
    m.DecideReward: Verb.of(decide_reward),
    m.HandOverCustomer: Verb.of(hand_over_customer),
    m.HandOverBook: Verb.of(hand_over_book),
    m.PlanFollowUp: Verb.of(plan_follow_up),
    m.MoveFollowUp: Verb.of(move_follow_up),
    m.TakePiece: Verb.of(take_piece),
    m.CloseFollowUp: Verb.of(close_follow_up),
    m.CancelFollowUp: Verb.of(cancel_follow_up),
    m.ReopenFollowUp: Verb.of(reopen_follow_up),
    m.SetStage: Verb.of(set_stage),
    m.SetFact: Verb.of(set_fact),
    m.RemoveFact: Verb.of(remove_fact),
}

Replay = Callable[[WriteTx, str, Mapping[str, Any]], None]


def replay_for(guide_id: str, device_id: str, zone: str) -> Replay:
    """Return `replay(tx, name, args)`: the local effect of a pending mutation, as at the tap, without its checks.

    It raises what the effect raises; the sync then keeps the mutation pending with no local effect.
    """
    place = ZoneInfo(zone)

    def replay(tx: WriteTx, name: str, args: Mapping[str, Any]) -> None:
        kind = m.MUTATIONS[name]
        fields = {k: v for k, v in args.items() if k not in ("mid", "at")}
        call = Call(guide_id, device_id, place, from_text(args["at"]))
        VERBS[kind].apply(tx, kind(**fields), call)

    return replay
