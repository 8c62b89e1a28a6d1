"""What a browse event was: a view, or a check-out begun."""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect

from server_stub.tables import browse_event

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column where it is not there yet: 0001 makes what the metadata says on its day."""
    present = {column["name"] for column in inspect(op.get_bind()).get_columns("browse_event")}
    if "kind" not in present:
        op.add_column("browse_event", browse_event.c.kind.copy())  # the server calls those made before views
