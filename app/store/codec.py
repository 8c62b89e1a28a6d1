"""Wire value to row and back, for any table of the spec; `decoding` makes rows dataclasses."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from app.store.json_text import dumps, loads
from app.store.sealing import Sealer
from app.store.spec import Field, Table

_ACCEPTED: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "bool": (bool, int),
    "json": (dict, list),
    "rows": (list,),
}


class Malformed(ValueError):
    """A value lacks a required field or holds one of a wrong type."""


def encode(table: Table, value: Mapping[str, Any], sealer: Sealer, bucket: int, version: int) -> tuple[Any, ...]:
    """Return the row of `value` in the order of `table.columns`.

    Raises:
        Malformed: the value cannot be a row of this table.
    """
    row_id = value.get("id")
    if not isinstance(row_id, str) or not row_id:
        raise Malformed("no id")
    cells = [_cell(field, value.get(field.name)) for field in table.clear]
    return (*cells, _sealed(table, row_id, value, sealer), _extra(table, row_id, value, sealer), bucket, version)


def _cell(field: Field, found: Any) -> Any:
    checked = _checked(field, found)
    return dumps(checked) if checked is not None and field.kind in ("json", "rows") else checked


def _checked(field: Field, found: Any) -> Any:
    if found is None:
        if field.required and not field.nullable:
            raise Malformed(f"{field.name} is missing")
        return None
    if not isinstance(found, _ACCEPTED[field.kind]):
        raise Malformed(f"{field.name} has the wrong type")
    return found


def _sealed(table: Table, row_id: str, value: Mapping[str, Any], sealer: Sealer) -> bytes | None:
    if not table.hidden:
        return None
    plain = {f.name: _checked(f, value.get(f.name)) for f in table.hidden}
    return sealer.seal(table.object, row_id, dumps(plain).encode())


def _extra(table: Table, row_id: str, value: Mapping[str, Any], sealer: Sealer) -> bytes | None:
    if len(value) <= len(table.fields) and not (value.keys() - _names(table)):
        return None
    unknown = {name: value[name] for name in value.keys() - _names(table)}
    return sealer.seal(f"{table.object}+", row_id, dumps(unknown).encode())


_NAMES: dict[str, frozenset[str]] = {}


def _names(table: Table) -> frozenset[str]:
    if table.object not in _NAMES:
        _NAMES[table.object] = frozenset(f.name for f in table.fields)
    return _NAMES[table.object]


def to_value(table: Table, row: Sequence[Any], sealer: Sealer) -> dict[str, Any]:
    """Return the known fields of a row as a wire value; absent fields are left out."""
    value: dict[str, Any] = {}
    for field, found in zip(table.clear, row, strict=False):
        if found is not None:
            value[field.name] = _plain(field, found)
    sealed = row[len(table.clear)]
    if sealed is not None:
        opened = loads(sealer.open(table.object, value["id"], sealed))
        value.update((name, found) for name, found in opened.items() if found is not None)
    return value


def extra_of(table: Table, row: Sequence[Any], sealer: Sealer) -> dict[str, Any]:
    """Return the parked unknown fields of a row."""
    parked = row[len(table.clear) + 1]
    if parked is None:
        return {}
    return dict(loads(sealer.open(f"{table.object}+", row[0], parked)))


def _plain(field: Field, found: Any) -> Any:
    if field.kind in ("json", "rows"):
        return loads(found)
    return bool(found) if field.kind == "bool" else found


def image(table: Table, row: Sequence[Any]) -> bytes:
    """Return a raw row as bytes for the undo log, by column: a newer version may have more. Blobs travel as base64."""
    cells = ({"$": base64.b64encode(c).decode()} if isinstance(c, bytes) else c for c in row)
    return dumps(dict(zip(table.columns, cells, strict=True))).encode()


def from_image(table: Table, saved: bytes) -> tuple[Any, ...]:
    """Return the raw row saved by `image`, maybe by an older version, in the order of `table.columns`."""
    cells = loads(saved)
    found = (cells.get(name) for name in table.columns)
    return tuple(base64.b64decode(c["$"]) if isinstance(c, dict) else c for c in found)


def unparked(table: Table, row: Sequence[Any], sealer: Sealer) -> tuple[Any, ...]:
    """Return a row with the parked fields this version knows in their columns; what does not fit stays parked."""
    extra = extra_of(table, row, sealer)
    if not extra.keys() & _names(table):
        return tuple(row)
    try:
        return encode(table, to_value(table, row, sealer) | extra, sealer, row[-2], row[-1])
    except Malformed:
        return tuple(row)
