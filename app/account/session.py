"""Who is signed in on this device, with what the server gave them; sealed at rest."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.device.known import PROFILE, SESSION
from app.domain.errors import ProtocolFault, Unavailable
from app.domain.instants import Instant, from_text, to_text
from app.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class StaffInfo:
    """The member of staff as the login answer tells it. role: guide | manager | hq."""

    id: str
    no: int
    staff_no: str
    name: str
    role: str
    store_id: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in member of staff on a device. Keys are raw bytes; `expires_at` is of the access token."""

    staff: StaffInfo
    device_id: str
    share_key: bytes
    share_key_no: int
    coupon_keys: Mapping[str, bytes]
    pack_keys: Mapping[str, bytes]
    public_url: str
    zone: str
    access_token: str
    refresh_token: str
    expires_at: Instant
    server_time: Instant | None = None
    lease: str = ""  # as the login brought it; what is in force stands in `account.lease`

    def renewed(self, answer: Mapping[str, Any], now: datetime) -> Session:
        """Return the session with the tokens of a refresh answer."""
        return dataclasses.replace(self, **_tokens(answer, now))


def answer_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer.

    Raises:
        Unavailable: `server_away`: the page of a captive portal or a proxy answered in the server's place.
    """
    try:
        return response.json()
    except ValueError as exc:
        raise Unavailable("server_away", "an answer that is not JSON") from exc


def from_answer(answer: Mapping[str, Any], device_id: str, now: datetime) -> Session:
    """Return the session a login answer describes.

    Raises:
        ProtocolFault: `body_malformed`.
    """
    try:
        staff, device, trust = answer["staff"], answer["device"], answer["trust"]
        return Session(
            staff=StaffInfo(
                str(staff["id"]), int(staff["no"]), staff["staff_no"], staff["name"], staff["role"], staff["store_id"]
            ),
            device_id=device_id,
            share_key=unpack(device["share_key"]),
            share_key_no=int(device["share_key_no"]),
            coupon_keys={str(k): unpack(v) for k, v in trust["coupon_keys"].items()},
            pack_keys={str(k): unpack(v) for k, v in trust["pack_keys"].items()},
            public_url=answer["public_url"],
            zone=answer["zone"],
            server_time=answer["server_time"],
            lease=str(answer["lease"]),
            **_tokens(answer, now),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise ProtocolFault("body_malformed", "the login answer is not as agreed") from exc


def _tokens(answer: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    try:
        return {
            "access_token": str(answer["access_token"]),
            "refresh_token": str(answer["refresh_token"]),
            "expires_at": to_text(now + timedelta(seconds=int(answer["expires_in"]))),
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise ProtocolFault("body_malformed", "the answer lacks tokens") from exc


def save(folder: Path, session: Session, sealer: Sealer) -> None:
    """Write the session sealed, and who it is in the clear for the unlock screen."""
    plain = dataclasses.asdict(session)
    for name in ("coupon_keys", "pack_keys"):
        plain[name] = {k: pack(v) for k, v in plain[name].items()}
    plain["share_key"] = pack(session.share_key)
    sealed = sealer.seal("session", session.staff.id, json.dumps(plain).encode())
    replace(folder / SESSION, sealed)
    shown = {"staff_id": session.staff.id, "staff_no": session.staff.staff_no, "name": session.staff.name}
    replace(folder / PROFILE, json.dumps(shown | {"role": session.staff.role}).encode())


def load(folder: Path, staff_id: str, sealer: Sealer) -> Session:
    """Return the session sealed in a folder.

    Raises:
        LocalFault: `key_lost`.
        FileNotFoundError: nobody signed in here.
    """
    plain = json.loads(sealer.open("session", staff_id, (folder / SESSION).read_bytes()))
    plain["staff"] = StaffInfo(**plain["staff"])
    plain["share_key"] = unpack(plain["share_key"])
    for name in ("coupon_keys", "pack_keys"):
        plain[name] = {k: unpack(v) for k, v in plain[name].items()}
    return Session(**plain)


def is_expiring(session: Session, now: datetime, margin_s: int = 30) -> bool:
    """Say whether the access token is over or nearly so."""
    return from_text(session.expires_at) <= now + timedelta(seconds=margin_s)


def pack(raw: bytes) -> str:
    """Return bytes as base64url text without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unpack(text: str) -> bytes:
    """Return the bytes of base64 or base64url text, padded or not."""
    return base64.urlsafe_b64decode(
        text.replace("+", "-").replace("/", "_").rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    )


def replace(path: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one, whatever happens."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
