"""A store whose key is lost: set aside and counted, never silently dropped; and the rows that tell of problems."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.store.json_text import dumps
from app.store.store import FILE_NAME
from app.store.tx import WriteTx


def set_aside(folder: Path, stamp: str) -> int:
    """Rename the store of a folder so that a new one can begin; return how many mutations waited in it."""
    path = folder / FILE_NAME
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as conn:
        try:
            waiting = int(conn.execute("SELECT count(*) FROM outbox").fetchone()[0])
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # damaged text of the schema does not decode
            waiting = 0
    kept = stamp.replace(":", "")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(folder / f"lost-{kept}.db{suffix}")
    return waiting


def add_problem(tx: WriteTx, code: str, params: Mapping[str, Any], at: str) -> None:
    """Keep one local problem for the user; the same code twice on a day is one row."""
    row_id = f"{code}.{at[:10]}" if code != "key_lost" else f"{code}.{os.urandom(4).hex()}"
    tx.conn.execute("INSERT OR REPLACE INTO problem VALUES (?, ?, ?, ?)", (row_id, code, dumps(dict(params)), at))
    tx.touch("problem", row_id)


def dismiss_problem(tx: WriteTx, problem_id: str) -> None:
    """Remove a local problem after the user has seen it."""
    tx.conn.execute("DELETE FROM problem WHERE id = ?", (problem_id,))
    tx.touch("problem", problem_id)
