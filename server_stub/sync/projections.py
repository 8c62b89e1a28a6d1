"""What phones see: rows turned into the values of `protocol.objects` and kept in `sync_row`.

Per kind a projector gives id -> (bucket, value); an id it does not give has gone. `flush` runs at
the end of each transaction for what was touched, `project_all` in bulk after a seed or an import.
Both compare with what stands in `sync_row` and give a new version only to what changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Update, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain import instants
from app.protocol import objects as o
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from server_stub import tables as t
from server_stub.db import upsert

PROJECTION = 1
CHUNK = 400  # ids in one IN list; SQLite takes 999 parameters on old builds
WRITE_CHUNK = 5_000
FETCH_ROWS = 2_000
BRAND = "brand"
VISITS = ("appointment", "visit")  # the follow-ups a manager sees

Value = dict[str, Any]
Projected = dict[str, tuple[str, Value]]
Ids = Sequence[str] | None  # None = all
Projector = Callable[[Connection, Ids], Projected]


@dataclass(frozen=True, slots=True)
class _Old:
    bucket: str
    ver: int
    value: str | None


# --- generic projectors --------------------------------------------------------------------


def _columns(table: Any, kind: type) -> list[Any]:
    names = [one.name for one in dataclasses.fields(kind)]
    return [table.c[name] for name in names if name in table.c]


def _fetch(conn: Connection, statement: Select[Any], column: Any, wanted: Ids) -> Iterator[Value]:
    """Yield rows as dicts, for all or for these ids in chunks; the statement is one that is kept."""
    if wanted is None:
        yield from _rows(conn, statement)
        return
    for start in range(0, len(wanted), CHUNK):
        yield from _rows(conn, _of_some(statement, column), {"wanted": wanted[start : start + CHUNK]})


@cache
def _of_some(statement: Select[Any], column: Any) -> Select[Any]:
    """Return the statement for some ids; made once, for making one takes as long as running it."""
    return statement.where(column.in_(bindparam("wanted", expanding=True)))


def _rows(conn: Connection, statement: Select[Any], params: Mapping[str, Any] | None = None) -> Iterator[Value]:
    """Yield rows as dicts; a third of the time that `mappings()` takes, which a seed of 200,000 rows feels."""
    result = conn.execute(statement, params)
    names = tuple(result.keys())
    for some in result.partitions(FETCH_ROWS):
        for row in some:
            yield dict(zip(names, row, strict=True))


def _plain(table: Any, kind: type, bucket_of: Callable[[Value], str | None]) -> Projector:
    """Return the projector of a table whose columns are the object's fields."""
    statement = select(*_columns(table, kind))

    def project(conn: Connection, wanted: Ids) -> Projected:
        found: Projected = {}
        for row in _fetch(conn, statement, table.c.id, wanted):
            bucket = bucket_of(row)
            if bucket is not None:
                found[row["id"]] = bucket, row
        return found

    return project


def _of_guide(row: Value) -> str | None:
    return guide_bucket(row["guide_id"])


def _brand(_row: Value) -> str:
    return BRAND


def guide_bucket(guide_id: str | None) -> str | None:
    """Return the bucket of a guide's own things, None for nobody's."""
    return f"guide:{guide_id}" if guide_id else None


def _of_customer(table: Any, kind: type) -> Projector:
    """Return the projector of what follows a customer: it stands in the bucket of the customer's guide."""
    names = [column.name for column in _columns(table, kind)]
    statement = select(*(table.c[name] for name in names), t.customer.c.guide_id.label("_owner")).join(
        t.customer, t.customer.c.id == table.c.customer_id
    )

    def project(conn: Connection, wanted: Ids) -> Projected:
        found: Projected = {}
        for row in _fetch(conn, statement, table.c.id, wanted):
            bucket = guide_bucket(row.pop("_owner"))
            if bucket is not None:
                found[row["id"]] = bucket, row
        return found

    return project


# --- projectors with more to them ----------------------------------------------------------


def _customers(conn: Connection, wanted: Ids) -> Projected:
    tags = _grouped(conn, _tags_query(), t.customer_tag.c.customer_id, wanted)
    facts = _grouped(conn, _facts_query(), t.customer_fact.c.customer_id, wanted)
    consents = _grouped(conn, _consents_query(), t.consent.c.person_id, wanted)
    found: Projected = {}
    for row in _fetch(conn, _customers_query(), t.customer.c.id, wanted):
        bucket = guide_bucket(row["guide_id"])
        if bucket is None or row["store_id"] is None:
            continue
        row["tags"] = tags.get(row["id"], [])
        row["facts"] = facts.get(row["id"])  # most customers have none: left out
        row["consents"] = {one["purpose"]: bool(one["granted"]) for one in consents.get(row["id"], [])}
        found[row["id"]] = bucket, row
    return found


