"""The commission ledger: accruals, refunds and their confirmation (rules 4.1 to 4.9)."""

from __future__ import annotations

from server_stub.db import Tx


def post_order(tx: Tx, order_id: str) -> int:
    """Post the accruals of a paid order; replaying changes nothing. Return how many entries are new."""
    raise NotImplementedError


def post_refund(tx: Tx, order_id: str, event_id: str) -> int:
    """Post the negative entries of one refund; replaying changes nothing."""
    raise NotImplementedError


def confirm_due(tx: Tx) -> int:
    """Confirm pending entries whose after-sales time is over; safe to run twice."""
    raise NotImplementedError
