"""Recompute and compare: replay every order through the domain and find what the ledger says otherwise.

What was frozen when it happened is the evidence: who had opened what, to whom the buyer was bound, what was
paid and came back, what a manager decided, and when an entry was known (`confirm_at`). Everything else, each
entry, tier, store entry and statement, is made anew and compared with its row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain import dispute, instants
from app.domain.attribution import Attribution, AttributionPolicy, OrderPerson, Touch, attribute
from app.domain.commission import CommissionRule, Entry
from app.domain.statement import Statement
from server_stub.db import Tx
from server_stub.tables import binding, commission_entry, orders, refund, statement, store_entry
from server_stub.trade import commission, disputes, statements, tiers
from server_stub.trade.rows import Record, every

ORDERS_AT_ONCE = 400
FAR = 36_500  # days: whether a touch was in its window is frozen with the evidence
CONFIRMED = ("confirmed", "settled")
LATER = ("state", "confirmed_at", "statement_id", "confirm_at")  # what time does to an entry; checked on its own


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it should be. `place` is `<table>/<id>`, `field` a column or "row"."""

    place: str
    field: str
    stored: Any
    expected: Any
    order_no: str = ""

    def __str__(self) -> str:
        where = f"{self.place} (order {self.order_no})" if self.order_no else self.place
        return f"{where}: {self.field} is {self.stored}, should be {self.expected}"


@dataclass(slots=True)
class Report:
    """How much was compared, and every difference."""

    orders: int = 0
    entries: int = 0
    store_entries: int = 0
    tiers: int = 0
    statements: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare(tx: Tx) -> Report:
    """Recompute everything and return what differs; reads only."""
    report = Report()
    rules = commission.all_rules(tx)
    ids = tx.conn.execute(select(orders.c.id).order_by(orders.c.id)).scalars().all()
    for start in range(0, len(ids), ORDERS_AT_ONCE):
        _compare_orders(tx, report, ids[start : start + ORDERS_AT_ONCE], rules)
    _compare_guides(tx, report, {rule.id: rule for rule in rules})
    return report


# --- orders --------------------------------------------------------------------------------


def _compare_orders(tx: Tx, report: Report, ids: Sequence[str], rules: Sequence[CommissionRule]) -> None:
    heads = every(tx, select(orders).where(orders.c.id.in_(ids)).order_by(orders.c.id))
    lines = commission.sold_lines(tx, ids)
    back = _grouped(tx, refund, ids, refund.c.at, refund.c.id)
    guides = _grouped(tx, commission_entry, ids, commission_entry.c.id)
    stores = _grouped(tx, store_entry, ids, store_entry.c.id)
    bound = defaultdict(list)
    buyers = {row["customer_id"] for row in heads}
    for row in every(tx, select(binding).where(binding.c.customer_id.in_(buyers))):
        bound[row["customer_id"]].append(row)
    for order in heads:
        report.orders += 1
        report.differences += _attribution(order, bound[order["customer_id"]])
        posted = [row for row in guides[order["id"]] if row["kind"] != "tier"]
        confirm_at = {row["id"]: row["confirm_at"] for row in posted}
        made = list(_replay(order, lines.get(order["id"], []), back[order["id"]], rules, confirm_at))
        no = order["no"]
        mine = {one.id: commission.guide_row(one) for one in made if one.guide_id is not None}
        theirs = {one.id: commission.store_row(one) for one in made if one.guide_id is None}
        report.entries += len(posted)
        report.store_entries += len(stores[order["id"]])
        report.differences += _differences("commission_entry", posted, mine, no, LATER)
        report.differences += _differences("store_entry", stores[order["id"]], theirs, no)
        report.differences += _times(posted, mine, no)


