"""Figures that follow from events: a customer's totals, and each guide's day for the manager's board."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from server_stub.db import Tx


def refresh_customers(tx: Tx, customer_ids: Iterable[str]) -> None:
    """Recompute spend, orders and dates of customers from their orders, and touch them."""
    raise NotImplementedError


def bump(tx: Tx, guide_id: str, at: datetime, field: str, n: int = 1) -> None:
    """Add `n` to one figure of a guide's day: sales_fen, orders, shares, visits, contacts, redeemed or bindings."""
    raise NotImplementedError
