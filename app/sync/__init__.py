"""The sync engine: push, pull, rebase, live channel; `sync.md` is the protocol."""

from app.sync.clock import ServerClock
from app.sync.engine import SyncEngine
from app.sync.status import Progress, State, SyncStatus
from app.sync.transport import OfflineSwitch, make_http

__all__ = ["OfflineSwitch", "Progress", "ServerClock", "State", "SyncEngine", "SyncStatus", "make_http"]
