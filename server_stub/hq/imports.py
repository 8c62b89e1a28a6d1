"""Import of orders and customers from files of other systems: dry run, reject file, safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server_stub.db import Database


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and did; rejected rows stand with line number and reason."""

    rows: int
    new: int
    repeated: int
    rejected: tuple[tuple[int, str], ...]
    customers_new: int
    total_fen: int
    reject_file: Path | None
    dry_run: bool


def import_orders(
    db: Database,
    file: Path,
    *,
    mapping: Path | None = None,
    guides: tuple[str, ...] = (),
    source: str | None = None,
    dry_run: bool = False,
    progress: bool = True,
) -> ImportReport:
    """Import purchase rows as historic orders; unknown customers are made and shared out over the guides."""
    raise NotImplementedError


def import_customers(
    db: Database,
    file: Path,
    *,
    mapping: Path | None = None,
    guides: tuple[str, ...] = (),
    source: str | None = None,
    dry_run: bool = False,
    progress: bool = True,
) -> ImportReport:
    """Import customers without any consent; a row seen before changes nothing."""
    raise NotImplementedError