def _replay(
    order: Record, lines: list[Record], back: Sequence[Record], rules: Sequence[CommissionRule],
    confirm_at: Mapping[str, str | None],
) -> list[Entry]:  # fmt: skip
    """Return every entry of an order: the accruals, then refunds and decisions as they came."""
    made = _known(commission.accruals(order, lines, rules, 0), confirm_at)
    steps: list[tuple[str, int, Any]] = [(one["at"], 1, one) for one in order["evidence"].get("decisions", ())]
    events = {row["event_id"]: row["at"] for row in reversed(back)}
    steps += [(at, 0, event_id) for event_id, at in events.items()]
    for at, kind, what in sorted(steps, key=lambda step: step[:2]):
        before = [row for row in back if row["at"] <= at]
        if kind == 0:
            made += _known(commission.refunds(dispute.active(made), before, what), confirm_at)
            continue
        refunded: dict[str, int] = defaultdict(int)
        for row in before:
            refunded[row["line_id"]] += row["paid_fen"]
        case = disputes.Case(order, lines, made, refunded, list(rules), 0)
        made += _known(disputes.decided(case, what), confirm_at)
    return made


def _known(made: Sequence[Entry], confirm_at: Mapping[str, str | None]) -> list[Entry]:
    """Return the entries with the time of confirmation that was fixed when they were posted, if it is a legal one."""
    return [
        replace(one, confirm_at=max(one.confirm_at, instants.from_text(fixed)))
        if one.confirm_at is not None and (fixed := confirm_at.get(one.id))
        else one
        for one in made
    ]


def _attribution(order: Record, bindings: Sequence[Record]) -> Iterator[Difference]:
    """Compare who got the order with what its evidence says (rules 2.4, 3.2, 3.4)."""
    place, evidence = f"order/{order['id']}", order["evidence"]
    if order["historic"] or "touches" not in evidence:
        return
    found = _decide(order, evidence)
    for name in ("closing_guide_id", "bound_guide_id", "reason"):
        if getattr(found, name) != order[name]:
            yield Difference(place, name, order[name], getattr(found, name), order["no"])
    if found.evidence["winner"] != evidence["winner"]:
        yield Difference(place, "winner", evidence["winner"], found.evidence["winner"], order["no"])
    guide_id, at = order["bound_guide_id"], order["created_at"]
    held = [row for row in bindings if row["from_at"] <= at and (row["until_at"] is None or at < row["until_at"])]
    if guide_id is not None and guide_id not in {row["guide_id"] for row in held}:
        yield Difference(place, "bound_guide_id", guide_id, "a guide of the binding's history", order["no"])


def _decide(order: Record, evidence: Record) -> Attribution:
    by = evidence.get("by")
    touches = [
        Touch(
            one["id"], one["guide_id"], instants.from_text(one["at"]), one["channel"],
            member_id="buyer" if one.get("by", by) == "member" else None,
            session_id="browser",
        )
        for one in evidence["touches"]
    ]  # fmt: skip
    own = evidence["bound_guide_id"] if order["reason"] == "self_purchase" else None
    person = OrderPerson(
        "buyer", "browser", instants.from_text(order["created_at"]), evidence["bound_guide_id"], order["store_id"],
        own, order["reason"] in ("self_purchase", "staff_purchase"),
    )  # fmt: skip
    return attribute(person, touches, AttributionPolicy(FAR, {}))


def _times(posted: Sequence[Record], made: Mapping[str, Record], order_no: str) -> Iterator[Difference]:
    """Compare what time did: confirmed as of `confirm_at`, which is never before the earliest it may be."""
    for row in posted:
        place, earliest = f"commission_entry/{row['id']}", (made.get(row["id"]) or row)["confirm_at"]
        if row["confirm_at"] is None or earliest is None or row["confirm_at"] < earliest:
            yield Difference(place, "confirm_at", row["confirm_at"], f"{earliest} or later", order_no)
        expected = row["confirm_at"] if row["state"] in CONFIRMED else None
        if row["confirmed_at"] != expected:
            yield Difference(place, "confirmed_at", row["confirmed_at"], expected, order_no)
        if (row["state"] == "settled") != (row["statement_id"] is not None):
            yield Difference(place, "statement_id", row["statement_id"], f"as a {row['state']} one", order_no)


# --- months --------------------------------------------------------------------------------


