"""The database's schema, step by step; the whole Alembic configuration is here."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from server_stub.db import Database

LOCATION = Path(__file__).parent
TURN = 7345  # the advisory lock of who changes the schema


def config(conn: Connection | None = None) -> Config:
    """Return the Alembic configuration, bound to a connection for running."""
    made = Config()
    made.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    made.attributes["connection"] = conn
    return made


def upgrade(database: Database) -> None:
    """Bring the database to the newest schema, in one transaction; of several processes one does it."""
    with database.engine.begin() as conn:
        if not database.is_sqlite:
            conn.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
        command.upgrade(config(conn), "head")
