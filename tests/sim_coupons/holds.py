"""What must hold after every step, and at the end when everything has arrived."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text

from app.domain import coupon as rules
from app.domain import instants
from app.domain.calendar_days import day_of
from server_stub import tables as t
from server_stub.trade import leases
from tests.sim_coupons.brand import TEMPLATE, Brand

ZONE = ZoneInfo("Asia/Shanghai")
LEGAL = {
    "issue": {("allotted", "issued"), ("issued", "issued"), ("claimed", "claimed"), ("redeemed", "redeemed"),
              ("reserved", "reserved"), ("returned", "returned"), ("expired", "expired")},
    "claim": {("allotted", "claimed"), ("issued", "claimed"), ("claimed", "claimed"), ("reserved", "reserved"),
              ("returned", "returned"), ("redeemed", "redeemed")},
    "reserve": {("claimed", "reserved"), ("returned", "reserved")},
    "release": {("reserved", "claimed"), ("reserved", "expired"), ("claimed", "claimed"), ("expired", "expired")},
    "redeem": {("claimed", "redeemed"), ("returned", "redeemed"), ("reserved", "redeemed")},
    "give_back": {("redeemed", "returned"), ("redeemed", "expired"), ("returned", "returned"), ("expired", "expired")},
    "undo": {("issued", "voided"), ("voided", "voided")},
    "void": {("allotted", "voided")},
}  # fmt: skip


class Broken(AssertionError):
    """An invariant does not hold; the message says which."""


def check_always(brand: Brand, quota: dict[str, int]) -> None:
    """Nothing is over-issued, and what may still be leased is total - issued - open leases.

    Raises:
        Broken: which quota was passed.
    """
    columns = "SELECT customer_id, guide_id, issued_at, state, lease_until FROM coupon WHERE template_id = ?"
    with brand.db.read() as conn:
        rows = conn.exec_driver_sql(columns, (TEMPLATE,)).all()
    issued = [row for row in rows if row.issued_at is not None]
    grace = instants.to_text(brand.clock.now() - timedelta(hours=72))
    open_leases = [row for row in rows if row.issued_at is None and row.state == "allotted" and row.lease_until > grace]
    left = quota["total"] - len(issued) - len(open_leases)
    if left < 0:
        raise Broken(f"over-issued: {len(issued)} issued and {len(open_leases)} leased of {quota['total']}")
    _at_most(quota["per_customer"], Counter(row.customer_id for row in issued), "a customer")
    _at_most(quota["per_guide"], Counter(row.guide_id for row in issued), "a guide")
    _at_most(quota["per_day"], Counter(day_of(instants.from_text(r.issued_at), ZONE) for r in issued), "a day")
    with brand.db.begin() as tx:
        if (found := leases._left(tx, {"id": TEMPLATE}, quota["total"])) != left:
            raise Broken(f"available is {found}, not {left}")


def _at_most(limit: int, counts: Counter[Any], whom: str) -> None:
    if counts and max(counts.values()) > limit:
        raise Broken(f"{max(counts.values())} coupons for {whom}, at most {limit}")


def check_end(brand: Brand, phones: list[Any]) -> Counter[str]:
    """Every use has arrived once, states are legal, and every double use is known to both sides and their managers.

    Raises:
        Broken: which of these does not hold.
    """
    seen: Counter[str] = Counter()
    _check_arrived(brand, phones)
    _check_states(brand)
    uses = brand.rows(t.redemption, order=(text("rowid"),))  # as they were decided
    for use in uses:
        seen[f"use {use['reason'] or use['state']}"] += 1
    _check_doubles(brand, phones, uses, seen)
    _check_figures(brand)
    return seen


def _check_arrived(brand: Brand, phones: list[Any]) -> None:
    known = {row["id"]: row for row in brand.rows(t.redemption)}
    for phone in phones:
        if phone.outbox:
            raise Broken(f"{phone.actor.device_id} never sends what waits")
        for number in phone.made:
            if number not in known or known[number]["state"] not in ("accepted", "refused", "returned"):
                raise Broken(f"the use {number} was lost")
            if phone.uses.get(number) is None or phone.uses[number].state != known[number]["state"]:
                raise Broken(f"the use {number} does not look on its phone as it was decided")
    if len(known) != sum(len(phone.made) for phone in phones):
        raise Broken("a use nobody made")


def _check_states(brand: Brand) -> None:
    events = defaultdict(list)
    for event in brand.rows(t.coupon_event, order=(t.coupon_event.c.id,)):
        events[event["coupon_id"]].append(event)
    for row in brand.rows(t.coupon):
        steps = [(e["event"], e["from_state"], e["to_state"]) for e in events[row["id"]]]
        wrong = [s for s in steps if s[0] != "open" and (s[1], s[2]) not in LEGAL[s[0]]]
        if wrong:
            raise Broken(f"no such step: {wrong}")
        used = sum(s[0] == "redeem" for s in steps)
        back = sum(s[0] == "give_back" and s[1] == "redeemed" for s in steps)
        if used - back not in (0, 1) or (used - back == 1) != (row["state"] == "redeemed"):
            raise Broken(f"used {used} times, given back {back} times, and {row['state']}")
        if row["state"] not in rules.STATES:
            raise Broken(f"no such state: {row['state']}")


def _check_doubles(brand: Brand, phones: list[Any], uses: list[dict[str, Any]], seen: Counter[str]) -> None:
    by_coupon = defaultdict(list)
    for use in uses:
        if use["coupon_id"]:
            by_coupon[use["coupon_id"]].append(use)
    for coupon_id, tries in by_coupon.items():
        standing = [use for use in tries if use["state"] == "accepted"]
        if len(standing) > 1:
            raise Broken(f"the coupon {coupon_id} is used by {len(standing)} at once")
        beaten = [use for use in tries if use["reason"] == "coupon_used"]
        by_store = [use for use in beaten if "by" in use["params"]]
        if any("at" not in use["params"] for use in beaten):
            raise Broken("a refusal does not say when the first use was")
        winners = [use for use in tries if use["state"] != "refused"]
        if sum(use["contested"] for use in winners) != len(by_store):
            raise Broken(f"{len(by_store)} second tries, {[use['contested'] for use in winners]} told to who was first")
        later = tries[tries.index(standing[0]) + 1 :] if standing else []
        if any(use["reason"] != "coupon_used" for use in later):
            raise Broken("a try after the use was not refused as used")
        for use in [*beaten, *(use for use in winners if use["contested"])]:
            _check_told(brand, phones, use)
            seen["told"] += 1


def _check_told(brand: Brand, phones: list[Any], use: dict[str, Any]) -> None:
    """Both the one who tried and the manager of that store see it."""
    theirs = [phone for phone in phones if phone.actor.staff_id == use["by_id"]]
    if any(phone.uses[use["id"]].contested != use["contested"] for phone in theirs):
        raise Broken("a phone does not show the contest")
    key = t.sync_row.c.key == f"team_redemption/{use['id']}"
    shown = [row for row in brand.rows(t.sync_row, key) if row["value"] is not None]
    if [row["bucket"] for row in shown] != [f"manager:{use['store_id']}"]:
        raise Broken("the manager of the store does not see it")
    if json.loads(shown[0]["value"]).get("contested", 0) != use["contested"]:
        raise Broken("the manager sees another count")


def _check_figures(brand: Brand) -> None:
    with brand.db.read() as conn:
        counted = conn.execute(select(func.coalesce(func.sum(t.guide_day.c.redeemed), 0))).scalar_one()
        redeemed = t.coupon_event.c.event == "redeem"
        steps = conn.execute(select(func.count()).select_from(t.coupon_event).where(redeemed)).scalar_one()
    if counted != steps:
        raise Broken(f"{counted} uses on the board, {steps} in the log")
