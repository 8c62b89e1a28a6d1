"""What nobody needs before a PIN is typed: imported beside it (`prepare`), at the latest when it is used.

Half of the app's own imports: they keep nobody waiting for the PIN field.
"""

from __future__ import annotations

import httpx

from app import account
from app.account.sign_out import wipe_folder
from app.content import Blobs, Content
from app.insight import CustomerIndex, SignalBoard
from app.mutations import replay_for
from app.store import look_over, open_store
from app.sync import OfflineSwitch, ServerClock, SyncEngine, make_http

__all__ = [
    "Blobs",
    "Content",
    "CustomerIndex",
    "OfflineSwitch",
    "ServerClock",
    "SignalBoard",
    "SyncEngine",
    "account",
    "httpx",
    "look_over",
    "make_http",
    "open_store",
    "replay_for",
    "wipe_folder",
]
