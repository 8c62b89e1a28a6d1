"""Share codes made on the phone without a network (rule 3.1).

160 bits = 32 Crockford base32 characters: version 4 · key 4 · guide 24 · kind 3 · item 24 · channel 4 ·
10-minute slot 22 · random 20 · the first 55 bits of HMAC-SHA256 over the 105 bits before it, left-aligned
in 14 bytes. Slots count from 2024-01-01T00:00:00Z, which lasts until 2103.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

VERSION = 1
LENGTH = 32
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
SLOT_S = 600
KINDS = {"product": 1, "card": 2, "pack_entry": 3}
CHANNELS = {"chat": 1, "moments": 2, "group": 3, "print": 4, "card": 5}


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
        raise NotImplementedError


def encode(
    key: bytes, *, key_no: int, guide_no: int, kind: str, item_no: int, channel: str, at: datetime, random20: int
) -> str:
    """Return the 32 characters, in capitals.

    Raises:
        ValueError: a number does not fit its bits, or the kind or channel is unknown.
    """
    raise NotImplementedError


def decode(text: str) -> ShareCode:
    """Return the fields of a code in any case, with O for 0, I and L for 1, and dashes or blanks.

    Raises:
        Rejected: `share_code_invalid`.
    """
    raise NotImplementedError


def slot_of(at: datetime) -> int:
    """Return the number of the 10-minute slot that holds `at`."""
    raise NotImplementedError


def link(public_url: str, code: str, *, paper: bool = False) -> str:
    """Return `https://host/s/CODE` for messages, or all in capitals for a QR code (`paper`)."""
    raise NotImplementedError


def derive_share_key(master: bytes, device_id: str, key_no: int) -> bytes:
    """Return the 32-byte share key of a device: HKDF-SHA256 over the server's master key."""
    raise NotImplementedError
