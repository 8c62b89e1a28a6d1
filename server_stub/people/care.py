"""The server's side of caring for a customer: follow-ups, the stage, and the facts of the portrait."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.domain import follow_up as rules
from app.domain import portrait
from app.domain.errors import Rejected
from app.domain.follow_up import TakenPiece
from app.domain.portrait import Fact
from app.protocol.mutations import (
    CancelFollowUp,
    CloseFollowUp,
    MoveFollowUp,
    PlanFollowUp,
    RemoveFact,
    ReopenFollowUp,
    SetFact,
    SetStage,
    TakePiece,
)
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.people.mutations import actor_of, new_id_only, own_customer

Row = dict[str, Any]
PER_CUSTOMER = 500  # follow-ups of one customer, closed ones included


def plan_follow_up(tx: Tx, args: PlanFollowUp) -> None:
    """Keep a new follow-up, open."""
    own_customer(tx, args.customer_id)
    new_id_only(tx, t.follow_up, args.follow_up_id)
    pieces = rules.check_plan(args.kind, args.due_at, tx.at, args.note, args.pieces)
    mine = select(t.follow_up.c.id).where(t.follow_up.c.customer_id == args.customer_id).limit(PER_CUSTOMER)
    if len(tx.conn.execute(mine).all()) >= PER_CUSTOMER:
        raise Rejected("bad_arguments", "too many follow-ups", params={"field": "customer_id"})
    row = {
        "id": args.follow_up_id, "guide_id": actor_of(tx).staff_id, "customer_id": args.customer_id,
        "kind": args.kind, "at": args.due_at, "state": rules.OPEN, "created_at": tx.at_text, "note": args.note,
        "private": args.private, "pieces": [dataclasses.asdict(one) for one in pieces],
    }  # fmt: skip
    tx.conn.execute(insert(t.follow_up).values(**row))
    tx.touch("follow_up", args.follow_up_id)


def move_follow_up(tx: Tx, args: MoveFollowUp) -> None:
    """Write another time."""
    rules.check_open(_own(tx, args)["state"])
    rules.check_time(args.due_at, tx.at)
    _write(tx, args.follow_up_id, at=args.due_at)


def take_piece(tx: Tx, args: TakePiece) -> None:
    """Add a piece, or leave it here."""
    row = _own(tx, args)
    made = rules.take(row["kind"], row["state"], _pieces(row), args.product_id, args.size, taken=args.taken)
    _write(tx, args.follow_up_id, pieces=[dataclasses.asdict(one) for one in made])


def close_follow_up(tx: Tx, args: CloseFollowUp) -> None:
    """Write what was kept and when it ended; closing again corrects what was kept."""
    row = _own(tx, args)
    pieces = [dataclasses.asdict(one) for one in rules.close(row["state"], _pieces(row), args.kept)]
    ended = row["closed_at"] if row["state"] == rules.DONE else tx.at_text
    _write(tx, args.follow_up_id, state=rules.DONE, closed_at=ended, pieces=pieces)


def cancel_follow_up(tx: Tx, args: CancelFollowUp) -> None:
    """Write that it is off; twice is fine."""
    row = _own(tx, args)
    rules.check_cancel(row["state"])
    if row["state"] != rules.CANCELLED:
        _write(tx, args.follow_up_id, state=rules.CANCELLED, closed_at=tx.at_text)


def reopen_follow_up(tx: Tx, args: ReopenFollowUp) -> None:
    """Write that it is open; nothing counts as kept any more."""
    pieces = [dataclasses.asdict(one) for one in rules.reopened(_pieces(_own(tx, args)))]
    _write(tx, args.follow_up_id, state=rules.OPEN, closed_at=None, pieces=pieces)


def set_stage(tx: Tx, args: SetStage) -> None:
    """Write the stage; the last writer wins."""
    own_customer(tx, args.customer_id)
    stage = rules.check_stage(args.stage)
    tx.conn.execute(update(t.customer).where(t.customer.c.id == args.customer_id).values(stage=stage))
    tx.touch("customer", args.customer_id)


def set_fact(tx: Tx, args: SetFact) -> None:
    """Write one fact; of the same kind and name the last writer wins, and no other fact is looked at."""
    customer = own_customer(tx, args.customer_id)
    name, value = portrait.check_fact(args.kind, args.name, args.value)
    facts = _facts(tx, args.customer_id)
    if args.kind == portrait.BIRTHDAY:
        portrait.check_birthday(customer["birthday"], facts)
        _set_birthday(tx, args.customer_id, value)
    portrait.with_fact(facts, Fact(args.kind, name, value))
    _drop_fact(tx, args.customer_id, args.kind, name)
    row = {
        "customer_id": args.customer_id, "kind": args.kind, "name": name, "value": value, "source": portrait.GUIDE,
        "at": tx.at_text, "by_staff": actor_of(tx).staff_id,
    }  # fmt: skip
    tx.conn.execute(insert(t.customer_fact).values(**row))
    tx.touch("customer", args.customer_id)


def remove_fact(tx: Tx, args: RemoveFact) -> None:
    """Remove one fact a guide wrote; one that is gone is fine."""
    customer = own_customer(tx, args.customer_id)
    theirs = portrait.is_guides_birthday(customer["birthday"], _facts(tx, args.customer_id))
    if args.kind == portrait.BIRTHDAY and theirs:
        _set_birthday(tx, args.customer_id, None)
    _drop_fact(tx, args.customer_id, args.kind, args.name.strip())
    tx.touch("customer", args.customer_id)


def _own(tx: Tx, args: Any) -> Row:
    """Return the row of a follow-up of the acting guide's customer; another's looks exactly like none.

    Raises:
        Rejected: as `own_customer`, or `not_yours`.
    """
    own_customer(tx, args.customer_id)  # locks the customer: one change at a time
    c = t.follow_up.c
    mine = select(t.follow_up).where(c.id == args.follow_up_id, c.customer_id == args.customer_id)
    row = tx.conn.execute(mine).mappings().first()
    if row is None:
        raise Rejected("not_yours")
    return dict(row)


def _pieces(row: Row) -> list[TakenPiece]:
    return [TakenPiece(**one) for one in row["pieces"]]


def _write(tx: Tx, follow_up_id: str, **values: Any) -> None:
    tx.conn.execute(update(t.follow_up).where(t.follow_up.c.id == follow_up_id).values(**values))
    tx.touch("follow_up", follow_up_id)


def _facts(tx: Tx, customer_id: str) -> list[Fact]:
    c = t.customer_fact.c
    rows = tx.conn.execute(select(c.kind, c.name, c.value, c.source, c.at).where(c.customer_id == customer_id))
    return [Fact(*row) for row in rows]


def _drop_fact(tx: Tx, customer_id: str, kind: str, name: str) -> None:
    c = t.customer_fact.c
    tx.conn.execute(delete(t.customer_fact).where(c.customer_id == customer_id, c.kind == kind, c.name == name))


def _set_birthday(tx: Tx, customer_id: str, birthday: str | None) -> None:
    tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(birthday=birthday))


HANDLERS: dict[str, Callable[[Tx, Any], None]] = {
    PlanFollowUp.NAME: plan_follow_up,
    MoveFollowUp.NAME: move_follow_up,
    TakePiece.NAME: take_piece,
    CloseFollowUp.NAME: close_follow_up,
    CancelFollowUp.NAME: cancel_follow_up,
    ReopenFollowUp.NAME: reopen_follow_up,
    SetStage.NAME: set_stage,
    SetFact.NAME: set_fact,
    RemoveFact.NAME: remove_fact,
}
