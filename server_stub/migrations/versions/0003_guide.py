"""What the guide's day needs: what a browse event was."""

from __future__ import annotations

from server_stub.migrations.forward import bring_forward

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is not there yet."""
    bring_forward()
