"""Pull (sync.md section 4): what changed for this member of staff since the cookie, from one snapshot.

The answer is joined from stored JSON texts; nothing is encoded again but the envelope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from app.domain import instants
from app.domain.errors import Unauthorized
from app.protocol import lease
from app.protocol.limits import PAGE_ROWS
from server_stub import tables as t
from server_stub.db import Actor, Database
from server_stub.sync import cookie as cookies
from server_stub.sync.audience import buckets_of
from server_stub.sync.before import before_pull
from server_stub.sync.cookie import Position
from server_stub.sync.projections import install_id


@dataclass(frozen=True, slots=True)
class _Head:
    ver: int
    horizon: int
    rows: int
    sum32: int


@dataclass(slots=True)
class _Page:
    """One answer under construction."""

    position: Position
    clear: bool
    ops: list[str] = field(default_factory=list)
    complete: bool = True
    remaining: int = 0


def pull(db: Database, actor: Actor, group_id: str, cookie: Any, schema: str, page_rows: int = PAGE_ROWS) -> str:
    """Return the JSON text of a pull's answer.

    Raises:
        Unauthorized: `forbidden`, the client group is another's.
    """
    key = db.settings.secrets.cookie
    known = cookies.unseal(key, cookie)
    before_pull(db, actor, group_id, known)
    with db.read() as conn:
        _check_group(conn, actor, group_id)
        allowed = buckets_of(actor)
        heads = _heads(conn, allowed)
        start, clear = _start(conn, known, group_id, schema, allowed, heads)
        page = _Page(replace(start, buckets=dict(start.buckets), horizons=dict(start.horizons)), clear)
        _fill(conn, page, allowed, heads, page_rows)
        changes = _confirm(conn, page, group_id) if page.complete else {}
    unchanged = page.position == known and not page.ops and not changes and not clear
    sealed = cookie if unchanged else cookies.seal(key, page.position, cookies.order_of(cookie) + 1)
    return _answer(db, actor, page, sealed, changes, {one: heads[one] for one in allowed}, start.sent)


# The queries of every pull, made once: making one takes as long as running it.
_GROUP = select(t.client_group.c.staff_id, t.client_group.c.ver).where(t.client_group.c.id == bindparam("group"))
_EPOCH = select(t.meta.c.value).where(t.meta.c.name == "epoch")
_BUCKETS = select(*(t.bucket.c[name] for name in ("id", "ver", "horizon", "rows", "sum32"))).where(
    t.bucket.c.id.in_(bindparam("allowed", expanding=True))
)
_AFTER = (
    select(t.sync_row.c.key, t.sync_row.c.ver, t.sync_row.c.value)
    .where(t.sync_row.c.bucket == bindparam("of"), t.sync_row.c.ver > bindparam("after"))
    .order_by(t.sync_row.c.ver)
    .limit(bindparam("most"))
)
_LIVE = _AFTER.where(t.sync_row.c.value.is_not(None))


def _check_group(conn: Connection, actor: Actor, group_id: str) -> None:
    owner = conn.execute(_GROUP, {"group": group_id}).scalar()
    if owner != actor.staff_id:
        raise Unauthorized("forbidden", "the client group is another's")


def _heads(conn: Connection, allowed: Sequence[str]) -> dict[str, _Head]:
    rows = conn.execute(_BUCKETS, {"allowed": list(allowed)})
    found = {row.id: _Head(row.ver, row.horizon, row.rows, row.sum32) for row in rows}
    return {one: found.get(one, _Head(0, 0, 0, 0)) for one in allowed}


def _start(
    conn: Connection,
    known: Position | None,
    group_id: str,
    schema: str,
    allowed: Sequence[str],
    heads: Mapping[str, _Head],
) -> tuple[Position, bool]:
    """Return where to go on from, and whether everything starts anew with `clear`."""
    epoch = conn.execute(_EPOCH).scalar() or ""
    if known is None or known.epoch != epoch or not _is_sound(known, allowed, heads):
        fresh = Position(epoch, group_id, schema, horizons={one: head.horizon for one, head in heads.items()})
        return fresh, True
    if known.group != group_id:  # a forked group starts from its parent's snapshot, but knows none of its own ids
        known = replace(known, group=group_id, group_version=0, lmids={})
    return replace(known, schema=schema), False


def _is_sound(known: Position, allowed: Sequence[str], heads: Mapping[str, _Head]) -> bool:
    """Say whether a cookie's buckets are all allowed, not ahead of us, and not older than purged tombstones."""
    if not set(known.buckets) <= set(allowed):
        return False
    for bucket, version in known.buckets.items():
        head = heads[bucket]
        missed_purge = version < head.horizon and known.horizons.get(bucket, 0) < head.horizon
        if version > head.ver or missed_purge:
            return False
    return True


