"""What refused mutations said, kept on the device that sent them, so that they can be tried again.

The row `rejected` of the server holds no arguments. When a pull confirms outbox rows, their sealed arguments move here;
once the pull is complete, those without a refusal go. So another device of the same person can only open or dismiss.
"""

from __future__ import annotations

from app.store.json_text import loads
from app.store.outbox import SEAL, Pending
from app.store.read import Read
from app.store.tx import WriteTx


def keep(tx: WriteTx, client_id: str, confirmed: int) -> None:
    """Keep the arguments of what the server has processed, as sealed as they are, before the outbox is pruned."""
    tx.conn.execute(
        "INSERT OR REPLACE INTO refused_args SELECT ? || '/' || id, id, mid, name, args FROM outbox WHERE id <= ?",
        (client_id, confirmed),
    )


def sweep(tx: WriteTx) -> None:
    """Drop what was not refused, or whose refusal is gone; only after the last page of a pull."""
    tx.conn.execute("DELETE FROM refused_args WHERE id NOT IN (SELECT id FROM rejected)")


def forget(tx: WriteTx, rejected_id: str) -> None:
    """Drop the arguments of one refusal."""
    tx.conn.execute("DELETE FROM refused_args WHERE id = ?", (rejected_id,))


def arguments(read: Read, rejected_id: str) -> Pending | None:
    """Return what one refused mutation said, or None when this device did not send it."""
    rows = read.rows("SELECT number, mid, name, args FROM refused_args WHERE id = ?", (rejected_id,))
    if not rows:
        return None
    number, mid, name, sealed = rows[0]
    return Pending(number, name, loads(read.sealer.open(SEAL, mid, sealed)))
