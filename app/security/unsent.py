"""The sealed file that keeps unsent work over a sign-out.

Format, version 1: the line `daogou-unsent 1`, LF; 16 bytes of salt; 12 bytes of nonce; AES-256-GCM with line and salt
as associated data. The key is HKDF-SHA256 (no salt, info `daogou unsent 1`) of this device's share key, which the
server gives at each login, followed by scrypt(PIN, salt, n 2^14, r 8, p 1). So the file opens for the same person on
the same device only, after a login, and guessing PINs without the server's secret is hopeless.
The plain text is JSON: `{"staff_id", "at", "changes": [{"name", "args", "subject"}]}` in the order they were made.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import Rejected
from app.security.sealed import KEY_BYTES, NONCE_BYTES

HEAD = b"daogou-unsent 1\n"
SALT_BYTES = 16
MAX_BYTES = 20_000_000


def seal_file(plain: bytes, pin: str, secret: bytes) -> bytes:
    """Return the file; slow on purpose, call it off the loop."""
    bound = HEAD + os.urandom(SALT_BYTES)
    nonce = os.urandom(NONCE_BYTES)
    return bound + nonce + AESGCM(_key(pin, bound, secret)).encrypt(nonce, plain, bound)


def open_file(data: bytes, pin: str, secret: bytes) -> bytes:
    """Return the plain text of a file; slow on purpose, call it off the loop.

    Raises:
        Rejected: `unsent_file_invalid`: not such a file, another PIN, device or person, or altered.
    """
    start = len(HEAD) + SALT_BYTES
    if not data.startswith(HEAD) or not start + NONCE_BYTES < len(data) <= MAX_BYTES:
        raise Rejected("unsent_file_invalid", "not a file of unsent work")
    bound, nonce, sealed = data[:start], data[start : start + NONCE_BYTES], data[start + NONCE_BYTES :]
    try:
        return AESGCM(_key(pin, bound, secret)).decrypt(nonce, sealed, bound)
    except InvalidTag as exc:
        raise Rejected("unsent_file_invalid", "another PIN or device, or altered") from exc


def _key(pin: str, bound: bytes, secret: bytes) -> bytes:
    salt = bound[len(HEAD) :]
    stretched = hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1, dklen=KEY_BYTES)
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"daogou unsent 1")
    return hkdf.derive(secret + stretched)
