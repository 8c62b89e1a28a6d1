"""What a mutation needs of the open client; `bootstrap.Client` has it, tests make a small one."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from app.account.session import Session
from app.store import Store


class Kickable(Protocol):
    """The engine as mutations see it."""

    def kick(self) -> None:
        """Ask for a sync soon."""
        ...


class ServerTime(Protocol):
    """The best guess of the server's time."""

    def now(self) -> datetime:
        """Return it, UTC."""
        ...

    def bounded(self) -> tuple[datetime, bool]:
        """Return the time of an act in the store, and whether the device's clock is off (rule 1.9)."""
        ...


class MutationClient(Protocol):
    """One open store with who is signed in, the clock and the engine."""

    @property
    def store(self) -> Store:
        """The local rows."""
        ...

    @property
    def session(self) -> Session:
        """Who is signed in."""
        ...

    @property
    def clock(self) -> ServerTime:
        """The estimated server time (`app.sync.ServerClock`)."""
        ...

    @property
    def engine(self) -> Kickable | None:
        """What sends the outbox; None in previews and tests."""
        ...
