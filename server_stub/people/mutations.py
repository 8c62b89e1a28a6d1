"""The server's side of notes, tags, contacts, signals and dismissed refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from app.domain import contact as contact_rules
from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import NOTE_MAX, TAG_MAX
from app.protocol.mutations import (
    AddTag,
    DismissRejected,
    EditNote,
    HandOverBook,
    HandOverCustomer,
    MarkSignal,
    RecordContact,
    RemoveTag,
    UnmarkSignal,
)
from server_stub import tables as t
from server_stub.db import Actor, Tx
from server_stub.people import handover
from server_stub.people.customers import consents_of

CONTACT_KINDS = ("message", "coupon", "poster", "call", "visit")
SIGNAL_ACTIONS = ("done", "later", "not_interested")
TAGS_PER_CUSTOMER = 50
CONTACT_WINDOW = timedelta(days=32)  # a calendar month and a day, whatever the zone


def actor_of(tx: Tx) -> Actor:
    """Return who acts.

    Raises:
        Rejected: `forbidden`, nobody does.
    """
    if tx.actor is None:
        raise Rejected("forbidden", "a mutation needs an actor")
    return tx.actor


def own_customer(tx: Tx, customer_id: str) -> Any:
    """Return the locked row of a customer of the acting guide; another's looks exactly like none.

    Raises:
        Rejected: `not_yours`; `handed_over` or `left_to_store` for one who was theirs.
    """
    mine = t.customer.c.id == customer_id, t.customer.c.guide_id == actor_of(tx).staff_id
    # Nobody hands the customer over, and nobody else spends their budget, before this transaction ends.
    row = tx.conn.execute(select(t.customer).where(*mine).with_for_update(key_share=True)).mappings().first()
    if row is None:
        raise handover.gone_to(tx, customer_id, actor_of(tx).staff_id)
    return row


def hand_over_customer(tx: Tx, args: HandOverCustomer) -> None:
    """Give the acting guide's customer to a colleague."""
    handover.hand_over_one(tx, actor_of(tx), dict(own_customer(tx, args.customer_id)), args)


def hand_over_book(tx: Tx, args: HandOverBook) -> None:
    """Split a guide's customers over colleagues."""
    handover.hand_over_book(tx, actor_of(tx), args)


def edit_note(tx: Tx, args: EditNote) -> None:
    """Replace the note; the last writer wins."""
    own_customer(tx, args.customer_id)
    if len(args.note) > NOTE_MAX:
        raise Rejected("note_too_long", params={"max": NOTE_MAX})
    values = {"note": args.note, "note_private": args.private}
    tx.conn.execute(update(t.customer).where(t.customer.c.id == args.customer_id).values(**values))
    tx.touch("customer", args.customer_id)


def add_tag(tx: Tx, args: AddTag) -> None:
    """Add one personal tag; adding it twice is fine."""
    own_customer(tx, args.customer_id)
    name = args.tag.strip()
    if not 1 <= len(name) <= TAG_MAX:
        raise Rejected("tag_invalid", params={"max": TAG_MAX})
    theirs = t.customer_tag.c.customer_id == args.customer_id, t.customer_tag.c.kind == "personal"
    names = set(tx.conn.execute(select(t.customer_tag.c.name).where(*theirs)).scalars())
    if name in names:
        return
    if len(names) >= TAGS_PER_CUSTOMER:
        raise Rejected("tag_invalid", "too many tags", params={"max": TAG_MAX})
    row = {
        "customer_id": args.customer_id, "name": name, "kind": "personal", "at": tx.at_text,
        "by_staff": actor_of(tx).staff_id,
    }  # fmt: skip
    tx.conn.execute(insert(t.customer_tag).values(**row))
    tx.touch("customer", args.customer_id)


def remove_tag(tx: Tx, args: RemoveTag) -> None:
    """Remove one personal tag; one that is gone is fine."""
    own_customer(tx, args.customer_id)
    c = t.customer_tag.c
    gone = c.customer_id == args.customer_id, c.kind == "personal", c.name == args.tag.strip()
    tx.conn.execute(delete(t.customer_tag).where(*gone))
    tx.touch("customer", args.customer_id)


def record_contact(tx: Tx, args: RecordContact) -> None:
    """Count a contact under the budget shared by everybody, consent, holder and quiet hours (rule 9).

    One that carries only what was counted that day changes nothing (rule 9.2).
    """
    own_customer(tx, args.customer_id)
    new_id_only(tx, t.contact, args.contact_id)
    if args.kind not in CONTACT_KINDS:
        raise Rejected("bad_arguments", params={"field": "kind"})
    repeat = _was_carried(tx, args)
    contact_rules.require(decide_contact(tx, args.customer_id, repeat=repeat))
    if repeat:
        return
    row = {
        "id": args.contact_id, "customer_id": args.customer_id, "guide_id": actor_of(tx).staff_id, "kind": args.kind,
        "channel": args.channel, "at": tx.at_text, "by": "guide", "coupon_id": args.coupon_id,
        "share_id": args.share_id, "signal": args.signal, "transactional": False,
    }  # fmt: skip
    tx.conn.execute(insert(t.contact).values(**row))
    tx.touch("contact", args.contact_id)
    from server_stub.trade import figures  # trade stands on people; only this one call goes back

    figures.bump(tx, actor_of(tx).staff_id, tx.at, "contacts")


