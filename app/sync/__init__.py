"""The sync engine: push, pull, rebase, live channel; `sync.md` is the protocol."""

from app.sync.clock import ServerClock
from app.sync.engine import SyncEngine
from app.sync.status import Progress, State, SyncStatus
from app.sync.transport import OfflineSwitch, Patience, make_http

__all__ = ["OfflineSwitch", "Patience", "Progress", "ServerClock", "State", "SyncEngine", "SyncStatus", "make_http"]
