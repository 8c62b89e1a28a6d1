"""Small things of this device only that may speak of people: sealed, never sent, gone with the store.

A notice names them like objects (`FILTERS`, `SENDING`), so live queries follow.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from app.store.json_text import dumps, loads
from app.store.read import Read
from app.store.tx import WriteTx

BATCH = "batch"
FILTERS = "saved_filters"
SENDING = "sending"
SIGNALS = "signals"
SEAL = "kept"


def value(read: Read, name: str) -> Any:
    """Return what is kept under a name, or None."""
    text = read.meta(name)
    return None if text is None else loads(read.sealer.open(SEAL, name, base64.b64decode(text)))


def keep(tx: WriteTx, name: str, what: Any, *, tell: bool = True) -> None:
    """Keep a JSON value under a name; None forgets it. `tell`: say so in the notice, as screens follow it."""
    sealed = None if what is None else base64.b64encode(tx.sealer.seal(SEAL, name, dumps(what).encode())).decode()
    tx.set_meta(name, sealed, tell=tell)
    if tell:
        tx.touch(name)


def forget_people(tx: WriteTx, customers: Collection[str]) -> None:
    """Take people off every list that is kept: who is erased is named nowhere."""
    sending, batch, signals = value(tx, SENDING), tx.meta(BATCH), value(tx, SIGNALS)
    if sending is not None and not set(customers).isdisjoint(sending["customer_ids"]):
        keep(tx, SENDING, sending | {"customer_ids": _without(sending, customers)})
    if batch is not None and not set(customers).isdisjoint(batch["customer_ids"]):
        left = _without(batch, customers)
        tx.set_meta(BATCH, batch | {"customer_ids": left} if left else None)
    if signals is not None and not set(customers).isdisjoint(signals["customer_ids"]):
        keep(tx, SIGNALS, signals | {"customer_ids": _without(signals, customers)}, tell=False)


def _without(listed: dict[str, Any], customers: Collection[str]) -> list[str]:
    return [one for one in listed["customer_ids"] if one not in customers]
