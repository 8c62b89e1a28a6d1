"""Unsent work out into a sealed file before a sign-out, and back in after the next login (`app.security.unsent`)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from app.account.session import Session
from app.account.sign_in import ring_of
from app.domain.errors import Rejected
from app.domain.instants import to_text
from app.protocol.mutations import MUTATIONS
from app.security import KeyStore
from app.security.unsent import open_file, seal_file
from app.store import Store, WriteTx, outbox
from app.store.json_text import dumps, loads
from app.store.queries import work


async def export_unsent(store: Store, keystore: KeyStore, session: Session, pin: str, now: datetime) -> bytes:
    """Return the sealed file of everything that waits; nothing is removed.

    Raises:
        Rejected: `unlock_wrong_pin` or `unlock_locked`, as at the unlock: a mistyped PIN would seal for nobody.
    """
    await ring_of(store.folder, keystore, session.device_id, session.staff.id).unlock(pin, now)
    subjects = {one.id: one.subject for one in store.query(work.waiting, -1)}
    changes = [
        {"name": one.name, "args": one.args, "subject": subjects.get(one.id, "")} for one in store.query(outbox.pending)
    ]
    plain = dumps({"staff_id": session.staff.id, "at": to_text(now), "changes": changes}).encode()
    return await asyncio.to_thread(seal_file, plain, pin, session.share_key)


async def import_unsent(store: Store, session: Session, data: bytes, pin: str) -> int:
    """Queue what a sealed file holds and is not waiting already; return how many.

    Each change keeps its `mid`: one that went out after all counts once at the server. Local effects come with the
    next pull, which replays what waits.

    Raises:
        Rejected: `unsent_file_invalid`.
    """
    plain = await asyncio.to_thread(open_file, data, pin, session.share_key)
    found = loads(plain)
    if found["staff_id"] != session.staff.id:
        raise Rejected("unsent_file_invalid", "the file is somebody else's")
    return await store.write(lambda tx: _queue(tx, found["changes"]))


def _queue(tx: WriteTx, changes: list[dict[str, Any]]) -> int:
    waiting = {one.args["mid"] for one in outbox.pending(tx)}
    fresh = [one for one in changes if one["name"] in MUTATIONS and one["args"]["mid"] not in waiting]
    for one in fresh:
        outbox.append(tx, one["name"], one["args"], one["subject"])
    return len(fresh)
