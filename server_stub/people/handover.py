"""Hand-over (rule 2.5): one customer to a colleague, a leaver's book over the store, a customer who says no.

The service of every move: `hand_over_one`, `hand_over_book`, `refuse`. Intervals and the list of hand-overs are only
added to. The customer's row says whose they are: a guide's, else their store's, else the brand's own account's (no
guide and no store), so nobody's customer is never nobody's. What hangs on a customer follows by
`projections.FOLLOWERS`. Coupons already given stay good, the next guide sees them and who gave them; orders, entries
and rewards stay with who earned them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update

from app.domain import binding as bindings
from app.domain import handover as rules
from app.domain import instants
from app.domain.errors import Rejected
from app.protocol.limits import HANDOVER_SOME_MAX, HANDOVER_TO_MAX
from app.protocol.mutations import HandOverBook, HandOverCustomer
from server_stub import tables as t
from server_stub.db import Actor, Tx
from server_stub.people import auth, books, follow_ups
from server_stub.people.customers import binding_policy, is_staff, open_binding

COLLEAGUE, LEAVER, REFUSED = "colleague", "leaver", "refused"  # causes
OFFICIAL_IP = "brand"
ID_LENGTHS = range(8, 65)
IN_CHUNK = 500
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """One customer's way: to a guide (`taker`), or to the pool when there is none, and why."""

    customer: Row
    taker: Row | None
    cause: str
    reason: str = ""
    words: str = ""
    back: bool = False
    handover_id: str = ""


def hand_over_one(tx: Tx, actor: Actor, customer: Row, args: HandOverCustomer) -> None:
    """Give the acting guide's customer, whose row is locked, to a colleague of the same store.

    Raises:
        Rejected: `handover_guide`, `handover_refused`, `handover_limit`, `binding_*`, `words_too_long`,
            `bad_arguments`.
    """
    taker = _taker(tx, args.to_guide_id, actor.store_id, actor.staff_id)
    if len(args.words.strip()) > rules.WORDS_MAX:
        raise Rejected("words_too_long", params={"max": rules.WORDS_MAX})
    taken = tx.conn.execute(select(t.handover.c.id).where(t.handover.c.id == args.handover_id)).first()
    if len(args.handover_id) not in ID_LENGTHS or taken:
        raise Rejected("bad_arguments", params={"field": "handover_id"})
    history = _history(tx, [customer["id"]]).get(customer["id"], [])
    if (REFUSED, taker["id"]) in {(row["cause"], row["from_guide_id"]) for row in history}:
        raise Rejected("handover_refused")
    rules.require(_request(tx, customer, taker), _transfers(history))
    last = history[-1] if history else None
    back = last is not None and (last["from_guide_id"], last["to_guide_id"]) == (taker["id"], actor.staff_id)
    move = Move(customer, taker, COLLEAGUE, words=args.words.strip(), back=back, handover_id=args.handover_id)
    _write(tx, [move])
    books.recount(tx, (actor.staff_id, taker["id"]))


def hand_over_book(tx: Tx, actor: Actor, args: HandOverBook) -> None:
    """Split a guide's customers, or those named, over colleagues of the store; with `leaves`, end the guide's account.

    Raises:
        Rejected: `not_found`, no guide of this store; `handover_guide`; `handover_nothing`, somebody did it already;
            `bad_arguments`.
    """
    mine = t.staff.c.id == args.guide_id, t.staff.c.store_id == actor.store_id, t.staff.c.role == "guide"
    found = tx.conn.execute(select(t.staff).where(*mine).with_for_update(key_share=True)).mappings().first()
    if found is None:
        raise Rejected("not_found", params={"object": "staff"})
    leaver = dict(found)
    _check_lists(args)
    takers = {guide_id: _taker(tx, guide_id, actor.store_id, leaver["id"]) for guide_id in args.to_guides}
    customers = _book(tx, leaver["id"], args.customers)
    ends = args.leaves and leaver["active"]
    if not customers and not ends:
        raise Rejected("handover_nothing")
    if ends:  # before the split: what follows must never come back to them
        _end_account(tx, leaver["id"])
    _write(tx, _split(tx, customers, takers))
    books.recount(tx, (leaver["id"], *takers))
    fields = {"customers": len(customers), "to": sorted(takers), "leaves": bool(ends), "some": bool(args.customers)}
    tx.audit("handover.book", f"staff/{leaver['id']}", fields)


