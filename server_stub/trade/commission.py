"""The commission ledger: accruals, refunds and their confirmation (rules 4.1 to 4.9).

Amounts, splits and steps are decided by `app.domain.commission`; an entry's id follows from what it
is for, so posting an event again changes nothing (rule 4.7). The store's own part goes to `store_entry`,
which no phone sees; guides and stores together always have a line's whole commission.

An entry is confirmed as of `confirm_at`, whenever the job runs, and `confirm_at` is never before the entry
was posted. So entries are confirmed in the same order after days of standstill as minute by minute, and
what is confirmed never gets an earlier neighbour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update

from app.domain import commission as rules_of
from app.domain import dispute, instants
from app.domain.attribution import Attribution
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldLine, SoldOrder
from server_stub.db import Tx, upsert
from server_stub.tables import commission_entry, commission_rule, order_line, orders, product, refund, store_entry
from server_stub.trade import tiers
from server_stub.trade.rows import Record, every, load, setting

CONFIRM_AT_ONCE = 500
SETTLED_AFTER = timedelta(seconds=30)  # longer than any transaction lives: what is this old is all there is of it
CLOSED_HOURS = "closed_hours"
_TIMES = ("created_at", "confirm_at")
_NOT_OURS = frozenset({"store_id"})  # an entry of a guide has no store


def post_order(tx: Tx, order_id: str) -> int:
    """Post the accruals of a paid order; replaying changes nothing. Return how many entries are new."""
    order = load(tx, orders, order_id)
    days = setting(tx)["after_sales_days"]
    entries = accruals(order, sold_lines(tx, [order_id]).get(order_id, ()), all_rules(tx), days)
    return post(tx, entries)


def accruals(
    order: Record, lines: Sequence[Record], rules: Sequence[CommissionRule], after_sales_days: int
) -> tuple[Entry, ...]:
    """Return what an order's row and lines earn, guides and stores, as decided when it was placed."""
    attribution = Attribution(
        order["closing_guide_id"], order["bound_guide_id"], order["store_id"], order["reason"] or "", order["evidence"]
    )
    event_id = order["idempotency_key"] or order["id"]
    as_sold = sold(order, lines)
    return rules_of.accrue(as_sold, attribution, rules, event_id=event_id, after_sales_days=after_sales_days)


def post_refund(tx: Tx, order_id: str, event_id: str) -> int:
    """Post the negative entries of one refund; replaying changes nothing.

    They are pro rata to the paid amount of the pieces given back, so that a whole refund nets to 0 (rule 4.6).
    """
    given_back = every(tx, select(refund).where(refund.c.order_id == order_id).order_by(refund.c.at, refund.c.id))
    if all(row["event_id"] != event_id for row in given_back):
        return 0
    accrued = [*_accrued(tx, commission_entry, order_id), *_accrued(tx, store_entry, order_id)]
    return post(tx, refunds(accrued, given_back, event_id))


def refunds(accrued: Sequence[Entry], given_back: Sequence[Record], event_id: str) -> tuple[Entry, ...]:
    """Return the negative entries of one refund event; `given_back` is all that came back of the order, in order."""
    now = [row for row in given_back if row["event_id"] == event_id]
    before = {row["line_id"]: 0 for row in now}
    for row in given_back[: given_back.index(now[0])]:
        if row["line_id"] in before:
            before[row["line_id"]] += row["paid_fen"]
    parts = [LineRefund(row["line_id"], before[row["line_id"]], row["paid_fen"]) for row in now]
    return rules_of.refund(accrued, parts, event_id=event_id, at=instants.from_text(now[0]["at"]))


def confirm_due(tx: Tx) -> int:
    """Confirm some pending entries whose after-sales time is over and move the tiers; call it until 0.

    Safe to run twice and after days: they are taken in the order and with the time of `confirm_at`.
    """
    rows = every(tx, due(tx.now).limit(CONFIRM_AT_ONCE))
    if len(rows) == CONFIRM_AT_ONCE:  # what one event confirms at one time stays together
        last = rows[-1]
        same = commission_entry.c.confirm_at == last["confirm_at"], commission_entry.c.event_id == last["event_id"]
        seen = {row["id"] for row in rows}
        rows += [row for row in every(tx, due(tx.now).where(*same)) if row["id"] not in seen]
    if not rows:
        return 0
    write_guides(tx, tiers.moves(tx, rows))
    ids = [row["id"] for row in rows]
    values = {"state": "confirmed", "confirmed_at": commission_entry.c.confirm_at}
    tx.conn.execute(update(commission_entry).where(commission_entry.c.id.in_(ids)).values(values))
    tx.touch("commission_entry", *ids)
    return len(ids)


