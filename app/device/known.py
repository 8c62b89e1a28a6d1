"""Who signed in on this device before: what the unlock screen shows. `account.session` writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SESSION = "session.sealed"
PROFILE = "profile.json"


@dataclass(frozen=True, slots=True)
class KnownStaff:
    """Somebody who signed in on this device before and can unlock it offline."""

    staff_id: str
    staff_no: str
    name: str
    role: str
    folder: Path


def known_staff(device: Path) -> tuple[KnownStaff, ...]:
    """Return who can unlock this installation offline, by staff number."""
    found = []
    for profile in sorted(device.glob(f"*/{PROFILE}")):
        if (profile.parent / SESSION).exists():
            shown = json.loads(profile.read_text())
            found.append(KnownStaff(**shown, folder=profile.parent))
    return tuple(sorted(found, key=lambda one: one.staff_no))
