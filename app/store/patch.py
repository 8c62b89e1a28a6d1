"""Applying a page of the server's patch to the rewound rows, by `executemany`, with the counted check per bucket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.protocol.objects import split_key
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from app.store.encoding import Malformed, Row, encoder
from app.store.json_text import packed
from app.store.spec import BY_OBJECT, TABLES, Table
from app.store.tx import WriteTx, insert

CHUNK = 500
Group = dict[str, Mapping[str, Any]]
Groups = dict[str, Group]


def apply(tx: WriteTx, operations: Iterable[Mapping[str, Any]]) -> None:
    """Apply `clear`, `put` and `del`; the last operation on a key wins, whatever their order.

    A value of an unknown object, or one that cannot be a row, is parked and never stops the rows beside it.
    """
    last: Groups = {}
    for operation in operations:
        key = operation.get("key")
        if operation.get("op") == "clear":
            last.clear()
            clear(tx)
        elif isinstance(key, str):
            kind, row_id = split_key(key)
            if kind not in last:
                last[kind] = {}
            last[kind][row_id] = operation
    _Page(tx).write(last)


def clear(tx: WriteTx) -> None:
    """Forget everything the server ever said; what waits in the outbox stays."""
    for table in TABLES:
        tx.conn.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - names from the spec
        tx.touch(table.object)
    tx.conn.execute("DELETE FROM parked")
    tx.conn.execute("DELETE FROM bucket")


def sums(tx: WriteTx) -> dict[str, list[int]]:
    """Return bucket name to [count, sum32] of the rows on this device."""
    return {row[0]: [row[1], row[2]] for row in tx.rows('SELECT name, "count", "sum" FROM bucket')}


def recount(tx: WriteTx) -> dict[str, list[int]]:
    """Return what `sums` should say, counted from the rows; for a store where nothing waits."""
    found: dict[int, list[int]] = {}
    of_table = "SELECT '{}/' || id, b, v FROM \"{}\""
    each = [of_table.format(table.object, table.name) for table in TABLES]
    for key, bucket, version in tx.conn.execute(" UNION ALL ".join([*each, "SELECT key, b, v FROM parked"])):
        mine = found.setdefault(bucket, [0, 0])
        mine[0] += 1
        mine[1] = (mine[1] + row_sum(key, version)) % SUM_MODULUS
    return {name: found.get(number, [0, 0]) for number, name in tx.rows("SELECT id, name FROM bucket")}


class _Page:
    """One page on its way into the tables."""

    def __init__(self, tx: WriteTx) -> None:
        self._tx = tx
        self._numbers = {row[0]: row[1] for row in tx.rows("SELECT name, id FROM bucket")}
        self._change: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def write(self, last: Groups) -> None:
        """Write the operations of each kind."""
        for kind, group in last.items():
            table = BY_OBJECT.get(kind)
            self._uncount_parked(kind, group)
            if table is not None:
                self._uncount(table, list(group))
            self._put(kind, table, group)
            gone = [row_id for row_id, operation in group.items() if operation.get("op") == "del"]
            if table is not None and gone:
                self._remove(table, gone)
        self._save_sums()

    def _put(self, kind: str, table: Table | None, group: Group) -> None:
        rows: list[Row] = []
        parked: list[Row] = []
        encode, sealer = None if table is None else encoder(table), self._tx.sealer
        for row_id, operation in group.items():
            if operation.get("op") != "put":
                continue
            bucket, version = self._bucket(operation.get("b")), operation.get("v")
            version = version if isinstance(version, int) else 0
            key, value = f"{kind}/{row_id}", operation.get("value")
            self._count(bucket, key, version, 1)
            try:
                if encode is None:
                    raise Malformed("unknown object")
                if not isinstance(value, dict) or value.get("id") != row_id:
                    raise Malformed("the value is not of this key")
                rows.append(encode(value, sealer, bucket, version))
            except Malformed as why:
                parked.append((key, sealer.seal("parked", key, packed(value)), bucket, version, str(why)))
        if table is not None and rows:
            self._tx.conn.executemany(insert(table), rows)
            self._tx.touch_rows(table.object, (row[0] for row in rows))
        self._tx.conn.executemany("INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?, ?)", parked)
        if table is not None and parked:  # a row we could read before is not what the server says now
            self._remove(table, [row[0].partition("/")[2] for row in parked])

    def _remove(self, table: Table, ids: Sequence[str]) -> None:
        statement = f'DELETE FROM "{table.name}" WHERE id = ?'  # noqa: S608 - names from the spec
        self._tx.conn.executemany(statement, [(row_id,) for row_id in ids])
        self._tx.touch_rows(table.object, ids)

    def _uncount(self, table: Table, ids: Sequence[str]) -> None:
        """Take the rows that are about to change out of their buckets' sums."""
        if self._tx.value(f'SELECT 1 FROM "{table.name}" LIMIT 1') is None:  # noqa: S608 - names from the spec
            return
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            found = self._tx.rows(
                f'SELECT id, b, v FROM "{table.name}" WHERE id IN ({marks})',  # noqa: S608 - names from the spec
                chunk,
            )
            for row_id, bucket, version in found:
                self._count(bucket, f"{table.object}/{row_id}", version, -1)

    def _uncount_parked(self, kind: str, ids: Iterable[str]) -> None:
        if self._tx.value("SELECT 1 FROM parked LIMIT 1") is None:
            return
        for row_id in ids:
            key = f"{kind}/{row_id}"
            for bucket, version in self._tx.rows("SELECT b, v FROM parked WHERE key = ?", (key,)):
                self._count(bucket, key, version, -1)
            self._tx.conn.execute("DELETE FROM parked WHERE key = ?", (key,))

    def _bucket(self, found: Any) -> int:
        name = found if isinstance(found, str) else str(found or "")
        number = self._numbers.get(name)
        if number is None:
            made = self._tx.conn.execute('INSERT INTO bucket (name, "count", "sum") VALUES (?, 0, 0)', (name,))
            number = self._numbers[name] = int(made.lastrowid or 0)
        return number

    def _count(self, bucket: int, key: str, version: int, sign: int) -> None:
        change = self._change[bucket]
        change[0] += sign
        change[1] += sign * row_sum(key, version)

    def _save_sums(self) -> None:
        self._tx.conn.executemany(
            'UPDATE bucket SET "count" = "count" + ?, "sum" = ("sum" + ?) % ? WHERE id = ?',
            [(count, total % SUM_MODULUS, SUM_MODULUS, bucket) for bucket, (count, total) in self._change.items()],
        )