def _fill(conn: Connection, page: _Page, allowed: Sequence[str], heads: Mapping[str, _Head], budget: int) -> None:
    """Add rows of each bucket in turn until the budget is used; the position is what was sent."""
    dels: dict[str, int] = {}
    for bucket in allowed:
        head, have = heads[bucket], page.position.buckets.get(bucket, 0)
        if bucket not in page.position.horizons:
            page.position.horizons[bucket] = head.horizon
        if have >= head.ver:
            continue
        left = budget - len(page.ops)
        rows = _rows(conn, bucket, have, left + 1) if left > 0 else []
        full = left <= 0 or len(rows) > left
        for key, version, value in rows[: max(left, 0)]:
            have = version
            if value is None:
                dels[key] = len(page.ops)
                page.ops.append(_del(key))
            else:
                page.ops.append(_put(bucket, key, version, value))
        page.position.buckets[bucket] = have if full else head.ver
        if full:
            page.complete = False
            page.remaining += _count_after(conn, bucket, have)
    _prefer_live(conn, page, allowed, dels)
    page.position.sent = 0 if page.complete else page.position.sent + len(page.ops)


def _rows(conn: Connection, bucket: str, after: int, limit: int) -> Sequence[Any]:
    wanted = _AFTER if after else _LIVE  # who has nothing of a bucket needs no tombstones of it
    return conn.execute(wanted, {"of": bucket, "after": after, "most": limit}).all()


def _count_after(conn: Connection, bucket: str, after: int) -> int:
    c = t.sync_row.c
    rows = select(func.count()).select_from(t.sync_row).where(c.bucket == bucket, c.ver > after)
    return int(conn.execute(rows).scalar_one())


def _prefer_live(conn: Connection, page: _Page, allowed: Sequence[str], dels: Mapping[str, int]) -> None:
    """Send the live row instead of a del when another visible bucket holds the key (trap 18)."""
    c = t.sync_row.c
    keys = list(dels)
    for start in range(0, len(keys), 400):
        some = c.key.in_(keys[start : start + 400]), c.bucket.in_(allowed), c.value.is_not(None)
        for row in conn.execute(select(c.bucket, c.key, c.ver, c.value).where(*some)):
            page.ops[dels[row.key]] = _put(row.bucket, row.key, row.ver, row.value)


def _confirm(conn: Connection, page: _Page, group_id: str) -> dict[str, int]:
    """Return the last mutation ids that changed since the cookie, and note them all in the position."""
    version = conn.execute(_GROUP, {"group": group_id}).one().ver or 0
    if version == page.position.group_version:
        return {}
    rows = conn.execute(
        select(t.client.c.id, t.client.c.lmid, t.client.c.ver).where(t.client.c.group_id == group_id)
    ).all()
    changed = {row.id: row.lmid for row in rows if row.ver > page.position.group_version}
    page.position.group_version = version
    page.position.lmids = {row.id: row.lmid for row in rows}
    return changed


def _put(bucket: str, key: str, version: int, value: str) -> str:
    return f'{{"op":"put","key":{json.dumps(key)},"value":{value},"b":"{bucket}","v":{version}}}'


def _del(key: str) -> str:
    return f'{{"op":"del","key":{json.dumps(key)}}}'


def _answer(
    db: Database, actor: Actor, page: _Page, cookie: Any, changes: dict[str, int], heads: Mapping[str, _Head],
    sent_before: int,
) -> str:  # fmt: skip
    now = db.now()
    tail: dict[str, Any] = {
        "cookie": cookie, "lastMutationIDChanges": changes, "serverTime": instants.to_text(now),
        "more": not page.complete,
    }  # fmt: skip
    if page.complete:
        tail["lease"] = lease.sign(db.settings.secrets.coupon_key(), install_id(actor.device_id), actor.staff_id, now)
        tail["sums"] = {bucket: [head.rows, head.sum32] for bucket, head in heads.items()}
    done = sent_before + len(page.ops)
    tail["progress"] = {"done": done, "total": done + page.remaining}
    ops = ['{"op":"clear"}', *page.ops] if page.clear else page.ops
    return f'{json.dumps(tail, separators=(",", ":"))[:-1]},"patch":[{",".join(ops)}]}}'