def _compare_guides(tx: Tx, report: Report, rules: dict[str, CommissionRule]) -> None:
    zones = tiers.zones_of_guides(tx)
    c = commission_entry.c
    for guide_id in sorted(zones):
        mine = every(
            tx, select(commission_entry).where(c.guide_id == guide_id).order_by(c.confirm_at, c.event_id, c.id)
        )
        report.differences += _tiers(report, mine, rules, zones)
        made = every(tx, select(statement).where(statement.c.guide_id == guide_id).order_by(statement.c.month))
        report.statements += len(made)
        report.differences += _statements(guide_id, mine, made, zones[guide_id])


def _tiers(
    report: Report, mine: Sequence[Record], rules: dict[str, CommissionRule], zones: dict[str, ZoneInfo]
) -> list[Difference]:
    stored = [row for row in mine if row["kind"] == "tier"]
    report.tiers += len(stored)
    tiered = {rule_id: rule for rule_id, rule in rules.items() if rule.tiers}
    moved = [row for row in mine if row["kind"] != "tier" and row["state"] in CONFIRMED and row["rule_id"] in tiered]
    made = {one.id: commission.guide_row(one) for one in tiers.replay(moved, tiered, zones, {})}
    return [*_differences("commission_entry", stored, made, "", ("state", "statement_id")), *_times(stored, made, "")]


def _statements(
    guide_id: str, mine: Sequence[Record], stored: Sequence[Record], zone: ZoneInfo
) -> Iterator[Difference]:
    """Compare the closed months: their sums and digests, and that each entry stands in its own."""
    confirmed = [row for row in mine if row["state"] in CONFIRMED]
    ends = _after(stored[-1]["month"]) if stored else ""
    made = statements.months_closed(guide_id, confirmed, None, zone, ends)
    rows = {row["id"]: row for row in (statements.statement_row(one, zone) for one in made)}
    yield from _differences("statement", stored, rows, "")
    place_of = _place_of(made)
    for row in confirmed:
        if row["statement_id"] != place_of.get(row["id"]):
            place = f"commission_entry/{row['id']}"
            yield Difference(place, "statement_id", row["statement_id"], place_of.get(row["id"]), row["order_no"])
    for row in mine:
        if row["state"] == "pending" and made and row["confirm_at"] < rows[next(reversed(rows))]["closed_at"]:
            yield Difference(f"commission_entry/{row['id']}", "state", "pending", "confirmed", row["order_no"])


def _place_of(made: Sequence[Statement]) -> dict[str, str]:
    return {line.entry_id: statements.statement_id(one.guide_id, one.month) for one in made for line in one.lines}


def _after(month: str) -> str:
    first = instants.from_text(f"{month}-01T00:00:00Z")
    return (first + timedelta(days=32)).strftime("%Y-%m")


# --- comparing -----------------------------------------------------------------------------


def _differences(
    table: str, stored: Sequence[Record], made: Mapping[str, Record], order_no: str, without: Sequence[str] = ()
) -> Iterator[Difference]:
    """Yield missing rows, rows that should not be, and columns that differ."""
    there = {row["id"]: row for row in stored}
    for row_id in made.keys() - there.keys():
        yield Difference(f"{table}/{row_id}", "row", "missing", _brief(made[row_id]), order_no)
    for row_id in there.keys() - made.keys():
        yield Difference(f"{table}/{row_id}", "row", _brief(there[row_id]), "nothing", order_no)
    for row_id in there.keys() & made.keys():
        for name, value in made[row_id].items():
            if name not in without and there[row_id][name] != value:
                yield Difference(f"{table}/{row_id}", name, there[row_id][name], value, order_no)


def _brief(row: Record) -> str:
    names = ("kind", "role", "guide_id", "store_id", "line_id", "month", "amount_fen", "closing_fen")
    return ", ".join(f"{name} {row[name]}" for name in names if name in row)


def _grouped(tx: Tx, table: Any, order_ids: Sequence[str], *order_by: Any) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for row in every(tx, select(table).where(table.c.order_id.in_(order_ids)).order_by(*order_by)):
        found[row["order_id"]].append(row)
    return found
