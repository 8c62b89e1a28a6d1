"""Writing: what one transaction of the writer thread may do to the local rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from app.domain.errors import Rejected
from app.store import codec, undo
from app.store.encoding import encoder
from app.store.json_text import dumps
from app.store.read import Read, T, select
from app.store.sealing import Sealer
from app.store.spec import BY_ROW, Table


class WriteTx(Read):
    """One open transaction: reads its own writes, remembers which objects it touched.

    While `local` is set (a mutation's effect), the first image of every touched row goes to the undo log, so that a
    pull can rewind to what the server said.
    """

    def __init__(self, conn: sqlite3.Connection, sealer: Sealer) -> None:
        super().__init__(conn, sealer)
        self.touched: dict[str, set[str] | None] = {}
        self.local = False

    def touch(self, name: str, row_id: str | None = None) -> None:
        """Note that a row of this object changed; without an id, that any of them may have."""
        ids = self.touched.setdefault(name, set())
        if row_id is None or ids is None:
            self.touched[name] = None
        else:
            ids.add(row_id)

    def touch_rows(self, name: str, ids: Iterable[str]) -> None:
        """Note that these rows of an object changed."""
        known = self.touched.setdefault(name, set())
        if known is not None:
            known.update(ids)

    def put(self, row: type, value: Mapping[str, Any]) -> None:
        """Insert or replace one object given as a wire value."""
        table = BY_ROW[row]
        bucket, version = self._before(table, str(value["id"]))
        self._store(table, encoder(table)(value, self.sealer, bucket, version))

    def update(self, row: type, row_id: str, **fields: Any) -> None:
        """Change some fields of one object; nested rows are given as wire values.

        Raises:
            Rejected: `not_found`, no such row on this device.
        """
        table = BY_ROW[row]
        bucket, version = self._before(table, row_id)
        cells = self._cells(table, row_id)
        if cells is None:
            raise Rejected("not_found", f"{table.object} is not on this device")
        value = codec.to_value(table, cells, self.sealer) | codec.extra_of(table, cells, self.sealer) | fields
        self._store(table, encoder(table)(value, self.sealer, bucket, version))

    def delete(self, row: type, row_id: str) -> None:
        """Remove one object; removing one that is gone is fine."""
        table = BY_ROW[row]
        self._before(table, row_id)
        self.conn.execute(f'DELETE FROM "{table.name}" WHERE id = ?', (row_id,))  # noqa: S608 - names from the spec
        self.touch(table.object, row_id)

    def must(self, row: type[T], row_id: str) -> T:
        """Return the object with this id.

        Raises:
            Rejected: `not_found`.
        """
        found = self.get(row, row_id)
        if found is None:
            raise Rejected("not_found", f"{BY_ROW[row].object} is not on this device")
        return found

    def set_meta(self, name: str, value: Any, *, tell: bool = True) -> None:
        """Keep one value of the store's own small state; None removes it. `tell`: name it in the notice."""
        if value is None:
            self.conn.execute("DELETE FROM meta WHERE name = ?", (name,))
        else:
            self.conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, dumps(value)))
        if tell:
            self.touch("meta", name)

    def _before(self, table: Table, row_id: str) -> tuple[int, int]:
        """Save the row's first image when local; return its bucket and version (0, 0 if it is new)."""
        if self.local:
            undo.save(self, table, row_id)
        found = self.conn.execute(
            f'SELECT b, v FROM "{table.name}" WHERE id = ?',  # noqa: S608 - names from the spec
            (row_id,),
        ).fetchone()
        return (0, 0) if found is None else (found[0], found[1])

    def _cells(self, table: Table, row_id: str) -> tuple[Any, ...] | None:
        found = self.conn.execute(f"{select(table)} WHERE id = ?", (row_id,)).fetchone()
        return None if found is None else tuple(found)

    def _store(self, table: Table, cells: tuple[Any, ...]) -> None:
        self.conn.execute(insert(table), cells)
        self.touch(table.object, cells[0])


@cache
def insert(table: Table) -> str:
    """Return the statement that inserts a whole row, or changes the one with its id.

    Not `INSERT OR REPLACE`: that moves the row to the table's end and rewrites its entry in every index.
    """
    columns = ", ".join(f'"{name}"' for name in table.columns)
    marks = ", ".join("?" * len(table.columns))
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in table.columns if name != "id")
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changes}'  # noqa: S608 - names from the spec
