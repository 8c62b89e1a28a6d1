"""Disputes: a guide asks why an order was not counted, the manager decides with the evidence (rules 3.4, 4.6, E2).

The order keeps its guides as frozen when it was created. What a manager accepts is one more decision in
`evidence["decisions"]`: [{"id", "at", "guide_id", "by"}], posted under the event `dispute:<id>`; whoever
recomputes the ledger replays it with `decided()` between the order's refunds.

A guide sees of an order only what touches them: an order of somebody else's customer, whom no share of theirs
reached, looks exactly like a number that does not exist. The manager sees the money (`evidence["team"]`, never
sent to the guide) of orders of their own store or with earners of their own store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from app.domain import dispute as rules_of
from app.domain import instants
from app.domain.attribution import Attribution, AttributionPolicy
from app.domain.commission import CommissionRule, Entry, select_rule
from app.domain.errors import Rejected
from app.domain.instants import to_text
from app.protocol.limits import DISPUTE_TEXT_MAX, ORDER_NO_MAX
from app.protocol.mutations import AskAboutOrder, DecideDispute
from server_stub.db import Actor, Tx
from server_stub.people.mutations import actor_of
from server_stub.tables import (
    commission_entry,
    customer,
    dispute,
    orders,
    refund,
    share,
    staff,
    store_entry,
    touch,
    visitor,
)
from server_stub.trade import commission
from server_stub.trade.rows import Record, every, first, load, setting

NOT_SEEN: dict[str, Any] = {"reason": "not_seen", "rule": "3.2"}
TOUCHES_SHOWN = 10
ID_LENGTHS = range(8, 65)


@dataclass(frozen=True, slots=True)
class Case:
    """An order with all that a decision on it rests on."""

    order: Record
    lines: list[Record]
    entries: list[Entry]
    refunded: dict[str, int]
    rules: list[CommissionRule]
    after_sales_days: int


def ask(tx: Tx, args: AskAboutOrder) -> None:
    """Keep a guide's question with what the server knows of the order; one open question per order.

    Raises:
        Rejected: `bad_arguments`, `dispute_asked`.
    """
    actor = actor_of(tx)
    number = args.order_no.strip()
    if not 0 < len(number) <= ORDER_NO_MAX or len(args.text) > DISPUTE_TEXT_MAX or actor.store_id is None:
        raise Rejected("bad_arguments", params={"field": "order_no"})
    if len(args.dispute_id) not in ID_LENGTHS or first(tx, select(dispute.c.id).where(dispute.c.id == args.dispute_id)):
        raise Rejected("bad_arguments", "the id is taken or has no good form", params={"field": "dispute_id"})
    open_one = dispute.c.guide_id == actor.staff_id, dispute.c.order_no == number, dispute.c.state == "asked"
    if first(tx, select(dispute.c.id).where(*open_one)):
        raise Rejected("dispute_asked", params={"order_no": number})
    found = first(tx, select(orders).where(orders.c.no == number))
    seen = found if found is not None and args.order_id in (None, found["id"]) else None
    evidence: dict[str, Any] = dict(NOT_SEEN)
    team: dict[str, Any] = {"blocked": "dispute_order_unknown"}
    if seen is not None:
        case = _case(tx, seen)
        evidence = _evidence(tx, case, actor.staff_id)
        team = _for_team(tx, case, actor.staff_id, actor.store_id, evidence)
    row = {
        "id": args.dispute_id, "guide_id": actor.staff_id, "store_id": actor.store_id, "order_no": number,
        "order_id": seen["id"] if seen is not None and evidence != NOT_SEEN else None, "state": "asked",
        "asked_at": tx.at_text, "text": args.text.strip(), "answer": "", "evidence": evidence | {"team": team},
    }  # fmt: skip
    tx.conn.execute(insert(dispute).values(row))
    _tell(tx, args.dispute_id)


def decide(tx: Tx, args: DecideDispute) -> None:
    """Accept or refuse a dispute of the manager's store; accepting gives the order to the guide who asked.

    Raises:
        Rejected: `not_found`; `dispute_decided` with who was first; why it cannot be accepted: `dispute_order_unknown`,
            `dispute_other_store`, `dispute_no_gain`; `bad_arguments` for a long answer.
    """
    actor = actor_of(tx)
    row = first(tx, select(dispute).where(dispute.c.id == args.dispute_id).with_for_update())
    if row is None or row["store_id"] != actor.store_id:
        raise Rejected("not_found", params={"object": "dispute"})
    if row["state"] != "asked":
        raise Rejected("dispute_decided", params={"by": _name(tx, row["decided_by"]), "decided_at": row["decided_at"]})
    if len(args.answer) > DISPUTE_TEXT_MAX:
        raise Rejected("bad_arguments", params={"field": "answer"})
    if args.accept:
        _accept(tx, row, actor)
    values = {
        "state": "accepted" if args.accept else "refused", "decided_at": tx.at_text, "decided_by": actor.staff_id,
        "answer": args.answer.strip(),
    }  # fmt: skip
    tx.conn.execute(update(dispute).where(dispute.c.id == row["id"]).values(values))
    tx.audit("dispute", row["id"], {"state": values["state"], "order": row["order_no"]})
    _tell(tx, row["id"])


def decided(case: Case, decision: Record) -> tuple[Entry, ...]:
    """Return the entries of one decision of `evidence["decisions"]`, from the case as it stood at its time.

    For a replay: `case.entries` and `case.refunded` hold what was posted and came back before.
    """
    bound = case.order["bound_guide_id"]
    won = Attribution(decision["guide_id"], bound, case.order["store_id"], "dispute", {})
    return rules_of.reassign(
        commission.sold(case.order, case.lines),
        case.entries,
        won,
        case.rules,
        refunded=case.refunded,
        event_id=f"dispute:{decision['id']}",
        at=instants.from_text(decision["at"]),
        after_sales_days=case.after_sales_days,
    )


def _accept(tx: Tx, row: Record, actor: Actor) -> None:
    found = first(tx, select(orders).where(orders.c.no == row["order_no"]).with_for_update())
    if found is None:
        raise Rejected("dispute_order_unknown", params={"order_no": row["order_no"]})
    case = _case(tx, found)
    decision = {"id": row["id"], "at": tx.now_text, "guide_id": row["guide_id"], "by": actor.staff_id}
    made = decided(case, decision)
    blocked = _blocked(tx, case, made, row["guide_id"], actor.store_id or "", _evidence(tx, case, row["guide_id"]))
    if blocked:
        raise Rejected(blocked, params={"order_no": row["order_no"]})
    commission.post(tx, made)
    evidence = dict(found["evidence"] or {})
    evidence["decisions"] = [*evidence.get("decisions", ()), decision]
    tx.conn.execute(update(orders).where(orders.c.id == found["id"]).values(evidence=evidence))
    tx.touch("order", found["id"])


def _blocked(
    tx: Tx, case: Case, made: Sequence[Entry], guide_id: str, store_id: str, evidence: dict[str, Any]
) -> str | None:
    """Return why this store's manager cannot give the order to the guide, or None."""
    losers = {entry.guide_id for entry in made if entry.kind == "reversal" and entry.guide_id not in (None, guide_id)}
    stores = {row["store_id"] for row in every(tx, select(staff.c.store_id).where(staff.c.id.in_(losers)))}
    if not (stores <= {store_id} and (losers or case.order["store_id"] == store_id)):
        return "dispute_order_unknown" if evidence == NOT_SEEN else "dispute_other_store"
    own = case.order["reason"] in ("self_purchase", "staff_purchase")
    gain = sum(entry.amount_fen for entry in made if entry.guide_id == guide_id)
    return "dispute_no_gain" if own or gain <= 0 else None


