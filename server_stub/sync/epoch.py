"""The identity of a database's history: it changes when the database is replaced by an older copy.

The epoch stands in the database; beside it, in a side file outside every backup, stands how far that history had
come. SQLite: the sum of the buckets' versions. PostgreSQL: the position of the write-ahead log, which a copied data
folder takes back; and the epoch names what a dump or a recovery to a point in time changes: the cluster, its
timeline, the database and the table of buckets by their object ids.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from server_stub import tables as t
from server_stub.db import Database, upsert

WRITE_EVERY_S = 1.0
PG_TURN = 7347  # the advisory lock of who decides on the epoch
PG_IDENTITY = """
SELECT concat_ws('.', s.system_identifier, c.timeline_id, d.oid, 'bucket'::regclass::oid)
FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""
PG_POSITION = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"


def ensure(db: Database) -> str:
    """Return the epoch of this database, a new one if it is not the database that ran here last; then keep watch."""
    epoch = check(db)
    side = _SideFile(db)
    side.epoch = epoch
    db.listen(side.after_commit)
    return epoch


def check(db: Database) -> str:
    """Return the epoch, after a restore a new one, and note how far this history has come."""
    side = _SideFile(db)
    with db.begin() as tx:
        if not db.is_sqlite:  # of several processes that start after a restore one renews it
            tx.conn.execute(select(func.pg_advisory_xact_lock(PG_TURN)))
        identity = "" if db.is_sqlite else f"{tx.conn.execute(text(PG_IDENTITY)).scalar_one()}~"
        known = tx.conn.execute(select(t.meta.c.value).where(t.meta.c.name == "epoch")).scalar()
        same = known is not None and known.startswith(identity) and _goes_on(tx.conn, known, identity, side.read())
        epoch = known if same and known else _store(tx.conn, f"{identity}{uuid.uuid4().hex}")
    side.epoch = epoch
    side.write()
    return epoch


def _goes_on(conn: Connection, known: str, identity: str, kept: dict[str, Any] | None) -> bool:
    """Say whether the database is at least as far as it was when it last ran here."""
    if not identity:
        return kept is not None and kept["epoch"] == known and kept["counter"] <= _counter(conn)
    # Another machine's process may have renewed the epoch, or none ever ran here; the log's position counts alone.
    return kept is None or not kept["epoch"].startswith(identity) or kept["counter"] <= _counter(conn)


def _store(conn: Connection, epoch: str) -> str:
    statement = upsert(conn, t.meta).values(name="epoch", value=epoch)
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": epoch}))
    return epoch


def _counter(conn: Connection) -> int:
    if conn.dialect.name == "postgresql":
        return int(conn.execute(text(PG_POSITION)).scalar_one())
    return int(conn.execute(select(func.coalesce(func.sum(t.bucket.c.ver), 0))).scalar_one())


class _SideFile:
    """`epoch.json` beside the database: the epoch and a lower bound of the versions given out."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.path: Path = db.settings.folder / "epoch.json"
        self.epoch = ""
        self._high = 0
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
        """Replace the file in one step; what this process saw of the history never goes back."""
        with self._lock, self.db.read() as conn:
            self._last_s = time.monotonic()
            self._high = max(self._high, _counter(conn))
            if not self.db.is_sqlite:  # another process may have renewed it
                self.epoch = conn.execute(select(t.meta.c.value).where(t.meta.c.name == "epoch")).scalar_one()
            partial = self.path.with_suffix(f".{os.getpid()}.part")
            partial.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({"epoch": self.epoch, "counter": self._high}), encoding="ascii")
            partial.replace(self.path)
