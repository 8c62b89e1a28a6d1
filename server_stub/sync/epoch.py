"""The identity of a database's history: it changes when the database is replaced by an older copy.

SQLite: the epoch and how far the buckets had come stand in a side file outside the backup.
PostgreSQL: the cluster's own identity and timeline.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from server_stub import tables as t
from server_stub.db import Database, upsert

WRITE_EVERY_S = 1.0
PG_IDENTITY = "SELECT s.system_identifier, c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c"


def ensure(db: Database) -> str:
    """Return the epoch of this database, a new one if it is not the database that ran here last."""
    if not db.is_sqlite:
        with db.begin() as tx:
            row = tx.conn.execute(text(PG_IDENTITY)).one()
            return _store(tx.conn, f"{row[0]}.{row[1]}")
    side = _SideFile(db)
    with db.begin() as tx:
        known = tx.conn.execute(select(t.meta.c.value).where(t.meta.c.name == "epoch")).scalar()
        kept = side.read()
        same = (
            known is not None and kept is not None and kept["epoch"] == known and kept["counter"] <= _counter(tx.conn)
        )
        epoch = known if same and known else _store(tx.conn, uuid.uuid4().hex)
    side.epoch = epoch
    side.write()
    db.listen(side.after_commit)
    return epoch


def _store(conn: Any, epoch: str) -> str:
    statement = upsert(conn, t.meta).values(name="epoch", value=epoch)
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": epoch}))
    return epoch


def _counter(conn: Any) -> int:
    return int(conn.execute(select(func.coalesce(func.sum(t.bucket.c.ver), 0))).scalar_one())


class _SideFile:
    """`epoch.json` beside the database: the epoch and a lower bound of the versions given out."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.path: Path = db.settings.folder / "epoch.json"
        self.epoch = ""
        self._last_s = 0.0
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any] | None:
        """Return what was written, None when there is nothing readable."""
        try:
            found = json.loads(self.path.read_text(encoding="ascii"))
            return {"epoch": str(found["epoch"]), "counter": int(found["counter"])}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def after_commit(self, _buckets: frozenset[str]) -> None:
        """Write at most once a second: a lower bound is enough to know an older copy."""
        if time.monotonic() - self._last_s >= WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Replace the file in one step."""
        with self._lock, self.db.read() as conn:
            self._last_s = time.monotonic()
            partial = self.path.with_suffix(f".{os.getpid()}.part")
            partial.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({"epoch": self.epoch, "counter": _counter(conn)}), encoding="ascii")
            partial.replace(self.path)
