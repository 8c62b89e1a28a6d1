"""Action rewards in their own ledger: made at a binding, held, then paid or refused (rules 4.10, 8.1, 8.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, insert, or_, select, update

from app.domain import action_reward as rules
from app.domain import instants
from app.domain.action_reward import ANSWER_MAX, Reward
from app.domain.errors import Rejected
from app.protocol.mutations import AnswerFlag, DecideReward
from server_stub.db import Actor, Tx
from server_stub.tables import action_reward, binding, browse_event, customer, orders, redemption, share, staff, touch
from server_stub.tables import coupon as coupon_table
from server_stub.trade.rows import Record, every, first, setting
from server_stub.trade.tiers import zones_of_guides

DEFAULTS = {"new_member": 500, "referral": 1_000, "hold_days": rules.HOLD_DAYS, "per_day": 20}
REFERRED_WITHIN = timedelta(days=14)
VIEW_S = 3  # rule 5.1
IN_CHUNK = 500
OPEN = ("pending", "held")


def earn(tx: Tx, customer_id: str, guide_id: str, *, visitor_id: str | None = None) -> str:
    """Note the reward for a member who joined by a guide's card; return its id. Nothing is paid yet.

    It is a referral when the person came through a link that was made for another customer of the guide.
    """
    policy = policy_of(tx)
    by = _referred_by(tx, customer_id, guide_id, visitor_id)
    kind = "new_member" if by is None else "referral"
    person = first(tx, select(customer.c.phone_hash).where(customer.c.id == customer_id)) or {"phone_hash": None}
    store_id = tx.conn.execute(select(staff.c.store_id).where(staff.c.id == guide_id)).scalar()
    reward_id = tx.new_id()
    row = {
        "id": reward_id, "guide_id": guide_id, "store_id": store_id, "kind": kind, "amount_fen": policy[kind],
        "state": "pending", "made_at": tx.now_text, "customer_id": customer_id,
        "phone_key": person["phone_hash"] or customer_id, "device_key": visitor_id or "",
        "held_until": instants.to_text(tx.now + timedelta(days=policy["hold_days"])), "reason": "holding",
        "flags": list[str](), "near": list[str](),
    }  # fmt: skip
    tx.conn.execute(insert(action_reward).values(row))
    _touch(tx, reward_id)
    if by is not None:
        more = func.coalesce(customer.c.referrals, 0) + 1
        tx.conn.execute(update(customer).where(customer.c.id == by).values(referrals=more))
        tx.touch("customer", by)
    return reward_id


def policy_of(tx: Tx) -> dict[str, int]:
    """Return amounts in fen, the days a reward is held and how many count a day; the defaults where nothing is set."""
    return {**DEFAULTS, **(setting(tx).get("rewards") or {})}


def decide_due(tx: Tx) -> int:
    """Judge every open reward anew and return how many changed; safe to run twice and after days."""
    waiting = every(tx, select(action_reward).where(action_reward.c.state.in_(OPEN)).order_by(action_reward.c.id))
    if not waiting:
        return 0
    policy, zones = policy_of(tx), zones_of_guides(tx)
    known = {row["id"]: _reward(row) for row in _neighbours(tx, waiting)}
    known |= {one.id: one for one in _with_facts(tx, waiting, policy["hold_days"])}
    changed = 0
    for row in waiting:
        others = [one for one in known.values() if one.id != row["id"]]
        changed += _judge(tx, row, known[row["id"]], others, zones[row["guide_id"]], policy)
    return changed


def answer_flag(tx: Tx, args: AnswerFlag) -> None:
    """Keep the guide's one answer to what was flagged (rule 8.2).

    Raises:
        Rejected: `not_yours`, `reward_not_flagged`, `reward_decided`, `reward_answered` or `answer_invalid`.
    """
    row = first(tx, select(action_reward).where(action_reward.c.id == args.reward_id))
    if row is None or row["guide_id"] != _actor(tx).staff_id:
        raise Rejected("not_yours", params={"object": "action_reward"})
    text = rules.check_answer(row["state"], row["flags"], row["reason"], row["answer"], args.text)
    tx.conn.execute(update(action_reward).where(action_reward.c.id == row["id"]).values(answer=text))
    _touch(tx, row["id"])


def decide_reward(tx: Tx, args: DecideReward) -> None:
    """Pay or refuse a flagged reward of the manager's own store; who comes second is told what was decided.

    Raises:
        Rejected: `not_found`, `reward_decided`, `reward_not_flagged` or `answer_invalid`.
    """
    actor = _actor(tx)
    mine = action_reward.c.id == args.reward_id, action_reward.c.store_id == actor.store_id
    row = first(tx, select(action_reward).where(*mine).with_for_update())
    if row is None:
        raise Rejected("not_found", params={"object": "team_reward"})
    if row["decided_by"]:
        name = tx.conn.execute(select(staff.c.name).where(staff.c.id == row["decided_by"])).scalar()
        said = {"state": row["state"], "at": row["decided_at"], "by": name or ""}
        raise Rejected("reward_decided", params=said)
    rules.require_undecided(row["state"], row["flags"], row["reason"])
    if len(args.answer) > ANSWER_MAX:
        raise Rejected("answer_invalid", params={"max": ANSWER_MAX})
    values = {
        "state": "payable" if args.pay else "rejected", "reason": "manager", "decided_by": actor.staff_id,
        "decided_at": tx.at_text,
    }  # fmt: skip
    tx.conn.execute(update(action_reward).where(action_reward.c.id == row["id"]).values(values))
    tx.audit("reward.decide", f"action_reward/{row['id']}", {"pay": args.pay, "amount_fen": row["amount_fen"]})
    _touch(tx, row["id"])


# --- judging -------------------------------------------------------------------------------


def _judge(
    tx: Tx, row: Record, reward: Reward, others: Sequence[Reward], zone: ZoneInfo, policy: dict[str, int]
) -> int:
    found = rules.decide(
        reward, others, now=tx.now, zone=zone, per_day=policy["per_day"], hold_days=policy["hold_days"]
    )
    new = {"state": found.state, "reason": found.reason, "flags": list(found.flags), "near": list(found.near)}
    if found.state in ("payable", "rejected"):  # as of the end of the hold, whenever the job runs
        new["decided_at"] = min(row["held_until"] or tx.now_text, tx.now_text)
    if all(row[name] == value for name, value in new.items()):
        return 0
    tx.conn.execute(update(action_reward).where(action_reward.c.id == row["id"]).values(new))
    _touch(tx, row["id"])
    return 1


def _neighbours(tx: Tx, waiting: Sequence[Record]) -> list[Record]:
    """Return the rewards that can matter to the waiting ones: of their days, persons, phones and devices."""
    c = action_reward.c
    oldest = instants.from_text(min(row["made_at"] for row in waiting)) - timedelta(days=1)
    found = {row["id"]: row for row in every(tx, select(action_reward).where(c.made_at >= instants.to_text(oldest)))}
    for column in (c.phone_key, c.device_key, c.customer_id):
        for some in _chunks({row[column.name] for row in waiting if row[column.name]}):
            found |= {row["id"]: row for row in every(tx, select(action_reward).where(column.in_(some)))}
    return list(found.values())


def _with_facts(tx: Tx, waiting: Sequence[Record], hold_days: int) -> list[Reward]:
    """Return the waiting rewards with what their persons really did since."""
    people = sorted({row["customer_id"] for row in waiting if row["customer_id"]})
    phones: dict[str, bool] = {}
    bindings: dict[str, list[Record]] = defaultdict(list)
    for some in _chunks(people):
        for one in every(tx, select(customer.c.id, customer.c.phone_hash).where(customer.c.id.in_(some))):
            phones[one["id"]] = one["phone_hash"] is not None
        for one in every(tx, select(binding).where(binding.c.customer_id.in_(some)).order_by(binding.c.from_at)):
            bindings[one["customer_id"]].append(one)
    done = _activity(tx, people)
    return [
        _after(
            replace(
                _reward(row),
                phone_verified=phones.get(row["customer_id"], False),
                activity=frozenset(what for what, at in done[row["customer_id"]] if at >= row["made_at"]),
            ),
            bindings[row["customer_id"]],
            timedelta(days=hold_days),
        )
        for row in waiting
    ]


def _after(reward: Reward, bindings: Sequence[Record], hold: timedelta) -> Reward:
    """Return the reward with what became of the binding: still theirs, ended, or taken by a colleague."""
    theirs = [row for row in bindings if row["guide_id"] == reward.guide_id]
    ended = [row["until_at"] for row in theirs if row["until_at"] and row["until_at"] >= _text(reward.made_at)]
    until = _text(reward.made_at + hold)
    others = [
        row["guide_id"]
        for row in bindings
        if row["guide_id"] != reward.guide_id and _text(reward.made_at) <= row["from_at"] <= until
    ]
    return replace(
        reward,
        still_bound=any(row["until_at"] is None for row in theirs),
        deleted_at=instants.from_text(ended[0]) if ended and not others else reward.deleted_at,
        readded_by=others[0] if others else None,
    )


def _activity(tx: Tx, people: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return (what, when) of everything people did that proves they are real (rule 8.1)."""
    at_store = redemption.join(coupon_table, coupon_table.c.id == redemption.c.coupon_id)
    sources = (
        ("view", select(browse_event.c.customer_id, browse_event.c.at).where(browse_event.c.dwell_s >= VIEW_S),
         browse_event.c.customer_id),
        ("order", select(orders.c.customer_id, orders.c.created_at.label("at")).where(
            orders.c.historic.is_(False), orders.c.status.in_(("paid", "part_refunded"))), orders.c.customer_id),
        ("check_in", select(coupon_table.c.customer_id, redemption.c.at).select_from(at_store).where(
            redemption.c.state == "accepted"), coupon_table.c.customer_id),
    )  # fmt: skip
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for what, query, whose in sources:
        for some in _chunks(people):
            for row in every(tx, query.where(whose.in_(some))):
                found[row["customer_id"]].append((what, row["at"]))
    return found


