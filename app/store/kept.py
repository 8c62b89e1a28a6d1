"""Small things of this device only that may speak of people: sealed, never sent, gone with the store.

A notice names them like objects (`FILTERS`, `SENDING`), so live queries follow.
"""

from __future__ import annotations

import base64
from typing import Any

from app.store.json_text import dumps, loads
from app.store.read import Read
from app.store.tx import WriteTx

FILTERS = "saved_filters"
SENDING = "sending"
SEAL = "kept"


def value(read: Read, name: str) -> Any:
    """Return what is kept under a name, or None."""
    text = read.meta(name)
    return None if text is None else loads(read.sealer.open(SEAL, name, base64.b64decode(text)))


def keep(tx: WriteTx, name: str, what: Any) -> None:
    """Keep a JSON value under a name; None forgets it."""
    sealed = None if what is None else base64.b64encode(tx.sealer.seal(SEAL, name, dumps(what).encode())).decode()
    tx.set_meta(name, sealed)
    tx.touch(name)
