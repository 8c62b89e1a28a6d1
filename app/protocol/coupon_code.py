"""The two forms of a coupon (rule 1.11): the typed code with its check symbol, and the signed QR text.

QR: `GC1:` + base45 (RFC 9285) of 24 + 64 bytes. The 24: version and key number (4 bits each), 8-byte short id,
not-before and expiry (seconds since 1970, 4 bytes each), fen (4), guide number (3). Then Ed25519 over them.
A coupon is signed when it is minted into a lease, before its validity is known: the times in the QR are the
outer bounds, the row's own interval rules.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.errors import Refused, Rejected
from app.protocol import base45, crockford

PREFIX = "GC1:"
VERSION = 1
RANDOM_BYTES = 8
BODY = 12
PAYLOAD_BYTES = 24
SIGNATURE_BYTES = 64
QR_MAX = 200
_FORM = struct.Struct(">B8sIII3s")


@dataclass(frozen=True, slots=True)
class CouponQr:
    """What a coupon's QR says; `short_id` names the coupon's row (see `short_id_of`)."""

    key_no: int
    short_id: bytes
    not_before: datetime
    expires_at: datetime
    fen: int
    guide_no: int


def new_code(randomness: bytes) -> str:
    """Return a typed code from 8 random bytes: 12 Crockford characters (60 bits) and a check symbol, no dashes."""
    if len(randomness) != RANDOM_BYTES:
        raise ValueError("a coupon code needs 8 random bytes")
    value = int.from_bytes(randomness, "big") >> 4
    return crockford.encode(value, BODY) + crockford.check_symbol(value)


def normalise(text: str) -> str:
    """Return the 13 characters of a typed code: any case, dashes and blanks dropped, O as 0, I and L as 1.

    Raises:
        Refused: `coupon_code_invalid` when the form or the check symbol is wrong.
    """
    clean = crockford.tidy(text)
    value = crockford.decode_or_none(clean[:-1], BODY) if len(clean) == BODY + 1 else None
    if value is None or clean[-1] != crockford.check_symbol(value):
        raise Refused("coupon_code_invalid", "wrong length, character or check symbol")
    return clean


def display(code: str) -> str:
    """Return the code as shown to people, 4-4-5."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def sign(qr: CouponQr, private_key: Ed25519PrivateKey) -> str:
    """Return the QR text.

    Raises:
        ValueError: a field does not fit.
    """
    payload = _pack(qr)
    return PREFIX + base45.encode(payload + private_key.sign(payload))


def verify(text: str, keys: Mapping[int, bytes], *, now: datetime | None = None) -> CouponQr:
    """Return what the QR says if a known key signed it; no network needed.

    Args:
        keys: key number to raw 32-byte Ed25519 public key.
        now: given, the QR's outer bounds are checked too.
    Raises:
        Refused: `coupon_code_invalid` (not our form) or `coupon_code_forged`.
        Rejected: `coupon_expired` or `coupon_not_available` (too early).
    """
    payload, signature = _split(text)
    key = keys.get(payload[0] & 0x0F)
    if key is None:
        raise Refused("coupon_code_forged", "unknown key")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, payload)
    except InvalidSignature as wrong:
        raise Refused("coupon_code_forged", "signature does not fit") from wrong
    qr = _unpack(payload)
    if now is not None and now >= qr.expires_at:
        raise Rejected("coupon_expired")
    if now is not None and now < qr.not_before:
        raise Rejected("coupon_not_available", "too early")
    return qr


def unsigned(text: str) -> CouponQr:
    """Return what a QR says without looking at its signature: only for one that was verified before.

    Raises:
        Refused: `coupon_code_invalid`.
    """
    return _unpack(_split(text)[0])


def mark_of(code: str) -> str:
    """Return what tells one typed code from all others without giving it away (16 hexadecimal digits)."""
    return hashlib.sha256(f"coupon/{code}".encode()).hexdigest()[:16]


def short_id_of(code: str) -> bytes:
    """Return the 8-byte short id that a coupon's QR carries: the 60 bits of its typed code.

    Raises:
        Refused: `coupon_code_invalid`.
    """
    return crockford.decode(normalise(code)[:-1], BODY).to_bytes(8, "big")


def code_of(short_id: bytes) -> str:
    """Return the typed code of a QR's short id: scanning and typing find the same row."""
    value = int.from_bytes(short_id, "big")
    return crockford.encode(value, BODY) + crockford.check_symbol(value)


def _pack(qr: CouponQr) -> bytes:
    seconds = (int(qr.not_before.timestamp()), int(qr.expires_at.timestamp()))
    fits = 0 <= qr.key_no < 16 and len(qr.short_id) == 8 and int.from_bytes(qr.short_id, "big") < 1 << 60
    if not fits or not all(0 <= number < 1 << 32 for number in (*seconds, qr.fen)):
        raise ValueError("a field of the coupon does not fit its QR")
    return _FORM.pack(VERSION << 4 | qr.key_no, qr.short_id, *seconds, qr.fen, qr.guide_no.to_bytes(3, "big"))


def _split(text: str) -> tuple[bytes, bytes]:
    if not text.startswith(PREFIX) or len(text) > QR_MAX:
        raise Refused("coupon_code_invalid", "not GC1: or too long")
    try:
        raw = base45.decode(text[len(PREFIX) :])
    except ValueError as wrong:
        raise Refused("coupon_code_invalid", "not base45") from wrong
    if len(raw) != PAYLOAD_BYTES + SIGNATURE_BYTES or raw[0] >> 4 != VERSION:
        raise Refused("coupon_code_invalid", "wrong length or version")
    return raw[:PAYLOAD_BYTES], raw[PAYLOAD_BYTES:]


def _unpack(payload: bytes) -> CouponQr:
    head, short_id, begins, ends, fen, guide = _FORM.unpack(payload)
    return CouponQr(
        key_no=head & 0x0F,
        short_id=short_id,
        not_before=datetime.fromtimestamp(begins, UTC),
        expires_at=datetime.fromtimestamp(ends, UTC),
        fen=fen,
        guide_no=int.from_bytes(guide, "big"),
    )
