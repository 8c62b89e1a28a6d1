"""Old tombstones go; each bucket remembers up to where, so that a client that missed them starts anew.

What a mutation's id stood for goes as late: by then no queue sends it again, and its client's last id refuses it still.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, tuple_, update

from app.domain import instants
from app.protocol.limits import TOMBSTONE_DAYS
from server_stub import tables as t
from server_stub.db import Tx

ROWS_MAX = 500


def purge(tx: Tx) -> int:
    """Delete up to 500 tombstones older than 90 days, oldest versions first; return how many."""
    c = t.sync_row.c
    before = instants.to_text(tx.now - timedelta(days=TOMBSTONE_DAYS))
    old = (
        select(c.bucket, c.key, c.ver).where(c.value.is_(None), c.at < before).order_by(c.bucket, c.ver).limit(ROWS_MAX)
    )
    rows = tx.conn.execute(old).all()
    horizons: dict[str, int] = {}
    for row in rows:
        horizons[row.bucket] = max(row.ver, horizons.get(row.bucket, 0))
        tx.conn.execute(delete(t.sync_row).where(c.bucket == row.bucket, c.key == row.key))
    for bucket, horizon in sorted(horizons.items()):
        lower = t.bucket.c.id == bucket, t.bucket.c.horizon < horizon
        tx.conn.execute(update(t.bucket).where(*lower).values(horizon=horizon))
    return len(rows)


def forget_seen(tx: Tx) -> int:
    """Delete up to 500 remembered mutations older than 90 days, oldest first; return how many."""
    c = t.seen_mutation.c
    before = instants.to_text(tx.now - timedelta(days=TOMBSTONE_DAYS))
    old = tx.conn.execute(select(c.client_id, c.mutation_id).where(c.at < before).order_by(c.at).limit(ROWS_MAX)).all()
    if old:
        keys = [(row.client_id, row.mutation_id) for row in old]
        tx.conn.execute(delete(t.seen_mutation).where(tuple_(c.client_id, c.mutation_id).in_(keys)))
    return len(old)
