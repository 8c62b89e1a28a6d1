"""Full phone numbers: sealed, found by a keyed hash, shown masked; nothing else ever holds one."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import Rejected
from server_stub.config import Secrets

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class PhoneColumns:
    """What the customer table keeps of one phone."""

    phone_sealed: bytes
    phone_hash: str
    phone_masked: str
    phone_tail: str


def normalise(text: str) -> str:
    """Return the 11 digits of a mainland mobile number, with or without +86, blanks and dashes.

    Raises:
        Rejected: `bad_arguments` with field `phone`.
    """
    digits = re.sub(r"[\s\-()]", "", text)
    digits = digits.removeprefix("+86") if digits.startswith("+86") else digits
    if not _MOBILE.fullmatch(digits):
        raise Rejected("bad_arguments", "not a mainland mobile number", params={"field": "phone"})
    return digits


def phone_hash(secrets: Secrets, phone: str) -> str:
    """Return the keyed hash that finds a normalised phone."""
    return hmac.new(secrets.phone_hash, phone.encode(), hashlib.sha256).hexdigest()


def columns(secrets: Secrets, customer_id: str, phone: str) -> PhoneColumns:
    """Return the stored form of a normalised phone of this customer."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(secrets.phone_seal).encrypt(nonce, phone.encode(), customer_id.encode())
    return PhoneColumns(sealed, phone_hash(secrets, phone), mask(phone), phone[-4:])


def unseal(secrets: Secrets, customer_id: str, sealed: bytes) -> str:
    """Return the full phone; only for an audited reveal."""
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return AESGCM(secrets.phone_seal).decrypt(nonce, body, customer_id.encode()).decode()


def mask(phone: str) -> str:
    """Return `138****2046`."""
    return f"{phone[:3]}****{phone[-4:]}"
