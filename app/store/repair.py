"""A damaged store: set aside, and a new one begun with what waited in it; the rest comes again from the server."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import LocalFault
from app.store import aside, outbox
from app.store.json_text import loads
from app.store.sealing import Sealer
from app.store.store import DAMAGED, FILE_NAME, MARK, Store
from app.store.tx import WriteTx

ROOM = "repair"
COLUMNS = "id, mid, name, subject, at, args"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Saved:
    """What could be read of a damaged store's outbox; `lost` changes could not, as far as its numbers tell."""

    rows: list[Row]
    lost: int


def open_store(folder: Path, sealer: Sealer, now: str) -> Store:
    """Open a store; a damaged one is replaced, keeps what waits, and says so as the problem `store_repaired`.

    The new file is complete before the old one is moved away, so that a kill at any moment loses nothing.

    Raises:
        LocalFault: `disk_full`.
    """
    _finish(folder)
    if not (folder / MARK).exists():
        try:
            return Store.open(folder, sealer)
        except LocalFault as exc:
            if exc.code != DAMAGED:
                raise
    _replace(folder, sealer, now)
    return Store.open(folder, sealer)


def _replace(folder: Path, sealer: Sealer, now: str) -> None:
    saved = _salvage(folder / FILE_NAME, sealer)
    room = folder / ROOM
    shutil.rmtree(room, ignore_errors=True)
    fresh = Store.open(room, sealer)
    try:
        fresh.submit(lambda tx: _fill(tx, saved, now)).result()
    finally:
        fresh.close()
    aside.set_aside(folder, now)
    _finish(folder)


def _finish(folder: Path) -> None:
    """Put the new file in place of the one that was moved away; what a kill left half made is made again."""
    made = folder / ROOM / FILE_NAME
    if made.exists() and not (folder / FILE_NAME).exists():
        made.replace(folder / FILE_NAME)
        (folder / MARK).unlink(missing_ok=True)
    shutil.rmtree(folder / ROOM, ignore_errors=True)


def _salvage(path: Path, sealer: Sealer) -> _Saved:
    found: dict[int, Row] = {}
    waiting = 0
    with contextlib.closing(sqlite3.connect(path)) as conn:
        for order in ("ASC", "DESC"):  # from both ends up to the damage
            with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
                for row in conn.execute(f"SELECT {COLUMNS} FROM outbox ORDER BY id {order}"):  # noqa: S608 - constants
                    found[row[0]] = row
        with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
            known = dict(conn.execute("SELECT name, value FROM meta WHERE name IN ('last_id', 'confirmed')"))
            waiting = loads(known["last_id"]) - loads(known.get("confirmed", "0")) if "last_id" in known else 0
    good = [found[number] for number in sorted(found) if _opens(found[number], sealer)]
    return _Saved(good, max(waiting, len(found)) - len(good))


def _opens(row: Row, sealer: Sealer) -> bool:
    try:
        return bool(loads(sealer.open(outbox.SEAL, row[1], row[5]))["mid"] == row[1])
    except (LocalFault, ValueError, TypeError, KeyError):
        return False


def _fill(tx: WriteTx, saved: _Saved, now: str) -> None:
    tx.conn.executemany(f"INSERT INTO outbox ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", saved.rows)  # noqa: S608 - constants
    outbox.renew(tx)
    aside.add_problem(tx, "store_repaired", {"kept": len(saved.rows), "lost": saved.lost}, now)
