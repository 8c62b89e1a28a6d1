"""The one clock of the server; tests and the demo shift it with a file, production never."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What tells the time: aware, UTC."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FileClock:
    """The machine's clock plus the seconds written in a file, read at each call."""

    path: Path

    def now(self) -> datetime:
        """Return the shifted instant in UTC; a missing file means no shift."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_s())

    def _offset_s(self) -> float:
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 0.0
        return float(text or 0)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is moved; for tests and simulations."""

    at: datetime

    def now(self) -> datetime:
        """Return the set instant."""
        return self.at

    def forward(self, **parts: float) -> datetime:
        """Move on by a timedelta's parts and return the new instant."""
        self.at += timedelta(**parts)
        return self.at


def from_env(env: str) -> Clock:
    """Return the clock for this environment.

    Raises:
        ValueError: `DAOGOU_CLOCK_FILE` is set in production.
    """
    path = os.environ.get("DAOGOU_CLOCK_FILE")
    if not path:
        return WallClock()
    if env == "production":
        raise ValueError("DAOGOU_CLOCK_FILE is refused in production")
    return FileClock(Path(path))
