"""The two forms of a coupon (rule 1.11): the typed code with its check symbol, and the signed QR text.

QR: `GC1:` + base45 (RFC 9285) of 24 + 64 bytes. The 24: version and key number (4 bits each), 8-byte short id,
not-before and expiry (seconds since 1970, 4 bytes each), fen (4), guide number (3). Then Ed25519 over them.
A coupon is signed when it is minted into a lease, before its validity is known: the times in the QR are the
outer bounds, the row's own interval rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "GC1:"
VERSION = 1
RANDOM_BYTES = 8


@dataclass(frozen=True, slots=True)
class CouponQr:
    """What a coupon's QR says; `short_id` are the first 8 random bytes of its typed code's draw (see `new_code`)."""

    key_no: int
    short_id: bytes
    not_before: datetime
    expires_at: datetime
    fen: int
    guide_no: int


def new_code(randomness: bytes) -> str:
    """Return a typed code from 8 random bytes: 12 Crockford characters (60 bits) and a check symbol, no dashes."""
    raise NotImplementedError


def normalise(text: str) -> str:
    """Return the 13 characters of a typed code: any case, dashes and blanks dropped, O as 0, I and L as 1.

    Raises:
        Refused: `coupon_code_invalid` when the form or the check symbol is wrong.
    """
    raise NotImplementedError


def display(code: str) -> str:
    """Return the code as shown to people, 4-4-5."""
    raise NotImplementedError


def sign(qr: CouponQr, private_key: Ed25519PrivateKey) -> str:
    """Return the QR text.

    Raises:
        ValueError: a field does not fit.
    """
    raise NotImplementedError


def verify(text: str, keys: Mapping[int, bytes], *, now: datetime | None = None) -> CouponQr:
    """Return what the QR says if a known key signed it; no network needed.

    Args:
        keys: key number to raw 32-byte Ed25519 public key.
        now: given, the QR's outer bounds are checked too.
    Raises:
        Refused: `coupon_code_invalid` (not our form) or `coupon_code_forged`.
        Rejected: `coupon_expired` or `coupon_not_available` (too early).
    """
    raise NotImplementedError