def due(now: datetime) -> Select[Any]:
    """Return the query of pending entries to be confirmed by `now`, in the order in which they are."""
    c = commission_entry.c
    known = instants.to_text(now - SETTLED_AFTER)
    wanted = select(commission_entry).where(c.state == "pending", c.confirm_at < known)
    return wanted.order_by(c.confirm_at, c.event_id, c.id)


def all_rules(tx: Tx) -> list[CommissionRule]:
    """Return every version of every rule."""
    return [CommissionRule.from_wire(row) for row in every(tx, select(commission_rule))]


def sold_lines(tx: Tx, order_ids: Sequence[str]) -> dict[str, list[Record]]:
    """Return the lines of orders in their order; `category` is that of the sale, on old rows today's."""
    lines = select(order_line, product.c.category.label("category_now")).outerjoin(
        product, product.c.id == order_line.c.product_id
    )
    wanted = lines.where(order_line.c.order_id.in_(order_ids)).order_by(order_line.c.order_id, order_line.c.position)
    found: dict[str, list[Record]] = {}
    for row in every(tx, wanted):
        row["category"] = row["category"] or row.pop("category_now") or ""
        found.setdefault(row["order_id"], []).append(row)
    return found


def entry_of(row: Record) -> Entry:
    """Return the entry in a row of `commission_entry` or `store_entry`."""
    store = "guide_id" not in row
    values = {name: row.get(name) for name in Entry.__dataclass_fields__}
    if store:
        values |= {"role": "store", "state": "", "order_no": "", "label": ""}
    values |= {name: instants.from_text(row[name]) if row.get(name) else None for name in _TIMES}
    return Entry(**{**values, "steps": tuple(row["steps"]), "sleep": bool(row.get("sleep"))})  # type: ignore[arg-type]


def write_guides(tx: Tx, entries: Sequence[Entry], **more: Any) -> int:
    """Insert guides' entries that are not there yet and touch them; return how many were new."""
    rows = [guide_row(entry) | more for entry in entries]
    new = _insert(tx, commission_entry, rows)
    tx.touch("commission_entry", *new)
    return len(new)


def guide_row(entry: Entry) -> Record:
    """Return the row of a guide's entry; one that is made confirmed (a tier's) is so as of its time."""
    values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__ if name not in _NOT_OURS}
    values |= {name: None if values[name] is None else instants.to_text(values[name]) for name in _TIMES}
    confirmed_at = values["confirm_at"] if entry.state == "confirmed" else None
    return values | {"steps": list(entry.steps), "confirmed_at": confirmed_at}


def store_row(entry: Entry) -> Record:
    """Return the row of a store's entry."""
    names = (
        "id", "store_id", "order_id", "line_id", "kind", "base_fen", "amount_fen", "rule_id", "rule_version",
        "event_id",
    )  # fmt: skip
    values = {name: getattr(entry, name) for name in names}
    return values | {"steps": list(entry.steps), "created_at": instants.to_text(entry.created_at)}


def sold(order: Record, lines: Sequence[Record]) -> SoldOrder:
    """Return the order as commission sees it: the base of a line is what was paid for it (rule 4.1)."""
    return SoldOrder(
        id=order["id"],
        no=order["no"],
        store_id=order["store_id"],
        created_at=instants.from_text(order["created_at"]),
        paid_at=instants.from_text(order["paid_at"]),
        lines=tuple(
            SoldLine(row["id"], row["product_id"], row["category"], row["qty"], row["paid_fen"], row["name"])
            for row in lines
        ),
        historic=order["historic"],
        sleep=CLOSED_HOURS in order["flags"],  # as found when it was paid (rule 4.11)
    )


def _accrued(tx: Tx, table: Any, order_id: str) -> Iterable[Entry]:
    query = select(table).where(table.c.order_id == order_id, table.c.kind.in_(("accrual", "reversal")))
    return dispute.active([entry_of(row) for row in every(tx, query)])


def post(tx: Tx, entries: Sequence[Entry]) -> int:
    """Write new entries of guides and stores; none is confirmed as of a time before it was known."""
    known_at = tx.now.replace(microsecond=0)
    timely = [
        replace(one, confirm_at=max(one.confirm_at, known_at)) if one.confirm_at is not None else one
        for one in entries
        if one.guide_id is not None
    ]
    new = write_guides(tx, timely)
    stores = [store_row(one) for one in entries if one.guide_id is None]
    return new + len(_insert(tx, store_entry, stores))


def _insert(tx: Tx, table: Any, rows: Sequence[Record]) -> list[str]:
    """Insert what is not there yet and return the ids of the new rows."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    known = set(tx.conn.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())
    new = [row for row in rows if row["id"] not in known]
    if new:
        tx.conn.execute(upsert(tx.conn, table).on_conflict_do_nothing(), new)
    return [row["id"] for row in new]
