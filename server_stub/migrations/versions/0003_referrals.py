"""How many members a customer brought (rule 6.4)."""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

from server_stub.tables import customer

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column where it is not there yet: 0001 makes what the metadata says on its day."""
    present = {column["name"] for column in inspect(op.get_bind()).get_columns("customer")}
    if "referrals" not in present:
        fresh = customer.c.referrals.copy()
        fresh.nullable = True  # rows made before have no value
        op.add_column("customer", fresh)
