"""A client with nothing behind it: commits and sync states on command, queries that are plain functions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from app.account.session import Session, StaffInfo
from app.device.clock import SystemClock
from app.sync.status import State, SyncStatus


class FakeNotices:
    """Something to subscribe to."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Any], None]] = []

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, what: Any) -> None:
        for listener in list(self._listeners):
            listener(what)


class FakeStore(FakeNotices):
    """A store of named values; `rows` is what queries are given to read."""

    def __init__(self, **rows: Any) -> None:
        super().__init__()
        self.rows = rows
        self.read = rows

    def commit(self, *tables: str, **rows: Any) -> None:
        self.rows |= rows
        self.tell(frozenset(tables))


class FakeEngine(FakeNotices):
    """An engine that is in the state a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.status = SyncStatus(State.ONLINE)
        self.kicks = 0
        self.rests = False

    def become(self, **status: Any) -> None:
        self.status = SyncStatus(**status)
        self.tell(self.status)

    def kick(self) -> None:
        self.kicks += 1

    async def background(self) -> None:
        self.rests = True

    def foreground(self) -> None:
        self.rests = False
        self.kick()

    def set_work_offline(self, on: bool) -> None:
        self.become(state=State.OFFLINE if on else State.ONLINE, work_offline=on)


def fake_client(role: str = "guide", **rows: Any) -> Any:
    """Return a client of a guide (or another role) whose store holds `rows`."""
    staff = StaffInfo("s1", 1, "G0101", "林悦", role, "st1")
    session = Session(
        staff, "device-1", b"k" * 32, 1, {}, {}, "http://shop.test", "Asia/Shanghai", "a", "r", "2030-01-01T00:00:00Z"
    )
    return SimpleNamespace(
        store=FakeStore(**rows), engine=FakeEngine(), session=session, staff=staff, clock=SystemClock(), index=None
    )
