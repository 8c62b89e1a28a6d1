"""The honest state of the sync, as the badge shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.instants import Instant


class State(StrEnum):
    """What the engine is doing. `revoked`: the device was taken away and its data wiped."""

    ONLINE = "online"
    OFFLINE = "offline"
    SYNCING = "syncing"
    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a paged pull is, in rows."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What a badge needs. `problem` is the error code of the last failed round, None after a good one.

    `problems` counts what this device has to tell (`work.problems`), `refused` what the server refused. `partial` is
    True until the first sync is complete.
    """

    state: State = State.OFFLINE
    waiting: int = 0
    refused: int = 0
    last_sync_at: Instant | None = None
    work_offline: bool = False
    progress: Progress | None = None
    problem: str | None = None
    partial: bool = True
    problems: int = 0
