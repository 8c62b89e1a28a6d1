"""Stores as two earlier versions of the app left them: made by today's, then taken back column by column.

Layout 1 knew no statements, redemptions, disputes or rewards, kept no arguments of refused work and no private notes;
layout 2 lacked the rewards and some columns of customers and orders. What the server sent of it was parked, as today's
app does with what it does not know; images in the undo log lack the columns too.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from app.store import codec, undo
from app.store.json_text import dumps, loads
from app.store.sealing import Sealer
from app.store.spec import BY_OBJECT, TABLES, Table
from app.store.store import FILE_NAME

GONE_TABLES = {
    1: ("statement", "redemption", "team_redemption", "dispute", "team_dispute", "action_reward", "team_reward"),
    2: ("action_reward", "team_reward"),
}
GONE_COLUMNS = {
    1: {"customer": ("last_order_at", "level", "consents"), "product": ("series",), "orders": ("closing_guide_id",)},
    2: {"customer": ("consents",), "product": ("series",)},
}


def take_back(folder: Path, sealer: Sealer, layout: int) -> None:
    """Turn a closed store into one of an earlier layout."""
    conn = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    conn.execute("BEGIN")
    for table in TABLES:
        if table.name in GONE_TABLES[layout]:
            _park_table(conn, table, sealer)
        elif gone := [n for n in GONE_COLUMNS[layout].get(table.name, ()) if n in table.columns]:
            _park_columns(conn, table, gone, sealer)
    for name, row_id, sealed in conn.execute("SELECT object, id, image FROM undo WHERE image IS NOT NULL").fetchall():
        gone = GONE_COLUMNS[layout].get(BY_OBJECT[name].name, ())
        image = loads(sealer.open(undo.SEAL, f"{name}/{row_id}", sealed))
        parked = {field: image.pop(field) for field in gone if field in image}
        _into_extra(image, name, row_id, BY_OBJECT[name], parked, sealer)
        blob = sealer.seal(undo.SEAL, f"{name}/{row_id}", dumps(image).encode())
        conn.execute("UPDATE undo SET image = ? WHERE object = ? AND id = ?", (blob, name, row_id))
    conn.execute("DELETE FROM meta WHERE name = 'layout'")
    if layout == 1:
        conn.execute("DROP TABLE refused_args")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm0003_refused_args'")
    conn.execute("COMMIT")
    conn.close()


def _park_table(conn: sqlite3.Connection, table: Table, sealer: Sealer) -> None:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    for row in conn.execute(f'SELECT {columns} FROM "{table.name}"').fetchall():
        key = f"{table.object}/{row[0]}"
        sealed = sealer.seal("parked", key, dumps(codec.to_value(table, row, sealer)).encode())
        conn.execute("INSERT INTO parked VALUES (?, ?, ?, ?, 'unknown object')", (key, sealed, row[-2], row[-1]))
    conn.execute(f'DROP TABLE "{table.name}"')


def _park_columns(conn: sqlite3.Connection, table: Table, gone: list[str], sealer: Sealer) -> None:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    for row in conn.execute(f'SELECT {columns} FROM "{table.name}"').fetchall():
        value = codec.to_value(table, row, sealer)
        parked = {name: value[name] for name in gone if name in value}
        extra = sealer.seal(f"{table.object}+", row[0], dumps(parked).encode())
        conn.execute(f'UPDATE "{table.name}" SET extra = ? WHERE id = ?', (extra, row[0]))
    for indexed in table.indexes:
        if set(indexed) & set(gone):
            conn.execute(f'DROP INDEX "idx_{table.name}_{"_".join(indexed)}"')
    for name in gone:
        conn.execute(f'ALTER TABLE "{table.name}" DROP COLUMN "{name}"')


def _into_extra(
    image: dict[str, object], name: str, row_id: str, table: Table, parked: dict[str, object], sealer: Sealer
) -> None:
    kinds = {field.name: field.kind for field in table.clear}
    value = {k: loads(str(v)) if kinds[k] in ("json", "rows") else v for k, v in parked.items() if v is not None}
    if value:
        import base64

        sealed = sealer.seal(f"{name}+", row_id, dumps(value).encode())
        image["extra"] = {"$": base64.b64encode(sealed).decode()}
