"""Order events from a file of JSON lines: the webhook's format without its envelope, line by line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import ProtocolFault
from server_stub import bodies
from server_stub.db import Database
from server_stub.trade import events


@dataclass(frozen=True, slots=True)
class EventReport:
    """What became of a file: how many applied, waiting and refused, and the refused lines with reasons."""

    counts: dict[str, int]
    refused: tuple[tuple[int, str], ...]


def take_file(db: Database, file: Path) -> EventReport:
    """Take every event of the file, each in a transaction of its own; an interrupted run is simply run again."""
    counts = Counter({"applied": 0, "waiting": 0, "refused": 0})
    refused: list[tuple[int, str]] = []
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            status, reason = _take(db, raw)
            counts[status] += 1
            if reason:
                refused.append((number, reason))
    return EventReport(dict(counts), tuple(refused))


def _take(db: Database, raw: bytes) -> tuple[str, str]:
    try:
        event = bodies.parse(raw)
    except ProtocolFault as no:
        return "refused", f"{no.code}: no JSON object on this line"
    answer = events.take(db, event)
    if answer["status"] != "refused":
        return answer["status"], ""
    return "refused", f"{answer['place']}: {answer['code']} ({answer['detail']})"