def _case(tx: Tx, order: Record) -> Case:
    tables = commission_entry, store_entry
    rows = [row for table in tables for row in every(tx, select(table).where(table.c.order_id == order["id"]))]
    back: dict[str, int] = {}
    for row in every(tx, select(refund).where(refund.c.order_id == order["id"])):
        back[row["line_id"]] = back.get(row["line_id"], 0) + row["paid_fen"]
    return Case(
        order,
        commission.sold_lines(tx, [order["id"]]).get(order["id"], []),
        [commission.entry_of(row) for row in rows if row["kind"] != "tier"],
        back,
        commission.all_rules(tx),
        setting(tx)["after_sales_days"],
    )


def _evidence(tx: Tx, case: Case, guide_id: str) -> dict[str, Any]:
    """Return what this guide may know of the order, without customer data."""
    order = case.order
    owner = tx.conn.execute(select(customer.c.guide_id).where(customer.c.id == order["customer_id"])).scalar()
    mine = [entry for entry in case.entries if entry.guide_id == guide_id]
    touches = _touches(tx, order, guide_id)
    part_of_it = guide_id in (owner, order["closing_guide_id"], order["bound_guide_id"]) or bool(mine)
    if not part_of_it and not touches:
        return dict(NOT_SEEN)
    seen = rules_of.Seen(
        guide_id=guide_id,
        created_at=instants.from_text(order["created_at"]),
        paid_fen=order["paid_fen"],
        reason=order["reason"],
        closing_guide_id=order["closing_guide_id"],
        bound_guide_id=order["bound_guide_id"],
        historic=order["historic"],
        accrued_fen=sum(entry.amount_fen for entry in rules_of.active(mine)),
        net_fen=sum(entry.amount_fen for entry in mine),
        has_rule=_has_rule(case),
        touches=tuple(touches),
    )
    found = rules_of.verdict(seen)
    return {
        "reason": found.code,
        "rule": found.rule,
        "order": {name: order[name] for name in ("created_at", "channel", "status", "paid_fen", "refunded_fen")},
        "touches": [
            {"at": to_text(one.at), "window_days": one.window_days, "inside": _is_inside(one, seen)}
            for one in touches[-TOUCHES_SHOWN:]
        ],
        "closing": _whose(order["closing_guide_id"], guide_id),
        "bound": _whose(order["bound_guide_id"], guide_id),
        "earned_fen": seen.net_fen,
    }


