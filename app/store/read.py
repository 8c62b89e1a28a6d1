"""Reading: one `query_only` connection, rows as the frozen dataclasses of `protocol.objects`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from app.store.decoding import decoder
from app.store.json_text import loads
from app.store.sealing import Sealer
from app.store.spec import BY_ROW, Table

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def reads(*objects: str) -> Callable[[F], F]:
    """Mark a query with the objects it reads; `tables_of` gives them back to the live-query hook."""

    def mark(query: F) -> F:
        query.tables = frozenset(objects)  # type: ignore[attr-defined]
        return query

    return mark


def tables_of(query: Callable[..., Any]) -> frozenset[str]:
    """Return the objects a query reads (what `@reads` named)."""
    return frozenset(getattr(query, "tables", frozenset()))


class Read:
    """A connection together with the sealer that opens its personal columns."""

    def __init__(self, conn: sqlite3.Connection, sealer: Sealer) -> None:
        self.conn = conn
        self.sealer = sealer

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement written in a query module."""
        return self.conn.execute(sql, params).fetchall()

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first cell of the first row, or None."""
        found = self.conn.execute(sql, params).fetchone()
        return None if found is None else found[0]

    def all(self, row: type[T], where: str = "1", params: Sequence[Any] = ()) -> list[T]:
        """Return the objects of a kind; `where` is a constant of the caller and may go on with ORDER BY and LIMIT."""
        table = BY_ROW[row]
        found, decode, sealer = self.conn.execute(f"{select(table)} WHERE {where}", params), decoder(table), self.sealer
        return [decode(cells, sealer) for cells in found]

    def cells(
        self, row: type, names: Sequence[str], where: str = "1", params: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Return some columns of a kind without making objects: where thousands of rows are asked for a few fields.

        Only fields in the clear; an absent one is None, one of several values is JSON text.
        """
        table = BY_ROW[row]
        columns = ", ".join(f'"{name}"' for name in names)
        return self.rows(f'SELECT {columns} FROM "{table.name}" WHERE {where}', params)  # noqa: S608 - names of fields

    def opened(
        self, row: type, names: Sequence[str], hidden: Sequence[str], where: str = "1", params: Sequence[Any] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Yield what `cells` returns, followed by some fields of the sealed blob; those are plain JSON, or None.

        `names` begins with the id.
        """
        table, open_ = BY_ROW[row], self.sealer.open
        for *clear, sealed in self.cells(row, (*names, "sealed"), where, params):
            found = {} if sealed is None else loads(open_(table.object, clear[0], sealed))
            yield (*clear, *map(found.get, hidden))

    def one(self, row: type[T], where: str, params: Sequence[Any] = ()) -> T | None:
        """Return the first such object, or None."""
        table = BY_ROW[row]
        cells = self.conn.execute(f"{select(table)} WHERE {where}", params).fetchone()
        return None if cells is None else decoder(table)(cells, self.sealer)

    def get(self, row: type[T], row_id: str) -> T | None:
        """Return the object with this id, or None."""
        return self.one(row, "id = ?", (row_id,))

    def meta(self, name: str) -> Any:
        """Return one value of the store's own small state, or None."""
        text = self.value("SELECT value FROM meta WHERE name = ?", (name,))
        return None if text is None else loads(text)


def select(table: Table) -> str:
    """Return the SELECT of all columns of a table."""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    return f'SELECT {columns} FROM "{table.name}"'  # noqa: S608 - names from the spec
