"""Sealing what is personal: AES-256-GCM, bound to table, row and schema."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import LocalFault

KEY_BYTES = 32
NONCE_BYTES = 12
SEAL_SCHEMA = 1


class RowSealer:
    """Seals columns of rows with the data key; a blob moved to another row or table does not open."""

    def __init__(self, data_key: bytes) -> None:
        if len(data_key) != KEY_BYTES:
            raise ValueError("a data key has 32 bytes")
        self._cipher = AESGCM(data_key)

    def seal(self, table: str, row_id: str, plain: bytes) -> bytes:
        """Return nonce and sealed bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _place(table, row_id))

    def open(self, table: str, row_id: str, sealed: bytes) -> bytes:
        """Return the plain bytes.

        Raises:
            LocalFault: `key_lost`: another key, another place, or altered.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _place(table, row_id))
        except (InvalidTag, ValueError) as exc:
            raise LocalFault("key_lost", f"a sealed {table} row does not open with this key") from exc


def _place(table: str, row_id: str) -> bytes:
    return f"{table}/{row_id}/{SEAL_SCHEMA}".encode()
