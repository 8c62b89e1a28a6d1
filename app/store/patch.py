"""Applying a page of the server's patch to the rewound rows, by `executemany`, with the counted check per bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.protocol.objects import split_key
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from app.store import codec
from app.store.json_text import dumps
from app.store.spec import BY_OBJECT, TABLES, Table
from app.store.tx import WriteTx, insert

CHUNK = 500
Row = tuple[Any, ...]


def apply(tx: WriteTx, operations: Iterable[Mapping[str, Any]]) -> None:
    """Apply `clear`, `put` and `del`; the last operation on a key wins, whatever their order.

    A value of an unknown object, or one that cannot be a row, is parked and never stops the rows beside it.
    """
    last: dict[str, Mapping[str, Any]] = {}
    for operation in operations:
        if operation.get("op") == "clear":
            last.clear()
            clear(tx)
        elif isinstance(operation.get("key"), str):
            last[operation["key"]] = operation
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
        self._change: dict[int, list[int]] = {}

    def write(self, last: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the operations, grouped by table."""
        groups: dict[str, dict[str, Mapping[str, Any]]] = {}
        for key, operation in last.items():
            kind, row_id = split_key(key)
            groups.setdefault(kind, {})[row_id] = operation
        for kind, group in groups.items():
            table = BY_OBJECT.get(kind)
            self._uncount_parked(kind, group)
            if table is not None:
                self._uncount(table, list(group))
            self._put(kind, table, {i: op for i, op in group.items() if op.get("op") == "put"})
            self._del(table, [i for i, op in group.items() if op.get("op") == "del"])
        self._save_sums()

    def _put(self, kind: str, table: Table | None, group: Mapping[str, Mapping[str, Any]]) -> None:
        rows: list[Row] = []
        parked: list[Row] = []
        for row_id, operation in group.items():
            bucket, version = self._bucket(str(operation.get("b") or "")), _version(operation.get("v"))
            key = f"{kind}/{row_id}"
            self._count(bucket, key, version, 1)
            value = operation.get("value")
            try:
                if table is None:
                    raise codec.Malformed("unknown object")
                if not isinstance(value, dict) or value.get("id") != row_id:
                    raise codec.Malformed("the value is not of this key")
                rows.append(codec.encode(table, value, self._tx.sealer, bucket, version))
            except codec.Malformed as why:
                sealed = self._tx.sealer.seal("parked", key, dumps(value).encode())
                parked.append((key, sealed, bucket, version, str(why)))
        if table is not None and rows:
            self._tx.conn.executemany(insert(table), rows)
            for row in rows:
                self._tx.touch(table.object, row[0])
        self._tx.conn.executemany("INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?, ?)", parked)
        if table is not None and parked:  # a row we could read before is not what the server says now
            self._remove(table, [row[0].partition("/")[2] for row in parked])

    def _del(self, table: Table | None, ids: Sequence[str]) -> None:
        if table is not None and ids:
            self._remove(table, ids)

    def _remove(self, table: Table, ids: Sequence[str]) -> None:
        statement = f'DELETE FROM "{table.name}" WHERE id = ?'  # noqa: S608 - names from the spec
        self._tx.conn.executemany(statement, [(row_id,) for row_id in ids])
        for row_id in ids:
            self._tx.touch(table.object, row_id)

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

    def _bucket(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            made = self._tx.conn.execute('INSERT INTO bucket (name, "count", "sum") VALUES (?, 0, 0)', (name,))
            number = self._numbers[name] = int(made.lastrowid or 0)
        return number

    def _count(self, bucket: int, key: str, version: int, sign: int) -> None:
        change = self._change.setdefault(bucket, [0, 0])
        change[0] += sign
        change[1] += sign * row_sum(key, version)

    def _save_sums(self) -> None:
        self._tx.conn.executemany(
            'UPDATE bucket SET "count" = "count" + ?, "sum" = ("sum" + ?) % ? WHERE id = ?',
            [(count, total % SUM_MODULUS, SUM_MODULUS, bucket) for bucket, (count, total) in self._change.items()],
        )


def _version(found: Any) -> int:
    return found if isinstance(found, int) else 0
