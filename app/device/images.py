"""The only way to a product picture: a path on devices, `/blob/<digest>` on the web.

Product pictures only: what names a customer is never under a public address. Bootstrap says once which it is.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_folders: list[Path] = []
_web = False
POLL_S = 0.25


def is_digest(text: str) -> bool:
    """Return whether `text` is a SHA-256 in lower-case hex."""
    return _DIGEST.fullmatch(text) is not None


def configure(folders: list[Path], *, web: bool) -> None:
    """Say where pictures lie (asked in this order), and whether a browser shows them."""
    global _web  # noqa: PLW0603 - one process serves one kind of screen
    _folders[:] = folders
    _web = web


def path(digest: str) -> Path | None:
    """Return the file of a picture, or None while it has not come."""
    if not is_digest(digest):
        return None
    for folder in _folders:
        for candidate in (folder / digest, folder / digest[:2] / digest):
            if candidate.is_file():
                return candidate
    return None


def src(digest: str | None) -> str | None:
    """Return what an image control shows for `digest`, or None when there is nothing to show yet."""
    if digest is None or not is_digest(digest):
        return None
    if _web:
        return f"/blob/{digest}"
    found = path(digest)
    return str(found) if found else None


async def awaited(digest: str, limit_s: float = 20.0) -> Path | None:
    """Return the file of a picture, waiting a little for one that is on its way (a first sync); else None."""
    for _ in range(int(limit_s / POLL_S)):
        found = path(digest)
        if found is not None or not is_digest(digest):
            return found
        await asyncio.sleep(POLL_S)
    return path(digest)


def media_type(file: Path) -> str:
    """Return the type of a picture by its first bytes; anything else is not shown by browsers."""
    with file.open("rb") as opened:
        head = opened.read(12)
    for start, kind in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png")):
        if head.startswith(start):
            return kind
    return "image/webp" if head[8:12] == b"WEBP" else "application/octet-stream"