@cache
def _customers_query() -> Select[Any]:
    return select(*(column for column in _columns(t.customer, o.Customer) if column.name != "tags"))


@cache
def _tags_query() -> Select[Any]:
    c = t.customer_tag.c
    return select(c.customer_id.label("_of"), c.name, c.kind, c.reason, c.at).order_by(c.at, c.name)


@cache
def _facts_query() -> Select[Any]:
    c = t.customer_fact.c
    return select(c.customer_id.label("_of"), c.kind, c.name, c.value, c.source, c.at).order_by(c.at, c.kind, c.name)


@cache
def _consents_query() -> Select[Any]:
    c = t.consent.c
    wanted = select(c.person_id.label("_of"), c.purpose, c.granted).where(c.person_kind == "customer")
    return wanted.order_by(c.at, c.id)  # the last answer of a purpose stands


def _grouped(conn: Connection, statement: Select[Any], column: Any, wanted: Ids) -> dict[str, list[Value]]:
    groups: dict[str, list[Value]] = {}
    for row in _fetch(conn, statement, column, wanted):
        groups.setdefault(row.pop("_of"), []).append(_without_nulls(row))
    return groups


def _orders(conn: Connection, wanted: Ids) -> Projected:
    lines = _grouped(conn, _lines_query(), t.order_line.c.order_id, wanted)
    found = _order_heads(conn, wanted)
    for order_id, (_bucket, value) in found.items():
        value["lines"] = lines.get(order_id, [])
    return found


@cache
def _lines_query() -> Select[Any]:
    line = t.order_line.c
    columns = [column for column in _columns(t.order_line, o.OrderLine) if column.name != "order_id"]
    return select(line.order_id.label("_of"), *columns).order_by(line.order_id, line.position)


_order_heads = _of_customer(t.orders, o.Order)


def _staff(conn: Connection, wanted: Ids) -> Projected:
    found = _plain_staff(conn, wanted)
    return {
        key: (BRAND if value["role"] == "hq" or not value["store_id"] else f"store:{value['store_id']}", value)
        for key, (_bucket, value) in found.items()
    }


_plain_staff = _plain(t.staff, o.Staff, _brand)


def _with_install_id(inner: Projector) -> Projector:
    """On the wire a device is called by its installation's id, in the table by `<staff no>.<installation>`."""

    def project(conn: Connection, wanted: Ids) -> Projected:
        found = inner(conn, wanted)
        for _bucket, value in found.values():
            value["device_id"] = install_id(value["device_id"]) if value["device_id"] else ""
        return found

    return project


def install_id(device_id: str) -> str:
    """Return the installation's own id, as the phone sent it at login."""
    return device_id.partition(".")[2] or device_id


def _coupons(conn: Connection, wanted: Ids) -> Projected:
    """Who may hand a coupon out has it; once handed out it follows its customer, also to another guide."""
    found: Projected = {}
    for row in _fetch(conn, _with_owner(t.coupon, o.Coupon), t.coupon.c.id, wanted):
        owner = row.pop("_owner")
        bucket = guide_bucket(row["guide_id"] if row["customer_id"] is None else owner)
        if bucket is not None:
            found[row["id"]] = bucket, row
    return found


@cache
def _with_owner(table: Any, kind: type) -> Select[Any]:
    """Return the query of a table's rows with the guide of the customer they name, if any."""
    owner = t.customer.c.guide_id.label("_owner")
    return select(*_columns(table, kind), owner).outerjoin(t.customer, t.customer.c.id == table.c.customer_id)


def _naming_own(table: Any, kind: type) -> Projector:
    """Return the projector of a guide's own things that name a customer only while that is the guide's."""
    statement = _with_owner(table, kind)

    def project(conn: Connection, wanted: Ids) -> Projected:
        found: Projected = {}
        for row in _fetch(conn, statement, table.c.id, wanted):
            if row.pop("_owner") != row["guide_id"]:
                row["customer_id"] = None
            found[row["id"]] = f"guide:{row['guide_id']}", row
        return found

    return project