def _was_carried(tx: Tx, args: RecordContact) -> bool:
    """Say whether the customer was sent all of it that day already, by whomever."""
    item = select(t.share.c.item_id).where(t.share.c.id == args.share_id)
    carries = contact_rules.things(args.coupon_id, tx.conn.execute(item).scalar() if args.share_id else None)
    since, until = contact_rules.store_day(tx.at, zone_of(tx.conn, actor_of(tx).store_id))
    c = t.contact.c
    counted = (
        select(c.coupon_id, t.share.c.item_id)
        .select_from(t.contact.outerjoin(t.share, t.share.c.id == c.share_id))
        .where(c.customer_id == args.customer_id, c.at >= since, c.at < until, c.transactional.is_(False))
    )
    return contact_rules.is_repeat(carries, [contact_rules.things(*row) for row in tx.conn.execute(counted)])


def decide_contact(tx: Tx, customer_id: str, *, repeat: bool = False) -> contact_rules.Allowed | contact_rules.Denied:
    """Return whether one more contact may go to the acting guide's customer at `tx.at` (rules 9.1 to 9.3)."""
    actor = actor_of(tx)
    since = instants.to_text(tx.at - CONTACT_WINDOW)
    c = t.contact.c
    counted = select(c.at).where(c.customer_id == customer_id, c.at >= since, c.transactional.is_(False))
    # A device that became holder later does not undo what this one did while it held the slots itself.
    held = t.contact_holder.c.id == actor.staff_id, t.contact_holder.c.since <= tx.at_text
    holder = select(t.contact_holder.c.device_id).where(*held)
    return contact_rules.decide(
        list(tx.conn.execute(counted).scalars()),
        now=tx.at,
        zone=zone_of(tx.conn, actor.store_id),
        policy=contact_rules.ContactPolicy.from_wire(tx.conn.execute(select(t.setting.c.contact)).scalar() or {}),
        consents=consents_of(tx.conn, "customer", customer_id),
        device_id=actor.device_id,
        holder_device_id=tx.conn.execute(holder).scalar(),
        repeat=repeat,
    )


def zone_of(conn: Connection, store_id: str | None) -> ZoneInfo:
    """Return a store's zone; the demo's zone for staff without a store."""
    found = conn.execute(select(t.store.c.zone).where(t.store.c.id == store_id)).scalar()
    return ZoneInfo(found or "Asia/Shanghai")


def mark_signal(tx: Tx, args: MarkSignal) -> None:
    """Keep what the guide did with a signal (rule 5.2)."""
    own_customer(tx, args.customer_id)
    new_id_only(tx, t.signal_mark, args.mark_id)
    if args.action not in SIGNAL_ACTIONS or (args.action == "later") != (args.until is not None):
        raise Rejected("bad_arguments", params={"field": "action"})
    row = {
        "id": args.mark_id, "customer_id": args.customer_id, "signal": args.signal, "subject": args.subject,
        "action": args.action, "at": tx.at_text, "until": args.until, "by_staff": actor_of(tx).staff_id,
    }  # fmt: skip
    tx.conn.execute(insert(t.signal_mark).values(**row))
    tx.touch("signal_mark", args.mark_id)


def unmark_signal(tx: Tx, args: UnmarkSignal) -> None:
    """Take a mark of the customer's signals back; one that is gone is fine."""
    own_customer(tx, args.customer_id)
    c = t.signal_mark.c
    gone = tx.conn.execute(delete(t.signal_mark).where(c.id == args.mark_id, c.customer_id == args.customer_id))
    if gone.rowcount:
        tx.touch("signal_mark", args.mark_id)


def dismiss_rejected(tx: Tx, args: DismissRejected) -> None:
    """Remove one of the actor's refusals after it was seen; one that is gone is fine."""
    mine = t.rejected.c.id == args.rejected_id, t.rejected.c.staff_id == actor_of(tx).staff_id
    if tx.conn.execute(delete(t.rejected).where(*mine)).rowcount:
        tx.touch("rejected", args.rejected_id)


def new_id_only(tx: Tx, table: Any, row_id: str) -> None:
    """Raise `Rejected` (`bad_arguments`) for an id of no good form or one that is taken."""
    if not 8 <= len(row_id) <= 64 or tx.conn.execute(select(table.c.id).where(table.c.id == row_id)).first():
        raise Rejected("bad_arguments", "the id is taken or has no good form", params={"field": "id"})


HANDLERS: dict[str, Callable[[Tx, Any], None]] = {
    EditNote.NAME: edit_note,
    AddTag.NAME: add_tag,
    RemoveTag.NAME: remove_tag,
    RecordContact.NAME: record_contact,
    MarkSignal.NAME: mark_signal,
    UnmarkSignal.NAME: unmark_signal,
    DismissRejected.NAME: dismiss_rejected,
    HandOverCustomer.NAME: hand_over_customer,
    HandOverBook.NAME: hand_over_book,
}
