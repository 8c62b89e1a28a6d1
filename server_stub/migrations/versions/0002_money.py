"""Statements, redemptions, disputes, rewards, the store's ledger, order events; lines as they were sold."""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

from server_stub.migrations import immutable
from server_stub.tables import metadata

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, columns and indexes that are not there yet: 0001 makes what the metadata says on its day."""
    conn = op.get_bind()
    before = inspect(conn)
    columns = {name: {column["name"] for column in before.get_columns(name)} for name in before.get_table_names()}
    metadata.create_all(conn)
    for name, present in columns.items():
        table = metadata.tables.get(name)
        for column in table.columns if table is not None else ():
            if column.name not in present:
                fresh = column.copy()
                fresh.nullable = True  # rows made before have no value
                op.add_column(name, fresh)
        known = {index["name"] for index in before.get_indexes(name)}
        for index in table.indexes if table is not None else ():
            if index.name not in known:
                index.create(conn)
    immutable.guard(conn)
