"""Statements, redemptions, disputes, rewards, the store's ledger, order events; lines as they were sold."""

from __future__ import annotations

from server_stub.migrations.forward import bring_forward

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is not there yet."""
    bring_forward()
