"""What waits, what was refused, what went wrong, and how the last sync went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.instants import Instant
from app.protocol.objects import RejectedMutation
from app.store.json_text import loads
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class Waiting:
    """One mutation that has not reached the server: its name and what it is about, never its content."""

    id: int
    name: str
    subject: str
    at: Instant


@dataclass(frozen=True, slots=True)
class LocalProblem:
    """Something this device must tell: rendered from `code` and `params` until it is dismissed."""

    id: str
    code: str
    params: dict[str, Any]
    at: Instant


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the last sync left: `complete` is False while a first sync is under way."""

    last_sync_at: Instant | None
    complete: bool
    work_offline: bool
    client_id: str | None


@reads("rejected")
def rejected(read: Read) -> list[RejectedMutation]:
    """Return the refused mutations that nobody dismissed, newest first."""
    return read.all(RejectedMutation, "1 ORDER BY at DESC, id")


@reads("rejected")
def rejected_about(read: Read, subject: str) -> list[RejectedMutation]:
    """Return the refused mutations about one key such as `customer/<id>`, newest first."""
    return [row for row in rejected(read) if row.subject == subject]


@reads("rejected")
def retryable(read: Read) -> frozenset[str]:
    """Return the ids of refusals whose arguments are on this device, so that they can be tried again."""
    return frozenset(row[0] for row in read.rows("SELECT id FROM refused_args"))


@reads("outbox")
def outbox_count(read: Read) -> int:
    """Return how many mutations wait to be sent."""
    return int(read.value("SELECT count(*) FROM outbox"))


@reads("outbox")
def waiting(read: Read, limit: int = 200) -> list[Waiting]:
    """Return what waits to be sent, oldest first."""
    return [
        Waiting(*row) for row in read.rows("SELECT id, name, subject, at FROM outbox ORDER BY id LIMIT ?", (limit,))
    ]


@reads("outbox")
def waiting_about(read: Read, subject: str) -> int:
    """Return how many waiting mutations are about one key such as `customer/<id>`."""
    return int(read.value("SELECT count(*) FROM outbox WHERE subject = ?", (subject,)))


@reads("problem")
def problems(read: Read) -> list[LocalProblem]:
    """Return the local problems that nobody dismissed, newest first."""
    rows = read.rows("SELECT id, code, params, at FROM problem ORDER BY at DESC, id")
    return [LocalProblem(row[0], row[1], loads(row[2]), row[3]) for row in rows]


@reads("problem")
def problem_count(read: Read) -> int:
    """Return how many local problems nobody dismissed."""
    return int(read.value("SELECT count(*) FROM problem"))


@reads("meta")
def sync_state(read: Read) -> SyncState:
    """Return what the last sync left."""
    return SyncState(
        read.meta("last_sync_at"),
        bool(read.meta("complete")),
        bool(read.meta("work_offline")),
        read.meta("client_id"),
    )