def _handovers(conn: Connection, wanted: Ids) -> Projected:
    """What the next guide knows of a hand-over, as long as the customer stays with them."""
    found = _all_handovers(conn, wanted)
    return {key: row for key, row in found.items() if row[0] == guide_bucket(row[1]["to_guide_id"])}


_all_handovers = _of_customer(t.handover, o.Handover)


def _handed_over(conn: Connection, wanted: Ids) -> Projected:
    """What the guide before keeps of it: no customer."""
    found = _all_handed_over(conn, wanted)
    return {
        key: (str(guide_bucket(row["from_guide_id"])), row) for key, (_, row) in found.items() if row["from_guide_id"]
    }


_all_handed_over = _plain(t.handover, o.HandedOver, _brand)


def _rejected(conn: Connection, wanted: Ids) -> Projected:
    found: Projected = {}
    for row in _fetch(conn, _rejected_query(), t.rejected.c.id, wanted):
        found[row["id"]] = f"guide:{row.pop('staff_id')}", row
    return found


@cache
def _rejected_query() -> Select[Any]:
    return select(*_columns(t.rejected, o.RejectedMutation), t.rejected.c.staff_id)


def _of_managers(row: Value) -> str:
    return f"manager:{row['store_id']}"


def _only(inner: Projector, shown: Callable[[Value], bool]) -> Projector:
    """Return a projector that leaves out what its audience need not see."""

    def project(conn: Connection, wanted: Ids) -> Projected:
        return {row_id: row for row_id, row in inner(conn, wanted).items() if shown(row[1])}

    return project


_team_redemptions = _only(
    _plain(t.redemption, o.TeamRedemption, _of_managers),
    lambda value: value["state"] == "refused" or value["contested"] > 0 or value["skewed"],
)


def _disputes(conn: Connection, wanted: Ids) -> Projected:
    """The guide's dispute, without what only the managers may know of the order."""
    found = _plain_disputes(conn, wanted)
    for _bucket, value in found.values():
        value["evidence"] = {name: one for name, one in value["evidence"].items() if name != "team"}
    return found


_plain_disputes = _plain(t.dispute, o.Dispute, _of_guide)
_team_rewards = _only(
    _plain(t.action_reward, o.TeamReward, _of_managers),
    lambda value: bool(value["flags"]) or value["reason"] == "over_cap" or value["decided_by"] is not None,
)


def _team_visits(conn: Connection, wanted: Ids) -> Projected:
    """What managers see of appointments and home visits: whose and when, how many pieces; open ones while theirs."""
    found: Projected = {}
    for row in _fetch(conn, _visits_query(), t.follow_up.c.id, wanted):
        owner, pieces = row.pop("_owner"), row.pop("pieces")
        if row["state"] == "open" and owner != row["guide_id"]:
            continue
        counts = {"taken": len(pieces), "kept": sum(bool(one.get("kept")) for one in pieces)}
        found[row["id"]] = _of_managers(row), row | counts
    return found


@cache
def _visits_query() -> Select[Any]:
    c, owner = t.follow_up.c, t.customer.c.guide_id.label("_owner")
    told = select(c.id, c.guide_id, t.staff.c.store_id, c.kind, c.at, c.state, c.closed_at, c.pieces, owner)
    theirs = told.join(t.staff, t.staff.c.id == c.guide_id).outerjoin(t.customer, t.customer.c.id == c.customer_id)
    return theirs.where(c.kind.in_(VISITS), t.staff.c.store_id.is_not(None))


@cache
def _visits_of_guides() -> Select[Any]:
    return select(t.follow_up.c.id).where(t.follow_up.c.kind.in_(VISITS))


