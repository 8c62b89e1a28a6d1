"""The lease on this device: 72 hours after the server was last heard, or with the clock set back, data stays locked."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.account.session import Session, replace
from app.device.clock import Clock
from app.domain.errors import LocalFault, Refused
from app.domain.instants import Instant, from_text, to_text
from app.protocol import lease
from app.store.sealing import Sealer

log = logging.getLogger(__name__)
FILE = "lease.sealed"
SET_BACK = timedelta(minutes=10)
SAVED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Held:
    """The lease with what this device's clock showed: when it came, and the latest ever seen since."""

    text: str
    expires: Instant
    ahead_s: float  # how far the server's clock is before ours
    high_water: Instant


class LeaseGuard:
    """Keeps the last lease sealed beside the store and says whether it still holds."""

    def __init__(self, folder: Path, session: Session, sealer: Sealer, clock: Clock) -> None:
        self._path = folder / FILE
        self._session = session
        self._sealer = sealer
        self._clock = clock
        self._held = self._load()
        self._saved_at: datetime | None = None

    def take(self, text: str) -> None:
        """Adopt what a login or a pull brought; one we cannot trust is left, and the held one goes on running."""
        keys = tuple(self._session.coupon_keys.values())
        try:
            found = lease.verify(text, keys, self._session.device_id, self._session.staff.id)
        except Refused as exc:
            log.warning("lease refused: %s", exc)
            return
        now = self._clock.now()
        ahead_s = (from_text(found.issued) - now).total_seconds()
        fresh = self._held is None
        self._held = _Held(text, found.expires, ahead_s, to_text(now))
        if fresh or self._is_due(now):
            self._save(now)

    def check(self) -> None:
        """Say nothing while the lease holds, and note how late it is.

        Raises:
            LocalFault: `offline_too_long` or `clock_set_back`.
        """
        held, now = self._held, self._clock.now()
        if held is None:
            raise LocalFault("offline_too_long", "no lease was ever given")
        seen = from_text(held.high_water)
        if now < seen - SET_BACK:
            raise LocalFault("clock_set_back", "the clock shows less than it did")
        if now + timedelta(seconds=held.ahead_s) >= from_text(held.expires):
            raise LocalFault("offline_too_long", "the server was not heard for too long")
        if now > seen:
            self._held = _Held(held.text, held.expires, held.ahead_s, to_text(now))
            if self._is_due(now):
                self._save(now)

    def _is_due(self, now: datetime) -> bool:
        return self._saved_at is None or abs(now - self._saved_at) >= SAVED_EVERY

    def _load(self) -> _Held | None:
        try:
            raw = self._sealer.open("lease", self._session.staff.id, self._path.read_bytes())
        except FileNotFoundError:
            return None
        except LocalFault:  # of a key that was lost since, or altered: as good as none
            log.warning("the lease does not open with this key")
            return None
        return _Held(**json.loads(raw))

    def _save(self, now: datetime) -> None:
        if self._held is None:
            return
        plain = json.dumps(asdict(self._held)).encode()
        replace(self._path, self._sealer.seal("lease", self._session.staff.id, plain))
        self._saved_at = now
