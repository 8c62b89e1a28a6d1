"""Which other rewards of the guide the reason of a reward speaks of."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, Column, inspect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column where it is not there yet: 0001 makes what the metadata says on its day."""
    present = {column["name"] for column in inspect(op.get_bind()).get_columns("action_reward")}
    if "near" not in present:
        # Open ones are judged anew by the next job; of the decided nothing more is said.
        op.add_column("action_reward", Column("near", JSON, nullable=False, server_default="[]"))