# Small and needed to draw first, then the guide's customers, then what hangs on them.
PROJECTORS: dict[str, Projector] = {
    "setting": _plain(t.setting, o.Setting, _brand),
    "store": _plain(t.store, o.Store, _brand),
    "staff": _staff,
    "product": _plain(t.product, o.Product, _brand),
    "coupon_template": _plain(t.coupon_template, o.CouponTemplate, _brand),
    "commission_rule": _plain(t.commission_rule, o.CommissionRule, _brand),
    "pack": _plain(t.pack, o.Pack, _brand),
    "stock": _plain(t.stock, o.Stock, lambda row: f"store:{row['store_id']}"),
    "goal": _plain(t.goal, o.Goal, lambda row: f"guide:{row['id']}"),
    "contact_holder": _with_install_id(_plain(t.contact_holder, o.ContactHolder, lambda row: f"guide:{row['id']}")),
    "customer": _customers,
    "coupon": _with_install_id(_coupons),
    "contact": _of_customer(t.contact, o.Contact),
    "signal_mark": _of_customer(t.signal_mark, o.SignalMark),
    "commission_entry": _plain(t.commission_entry, o.CommissionEntry, _of_guide),
    "share": _naming_own(t.share, o.Share),
    "order": _orders,
    "browse_event": _of_customer(t.browse_event, o.BrowseEvent),
    "guide_day": _plain(t.guide_day, o.GuideDay, lambda row: f"manager:{row['store_id']}"),
    "rejected": _rejected,
    "statement": _plain(t.statement, o.Statement, _of_guide),
    "redemption": _plain(t.redemption, o.Redemption, lambda row: f"guide:{row['by_id']}"),
    "team_redemption": _team_redemptions,
    "dispute": _disputes,
    "team_dispute": _plain(t.dispute, o.TeamDispute, _of_managers),
    "action_reward": _naming_own(t.action_reward, o.ActionReward),
    "team_reward": _team_rewards,
    "handover": _handovers,
    "handed_over": _handed_over,
    "guide_book": _plain(t.guide_book, o.GuideBook, _of_managers),
    "erasure": _plain(t.erasure, o.Erasure, _of_guide),
    "follow_up": _of_customer(t.follow_up, o.FollowUp),
    "team_visit": _team_visits,
}

# What moves along when a customer gets another guide, or stops naming them.
FOLLOWERS: dict[str, Any] = {
    "order": t.orders,
    "browse_event": t.browse_event,
    "contact": t.contact,
    "signal_mark": t.signal_mark,
    "coupon": t.coupon,
    "share": t.share,
    "action_reward": t.action_reward,
    "handover": t.handover,
    "follow_up": t.follow_up,
    "team_visit": t.follow_up,
}


# --- writing -------------------------------------------------------------------------------


def flush(conn: Connection, touched: Iterable[tuple[str, str]], now: datetime) -> frozenset[str]:
    """Project what was touched, write what changed, return the buckets that got new versions.

    Raises:
        KeyError: a kind without a projector was touched.
    """
    touched = _with_twins(touched)
    held: dict[str, int] = {}
    if conn.dialect.name != "sqlite":
        held = _lock(conn, _standing(conn, touched))
    while True:
        new, old = _project_some(conn, _with_followers(conn, touched))
        buckets = {row[0] for row in new.values() if row} | {row.bucket for row in old.values()}
        if conn.dialect.name == "sqlite" or buckets <= held.keys():
            return write(conn, new, old, now, held)
        held |= _lock(conn, buckets - held.keys())  # then look again: what others committed is seen, also a hand-over


