"""The local schema and its forward steps, by sqlite-utils' own migrations."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from app.store.spec import TABLES, Table

steps = Migrations("client")


@steps()
def m0001_client_view(db: Database) -> None:
    """One table for each object of the client view."""
    for table in TABLES:
        _make(db, table)


@steps()
def m0002_engine(db: Database) -> None:
    """What the engine keeps beside the view: outbox, undo log, buckets, parked rows, problems, content."""
    db.table("outbox").create(
        {"id": int, "mid": str, "name": str, "subject": str, "at": str, "args": bytes}, pk="id", not_null={"name", "at"}
    )
    db.table("undo").create({"object": str, "id": str, "image": bytes}, pk=("object", "id"))
    db.table("bucket").create({"id": int, "name": str, "count": int, "sum": int}, pk="id")
    db.table("bucket").create_index(["name"], unique=True)
    db.table("parked").create({"key": str, "value": bytes, "b": int, "v": int, "reason": str}, pk="key")
    db.table("problem").create({"id": str, "code": str, "params": str, "at": str}, pk="id")
    db.table("meta").create({"name": str, "value": str}, pk="name")
    db.table("content").create(
        {"pack_id": str, "version": int, "manifest": str, "published_at": str}, pk="pack_id", not_null={"version"}
    )


@steps()
def m0003_refused_args(db: Database) -> None:
    """The sealed arguments of refused mutations, so that they can be tried again."""
    db.table("refused_args").create({"id": str, "number": int, "mid": str, "name": str, "args": bytes}, pk="id")


def migrate(conn: sqlite3.Connection) -> None:
    """Bring a database to this version; columns of fields that became known are added."""
    db = Database(conn)
    steps.apply(db)
    present = _columns(conn)
    for table in TABLES:
        if table.name not in present:
            _make(db, table)
            continue
        for name, kind in table.sql_columns().items():
            if name not in present[table.name]:
                db.table(table.name).add_column(name, kind)


def _columns(conn: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the columns of every table, in one question: each start of the app asks it."""
    ask = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    found: dict[str, set[str]] = {}
    for table, column in conn.execute(ask):
        found.setdefault(table, set()).add(column)
    return found


def _make(db: Database, table: Table) -> None:
    db.table(table.name).create(table.sql_columns(), pk="id", if_not_exists=True)
    for columns in table.indexes:
        db.table(table.name).create_index(list(columns), if_not_exists=True)
