"""After an update: what the older version parked because it did not know it takes its place in rows and tables."""

from __future__ import annotations

import hashlib
from typing import Any

from app.store import codec
from app.store.encoding import Malformed, encoder
from app.store.json_text import loads
from app.store.read import select
from app.store.spec import BY_OBJECT, TABLES, Table
from app.store.tx import WriteTx, insert


def take_in(tx: WriteTx) -> None:
    """Move parked fields and objects into their columns and tables when the layout is another than last time."""
    layout = hashlib.sha256(repr([(one.name, one.columns) for one in TABLES]).encode()).hexdigest()
    if tx.meta("layout") == layout:
        return
    for table in TABLES:
        _fields(tx, table)
    _objects(tx)
    tx.set_meta("layout", layout)


def _fields(tx: WriteTx, table: Table) -> None:
    for row in tx.conn.execute(f"{select(table)} WHERE extra IS NOT NULL").fetchall():
        cells = codec.unparked(table, row, tx.sealer)
        tx.conn.execute(insert(table), cells)
        tx.touch(table.object, cells[0])


def _objects(tx: WriteTx) -> None:
    for key, sealed, bucket, version in tx.rows("SELECT key, value, b, v FROM parked"):
        table = BY_OBJECT.get(key.partition("/")[0])
        value: Any = loads(tx.sealer.open("parked", key, sealed)) if table is not None else None
        if table is None or not isinstance(value, dict):
            continue
        try:
            cells = encoder(table)(value, tx.sealer, bucket, version)
        except Malformed:
            continue
        tx.conn.execute(insert(table), cells)
        tx.conn.execute("DELETE FROM parked WHERE key = ?", (key,))
        tx.touch(table.object, cells[0])
