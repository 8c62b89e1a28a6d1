"""An order decided anew: what is taken back, what is given instead, and which rule decided before (rules 3, 4.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.attribution import Attribution
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldOrder, accrue, entry_id, refund, tier_base
from app.domain.money import Fen

VERDICTS = (
    "counted", "split_closing", "split_bound", "refunded", "historic", "self_purchase", "staff_purchase", "zero_paid",
    "no_rule", "too_small", "later_touch", "other_closing", "other_bound", "window", "guide_inactive", "nearest_store",
    "nobody", "unknown",
)  # fmt: skip


def active(entries: Sequence[Entry]) -> list[Entry]:
    """Return the accruals of an order that no dispute took back."""
    gone = {entry.steps[0]["params"]["entry_id"] for entry in entries if entry.kind == "reversal"}
    return [entry for entry in entries if entry.kind == "accrual" and entry.id not in gone]


def reassign(
    order: SoldOrder,
    entries: Sequence[Entry],
    attribution: Attribution,
    rules: Sequence[CommissionRule],
    *,
    refunded: Mapping[str, Fen],
    event_id: str,
    at: datetime,
    after_sales_days: int = 7,
) -> tuple[Entry, ...]:
    """Return the entries that make an order's commission what `attribution` earns; together they keep its sum.

    Who gets as much in the same part as before keeps their entry. The others' entries are reversed, less what
    refunds took already, and the new ones lose what came back so far. An entry that is settled stays as it is:
    what corrects it is confirmed at `at` or later, so the next statement carries it (rule 4.6).

    Args:
        order: The order as sold; rules are those in force at its creation.
        entries: All entries of the order, of guides and stores.
        attribution: Who gets the order now.
        rules: All rules.
        refunded: Paid fen that came back by line id, up to now.
        event_id: `dispute:<id>`; the same event gives entries with the same ids.
        at: When it was decided.
        after_sales_days: As in `accrue`.
    """
    before = active(entries)
    made = accrue(order, attribution, rules, event_id=event_id, after_sales_days=after_sales_days)
    left = {line.id for line in order.lines if refunded.get(line.id, 0) < line.base_fen}
    wanted = [entry for entry in made if entry.line_id in left]
    kept = {_part(entry) for entry in wanted} & {_part(entry) for entry in before}
    given = [
        replace(entry, created_at=at, confirm_at=max(entry.confirm_at or at, at))
        for entry in wanted
        if _part(entry) not in kept
    ]
    taken = [
        _reversal(entry, entries, f"{event_id}:back", at)
        for entry in before
        if entry.line_id in left and _part(entry) not in kept
    ]
    back = [LineRefund(line_id, 0, fen) for line_id, fen in refunded.items() if fen and line_id in left]
    return (*taken, *given, *refund(given, back, event_id=f"{event_id}:returned", at=at))


def _part(entry: Entry) -> tuple[Any, ...]:
    """Return who gets how much of which line in which part: the same of it needs no new entry."""
    split = next((json.dumps(step["params"], sort_keys=True) for step in entry.steps if step["op"] == "split"), "")
    return entry.line_id, entry.guide_id, entry.store_id, entry.role, entry.amount_fen, split


def _reversal(entry: Entry, entries: Sequence[Entry], event_id: str, at: datetime) -> Entry:
    back = [
        one for one in entries if one.kind == "refund" and one.steps and one.steps[0]["params"]["entry_id"] == entry.id
    ]
    refunds_fen = sum(one.amount_fen for one in back)
    base_fen = sum(one.base_fen if entry.guide_id is None else tier_base(one) for one in (entry, *back))
    taken = -(entry.amount_fen + refunds_fen)
    steps = (
        {"op": "entry", "params": {"entry_id": entry.id, "fen": entry.amount_fen}, "fen": entry.amount_fen},
        {"op": "reversal", "params": {"refunds_fen": refunds_fen, "event_id": event_id}, "fen": taken},
    )
    return replace(
        entry,
        id=entry_id(entry.rule_id, entry.rule_version, entry.line_id, entry.role, event_id),
        kind="reversal", amount_fen=taken, steps=steps, event_id=event_id, created_at=at, state="pending",
        confirm_at=max(entry.confirm_at or at, at), base_fen=-base_fen,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnTouch:
    """One opening of my share by the buyer: when, its channel's window in days, and whether I was active."""

    at: datetime
    window_days: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as one guide may see it; `accrued_fen` is what it gave me, `net_fen` what is left of that."""

    guide_id: str
    created_at: datetime
    paid_fen: Fen
    reason: str | None
    closing_guide_id: str | None = None
    bound_guide_id: str | None = None
    historic: bool = False
    accrued_fen: Fen = 0
    net_fen: Fen = 0
    has_rule: bool = True
    touches: tuple[OwnTouch, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which rule decided: a code of `VERDICTS` and the rule's number."""

    code: str
    rule: str


def verdict(seen: Seen) -> Verdict:
    """Return why the order paid this guide what it did."""
    if seen.historic:
        return Verdict("historic", "4.2")
    if seen.reason in ("self_purchase", "staff_purchase"):
        return Verdict(seen.reason, "3.3")
    if seen.accrued_fen:
        return _of_counted(seen)
    if not seen.has_rule:
        return Verdict("no_rule", "4.2")
    if seen.guide_id in (seen.closing_guide_id, seen.bound_guide_id):
        return Verdict("too_small", "4.3") if seen.paid_fen else Verdict("zero_paid", "4.1")
    return _of_others(seen)


def _of_counted(seen: Seen) -> Verdict:
    if not seen.net_fen:
        return Verdict("refunded", "4.6")
    others = {seen.closing_guide_id, seen.bound_guide_id} - {None, seen.guide_id}
    if not others:
        return Verdict("counted", "3.2")
    return Verdict("split_closing" if seen.closing_guide_id == seen.guide_id else "split_bound", "3.3")


def _of_others(seen: Seen) -> Verdict:
    mine = [touch for touch in seen.touches if touch.at <= seen.created_at]
    inside = [touch for touch in mine if seen.created_at - touch.at <= timedelta(days=touch.window_days)]
    if mine and not inside:
        return Verdict("window", "3.2")
    if inside and not any(touch.active for touch in inside):
        return Verdict("guide_inactive", "3.2")
    if seen.closing_guide_id:
        return Verdict("later_touch" if inside else "other_closing", "3.2")
    if seen.bound_guide_id:
        return Verdict("other_bound", "2.4")
    return Verdict(seen.reason if seen.reason in ("nearest_store", "nobody") else "unknown", "3.2")
