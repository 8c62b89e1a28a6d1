"""Every named mutation: a frozen dataclass whose fields are its arguments on the wire.

Besides these fields every mutation's args carry `mid` (UUIDv7, the same for ever) and `at` (the
device's best guess of the server's time). The phone applies the local effect (`app.mutations`),
the server decides (its twin in `server_stub`); who may send it stands in `server_stub.policy`.
Ids of rows it makes are made on the phone and travel in the arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class EditNote:
    """Replace the guide's note on a customer; the last writer wins. At most 2,000 characters.

    A private one is deleted when the customer goes to another guide (rule 2.6).
    """

    NAME: ClassVar[str] = "edit_note"
    customer_id: str
    note: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class AddTag:
    """Add one personal tag (1 to 20 characters)."""

    NAME: ClassVar[str] = "add_tag"
    customer_id: str
    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Remove one personal tag; removing one that is gone is fine."""

    NAME: ClassVar[str] = "remove_tag"
    customer_id: str
    tag: str


@dataclass(frozen=True, slots=True)
class RecordShare:
    """Record a share link whose signed code was made on the device (rule 3.1)."""

    NAME: ClassVar[str] = "record_share"
    share_id: str
    code: str
    kind: str
    item_id: str
    channel: str
    created_at: Instant
    caption: str = ""
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class IssueCoupon:
    """Hand the next coupon of this device's leased block to a customer (rule 1.4).

    The contact budget, consent and quiet hours are checked at `at`; `signal` names what prompted it
    and `product_id` what it is about.
    """

    NAME: ClassVar[str] = "issue_coupon"
    coupon_id: str
    customer_id: str
    signal: str | None = None
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class UndoCoupon:
    """Take back an issued coupon that the customer has not opened; it becomes void."""

    NAME: ClassVar[str] = "undo_coupon"
    coupon_id: str


@dataclass(frozen=True, slots=True)
class RedeemCoupon:
    """Use a coupon in the store (rule 1.11); the first to reach the server wins.

    `code` is the QR's `GC1:` text (form qr) or the typed code (form typed). `redeemed_at` is the device's bounded
    time, `skewed` says that its clock was off by more than 5 minutes (rule 1.9). `order_no` is the receipt's number.
    """

    NAME: ClassVar[str] = "redeem_coupon"
    redemption_id: str
    code: str
    form: str
    store_id: str
    redeemed_at: Instant
    skewed: bool = False
    order_no: str = ""


@dataclass(frozen=True, slots=True)
class RecordContact:
    """Record that a message was handed to the messenger (rule 9.2): the share sheet's result, or "copied".

    One that carries only what the customer was sent that day of the store already (`coupon_id`, the item of `share_id`)
    is applied with no effect.
    """

    NAME: ClassVar[str] = "record_contact"
    contact_id: str
    customer_id: str
    kind: str
    channel: str
    coupon_id: str | None = None
    share_id: str | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class MarkSignal:
    """Say what became of a signal: done, later (until), or not_interested (rule 5.2)."""

    NAME: ClassVar[str] = "mark_signal"
    mark_id: str
    customer_id: str
    signal: str
    subject: str
    action: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class UnmarkSignal:
    """Take a mark back, as if the signal had not been touched; one that is gone is fine."""

    NAME: ClassVar[str] = "unmark_signal"
    mark_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class DismissRejected:
    """Remove a refused mutation's row after the guide has seen it."""

    NAME: ClassVar[str] = "dismiss_rejected"
    rejected_id: str


@dataclass(frozen=True, slots=True)
class AskAboutOrder:
    """Ask the manager why an order was not counted (feature E2); the server adds the evidence.

    `order_no` as on the receipt; `order_id` when the order is on this phone. `text` at most 500 characters.
    """

    NAME: ClassVar[str] = "ask_about_order"
    dispute_id: str
    order_no: str
    order_id: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class DecideDispute:
    """Accept (the order goes to the guide who asked) or refuse a dispute of the manager's store."""

    NAME: ClassVar[str] = "decide_dispute"
    dispute_id: str
    accept: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFlag:
    """Answer once why a flagged reward is right (rule 8.2). 1 to 500 characters."""

    NAME: ClassVar[str] = "answer_flag"
    reward_id: str
    text: str


