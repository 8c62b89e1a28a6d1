"""Signing out without losing work silently, and the wipe of a revoked device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import httpx

from app.account.session import Session
from app.account.sign_in import ring_of
from app.account.tokens import NO_AUTH
from app.domain.errors import GuideError
from app.security import KeyStore, wipe
from app.store import Store, outbox
from app.store.queries import work

Choice = Literal["ask", "lock", "discard"]


class Pushing(Protocol):
    """The engine as signing out needs it."""

    async def push_now(self) -> None:
        """Send everything that waits; raises when it cannot."""
        ...

    async def stop(self) -> None:
        """End the background work."""
        ...


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What became of signing out.

    done: out, the folder is erased. decide: `waiting` changes could not be sent, nothing happened yet: ask the user
    to keep it locked (default) or to discard. locked: out, the folder stays sealed with what waits.
    """

    outcome: Literal["done", "decide", "locked"]
    waiting: int = 0
    code: str | None = None


async def sign_out(
    store: Store, engine: Pushing, http: httpx.AsyncClient, keystore: KeyStore, session: Session, choice: Choice = "ask"
) -> SignedOut:
    """Push what waits, then sign out; what cannot be sent is never dropped without being named.

    Args:
        store: Closed when the outcome is not `decide`.
        engine: Stopped when the outcome is not `decide`.
        http: Signed in as this person.
        keystore: Holds the unlock secret.
        session: Who signs out.
        choice: ask: try to send, and return `decide` if something is left. lock: keep the folder sealed for this
            person's next unlock or login. discard: send what goes, drop the rest.
    """
    code = await _send(engine)
    left = store.query(work.outbox_count)
    if left and choice == "ask":
        return SignedOut("decide", left, code)
    if choice == "discard" and left:
        await store.write(outbox.discard)
    await engine.stop()
    kept = await store.write(
        work.outbox_count
    )  # a tap of another tab may have come meanwhile: nobody agreed to lose it
    folder = store.folder
    store.close()
    if kept:
        return SignedOut("locked", kept, code)
    await _tell_server(http, session)
    await wipe_folder(folder, keystore, session)
    return SignedOut("done", left, code)


async def _send(engine: Pushing) -> str | None:
    try:
        await engine.push_now()
    except GuideError as exc:
        return exc.code
    return None


async def _tell_server(http: httpx.AsyncClient, session: Session) -> None:
    """End the session there too; without a network it ends by itself when the token does."""
    with contextlib.suppress(GuideError):
        headers = {"Authorization": f"Bearer {session.access_token}"}
        await http.post("/api/auth/logout", headers=headers, auth=NO_AUTH)


async def wipe_folder(folder: Path, keystore: KeyStore, session: Session, *, revoked: bool = False) -> None:
    """Erase this person's data on this device; safe to repeat. Close the store first.

    revoked: The server waits for word, which `finish_wipes` sends: until then a mark with the dead token stays.
    """
    proof = session.access_token if revoked else ""
    await wipe(folder, ring_of(folder, keystore, session.device_id, session.staff.id), proof=proof)
