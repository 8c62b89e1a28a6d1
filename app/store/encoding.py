"""Wire value to row, for any table of the spec, by a plan made once a table.

A first sync brings fifty thousand rows: which of a value's fields have a column, which are JSON and which are sealed
is not asked anew for each. Whether the fields fit is a question about their types alone, so it is asked once for each
combination of types that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from app.store.json_text import dumps, packed
from app.store.sealing import Sealer
from app.store.spec import Field, Table

Row = tuple[Any, ...]
Encoder = Callable[[Mapping[str, Any], Sealer, int, int], Row]
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "bool": (bool, int),
    "json": (dict, list),
    "rows": (list,),
}
_SHAPES_KEPT = 1_000  # of a table; a few come, and nobody shall fill the memory with more


class Malformed(ValueError):
    """A value lacks a required field or holds one of a wrong type."""


class _Plan:
    """How a value's fields become the columns of a table."""

    def __init__(self, table: Table) -> None:
        self._object = table.object
        self._fields = (*table.clear, *table.hidden)
        self._names = tuple(field.name for field in self._fields)
        self._known = frozenset(self._names)
        self._all: Callable[[Mapping[str, Any]], Row] = itemgetter(*self._names)
        self._clear = len(table.clear)
        self._hidden = self._names[self._clear :]
        self._texts = tuple(n for n, field in enumerate(table.clear) if field.kind in ("json", "rows"))
        self._id = self._names.index("id")
        self._fitting: set[tuple[type, ...]] = set()

    def encode(self, value: Mapping[str, Any], sealer: Sealer, bucket: int, version: int) -> Row:
        """Return the row of `value` in the order of `table.columns`.

        Raises:
            Malformed: the value cannot be a row of this table.
        """
        try:
            found, more = self._all(value), len(value) > len(self._names)
        except KeyError:
            found, more = tuple(map(value.get, self._names)), True
        if tuple(map(type, found)) not in self._fitting:
            self._check(found)
        row_id = found[self._id]
        if not row_id:
            raise Malformed("no id")
        extra = self._extra(row_id, value, sealer) if more else None
        if not (self._texts or self._hidden):
            return (*found, None, extra, bucket, version)
        cells = list(found[: self._clear])
        for n in self._texts:
            if cells[n] is not None:
                cells[n] = dumps(cells[n])
        return (*cells, self._sealed(row_id, found, sealer), extra, bucket, version)

    def _check(self, found: Row) -> None:
        if not isinstance(found[self._id], str):
            raise Malformed("no id")
        for field, one in zip(self._fields, found, strict=True):
            _check(field, one)
        if len(self._fitting) < _SHAPES_KEPT:
            self._fitting.add(tuple(map(type, found)))

    def _sealed(self, row_id: str, found: Row, sealer: Sealer) -> bytes | None:
        if not self._hidden:
            return None
        plain = dict(zip(self._hidden, found[self._clear :], strict=True))
        return sealer.seal(self._object, row_id, packed(plain))

    def _extra(self, row_id: str, value: Mapping[str, Any], sealer: Sealer) -> bytes | None:
        """Seal the fields this version does not know."""
        unknown = {name: value[name] for name in value.keys() - self._known}
        return sealer.seal(f"{self._object}+", row_id, packed(unknown)) if unknown else None


def _check(field: Field, found: Any) -> None:
    if found is None:
        if field.required and not field.nullable:
            raise Malformed(f"{field.name} is missing")
    elif not isinstance(found, _ACCEPTED[field.kind]):
        raise Malformed(f"{field.name} has the wrong type")


@cache
def encoder(table: Table) -> Encoder:
    """Return what makes rows of a table: `encoder(table)(value, sealer, bucket, version)`."""
    return _Plan(table).encode
