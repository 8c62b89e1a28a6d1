"""Follow-ups and the facts guides write of their customers."""

from __future__ import annotations

from alembic import op

from server_stub.tables import customer_fact, follow_up

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables where they are not there yet: 0001 makes what the metadata says on its day."""
    conn = op.get_bind()
    for table in (customer_fact, follow_up):
        table.create(conn, checkfirst=True)
