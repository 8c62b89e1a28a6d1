"""Orders: what they cost, placing them paid, and giving money back (rules 1.6 to 1.12, 2.4, 3, 4)."""

from __future__ import annotations

from collections.abc import Sequence

from server_stub.db import Tx
from server_stub.trade.drafts import DraftLine, OrderDraft, Quote, RefundLine, RefundQuote


def quote(tx: Tx, customer_id: str, lines: Sequence[DraftLine], coupon_id: str | None = None) -> Quote:
    """Return what these lines cost now with this coupon, discounts allocated by line."""
    raise NotImplementedError


def place(tx: Tx, draft: OrderDraft) -> str:
    """Place a paid order and all that follows from it; return its id. The same event again is the same order."""
    raise NotImplementedError


def refund_quote(tx: Tx, order_id: str, lines: Sequence[RefundLine] | None = None) -> RefundQuote:
    """Return what refunding these pieces (None = all that is left) would pay back."""
    raise NotImplementedError


def refund(tx: Tx, order_id: str, lines: Sequence[RefundLine] | None, event_id: str) -> RefundQuote:
    """Refund pieces of an order (None = all that is left), once per event; never more than was paid."""
    raise NotImplementedError
