"""Signing in online, and unlocking offline with the PIN."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from app.account import pins
from app.account import session as sessions
from app.account.lease import LeaseGuard
from app.account.session import Session
from app.account.tokens import NO_AUTH
from app.device import paths
from app.device.clock import Clock
from app.device.known import known_staff
from app.domain.errors import GuideError, LocalFault, Unavailable
from app.domain.instants import to_text
from app.security import KeyRing, KeyStore, RowSealer, unfinished, wipe
from app.store import Store, aside

log = logging.getLogger(__name__)
AWAY = ("offline", "server_away", "timeout", "server_fault")


@dataclass(frozen=True, slots=True)
class Opened:
    """A store folder that may now be opened: `Store.open(opened.folder, opened.sealer)`.

    `lost_waiting`: mutations in a store whose key could not be recovered; it was set aside, a local problem
    `key_lost` tells the user.
    """

    session: Session
    folder: Path
    sealer: RowSealer
    lost_waiting: int = 0


async def login_online(
    http: httpx.AsyncClient,
    keystore: KeyStore,
    clock: Clock,
    *,
    staff_no: str,
    pin: str,
    device_id: str,
    device_name: str,
    root: Path | None = None,
) -> Opened:
    """Sign in at the server and make or re-open this person's folder.

    Args:
        http: From `app.sync.make_http`; errors arrive as `GuideError`.
        keystore: Where the device keeps secrets.
        clock: The device's clock.
        staff_no: As printed on the badge.
        pin: The same one unlocks offline later.
        device_id: This installation's id.
        device_name: What headquarters sees in its list of devices.
        root: `DAOGOU_HOME` unless a test says otherwise.
    Raises:
        Rejected: `wrong_pin`, `account_locked`.
        Unavailable: `first_login_offline` when this person never signed in here, else what the network said.
        Unauthorized: `device_revoked`.
        Refused: `trust_changed`: another server's keys; nothing on this device was touched.
    """
    await finish_wipes(keystore, device_id, root, http)
    body = {"staff_no": staff_no, "pin": pin, "device_id": device_id, "device_name": device_name}
    try:
        answer = sessions.answer_of(await http.post("/api/auth/login", json=body, auth=NO_AUTH))
    except Unavailable as exc:
        known = known_staff(paths.device_folder(device_id, root))
        if exc.code in AWAY and all(one.staff_no != staff_no for one in known):
            raise Unavailable("first_login_offline", exc.detail) from exc
        raise
    session = sessions.from_answer(answer, device_id, clock.now())
    opened = await _open(session, keystore, pin, clock.now(), root)
    LeaseGuard(opened.folder, session, opened.sealer, clock).take(session.lease)
    return opened


async def _open(session: Session, keystore: KeyStore, pin: str, now: datetime, root: Path | None) -> Opened:
    folder = paths.staff_folder(session.device_id, session.staff.id, root)
    pins.require_known(folder, session)
    ring = ring_of(folder, keystore, session.device_id, session.staff.id)
    data_key = await _known_key(ring, pin, session, now)
    lost = 0
    if data_key is None:
        lost = aside.set_aside(folder, to_text(now))
        data_key = await ring.create(pin, session.share_key)
    else:
        await ring.wrap(data_key, pin, session.share_key)
    sealer = RowSealer(data_key)
    sessions.save(folder, session, sealer)
    pins.pin(folder, session)
    if lost:
        await _report(folder, sealer, lost, now)
    return Opened(session, folder, sealer, lost)


async def _known_key(ring: KeyRing, pin: str, session: Session, now: datetime) -> bytes | None:
    """Return the data key of before: by the server's recovery secret, else by this PIN, else None."""
    if not ring.exists():
        return None
    found = ring.recover(session.share_key)
    if found is not None:
        return found
    try:
        return await ring.unlock(pin, now)
    except GuideError:  # the PIN changed at headquarters and the recovery secret too: the old key is lost
        return None


async def _report(folder: Path, sealer: RowSealer, lost: int, now: datetime) -> None:
    store = Store.open(folder, sealer)
    await store.write(lambda tx: aside.add_problem(tx, "key_lost", {"count": lost}, to_text(now)))
    store.close()


async def unlock_offline(
    keystore: KeyStore, clock: Clock, *, staff_no: str, pin: str, device_id: str, root: Path | None = None
) -> Opened:
    """Open the folder of somebody who signed in here before; no network.

    Raises:
        Rejected: `unlock_wrong_pin` (`left`), `unlock_locked` (`seconds`).
        LocalFault: `key_lost`, `offline_too_long`, `clock_set_back`: an online login is needed, and keeps what waits.
        Unavailable: `first_login_offline`: never signed in on this device.
    """
    await finish_wipes(keystore, device_id, root)
    known = known_staff(paths.device_folder(device_id, root))
    one = next((k for k in known if k.staff_no.casefold() == staff_no.casefold()), None)
    if one is None:
        raise Unavailable("first_login_offline", "nobody with this number signed in on this device")
    ring = ring_of(one.folder, keystore, device_id, one.staff_id)
    if not ring.exists():
        raise LocalFault("key_lost", "the keyring is gone")
    sealer = RowSealer(await ring.unlock(pin, clock.now()))
    session = sessions.load(one.folder, one.staff_id, sealer)
    LeaseGuard(one.folder, session, sealer, clock).check()
    return Opened(session, one.folder, sealer)


async def finish_wipes(
    keystore: KeyStore, device_id: str, root: Path | None = None, http: httpx.AsyncClient | None = None
) -> None:
    """Finish wipes that a crash interrupted, before anything of them is opened; with `http` the server is told."""

    async def tell(proof: str) -> bool:
        return http is not None and await _confirm_wiped(http, proof)

    for folder in unfinished(paths.device_folder(device_id, root)):
        await wipe(folder, ring_of(folder, keystore, device_id, folder.name), confirm=tell)


async def _confirm_wiped(http: httpx.AsyncClient, proof: str) -> bool:
    """Tell the server that a revoked device has erased itself; a server that knows nothing of it needs no word."""
    try:
        await http.post("/api/auth/wiped", json={"access_token": proof}, auth=NO_AUTH)
    except Unavailable:
        return False
    except GuideError as exc:
        log.info("nobody waits for word of a wipe: %s", exc.code)
    return True


def ring_of(folder: Path, keystore: KeyStore, device_id: str, staff_id: str) -> KeyRing:
    """Return the keyring of one person on one installation."""
    return KeyRing(folder, keystore, f"{device_id}.{staff_id}")