@dataclass(frozen=True, slots=True)
class DecideReward:
    """A manager pays or refuses a flagged reward of the store; the first decision stands (rule 8.2)."""

    NAME: ClassVar[str] = "decide_reward"
    reward_id: str
    pay: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class HandOverCustomer:
    """Give one of my customers to a colleague of my store, with a word of context (rule 2.5).

    The server decides; until then the customer stays. `words` at most 200 characters; the colleague reads them.
    """

    NAME: ClassVar[str] = "hand_over_customer"
    handover_id: str
    customer_id: str
    to_guide_id: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class HandOverBook:
    """Split a guide's customers over colleagues by load and category (rule 2.5); the server decides who gets whom.

    `to_guides` empty, or a customer who may not be handed over once more: the store's. `leaves`: the guide's account
    ends and every device of theirs is wiped at its next contact. `customers`: only these, at most 5,000, the rest
    stays (not together with `leaves`); empty: the whole book. Of those named, who is the guide's no more is left out.
    """

    NAME: ClassVar[str] = "hand_over_book"
    guide_id: str
    to_guides: list[str]
    leaves: bool = False
    customers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlanFollowUp:
    """Plan a reminder, an appointment in the store or a home visit for one of my customers (feature A11).

    `due_at`: its time, at most two years ahead. `note` at most 2,000 characters; a private one is deleted when the
    customer goes to another guide. `pieces`: for a visit, [[product id, size], ...], at most 30.
    """

    NAME: ClassVar[str] = "plan_follow_up"
    follow_up_id: str
    customer_id: str
    kind: str
    due_at: Instant
    note: str = ""
    private: bool = False
    pieces: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MoveFollowUp:
    """Give an open follow-up another time."""

    NAME: ClassVar[str] = "move_follow_up"
    follow_up_id: str
    customer_id: str
    due_at: Instant


@dataclass(frozen=True, slots=True)
class TakePiece:
    """Add one piece to what an open visit takes along, or leave it here; one that is there (or gone) is fine."""

    NAME: ClassVar[str] = "take_piece"
    follow_up_id: str
    customer_id: str
    product_id: str
    size: str = ""
    taken: bool = True


@dataclass(frozen=True, slots=True)
class CloseFollowUp:
    """Say that a follow-up is done; `kept`: of a visit's pieces, [[product id, size], ...] that stayed there."""

    NAME: ClassVar[str] = "close_follow_up"
    follow_up_id: str
    customer_id: str
    kept: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CancelFollowUp:
    """Call an open follow-up off; cancelling twice is fine."""

    NAME: ClassVar[str] = "cancel_follow_up"
    follow_up_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class ReopenFollowUp:
    """Open a done or cancelled follow-up again: nothing counts as kept any more."""

    NAME: ClassVar[str] = "reopen_follow_up"
    follow_up_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class SetStage:
    """Say how far one is with a customer: new | in_touch | considering | appointment | bought | resting, or empty."""

    NAME: ClassVar[str] = "set_stage"
    customer_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class SetFact:
    """Write one fact of a customer's portrait; the last writer of the same kind and name wins (feature A3).

    kind: size (`name` top | bottom | dress | shoe) | like (`name` what) | price (careful | balanced | free) | channel
    (chat | call | come_in) | manner (quiet | warm) | date (`name` a label, `value` MM-DD) | birthday (MM-DD, only if
    the member's own is not known).
    """

    NAME: ClassVar[str] = "set_fact"
    customer_id: str
    kind: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class RemoveFact:
    """Remove one fact a guide wrote; one that is gone is fine."""

    NAME: ClassVar[str] = "remove_fact"
    customer_id: str
    kind: str
    name: str = ""


Mutation = (
    EditNote | AddTag | RemoveTag | RecordShare | IssueCoupon | UndoCoupon | RedeemCoupon | RecordContact | MarkSignal
    | UnmarkSignal | DismissRejected | AskAboutOrder | DecideDispute | AnswerFlag | DecideReward | HandOverCustomer
    | HandOverBook | PlanFollowUp | MoveFollowUp | TakePiece | CloseFollowUp | CancelFollowUp | ReopenFollowUp
    | SetStage | SetFact | RemoveFact
)  # fmt: skip

MUTATIONS: dict[str, type[Mutation]] = {
    kind.NAME: kind
    for kind in (
        EditNote, AddTag, RemoveTag, RecordShare, IssueCoupon, UndoCoupon, RedeemCoupon, RecordContact, MarkSignal,
        UnmarkSignal, DismissRejected, AskAboutOrder, DecideDispute, AnswerFlag, DecideReward, HandOverCustomer,
        HandOverBook, PlanFollowUp, MoveFollowUp, TakePiece, CloseFollowUp, CancelFollowUp, ReopenFollowUp, SetStage,
        SetFact, RemoveFact,
    )
}  # fmt: skip
