"""The first schema, as the metadata says it."""

from __future__ import annotations

from alembic import op

from server_stub.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind())