def _check_lists(args: HandOverBook) -> None:
    if len(args.to_guides) > HANDOVER_TO_MAX or len(set(args.to_guides)) < len(args.to_guides):
        raise Rejected("bad_arguments", params={"field": "to_guides"})
    if args.customers and (args.leaves or len(args.customers) > HANDOVER_SOME_MAX):
        raise Rejected("bad_arguments", params={"field": "customers"})


def _book(tx: Tx, guide_id: str, some: Sequence[str]) -> list[Row]:
    """Return the guide's customers, locked; with `some` only those of them who are still this guide's."""
    mine = select(t.customer).where(t.customer.c.guide_id == guide_id).order_by(t.customer.c.id)
    if not some:
        return [dict(row) for row in tx.conn.execute(mine.with_for_update(key_share=True)).mappings()]
    found: list[Row] = []
    named = sorted(set(some))
    for start in range(0, len(named), IN_CHUNK):  # in the order of ids, as every move locks them
        part = mine.where(t.customer.c.id.in_(named[start : start + IN_CHUNK])).with_for_update(key_share=True)
        found += [dict(row) for row in tx.conn.execute(part).mappings()]
    return found


def refuse(tx: Tx, customer_id: str, *, no_guide: bool) -> None:
    """Take a customer from their guide because they say so; `no_guide`: they want none at all.

    Raises:
        Rejected: `not_found`.
    """
    query = select(t.customer).where(t.customer.c.id == customer_id).with_for_update(key_share=True)
    row = tx.conn.execute(query).mappings().first()
    if row is None:
        raise Rejected("not_found", params={"object": "customer"})
    if no_guide:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(no_guide=True))
    if row["guide_id"] is None:
        return
    _write(tx, [Move(dict(row), None, REFUSED, reason="no_guide" if no_guide else "refused")])
    books.recount(tx, (row["guide_id"],))


def gone_to(tx: Tx, customer_id: str, guide_id: str) -> Rejected:
    """Return the refusal for a customer who is not this guide's: who has them now, if this guide had them before."""
    c = t.handover.c
    mine = select(t.handover).where(c.customer_id == customer_id, c.from_guide_id == guide_id)
    row = tx.conn.execute(mine.order_by(c.at.desc(), c.id.desc()).limit(1)).mappings().first()
    if row is None:
        return Rejected("not_yours")
    name = tx.conn.execute(select(t.staff.c.name).where(t.staff.c.id == row["to_guide_id"])).scalar()
    if name is None:
        return Rejected("left_to_store", params={"moved_at": row["at"]})
    return Rejected("handed_over", params={"to": name, "moved_at": row["at"]})


