"""The devices that hold customers' data: asked of the server, and one that was lost is ended there."""

from __future__ import annotations

from dataclasses import dataclass, fields

import httpx

from app.account import session as sessions
from app.domain.errors import ProtocolFault


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device somebody may look after; instants are UTC, ISO text. `here`: it is this one."""

    id: str
    name: str
    staff_id: str
    staff_name: str
    created_at: str
    seen_at: str
    revoked_at: str | None
    wiped_at: str | None
    here: bool

    @property
    def in_browser(self) -> bool:
        """Say whether it is a browser's store: its installation is named so."""
        return ".web-" in self.id


NAMES = tuple(field.name for field in fields(KnownDevice))


async def known_devices(http: httpx.AsyncClient) -> tuple[KnownDevice, ...]:
    """Return one's own devices, a manager also those of the store's guides; own ones first, last seen first.

    Raises:
        Unavailable: no network.
        ProtocolFault: `body_malformed`.
    """
    answer = sessions.answer_of(await http.get("/api/devices"))
    try:
        return tuple(KnownDevice(**{name: one[name] for name in NAMES}) for one in answer["devices"])
    except (KeyError, TypeError) as exc:
        raise ProtocolFault("body_malformed", "a device without its fields") from exc


async def revoke_device(http: httpx.AsyncClient, device_id: str, pin: str = "") -> None:
    """End a device: it is signed out now, and erases itself at its next contact.

    Raises:
        Rejected: `step_up_needed` (ask for the PIN and come again), `wrong_pin`, `not_found`.
        Unavailable: no network, `account_locked`.
    """
    await http.post(f"/api/devices/{device_id}/revoke", json={"pin": pin} if pin else {})
