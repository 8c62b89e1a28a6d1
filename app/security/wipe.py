"""Wiping a folder: the key first, so that whatever is left cannot be read; every step may be repeated."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from app.security.keyring import FILE, KeyRing

MARK = "WIPE"


async def wipe(folder: Path, ring: KeyRing) -> None:
    """Erase everything of one member of staff on this device; running it again after a crash finishes the work."""
    if not folder.exists():
        await ring.forget()
        return
    (folder / MARK).touch()
    await ring.forget()
    (folder / FILE).unlink(missing_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name != MARK:
            _remove(path)
    (folder / MARK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # something new appeared meanwhile: the next start wipes again
        folder.rmdir()


def unfinished(device: Path) -> list[Path]:
    """Return the folders of an installation whose wipe was interrupted; wipe them before anything is opened."""
    return sorted(mark.parent for mark in device.glob(f"*/{MARK}"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
