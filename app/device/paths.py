"""Where things stand on this device: `$DAOGOU_HOME/app/<device>/<staff id>/`, shared pictures beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def home() -> Path:
    """Return `DAOGOU_HOME`, or `.daogou` in the working directory."""
    return Path(os.environ.get("DAOGOU_HOME") or ".daogou").absolute()


def device_folder(device_id: str, root: Path | None = None) -> Path:
    """Return the folder of one installation.

    Raises:
        ValueError: the id could name another folder.
    """
    return (root or home()) / "app" / _safe(device_id)


def staff_folder(device_id: str, staff_id: str, root: Path | None = None) -> Path:
    """Return the folder of one member of staff on one installation: store, keyring and session."""
    return device_folder(device_id, root) / _safe(staff_id)


def blobs_folder(root: Path | None = None) -> Path:
    """Return the content-addressed folder of product pictures and pack files, which are nobody's secret."""
    return (root or home()) / "blobs"


def _safe(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise ValueError("an id of a device or of staff has other characters than letters, digits, - and _")
    return name
