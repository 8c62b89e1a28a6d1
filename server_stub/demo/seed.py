"""Seeds the demo brand in bulk: the same rules, the same projections, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server_stub.db import Database

SEED = 20_241


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What a seed made and how long it took."""

    customers: int
    orders: int
    views: int
    entries: int
    seconds: float


def is_seeded(db: Database) -> bool:
    """Say whether this database holds a brand already."""
    raise NotImplementedError


def seed(
    db: Database, *, number: int = SEED, cache: Path | None = None, report: Callable[[str], None] = print
) -> SeedReport | None:
    """Fill an empty, migrated database with the demo brand; None (and no change) if it is seeded already.

    Args:
        number: The same number, clock and secrets give the same brand.
        cache: Where the index of the pictures lies; default: the server's folder.
        report: Called with a line after each step.
    """
    raise NotImplementedError
