"""The best guess of the server's time: what it last said, plus the time that passed here since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from app.domain.coupon import bounded_device_time
from app.domain.instants import from_text
from app.store import Read


class DeviceClock(Protocol):
    """The device's clocks (`app.device.clock.Clock`)."""

    def now(self) -> datetime:
        """Return the wall time, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run back."""
        ...


class ServerClock:
    """Server time estimated; a device clock that is a day off moves nothing once the server was heard.

    Within a process it counts by the monotonic clock. After a restart it trusts the wall clock plus the offset
    kept from the last pull, but never goes below the last time the server said.
    """

    def __init__(self, device: DeviceClock) -> None:
        self._device = device
        self._anchor: tuple[datetime, float] | None = None

    def restore(self, read: Read) -> None:
        """Take up the offset that the last pull left in the store."""
        heard, offset = read.meta("server_time"), read.meta("clock_offset_s")
        if heard is None or offset is None:
            return
        guess = self._device.now() + timedelta(seconds=float(offset))
        self._anchor = (max(guess, from_text(heard)), self._device.monotonic())

    def heard(self, server_now: datetime) -> float:
        """Take the server's time from an answer; return the offset of the wall clock in seconds, to be kept."""
        self._anchor = (server_now, self._device.monotonic())
        return (server_now - self._device.now()).total_seconds()

    def now(self) -> datetime:
        """Return the estimated server time, UTC."""
        if self._anchor is None:
            return self._device.now()
        server_then, then = self._anchor
        return server_then + timedelta(seconds=max(0.0, self._device.monotonic() - then))

    def bounded(self) -> tuple[datetime, bool]:
        """Return the time of an act in the store, and whether the device's clock is over 5 minutes off (rule 1.9)."""
        if self._anchor is None:
            return self._device.now(), False
        server_then, then = self._anchor
        return bounded_device_time(self._device.now(), server_then, self._device.monotonic() - then)

    def ahead_s(self) -> float:
        """Return by how many seconds the device's wall clock is ahead of the server's; 0 before the server spoke."""
        return (self._device.now() - self.now()).total_seconds()

    def monotonic(self) -> float:
        """Return the device's monotonic seconds."""
        return self._device.monotonic()


Now = Callable[[], datetime]
