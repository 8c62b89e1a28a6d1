"""The indexes of the client view, put aside while a large first sync comes in.

Every page of rows would write nearly all of every index anew: a quarter of what a load of 50,000 rows costs, and half
of what it writes. They are back as soon as no more pages come: with the last one, when a load is cut off, and at the
next start after a kill. Until then a question looks through the rows that are there.
"""

from __future__ import annotations

from app.store.spec import TABLES
from app.store.tx import WriteTx

MANY_ROWS = 10_000  # below, to drop and make them all costs as much as to keep them
ASIDE = "indexes_aside"


def put_aside(tx: WriteTx) -> None:
    """Drop them, to be made again by `bring_back`; for tables that are emptied in the same transaction."""
    tables = {table.name for table in TABLES}
    found = tx.rows("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    for name, table in found:
        if table in tables:
            tx.conn.execute(f'DROP INDEX "{name}"')
    tx.set_meta(ASIDE, True)


def bring_back(tx: WriteTx) -> None:
    """Make them again where they were put aside."""
    if tx.meta(ASIDE) is None:
        return
    for table in TABLES:
        for columns in table.indexes:
            cells = ", ".join(f'"{column}"' for column in columns)
            name = "_".join(("idx", table.name, *columns))  # as sqlite-utils names them
            tx.conn.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table.name}" ({cells})')
    tx.set_meta(ASIDE, None)