def _is_inside(one: rules_of.OwnTouch, seen: rules_of.Seen) -> bool:
    return one.active and timedelta(0) <= seen.created_at - one.at <= timedelta(days=one.window_days)


def _whose(found: str | None, guide_id: str) -> str:
    return "nobody" if found is None else "me" if found == guide_id else "other"


def _has_rule(case: Case) -> bool:
    order = commission.sold(case.order, case.lines)
    return any(
        select_rule(case.rules, line, store_id=order.store_id, at=order.created_at) is not None for line in order.lines
    )


def _touches(tx: Tx, order: Record, guide_id: str) -> list[rules_of.OwnTouch]:
    """Return when the buyer opened this guide's shares before the order, the oldest first."""
    policy = AttributionPolicy.from_wire(setting(tx)["attribution"])
    joined = select(visitor.c.id).where(visitor.c.customer_id == order["customer_id"])
    buyer = or_(
        and_(touch.c.person_kind == "customer", touch.c.person_id == order["customer_id"]),
        and_(touch.c.person_kind == "visitor", touch.c.person_id.in_(joined)),
    )
    rows = (
        select(touch.c.at, touch.c.channel, staff.c.active, staff.c.guide_enabled)
        .join(staff, staff.c.id == touch.c.guide_id)
        .join(share, share.c.id == touch.c.share_id)
        .where(buyer, touch.c.guide_id == guide_id, touch.c.at <= order["created_at"])
        .order_by(touch.c.at, touch.c.id)
    )
    return [
        rules_of.OwnTouch(
            instants.from_text(row["at"]), policy.days(row["channel"]), bool(row["active"] and row["guide_enabled"])
        )
        for row in every(tx, rows)
    ]


def _for_team(tx: Tx, case: Case, guide_id: str, store_id: str, evidence: dict[str, Any]) -> dict[str, Any]:
    """Return what the store's managers see besides: who earns now, and what accepting would move."""
    decision = {"id": "preview", "at": tx.now_text, "guide_id": guide_id}
    made = decided(case, decision)
    blocked = _blocked(tx, case, made, guide_id, store_id, evidence)
    if blocked == "dispute_order_unknown":
        return {"blocked": blocked}
    earners: dict[str, int] = {}
    moves: dict[str, int] = {}
    for entries, sums in ((case.entries, earners), (made, moves)):
        for entry in entries:
            if entry.guide_id is not None:
                sums[entry.guide_id] = sums.get(entry.guide_id, 0) + entry.amount_fen
    shown = {"earners": _sums(earners), "moves": [] if blocked else _sums(moves), "blocked": blocked}
    return shown | {"order": {name: case.order[name] for name in ("created_at", "channel", "paid_fen", "refunded_fen")}}


def _sums(fen: dict[str, int]) -> list[dict[str, Any]]:
    return [{"guide_id": guide_id, "fen": amount} for guide_id, amount in sorted(fen.items()) if amount]


def _name(tx: Tx, staff_id: str | None) -> str:
    return str(load(tx, staff, staff_id)["name"]) if staff_id else ""


def _tell(tx: Tx, dispute_id: str) -> None:
    tx.touch("dispute", dispute_id)
    tx.touch("team_dispute", dispute_id)
