"""The practice customer's sample values. They are drawn, never stored: nothing of them can be synced or counted."""

from __future__ import annotations

from datetime import datetime, timedelta

SEED = "practice"
LOOKS_DAYS_AGO = (4, 2, 1)
COUPON_FEN = 50_00
THRESHOLD_FEN = 300_00
VALID_DAYS = 7
PRICE_FEN = 699_00
TEMPLATE = "gallery"


def looks(now: datetime) -> tuple[datetime, ...]:
    """Return when the practice customer looked at the dress."""
    return tuple(now - timedelta(days=days) for days in LOOKS_DAYS_AGO)


def valid_until(now: datetime) -> datetime:
    """Return when the practice coupon ends."""
    return now + timedelta(days=VALID_DAYS)
