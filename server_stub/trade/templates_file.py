"""Coupon templates from a file (rules 1.1, 1.3): all or nothing; what a template promises never changes.

A template is known by its number `no`. Of one that exists only `stopped`, `total` and `lease_size` may change;
for other terms make a new number and stop the old one: coupons that are out keep what they were issued with.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from app.domain.coupon import KINDS, SCOPES, CouponRules
from app.domain.errors import Rejected
from app.domain.money import BP_ONE
from server_stub.db import Tx
from server_stub.tables import coupon_template, product, store
from server_stub.trade.authored import Fields, read
from server_stub.trade.rows import Record, every

TABLE = "coupon"
MAY_CHANGE = ("stopped", "total", "lease_size")
COUNT_MAX = 100_000_000
NO_MAX = 16_000_000
LEASE_MAX = 500
DAYS_MAX = 3_650


@dataclass(frozen=True, slots=True)
class Change:
    """What a table of the file does: `what` is new | changed | unchanged."""

    no: int
    what: str
    row: Record


def load(tx: Tx, path: Path) -> list[Change]:
    """Bring the templates of a file in; return what each does.

    Raises:
        BadFile: with every fault and its place; then nothing is written.
    """
    changes = plan(tx, path)
    for change in changes:
        row_id = change.row["id"]
        if change.what == "new":
            tx.conn.execute(insert(coupon_template).values(change.row))
        elif change.what == "changed":
            values = {name: change.row[name] for name in MAY_CHANGE}
            tx.conn.execute(update(coupon_template).where(coupon_template.c.id == row_id).values(values))
        if change.what != "unchanged":
            tx.touch("coupon_template", row_id)
    done = [change.no for change in changes if change.what != "unchanged"]
    if done:
        tx.audit("coupons.load", f"file/{path.name}", {"templates": done})
    return changes


def plan(tx: Tx, path: Path) -> list[Change]:
    """Return what loading the file would do; nothing is written.

    Raises:
        BadFile: with every fault and its place.
    """
    source, tables = read(path, TABLE)
    ids = _ids(tx)
    rows = [_row(fields, ids) for fields in tables]
    source.finish()
    known = {row["no"]: row for row in every(tx, select(coupon_template))}
    changes: list[Change] = []
    for fields, row in zip(tables, rows, strict=True):
        if any(row["no"] == one.no for one in changes):
            fields.fault("no", "stands twice in the file")
        changes.append(_change(tx, fields, row, known.get(row["no"])))
    source.finish()
    return changes


def _ids(tx: Tx) -> dict[str, dict[Any, str]]:
    goods = every(tx, select(product.c.no, product.c.id, product.c.category))
    return {
        "all": {},
        "stores": {row["no"]: row["id"] for row in every(tx, select(store.c.no, store.c.id))},
        "products": {row["no"]: row["id"] for row in goods},
        "categories": {row["category"]: row["category"] for row in goods},
    }


def _row(fields: Fields, ids: dict[str, dict[Any, str]]) -> Record:
    row: Record = {
        "no": fields.needed("no", 1, NO_MAX), "name": fields.text("name"), "name_en": fields.text("name_en", ""),
        "kind": fields.one_of("kind", KINDS), "scope": _scope(fields.table("scope"), ids),
        "validity": _validity(fields.table("validity")), "face_fen": fields.fen("face_fen", 0),
        "pay_bp": fields.number("pay_bp", 0, BP_ONE, BP_ONE), "cap_fen": fields.fen("cap_fen"),
        "threshold_fen": fields.fen("threshold_fen", 0),
        "threshold_base": fields.one_of("threshold_base", ("list", "after_promotions"), "after_promotions"),
        "channel": fields.one_of("channel", ("online", "store", "both"), "both"),
        "stack_group": fields.text("stack_group", "default", 40), "exclusive": fields.flag("exclusive"),
        "total": fields.number("total", 0, COUNT_MAX), "per_guide": fields.number("per_guide", 0, COUNT_MAX),
        "per_customer": fields.number("per_customer", 0, COUNT_MAX), "per_day": fields.number("per_day", 0, COUNT_MAX),
        "purpose": fields.text("purpose", "gift", 40), "stopped": fields.flag("stopped"),
        "cost_bearer": fields.one_of("cost_bearer", ("brand", "store", "guide"), "brand"),
        "lease_size": fields.number("lease_size", 1, LEASE_MAX, 20),
    }  # fmt: skip
    fields.done()
    _check_face(fields, row)
    return row


def _check_face(fields: Fields, row: Record) -> None:
    if row["kind"] == "amount_off" and not row["face_fen"]:
        fields.fault("face_fen", "an amount off needs one")
    if row["kind"] == "percent_off" and row["pay_bp"] == BP_ONE:
        fields.fault("pay_bp", "a percentage off pays less than 10000")
    if row["kind"] != "percent_off" and row["pay_bp"] != BP_ONE:
        fields.fault("pay_bp", "only percent_off has one")


def _scope(fields: Fields, ids: dict[str, dict[Any, str]]) -> Record:
    kind = fields.one_of("kind", SCOPES, "all")
    found = []
    for index, one in enumerate(fields.items("ids")):
        known = ids[kind].get(one) if isinstance(one, int | str) and not isinstance(one, bool) else None
        if known is None:
            fields.fault(f"ids[{index}]", f"not among the {kind}")
        else:
            found.append(known)
    fields.done()
    if (kind == "all") == bool(fields.raw.get("ids")):
        fields.fault("ids", "all has none, every other scope some")
    return {"kind": kind, "ids": found}


def _validity(fields: Fields) -> Record:
    kind = fields.one_of("kind", ("days", "hours", "fixed"))
    if kind == "fixed":
        begins, ends = fields.instant("from"), fields.instant("until")
        fields.done()
        if begins is None or ends is None or ends <= begins:
            fields.fault("until", "a fixed interval needs a from and a later until")
        return {"kind": kind, "from": begins, "until": ends}
    n = fields.needed("n", 1, DAYS_MAX * 24)
    fields.done()
    if kind == "hours" and n % 24:
        fields.fault("n", "a multiple of 24")
    return {"kind": kind, "n": n}


def _change(tx: Tx, fields: Fields, row: Record, before: Record | None) -> Change:
    try:
        CouponRules.from_wire(row)
    except Rejected as no:  # the domain has the last word
        fields.fault("kind", no.detail)
    if before is None:
        return Change(row["no"], "new", row | {"id": tx.new_id()})
    changed = [name for name in row if row[name] != before[name]]
    for name in changed:
        if name not in MAY_CHANGE:
            fields.fault(name, "what a template promises is never edited: give a new number and stop this one")
    return Change(row["no"], "changed" if changed else "unchanged", row | {"id": before["id"]})