def transfers_of(tx: Tx, customer_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Return customer id -> when they went to another guide, the oldest first; who never did is left out."""
    return {one: _transfers(history) for one, history in _history(tx, customer_ids).items()}


# --- deciding ------------------------------------------------------------------------------


def _taker(tx: Tx, guide_id: str, store_id: str | None, from_id: str) -> Row:
    """Return a guide of this store who may take customers, locked against leaving meanwhile."""
    able = t.staff.c.id == guide_id, t.staff.c.store_id == store_id, t.staff.c.role == "guide"
    row = tx.conn.execute(select(t.staff).where(*able).with_for_update(read=True)).mappings().first()
    if row is None or guide_id == from_id or not (row["active"] and row["guide_enabled"]):
        raise Rejected("handover_guide")
    return dict(row)


def _request(tx: Tx, customer: Row, taker: Row) -> bindings.BindRequest:
    return bindings.BindRequest(
        customer_id=customer["id"],
        guide_id=taker["id"],
        at=tx.now,
        new_member=False,
        customer_is_guide=bool(customer["phone_hash"]) and customer["phone_hash"] == taker["phone_hash"],
        customer_is_staff=bool(customer["staff_member"]) or is_staff(tx.conn, customer["phone_hash"]),
        guide_active=bool(taker["active"] and taker["guide_enabled"]),
        store_id=taker["store_id"],
    )


def _split(tx: Tx, customers: Sequence[Row], takers: dict[str, Row]) -> list[Move]:
    """Return who gets whom; a customer who may not be handed over, or refused the guide, goes to the pool."""
    ids = [row["id"] for row in customers]
    chosen = rules.share_out(books.favourites(tx, ids), books.load_of(tx, takers), books.skills_of(tx, takers))
    histories = _history(tx, ids)
    moves = []
    for row in customers:
        history, guide_id = histories.get(row["id"], []), chosen[row["id"]]
        refused = (REFUSED, guide_id) in {(one["cause"], one["from_guide_id"]) for one in history}
        reason = _stops(tx, row, takers.get(guide_id or ""), history)
        kind, owner = bindings.transfer(
            guide_id, transfers_at=_transfers(history), at=tx.now, refused=refused or bool(reason),
            store_id=row["store_id"], official_ip=OFFICIAL_IP,
        )  # fmt: skip
        taker = takers[owner] if kind == "guide" else None
        moves.append(Move(row, taker, LEAVER, "" if taker else reason or ("refused" if refused else "no_taker")))
    return moves


def _stops(tx: Tx, customer: Row, taker: Row | None, history: Sequence[Row]) -> str:
    if taker is None:
        return "no_taker"
    try:
        rules.require(_request(tx, customer, taker), _transfers(history))
    except Rejected as no:
        return no.code
    return ""


def _history(tx: Tx, customer_ids: Sequence[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    c = t.handover.c
    for start in range(0, len(customer_ids), IN_CHUNK):
        some = select(t.handover).where(c.customer_id.in_(customer_ids[start : start + IN_CHUNK]))
        for row in tx.conn.execute(some.order_by(c.at, c.id)).mappings():
            found.setdefault(row["customer_id"], []).append(dict(row))
    return found


def _transfers(history: Iterable[Row]) -> list[Any]:
    return [instants.from_text(row["at"]) for row in history if row["to_kind"] == "guide"]


# --- writing -------------------------------------------------------------------------------


def _write(tx: Tx, moves: Sequence[Move]) -> None:
    """End the open intervals, begin the new ones, note each hand-over, and move the customers."""
    if not moves:
        return
    policy = binding_policy(tx.conn)
    closed, opened, owners, noted = [], [], [], []
    for move in moves:
        current = open_binding(tx.conn, move.customer["id"])
        made, ended = _intervals(tx, move, current, policy)
        if ended is not None:
            closed.append({"c_id": ended.customer_id, "ended_at": tx.now_text, "why": ended.reason})
        if made is not None:
            opened.append(_interval_row(tx, move, made))
        owners.append(_owner(tx, move, made))
        noted.append(_note(tx, move, policy))
    _store(tx, closed, opened, owners, noted)
    for guide_id in {row["to_guide_id"] for row in noted}:
        follow_ups.pass_on(tx, [row["customer_id"] for row in noted if row["to_guide_id"] == guide_id], guide_id)
    for row in noted:
        tx.touch("customer", row["customer_id"])
        tx.touch("handover", row["id"])
        tx.touch("handed_over", row["id"])
    for move, row in zip(moves, noted, strict=True):
        where = {"from": row["from_guide_id"], "to": row["to_guide_id"] or row["to_kind"], "cause": move.cause}
        tx.audit("handover", f"customer/{move.customer['id']}", where)


def _store(tx: Tx, closed: list[Row], opened: list[Row], owners: list[Row], noted: list[Row]) -> None:
    if closed:
        still_open = t.binding.c.customer_id == bindparam("c_id"), t.binding.c.until_at.is_(None)
        ending = update(t.binding).where(*still_open)
        tx.conn.execute(ending.values(until_at=bindparam("ended_at"), end_reason=bindparam("why")), closed)
    if opened:
        tx.conn.execute(insert(t.binding), opened)
    tx.conn.execute(insert(t.handover), noted)
    columns: Row = {name: bindparam(f"new_{name}") for name in owners[0] if name != "c_id"}
    renamed = [{name if name == "c_id" else f"new_{name}": value for name, value in row.items()} for row in owners]
    tx.conn.execute(update(t.customer).where(t.customer.c.id == bindparam("c_id")).values(**columns), renamed)


def _intervals(
    tx: Tx, move: Move, current: bindings.Binding | None, policy: bindings.BindingPolicy
) -> tuple[bindings.Binding | None, bindings.Binding | None]:
    if move.taker is None:
        return None, None if current is None else replace(current, until_at=tx.now, reason=rules.TO_POOL)
    return rules.move(current, move.customer["id"], move.taker["id"], tx.now, policy, back=move.back)


def _interval_row(tx: Tx, move: Move, made: bindings.Binding) -> Row:
    return {
        "id": tx.new_id(), "customer_id": made.customer_id, "guide_id": made.guide_id,
        "store_id": move.taker["store_id"] if move.taker else None, "from_at": tx.now_text, "source": move.cause,
        "mode": "handover", "protected_until": instants.to_text(made.protected_until),
        "bound_until": instants.to_text(made.valid_until),
    }  # fmt: skip


def _owner(tx: Tx, move: Move, made: bindings.Binding | None) -> Row:
    """Return the customer's columns after the move; a note marked private is deleted (rule 2.6)."""
    row = move.customer
    note = bindings.note_after_hand_over(row["note"], bool(row["note_private"]))
    owner: Row = {"c_id": row["id"], "note": note, "note_private": False, "guide_id": None, "bound_at": None}
    if made is None or move.taker is None:
        return owner | {"store_id": row["store_id"], "protected_until": None, "bound_until": None}
    clocks = {
        "protected_until": instants.to_text(made.protected_until),
        "bound_until": instants.to_text(made.valid_until),
    }
    return owner | {"guide_id": made.guide_id, "store_id": move.taker["store_id"], "bound_at": tx.now_text} | clocks


def _note(tx: Tx, move: Move, policy: bindings.BindingPolicy) -> Row:
    row, taker = move.customer, move.taker
    kind = "guide" if taker else bindings.fallback_owner(row["store_id"], OFFICIAL_IP)[0]
    shares = taker is not None and not move.back and row["guide_id"] is not None and policy.tail_share_bp > 0
    until = tx.now + timedelta(days=policy.tail_days)
    return {
        "id": move.handover_id or tx.new_id(), "customer_id": row["id"], "from_guide_id": row["guide_id"],
        "to_kind": kind, "to_guide_id": taker["id"] if taker else None, "store_id": row["store_id"], "at": tx.now_text,
        "cause": move.cause, "reason": move.reason, "words": move.words,
        "by_id": tx.actor.staff_id if tx.actor else None, "share_bp": policy.tail_share_bp if shares else 0,
        "tail_until": instants.to_text(until) if shares else None,
    }  # fmt: skip


def _end_account(tx: Tx, guide_id: str) -> None:
    """Close the account; each of its devices wipes itself at its next contact."""
    tx.conn.execute(update(t.staff).where(t.staff.c.id == guide_id).values(active=False, guide_enabled=False))
    tx.touch("staff", guide_id)
    live = and_(t.device.c.staff_id == guide_id, t.device.c.revoked_at.is_(None))
    for device_id in tx.conn.execute(select(t.device.c.id).where(live).order_by(t.device.c.id)).scalars().all():
        auth.revoke_device(tx, device_id)
    tx.audit("staff.leave", f"staff/{guide_id}")
