"""Identifiers of everything that is named; UUIDv7 text, made from a given time and given random bytes."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

StaffId = NewType("StaffId", str)
StoreId = NewType("StoreId", str)
CustomerId = NewType("CustomerId", str)
ProductId = NewType("ProductId", str)
OrderId = NewType("OrderId", str)
CouponId = NewType("CouponId", str)
DeviceId = NewType("DeviceId", str)

UUID7_RANDOM_BYTES = 10


def uuid7(now: datetime, randomness: bytes) -> str:
    """Return the UUIDv7 text for `now` (UTC) and 10 random bytes.

    Raises:
        ValueError: `randomness` is not 10 bytes, or `now` has no zone.
    Source: RFC 9562 section 5.7.
    """
    if len(randomness) != UUID7_RANDOM_BYTES:
        raise ValueError("uuid7 needs 10 random bytes")
    if now.tzinfo is None:
        raise ValueError("uuid7 needs a time with a zone")
    millis = int(now.timestamp() * 1000) & (1 << 48) - 1
    value = millis << 80 | int.from_bytes(randomness, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
