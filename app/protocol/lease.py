"""The lease of a device: for at most 72 hours without the server it may show personal data.

A lease is two base64url parts joined by a dot: JSON `{"device", "guide", "issued", "expires"}` and the Ed25519
signature of `daogou-lease 1`, LF and that JSON, by the server's coupon key. Every login and pull brings a new one.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.errors import Refused
from app.domain.instants import Instant, from_text, to_text
from app.protocol.limits import OFFLINE_HOURS

HEAD = b"daogou-lease 1\n"
TEXT_MAX = 600
LONGEST = timedelta(hours=OFFLINE_HOURS)


@dataclass(frozen=True, slots=True)
class Lease:
    """What the server signed: which installation, whose, from when until when."""

    device: str
    guide: str
    issued: Instant
    expires: Instant


def sign(key: Ed25519PrivateKey, device: str, guide: str, now: datetime) -> str:
    """Return a lease that begins now."""
    made = Lease(device, guide, to_text(now), to_text(now + LONGEST))
    body = json.dumps(asdict(made), separators=(",", ":")).encode()
    return f"{_pack(body)}.{_pack(key.sign(HEAD + body))}"


def verify(text: str, keys: tuple[bytes, ...], device: str, guide: str) -> Lease:
    """Return a lease that one of our pinned keys signed for this device and person.

    Args:
        keys: Raw Ed25519 public keys.
    Raises:
        Refused: `lease_invalid`: forged, another's, malformed, or longer than anybody may give.
    """
    try:
        body, _, signature = text[:TEXT_MAX].partition(".")
        raw = _unpack(body)
        if not any(_signed(key, raw, _unpack(signature)) for key in keys):
            raise Refused("lease_invalid", "no key of ours signed it")
        found = Lease(**json.loads(raw))
        if found.device != device or found.guide != guide:
            raise Refused("lease_invalid", "it is another device's or person's")
        if not timedelta(0) < from_text(found.expires) - from_text(found.issued) <= LONGEST:
            raise Refused("lease_invalid", "its time is not one we give")
    except (ValueError, TypeError, binascii.Error) as exc:
        raise Refused("lease_invalid", "it cannot be read") from exc
    return found


def _signed(key: bytes, raw: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, HEAD + raw)
    except (InvalidSignature, ValueError):
        return False
    return True


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
