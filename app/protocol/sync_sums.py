"""The counted check of a bucket: how many rows it holds and the sum of what they are (sync.md section 4).

Both sides keep `[count, sum32]` per bucket; the answer of a complete pull carries the server's.
"""

from __future__ import annotations

import zlib

SUM_MODULUS = 1 << 32


def row_sum(key: str, version: int) -> int:
    """Return the 32-bit share of one live row in its bucket's sum; add them modulo 2**32."""
    return zlib.crc32(f"{key}\n{version}".encode())
