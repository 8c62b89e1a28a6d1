"""Commission rules from a file (rule 4.2): versions that begin later, never a change of one in force; all or nothing.

A rule is known by its `key`; its rows are `<key>.v1`, `<key>.v2`, ... A changed rule needs a later `from`:
it becomes the next version and ends the one before. Loading the same file again changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from app.domain import instants
from app.domain.commission import LEVELS
from app.domain.money import BP_ONE, FEN_MAX
from server_stub.db import Tx
from server_stub.tables import commission_rule, orders, product, store
from server_stub.trade.authored import Fields, Source, read
from server_stub.trade.rows import Record, every

TABLE = "rule"
CONTENT = (
    "name", "name_en", "level", "target_id", "rate_bp", "fixed_fen", "tiers", "closing_bp", "store_share_bp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What a table of the file does: `what` is new | version | ended | unchanged."""

    key: str
    what: str
    version: int
    row: Record
    before: Record | None = None


def load(tx: Tx, path: Path) -> list[Change]:
    """Put the rules of a file in force from their time on; return what each does.

    Raises:
        BadFile: with every fault and its place; then nothing is written.
    """
    changes = plan(tx, path)
    for change in changes:
        if change.before is not None and change.what in ("version", "ended"):
            ended = {"until_at": change.row["until_at"] if change.what == "ended" else _end(change)}
            tx.conn.execute(update(commission_rule).where(commission_rule.c.id == change.before["id"]).values(ended))
            tx.touch("commission_rule", change.before["id"])
        if change.what in ("new", "version"):
            tx.conn.execute(insert(commission_rule).values(change.row))
            tx.touch("commission_rule", change.row["id"])
    done = [f"{change.key}.v{change.version}" for change in changes if change.what != "unchanged"]
    if done:
        tx.audit("rules.load", f"file/{path.name}", {"rules": done})
    return changes


def plan(tx: Tx, path: Path) -> list[Change]:
    """Return what loading the file would do; nothing is written.

    Raises:
        BadFile: with every fault and its place.
    """
    source, tables = read(path, TABLE)
    goods = _Targets(tx)
    rows = [_row(fields, goods) for fields in tables]
    source.finish()
    _check_keys(source, rows)
    known = every(tx, select(commission_rule))
    changes = [_change(tx, fields, row, known) for fields, row in zip(tables, rows, strict=True)]
    source.finish()
    return changes


class _Targets:
    """The numbers and names a rule may aim at."""

    def __init__(self, tx: Tx) -> None:
        self.stores = {row["no"]: row["id"] for row in every(tx, select(store.c.no, store.c.id))}
        goods = every(tx, select(product.c.no, product.c.id, product.c.category))
        self.products = {row["no"]: row["id"] for row in goods}
        self.categories = {row["category"]: row["category"] for row in goods}

    def of(self, fields: Fields, level: str) -> str | None:
        """Return the id a rule of this level aims at."""
        if level == "brand":
            if fields.has("target"):
                fields.text("target")
                fields.fault("target", "a rule of the brand has none")
            return None
        if level in ("category", "campaign"):
            named = fields.text("target")
            if named and level == "category" and named not in self.categories:
                fields.fault("target", "no goods of this category")
            return named
        number = fields.needed("target", 0, 10**9)
        found: str | None = (self.stores if level == "store" else self.products).get(number)
        if fields.has("target") and found is None:
            fields.fault("target", f"no {level} with this number")
        return found


def _row(fields: Fields, goods: _Targets) -> Record:
    level = fields.one_of("level", LEVELS)
    row: Record = {
        "key": fields.key("key"), "name": fields.text("name"), "name_en": fields.text("name_en", ""), "level": level,
        "target_id": goods.of(fields, level), "rate_bp": fields.number("rate_bp", 0, BP_ONE),
        "fixed_fen": fields.fen("fixed_fen"), "tiers": _tiers(fields),
        "closing_bp": fields.number("closing_bp", 0, BP_ONE, 7_000),
        "store_share_bp": fields.number("store_share_bp", 0, BP_ONE, 0), "from_at": fields.instant("from"),
        "until_at": fields.instant("until"),
    }  # fmt: skip
    fields.done()
    if fields.has("rate_bp") == fields.has("fixed_fen"):
        fields.fault("rate_bp", "want exactly one of rate_bp and fixed_fen")
    if not fields.has("from"):
        fields.fault("from", "is needed")
    elif row["from_at"] and row["until_at"] and row["until_at"] <= row["from_at"]:
        fields.fault("until", "not after from")
    return row


def _tiers(fields: Fields) -> list[list[int]]:
    tiers: list[list[int]] = []
    for index, one in enumerate(fields.items("tiers")):
        at = f"tiers[{index}]"
        pair = isinstance(one, list) and len(one) == 2 and all(type(part) is int for part in one)
        if not pair or not (0 <= one[0] <= FEN_MAX and 0 <= one[1] <= BP_ONE):
            fields.fault(at, "want [from_fen, rate_bp]")
        elif tiers and one[0] <= tiers[-1][0]:
            fields.fault(at, "tiers rise")
        else:
            tiers.append(list(one))
    return tiers


def _check_keys(source: Source, rows: list[Record]) -> None:
    seen: set[str] = set()
    for index, row in enumerate(rows):
        if row["key"] in seen:
            source.fault(index, "key", "stands twice in the file")
        seen.add(row["key"])


def _change(tx: Tx, fields: Fields, row: Record, known: list[Record]) -> Change:
    key = row["key"]
    own = re.compile(rf"{re.escape(key)}\.v[0-9]+")
    last = max((one for one in known if own.fullmatch(one["id"])), key=lambda one: one["version"], default=None)
    values = {name: value for name, value in row.items() if name != "key"}
    if last is None:
        if _was_sold_since(tx, row["from_at"]):
            fields.fault("from", "orders since then are paid already: a new rule begins in the future")
        return Change(key, "new", 1, values | {"id": f"{key}.v1", "version": 1})
    version = last["version"]
    if all(last[name] == row[name] for name in (*CONTENT, "from_at")):
        return _ended(tx, fields, Change(key, "ended", version, values, last))
    if row["from_at"] <= tx.now_text:
        why = f"version {version} is never edited: a change begins in the future"
        fields.fault("from", why)
    values |= {"id": f"{key}.v{version + 1}", "version": version + 1}
    return Change(key, "version", version + 1, values, last)


def _ended(tx: Tx, fields: Fields, change: Change) -> Change:
    """Return the change of only a rule's end: it may still be moved while it lies ahead."""
    before = (change.before or {}).get("until_at")
    after = change.row["until_at"]
    if before == after:
        return Change(change.key, "unchanged", change.version, change.row)
    if min(one for one in (before, after) if one is not None) <= tx.now_text:
        fields.fault("until", "an end that has passed is never moved, and none is set in the past")
    return change


def _end(change: Change) -> str:
    """Return when the version before ends; one that never came into force ends where it begins."""
    before: Any = change.before
    ends = [one for one in (before["until_at"], change.row["from_at"]) if one is not None]
    return str(max(min(ends), before["from_at"]))


def _was_sold_since(tx: Tx, at: str) -> bool:
    if at > instants.to_text(tx.now):
        return False
    since = select(orders.c.id).where(orders.c.created_at >= at, orders.c.historic.is_(False))
    return tx.conn.execute(since.limit(1)).first() is not None
