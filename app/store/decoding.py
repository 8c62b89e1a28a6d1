"""Row to dataclass, for any table of the spec, by a plan made once a table.

Five thousand customers are read at every start, so a row costs what its own cells cost: which cells are JSON, where a
field stands and what it is when absent is not asked anew for each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from app.store.json_text import loads
from app.store.sealing import Sealer
from app.store.spec import Field, Table

Convert = Callable[[Any], Any]
_MISSING = dataclasses.MISSING


class _Plan:
    """How the cells of a table become the arguments of its dataclass."""

    def __init__(self, table: Table) -> None:
        self._row, self._object = table.row, table.object
        self._clear = len(table.clear)
        self._hidden = tuple(f.name for f in table.hidden)
        found = [*table.clear, *table.hidden]
        place = {field.name: n for n, field in enumerate(found)}
        self._id = place["id"]
        self._converts = tuple(
            (n, convert) for n, field in enumerate(found) if (convert := _convert(field, n < self._clear))
        )
        self._defaults = tuple((place[f.name], made) for f in dataclasses.fields(table.row) if (made := _default(f)))
        self._ordered = itemgetter(*(place[f.name] for f in dataclasses.fields(table.row)))

    def decode(self, row: Sequence[Any], sealer: Sealer) -> Any:
        """Return the dataclass of a row selected in the order of `table.columns`."""
        cells = list(row[: self._clear])
        if self._hidden:
            sealed = row[self._clear]
            opened = {} if sealed is None else loads(sealer.open(self._object, cells[self._id], sealed))
            cells += map(opened.get, self._hidden)
        for n, convert in self._converts:
            if cells[n] is not None:
                cells[n] = convert(cells[n])
        for n, default in self._defaults:
            if cells[n] is None:
                cells[n] = default()
        return self._row(*self._ordered(cells))


@cache
def decoder(table: Table) -> Callable[[Sequence[Any], Sealer], Any]:
    """Return what decodes the rows of a table: `decoder(table)(row, sealer)`."""
    return _Plan(table).decode


def _convert(field: Field, is_text: bool) -> Convert | None:
    """Return what makes a cell the field's value; a cell of the sealed blob is no JSON text any more."""
    if field.kind == "rows" and field.item is not None:
        item = _items(field.item)
        return (lambda text: item(loads(text))) if is_text else item
    if field.kind == "json" and is_text:
        return loads
    return bool if field.kind == "bool" and is_text else None


def _items(item: type) -> Convert:
    known = frozenset(f.name for f in dataclasses.fields(item))

    def made(parts: list[dict[str, Any]]) -> list[Any]:
        """Return the parts as dataclasses; fields of a later version are left out."""
        return [item(**(part if part.keys() <= known else {n: part[n] for n in part.keys() & known})) for part in parts]

    return made


def _default(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    """Return what makes the value of an absent field, None where that is None anyway."""
    if field.default_factory is not _MISSING:
        return field.default_factory
    if field.default is _MISSING or field.default is None:
        return None
    default = field.default
    return lambda: default
