"""Wiping a folder: the key first, so that whatever is left cannot be read; every step may be repeated.

A mark comes before anything goes and is the last to go: it says that the next start must finish, and holds what proves
to the server that this revoked device has erased itself. Steps: mark, secret, ring, each file, told, gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.security.keyring import KeyRing

MARK = "WIPE"
Confirm = Callable[[str], Awaitable[bool]]
FIRST = ("session.sealed", "lease.sealed", "profile.json", "store.db", "store.db-wal", "store.db-shm")


async def wipe(
    folder: Path, ring: KeyRing, *, proof: str = "", confirm: Confirm | None = None,
    done: Callable[[str], None] = lambda _step: None,
) -> bool:  # fmt: skip
    """Erase everything of one member of staff on this device; running it again after a crash finishes the work.

    Args:
        proof: What `confirm` sends to the server at the end, kept in the mark; "" when nobody waits for word.
        confirm: Tells the server; False when it could not, then only the mark stays until the next start.
        done: Told of each step.
    Returns:
        True when nothing is left to do.
    """
    if folder.exists():
        _mark(folder, proof)
        done("mark")
    await ring.forget_secret()
    done("secret")
    ring.forget_ring()
    done("ring")
    if not folder.exists():
        return True
    for path in sorted(folder.iterdir(), key=_order):
        if path.name != MARK:
            _remove(path)
            done(path.name)
    waiting = _proof(folder)
    if waiting and (confirm is None or not await confirm(waiting)):
        return False
    done("told")
    (folder / MARK).unlink(missing_ok=True)
    done("unmarked")
    with contextlib.suppress(OSError):  # something new appeared meanwhile: the next start wipes again
        folder.rmdir()
    return not folder.exists()


def unfinished(device: Path) -> list[Path]:
    """Return the folders of an installation whose wipe was interrupted; wipe them before anything is opened."""
    return sorted(mark.parent for mark in device.glob(f"*/{MARK}"))


def _mark(folder: Path, proof: str) -> None:
    if (folder / MARK).exists():
        return
    part = folder / f"{MARK}.part"
    with part.open("w", encoding="ascii") as file:
        json.dump({"proof": proof}, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / MARK)


def _proof(folder: Path) -> str:
    try:
        return str(json.loads((folder / MARK).read_text("ascii"))["proof"])
    except (ValueError, KeyError, FileNotFoundError):  # a mark of an earlier version: nobody waits for word
        return ""


def _order(path: Path) -> tuple[int, str]:
    return (FIRST.index(path.name) if path.name in FIRST else len(FIRST), path.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
