"""The server's side of the mutations record_share, issue_coupon and undo_coupon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.protocol.mutations import IssueCoupon, RecordShare, UndoCoupon
from server_stub.db import Tx


def record_share(tx: Tx, args: RecordShare) -> None:
    """Keep a share made on the phone; one row, also when a customer opened it before."""
    raise NotImplementedError


def issue_coupon(tx: Tx, args: IssueCoupon) -> None:
    """Issue a leased coupon as the guide did on the phone."""
    raise NotImplementedError


def undo_coupon(tx: Tx, args: UndoCoupon) -> None:
    """Take a coupon back as the guide did on the phone."""
    raise NotImplementedError


HANDLERS: dict[str, Callable[[Tx, Any], None]] = {
    RecordShare.NAME: record_share,
    IssueCoupon.NAME: issue_coupon,
    UndoCoupon.NAME: undo_coupon,
}
