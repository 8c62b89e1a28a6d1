"""Share codes made on the phone without a network (rule 3.1).

160 bits = 32 Crockford base32 characters: version 4 · key 4 · guide 24 · kind 3 · item 24 · channel 4 ·
10-minute slot 22 · random 20 · the first 55 bits of HMAC-SHA256 over the 105 bits before it, left-aligned
in 14 bytes. Slots count from 2024-01-01T00:00:00Z, which lasts until 2103.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import Rejected
from app.protocol import crockford

VERSION = 1
LENGTH = 32
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
SLOT_S = 600
KINDS = {"product": 1, "card": 2, "pack_entry": 3}
CHANNELS = {"chat": 1, "moments": 2, "group": 3, "print": 4, "card": 5}
FIELD_BITS = (4, 4, 24, 3, 24, 4, 22, 20)
MAC_BITS = 55
_KIND_NAMES = {number: name for name, number in KINDS.items()}
_CHANNEL_NAMES = {number: name for name, number in CHANNELS.items()}


@dataclass(frozen=True, slots=True)
class ShareCode:
    """The fields of a code, not yet verified; `slot_at` is the start of its 10 minutes."""

    text: str
    version: int
    key_no: int
    guide_no: int
    kind: str
    item_no: int
    channel: str
    slot_at: datetime
    random20: int

    def verify(self, key: bytes) -> bool:
        """Say whether the code was made with `key`; constant time."""
        value = crockford.decode(self.text, LENGTH)
        return hmac.compare_digest(_mac(key, value >> MAC_BITS), _mac_bytes(value & (1 << MAC_BITS) - 1))


def encode(
    key: bytes, *, key_no: int, guide_no: int, kind: str, item_no: int, channel: str, at: datetime, random20: int
) -> str:
    """Return the 32 characters, in capitals.

    Raises:
        ValueError: a number does not fit its bits, or the kind or channel is unknown.
    """
    if kind not in KINDS or channel not in CHANNELS:
        raise ValueError("unknown kind or channel")
    numbers = (VERSION, key_no, guide_no, KINDS[kind], item_no, CHANNELS[channel], slot_of(at), random20)
    head = 0
    for number, bits in zip(numbers, FIELD_BITS, strict=True):
        if not 0 <= number < 1 << bits:
            raise ValueError(f"{number} does not fit {bits} bits")
        head = head << bits | number
    mac = int.from_bytes(_mac(key, head), "big")
    return crockford.encode(head << MAC_BITS | mac, LENGTH)


def decode(text: str) -> ShareCode:
    """Return the fields of a code in any case, with O for 0, I and L for 1, and dashes or blanks.

    Raises:
        Rejected: `share_code_invalid`.
    """
    value = crockford.decode_or_none(text, LENGTH)
    if value is None:
        raise Rejected("share_code_invalid", "not 32 characters of the alphabet")
    head = value >> MAC_BITS
    numbers: list[int] = []
    for bits in reversed(FIELD_BITS):
        numbers.append(head & (1 << bits) - 1)
        head >>= bits
    random20, slot, channel, item_no, kind, guide_no, key_no, version = numbers
    if version != VERSION or kind not in _KIND_NAMES or channel not in _CHANNEL_NAMES:
        raise Rejected("share_code_invalid", "unknown version, kind or channel")
    return ShareCode(
        text=crockford.encode(value, LENGTH), version=version, key_no=key_no, guide_no=guide_no, kind=_KIND_NAMES[kind],
        item_no=item_no, channel=_CHANNEL_NAMES[channel], slot_at=EPOCH + timedelta(seconds=slot * SLOT_S),
        random20=random20,
    )  # fmt: skip


def slot_of(at: datetime) -> int:
    """Return the number of the 10-minute slot that holds `at`."""
    return int((at - EPOCH).total_seconds()) // SLOT_S


def link(public_url: str, code: str, *, paper: bool = False) -> str:
    """Return `https://host/s/CODE` for messages, or all in capitals for a QR code (`paper`)."""
    url = f"{public_url.rstrip('/')}/s/{code}"
    return url.upper() if paper else url


def derive_share_key(master: bytes, device_id: str, key_no: int) -> bytes:
    """Return the 32-byte share key of a device: HKDF-SHA256 over the server's master key."""
    info = f"daogou share key\n{device_id}\n{key_no}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)


def _mac(key: bytes, head: int) -> bytes:
    """Return the first 55 bits of the HMAC, as 7 bytes with a zero bit in front."""
    signed = (head << 7).to_bytes(14, "big")  # 105 bits, left-aligned
    first = int.from_bytes(hmac.new(key, signed, hashlib.sha256).digest()[:7], "big")
    return _mac_bytes(first >> 1)


def _mac_bytes(value: int) -> bytes:
    return value.to_bytes(7, "big")
