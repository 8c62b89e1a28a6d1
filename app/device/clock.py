"""The one clock of the client. Tests and the demo move it with the file that `DAOGOU_CLOCK_FILE` names."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from app.domain.errors import LocalFault

VARIABLE = "DAOGOU_CLOCK_FILE"


class Clock(Protocol):
    """Wall time and a time that never runs back."""

    def now(self) -> datetime:
        """Return the wall time in UTC, right or wrong as the device's owner set it."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow while the process lives."""
        ...


class SystemClock:
    """The device's clocks, moved by the seconds written in the clock file, read at each call."""

    def __init__(self) -> None:
        named = os.environ.get(VARIABLE)
        if named and os.environ.get("DAOGOU_ENV") == "production":
            raise LocalFault("internal", f"{VARIABLE} is refused in production")
        self._file = Path(named) if named else None

    def now(self) -> datetime:
        """Return the wall time in UTC plus the file's offset."""
        return datetime.now(UTC) + timedelta(seconds=self._offset())

    def monotonic(self) -> float:
        """Return monotonic seconds plus the file's offset: days that the file skips are days that passed."""
        return time.monotonic() + self._offset()

    def _offset(self) -> float:
        if self._file is None:
            return 0.0
        try:
            return float(self._file.read_text().strip() or 0)
        except FileNotFoundError:
            return 0.0
