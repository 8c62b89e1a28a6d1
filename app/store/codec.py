"""Rows back to wire values, and images of rows; `encoding` makes values rows, `decoding` makes rows dataclasses."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from app.store.encoding import Malformed, encoder
from app.store.json_text import loads, packed
from app.store.sealing import Sealer
from app.store.spec import Field, Table


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
    return packed(dict(zip(table.columns, cells, strict=True)))


def from_image(table: Table, saved: bytes) -> tuple[Any, ...]:
    """Return the raw row saved by `image`, maybe by an older version, in the order of `table.columns`."""
    cells = loads(saved)
    found = (cells.get(name) for name in table.columns)
    return tuple(base64.b64decode(c["$"]) if isinstance(c, dict) else c for c in found)


def unparked(table: Table, row: Sequence[Any], sealer: Sealer) -> tuple[Any, ...]:
    """Return a row with the parked fields this version knows in their columns; what does not fit stays parked."""
    extra = extra_of(table, row, sealer)
    if not extra.keys() & {field.name for field in table.fields}:
        return tuple(row)
    try:
        return encoder(table)(to_value(table, row, sealer) | extra, sealer, row[-2], row[-1])
    except Malformed:
        return tuple(row)
