"""My money as the rules see it on the phone: the next sale, a return, a checked statement, why nothing was paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from app.domain import what_if
from app.domain.attribution import AttributionPolicy
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldLine, select_rule, tier_base
from app.domain.dispute import OwnTouch, Seen, Verdict, active, verdict
from app.domain.instants import from_text
from app.domain.statement import Statement, StatementLine, verify
from app.insight.days import local_day, month_bounds
from app.protocol import objects as o
from app.store import Read, reads
from app.store.queries import brand, commission

NEXT_FEN = 100_000
_ENTRY_FIELDS = frozenset(field.name for field in fields(Entry))
CHECKED, PARTIAL, WRONG = "checked", "partial", "wrong"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the next sale is worth this month; `expected_fen` counts what will be confirmed in it, too."""

    rule: o.CommissionRule
    confirmed_fen: int
    expected_fen: int
    progress: what_if.TierProgress | None
    next_sale: what_if.Sale
    to_border: what_if.Sale | None
    beyond: what_if.Sale | None


@reads("commission_rule", "commission_entry")
def outlook(read: Read, store_id: str | None, now: datetime, zone: str) -> Outlook | None:
    """Return what the next sale would earn by the general rule in force; None without one."""
    wire = {rule.id: rule for rule in commission.commission_rules(read)}
    rule = what_if.general_rule([rule_of(one) for one in wire.values()], store_id, now)
    if rule is None:
        return None
    confirmed, expected = _bases(read, rule.id, now, zone)
    progress = what_if.progress(rule, expected)
    left = progress.left_fen if progress else None

    def sale(base_fen: int, fen: int) -> what_if.Sale:
        return what_if.next_sale(rule, base_fen, fen, store_id, now)

    return Outlook(
        wire[rule.id], confirmed, expected, progress, sale(expected, NEXT_FEN),
        None if left is None else sale(expected, left), None if left is None else sale(expected + left, NEXT_FEN),
    )  # fmt: skip


def return_of(
    read: Read, entries: Sequence[o.CommissionEntry], parts: Sequence[LineRefund], now: datetime, zone: str
) -> what_if.Return:
    """Return what giving `parts` of an order back would do to my entries of it and to the tiers of that month.

    Raises:
        Rejected: `refund_too_large`.
    """
    standing = active([entry_of(entry) for entry in entries if entry.kind != "tier"])
    first = next((one for one in standing if any(one.line_id == part.line_id for part in parts)), None)
    wire = commission.rule_by_id(read, first.rule_id) if first else None
    if first is None or wire is None or not wire.tiers:
        return what_if.returned(standing, parts, None, 0, now)
    at = max(first.confirm_at or now, now)
    return what_if.returned(standing, parts, rule_of(wire), _bases(read, wire.id, at, zone)[1], now)


def part_of(entries: Sequence[o.CommissionEntry], order: o.Order | None, line_id: str, pieces: int) -> LineRefund:
    """Return `pieces` more of a line as a refund; without the order on this phone, all that is left of it.

    Raises:
        ValueError: more pieces than are left.
    """
    line = next((one for one in order.lines if one.id == line_id), None) if order else None
    if line is not None:
        fen = what_if.pieces_fen(line.paid_fen, line.qty, line.refunded_qty, line.refunded_fen, pieces)
        return LineRefund(line_id, line.refunded_fen, fen)
    mine = [entry for entry in entries if entry.line_id == line_id]
    base = max((entry.base_fen for entry in mine if entry.kind == "accrual"), default=0)
    before = refunded_so_far(mine)
    return LineRefund(line_id, before, base - before)


def refunded_so_far(entries: Sequence[o.CommissionEntry]) -> int:
    """Return the paid fen of a line that came back, as its refund entries say."""
    steps = [step["params"] for entry in entries if entry.kind == "refund" for step in entry.steps]
    said = [one for one in steps if "refund_fen" in one]
    return max((int(one["before_fen"] + one["refund_fen"]) for one in said), default=0)


def pieces_left(order: o.Order | None, line_id: str) -> int | None:
    """Return how many pieces of a line the customer still has; None when the order is not on this phone."""
    line = next((one for one in order.lines if one.id == line_id), None) if order else None
    return None if line is None else line.qty - line.refunded_qty