def _with_twins(touched: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return what was touched, with what managers see of it under the same id."""
    every = tuple(touched)
    return (*every, *(("team_visit", one) for kind, one in every if kind == "follow_up"))


def _standing(conn: Connection, touched: Sequence[tuple[str, str]]) -> set[str]:
    """Return the one bucket all of it stands in and stays in as far as one can see: it needs no first look.

    What moves, or spreads over several buckets, gives none: their locks must be taken together, in sorted order.
    """
    old = _old_of_keys(conn, [o.key(kind, object_id) for kind, object_id in touched])
    buckets = {row.bucket for row in old.values()}
    people = [object_id for kind, object_id in touched if kind == "customer"]
    if len(old) < len(touched) or len(buckets) != 1:
        return set()
    owners = _fetch(conn, _owners_query(), t.customer.c.id, people)
    return buckets if {guide_bucket(row["guide_id"]) for row in owners} <= buckets else set()


def _with_followers(conn: Connection, touched: Iterable[tuple[str, str]]) -> dict[str, dict[str, None]]:
    """Return the touched ids by kind, with those of what must move along with a customer."""
    wanted: dict[str, dict[str, None]] = {}
    for kind, object_id in touched:
        wanted.setdefault(kind, {})[object_id] = None
    for kind, ids in _followers(conn, list(wanted.get("customer", ()))).items():
        wanted.setdefault(kind, {}).update(ids)
    if guides := list(wanted.get("staff", ())):  # to another store
        visits = _fetch(conn, _visits_of_guides(), t.follow_up.c.guide_id, guides)
        wanted.setdefault("team_visit", {}).update({row["id"]: None for row in visits})
    return wanted


def project_all(conn: Connection, kinds: Iterable[str] | None = None, now: datetime | None = None) -> frozenset[str]:
    """Project every row of these kinds (all without) and write what changed; safe to run again."""
    changed: set[str] = set()
    for kind in kinds if kinds is not None else PROJECTORS:
        new = {o.key(kind, object_id): row for object_id, row in PROJECTORS[kind](conn, None).items()}
        old = _old_of_kind(conn, kind)
        changed |= write(conn, {**dict.fromkeys(old), **new}, old, now or _utc_now(conn))
    return frozenset(changed)


def _utc_now(conn: Connection) -> datetime:
    stored = conn.execute(select(t.sync_row.c.at).order_by(t.sync_row.c.at.desc()).limit(1)).scalar()
    if stored:  # a bulk run has no clock of its own: the newest row's time keeps tombstones at least as long
        return instants.from_text(stored)
    raise ValueError("the first bulk projection needs `now`")


def _project_some(
    conn: Connection, wanted: Mapping[str, Mapping[str, None]]
) -> tuple[dict[str, tuple[str, Value] | None], dict[str, _Old]]:
    new: dict[str, tuple[str, Value] | None] = {}
    for kind, ids in wanted.items():
        found = PROJECTORS[kind](conn, list(ids))
        new.update({o.key(kind, object_id): found.get(object_id) for object_id in ids})
    return new, _old_of_keys(conn, list(new))


def _lock(conn: Connection, buckets: set[str]) -> dict[str, int]:
    """Take the buckets' row locks in sorted order, made first where they are missing; return their versions."""
    held: dict[str, int] = {}
    for start in range(0, len(buckets), CHUNK):
        held |= _lock_some(conn, sorted(buckets)[start : start + CHUNK])
    return held


def _lock_some(conn: Connection, buckets: Sequence[str]) -> dict[str, int]:
    wanted = {"wanted": buckets}
    held = {row.id: row.ver for row in conn.execute(_lock_query(), wanted)}
    if len(held) < len(buckets):
        _make_buckets(conn, set(buckets) - held.keys())
        held = {row.id: row.ver for row in conn.execute(_lock_query(), wanted)}
    return held


@cache
def _lock_query() -> Select[Any]:
    c = t.bucket.c
    return _of_some(select(c.id, c.ver).order_by(c.id).with_for_update(), c.id)


def _followers(conn: Connection, customer_ids: Sequence[str]) -> dict[str, dict[str, None]]:
    """Return what must move because a customer's stored bucket is not their guide's any more."""
    moved: list[str] = []
    old = _old_of_keys(conn, [o.key("customer", one) for one in customer_ids])
    owners = _fetch(conn, _owners_query(), t.customer.c.id, customer_ids)
    for row in owners:
        known = old.get(o.key("customer", row["id"]))
        if (known.bucket if known and known.value is not None else None) != guide_bucket(row["guide_id"]):
            moved.append(row["id"])
    if not moved:
        return {}
    return {
        kind: {row["id"]: None for row in _fetch(conn, _ids_query(table), table.c.customer_id, moved)}
        for kind, table in FOLLOWERS.items()
    }


@cache
def _owners_query() -> Select[Any]:
    return select(t.customer.c.id, t.customer.c.guide_id)


@cache
def _ids_query(table: Any) -> Select[Any]:
    return select(table.c.id)


@cache
def _old_query() -> Select[Any]:
    c = t.sync_row.c
    return select(c.key, c.bucket, c.ver, c.value)


def _old_of_keys(conn: Connection, keys: Sequence[str]) -> dict[str, _Old]:
    return _live_first(_fetch(conn, _old_query(), t.sync_row.c.key, keys))


def _old_of_kind(conn: Connection, kind: str) -> dict[str, _Old]:
    c = t.sync_row.c
    key = c.key if conn.dialect.name == "sqlite" else c.key.collate("C")  # '0' follows '/' among bytes
    rows = _old_query().where(key >= f"{kind}/", key < f"{kind}0")
    return _live_first(_fetch(conn, rows, c.key, None))


def _live_first(rows: Iterable[Value]) -> dict[str, _Old]:
    """Index rows by key; a key that moved has tombstones beside its live row, which wins."""
    found: dict[str, _Old] = {}
    for row in rows:
        if row["value"] is not None or row["key"] not in found:
            found[row["key"]] = _Old(row["bucket"], row["ver"], row["value"])
    return found


def write(
    conn: Connection,
    new: Mapping[str, tuple[str, Value] | None],
    old: Mapping[str, _Old],
    now: datetime,
    held: Mapping[str, int] | None = None,
) -> frozenset[str]:
    """Write the difference: puts, tombstones where a row left, counts and sums; every row takes the next version.

    held: versions of buckets whose locks this transaction has; the others are made and locked here.
    """
    puts, dels = _difference(new, old)
    changes: dict[str, list[tuple[str, str | None]]] = {}
    for bucket, key, text in puts:
        changes.setdefault(bucket, []).append((key, text))
    for bucket, key in dels:
        changes.setdefault(bucket, []).append((key, None))
    heads = dict(held or {})
    heads |= _lock(conn, changes.keys() - heads.keys())
    at = instants.to_text(now)
    for bucket in sorted(changes):
        _write_bucket(conn, bucket, heads[bucket], changes[bucket], old, at)
    return frozenset(changes)


def _difference(
    new: Mapping[str, tuple[str, Value] | None], old: Mapping[str, _Old]
) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    puts: list[tuple[str, str, str]] = []
    dels: list[tuple[str, str]] = []
    for key, row in new.items():
        known = old.get(key)
        live = known if known is not None and known.value is not None else None
        text = encode(row[1]) if row is not None else None
        if row is not None and text is not None and (live is None or live.bucket != row[0] or live.value != text):
            puts.append((row[0], key, text))
        if live is not None and (row is None or row[0] != live.bucket):
            dels.append((live.bucket, key))
    return puts, dels


def encode(value: Value) -> str:
    """Return the compact JSON of a value; null fields are left out where the object has a default."""
    return msgspec.json.encode(_without_nulls(value)).decode()


def _without_nulls(value: Value) -> Value:
    return {name: one for name, one in value.items() if one is not None or name in _NULLS_KEPT}


def _nulls_kept() -> frozenset[str]:
    """Return the names of fields that may be null and have no default: they are always sent."""
    kinds = (*o.OBJECTS.values(), o.OrderLine, o.Tag)
    plain = dataclasses.MISSING
    return frozenset(
        one.name
        for kind in kinds
        for one in dataclasses.fields(kind)
        if "None" in str(one.type) and one.default is plain and one.default_factory is plain
    )


_NULLS_KEPT = _nulls_kept()


def _make_buckets(conn: Connection, buckets: Iterable[str]) -> None:
    rows = [{"id": one, "ver": 0, "horizon": 0, "rows": 0, "sum32": 0} for one in sorted(buckets)]
    if rows:
        conn.execute(upsert(conn, t.bucket).on_conflict_do_nothing(index_elements=["id"]), rows)


def _write_bucket(
    conn: Connection,
    bucket: str,
    version: int,
    changes: Sequence[tuple[str, str | None]],
    old: Mapping[str, _Old],
    at: str,
) -> None:
    """Write a bucket's changes on from `version`, which our lock keeps from moving."""
    count = total = 0
    fresh = version == 0
    rows: list[Value] = []
    for key, text in changes:
        version += 1
        known = old.get(key)
        if known is not None and known.value is not None and known.bucket == bucket:
            count, total = count - 1, total - row_sum(key, known.ver)
        if text is not None:
            count, total = count + 1, total + row_sum(key, version)
        rows.append({"bucket": bucket, "key": key, "ver": version, "value": text, "at": at, "projection": PROJECTION})
    _put_rows(conn, rows, fresh=fresh)
    head = {"head": bucket, "to": version, "more": count, "sum": total % SUM_MODULUS}
    conn.execute(_head_update(), head)


@cache
def _head_update() -> Update:
    c = t.bucket.c
    values = {
        "ver": bindparam("to"), "rows": c.rows + bindparam("more"),
        "sum32": (c.sum32 + bindparam("sum")) % SUM_MODULUS,
    }  # fmt: skip
    return update(t.bucket).where(c.id == bindparam("head")).values(values)


def _put_rows(conn: Connection, rows: Sequence[Value], *, fresh: bool) -> None:
    # A bucket that held nothing cannot conflict.
    statement = insert(t.sync_row) if fresh else _put_statement(conn.dialect.name == "sqlite")
    for start in range(0, len(rows), WRITE_CHUNK):
        conn.execute(statement, rows[start : start + WRITE_CHUNK])


@cache
def _put_statement(is_sqlite: bool) -> Any:
    statement = sqlite.insert(t.sync_row) if is_sqlite else postgresql.insert(t.sync_row)
    changed = {name: statement.excluded[name] for name in ("ver", "value", "at", "projection")}
    return statement.on_conflict_do_update(index_elements=["bucket", "key"], set_=changed)
