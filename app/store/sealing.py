"""The port by which the store seals what is personal; `app.security` has the real one."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Seals and opens bytes, bound to the place they stand in."""

    def seal(self, table: str, row_id: str, plain: bytes) -> bytes:
        """Return `plain` sealed for this table and row."""
        ...

    def open(self, table: str, row_id: str, sealed: bytes) -> bytes:
        """Return the plain bytes.

        Raises:
            LocalFault: `key_lost`, the bytes were not sealed with this key for this place.
        """
        ...