def check_statement(statement: o.Statement, entries: Sequence[o.CommissionEntry]) -> str:
    """Return `checked` when this phone's entries give the statement's digest and balance.

    `partial` when not all of its entries are here yet, `wrong` when they are and do not fit.
    """
    if len(entries) < statement.entries or any(entry.confirmed_at is None for entry in entries):
        return PARTIAL
    lines = sorted(
        (StatementLine(entry.id, from_text(entry.confirmed_at or ""), entry.amount_fen) for entry in entries),
        key=lambda line: (line.confirmed_at, line.entry_id),
    )
    made = Statement(
        statement.guide_id, statement.month, statement.opening_fen, statement.closing_fen, tuple(lines),
        statement.digest,
    )  # fmt: skip
    return CHECKED if verify(made) else WRONG


@reads("order", "commission_entry", "commission_rule", "setting", "product")
def uncounted(read: Read, since: str, guide_id: str) -> list[tuple[commission.OrderPay, Verdict]]:
    """Return my customers' orders since then that paid me nothing or a part, each with the rule that decided."""
    found = []
    for pay in commission.uncounted_orders(read, since):
        whole = None if pay.historic or pay.accrued_fen else commission.order_by_id(read, pay.id)
        found.append(
            (pay, _verdict_of_pay(pay, guide_id) if whole is None else verdict_of_order(read, whole, guide_id))
        )
    return found


def _verdict_of_pay(pay: commission.OrderPay, guide_id: str) -> Verdict:
    return verdict(
        Seen(
            guide_id, from_text(pay.paid_at), pay.paid_fen, pay.reason, pay.closing_guide_id, pay.bound_guide_id,
            bool(pay.historic), pay.accrued_fen, pay.net_fen,
        )
    )  # fmt: skip


@reads("order", "commission_entry", "commission_rule", "setting", "product")
def verdict_of_order(read: Read, order: o.Order, guide_id: str) -> Verdict:
    """Return which rule decided on an order of this phone, with its touches and the rules of its day."""
    entries = [entry for entry in commission.entries_of_order(read, order.id) if entry.kind != "tier"]
    standing = active([entry_of(entry) for entry in entries])
    return verdict(
        Seen(
            guide_id, from_text(order.created_at), order.paid_fen, order.reason, order.closing_guide_id,
            order.bound_guide_id, order.historic, sum(one.amount_fen for one in standing),
            sum(one.amount_fen for one in entries), _has_rule(read, order), _own_touches(read, order, guide_id),
        )
    )  # fmt: skip


def _has_rule(read: Read, order: o.Order) -> bool:
    rules = [rule_of(one) for one in commission.commission_rules(read)]
    categories = {one.id: one.category for one in read.all(o.Product)}
    at = from_text(order.created_at)
    lines = [
        SoldLine(line.id, line.product_id, categories.get(line.product_id or "", ""), 1, 1) for line in order.lines
    ]
    return any(select_rule(rules, line, store_id=order.store_id, at=at) is not None for line in lines)


def _own_touches(read: Read, order: o.Order, guide_id: str) -> tuple[OwnTouch, ...]:
    setting = brand.brand_setting(read)
    policy = AttributionPolicy.from_wire(setting.attribution if setting else {})
    return tuple(
        OwnTouch(from_text(touch["at"]), policy.days(touch["channel"]))
        for touch in order.evidence.get("touches", ())
        if touch.get("guide_id") == guide_id
    )


def _bases(read: Read, rule_id: str, at: datetime, zone: str) -> tuple[int, int]:
    """Return the month's base under a rule: what is confirmed, and with what will be."""
    confirmed, pending, shared = commission.month_base(read, rule_id, *month_bounds(local_day(at, zone), zone))
    for entry in shared:
        own = tier_base(entry_of(entry))
        if entry.state == "pending":
            pending += own
        else:
            confirmed += own
    return confirmed, confirmed + pending


def entry_of(entry: o.CommissionEntry) -> Entry:
    """Return an entry of the wire as the domain's."""
    values: dict[str, Any] = {name: getattr(entry, name, None) for name in _ENTRY_FIELDS}
    confirm_at = from_text(entry.confirm_at) if entry.confirm_at else None
    return Entry(
        **values | {"created_at": from_text(entry.created_at), "confirm_at": confirm_at, "steps": tuple(entry.steps)}
    )


def rule_of(rule: o.CommissionRule) -> CommissionRule:
    """Return a rule of the wire as the domain's."""
    return CommissionRule.from_wire({field.name: getattr(rule, field.name) for field in fields(o.CommissionRule)})