def _reward(row: Record) -> Reward:
    return Reward(
        id=row["id"],
        guide_id=row["guide_id"],
        person_id=row["customer_id"] or row["phone_key"],
        phone_key=row["phone_key"],
        device_key=row["device_key"],
        made_at=instants.from_text(row["made_at"]),
        state=row["state"],
        deleted_at=instants.from_text(row["deleted_at"]) if row["deleted_at"] else None,
    )


def _referred_by(tx: Tx, customer_id: str, guide_id: str, visitor_id: str | None) -> str | None:
    """Return for whom the link of this guide was made that the person last opened in these days, if for another."""
    person = and_(touch.c.person_kind == "customer", touch.c.person_id == customer_id)
    if visitor_id:
        person = or_(person, and_(touch.c.person_kind == "visitor", touch.c.person_id == visitor_id))
    made_for = select(share.c.customer_id).join(touch, touch.c.share_id == share.c.id)
    wanted = made_for.where(
        person, touch.c.at >= _text(tx.now - REFERRED_WITHIN), touch.c.guide_id == guide_id,
        share.c.customer_id.is_not(None), share.c.customer_id != customer_id,
    ).order_by(touch.c.at.desc(), touch.c.id.desc())  # fmt: skip
    found = first(tx, wanted.limit(1))
    return str(found["customer_id"]) if found else None


def _touch(tx: Tx, reward_id: str) -> None:
    tx.touch("action_reward", reward_id)
    tx.touch("team_reward", reward_id)


def _actor(tx: Tx) -> Actor:
    if tx.actor is None:
        raise Rejected("forbidden", "a mutation needs a signed-in actor")
    return tx.actor


def _text(at: datetime) -> str:
    return instants.to_text(at)


def _chunks(ids: Any) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + IN_CHUNK] for start in range(0, len(ordered), IN_CHUNK)]
