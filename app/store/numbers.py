"""How far the outbox's numbers went out, kept beside the store: a store that lost its end must not use them again.

SQLite opens a damaged log as it was some commits ago. The numbers after those are known to the server; a new tap under
one of them would be taken for an old one and dropped. So the highest number sent stands in a small file, written
before each push, and a store that is behind it becomes a new client, which sends what waits by its `mid`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from app.domain.errors import LocalFault
from app.store import outbox
from app.store.tx import WriteTx

FILE = "sent.json"


def sending(folder: Path, client_id: str, number: int) -> None:
    """Note that numbers up to `number` of this client may be known to the server.

    Raises:
        LocalFault: `disk_full`.
    """
    known = _read(folder)
    if known is not None and known[0] == client_id and known[1] >= number:
        return
    part = folder / f"{FILE}.part"
    try:
        with part.open("w", encoding="ascii") as file:
            json.dump([client_id, number], file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / FILE)
    except OSError as exc:
        raise LocalFault("disk_full", str(exc)) from exc


def check(tx: WriteTx, folder: Path) -> None:
    """Become a new client when this store has forgotten numbers that went out."""
    known = _read(folder)
    client = tx.meta("client_id")
    if known is None or client is None:
        return
    if known[0] != client or known[1] > int(tx.meta("last_id") or 0):
        outbox.renew(tx)


def _read(folder: Path) -> tuple[str, int] | None:
    try:
        client, number = json.loads((folder / FILE).read_text("ascii"))
        return str(client), int(number)
    except (FileNotFoundError, ValueError, TypeError):
        return None
