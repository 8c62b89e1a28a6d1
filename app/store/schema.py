"""Bringing a store's file to this version's schema; a file that is there already costs one query.

sqlite-utils is imported for a step only: with it a start took 35 ms more.
"""

from __future__ import annotations

import sqlite3

from app.store.spec import TABLES

STEPS = frozenset({"m0001_client_view", "m0002_engine", "m0003_refused_args"})  # of `migrations`
_COLUMNS = """
SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
"""


def bring(conn: sqlite3.Connection) -> None:
    """Bring a database to this version."""
    if _is_current(conn):
        return
    from app.store.migrations import migrate

    migrate(conn)


def _is_current(conn: sqlite3.Connection) -> bool:
    present = set(conn.execute(_COLUMNS))
    if ("_sqlite_migrations", "name") not in present:
        return False
    done = {name for (name,) in conn.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'client'")}
    return done >= STEPS and all((table.name, column) in present for table in TABLES for column in table.columns)
