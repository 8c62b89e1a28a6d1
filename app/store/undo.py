"""The undo log: the first image of each row that pending mutations touched.

A pull restores these images, applies the server's patch to what the server last said, and replays
what is still pending. An image is a sealed copy of the raw row; a row that was not there has none.
The insert asks NOT EXISTS: a second image of the same row would be one of our own making, and the
rewind would then keep it as if the server had said it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.store import codec
from app.store.read import select
from app.store.spec import BY_OBJECT, Table

if TYPE_CHECKING:
    from app.store.tx import WriteTx

SEAL = "undo"


def save(tx: WriteTx, table: Table, row_id: str) -> None:
    """Keep the image of a row unless there is one."""
    known = tx.value("SELECT 1 FROM undo WHERE object = ? AND id = ?", (table.object, row_id))
    if known is not None:
        return
    cells = tx.conn.execute(f"{select(table)} WHERE id = ?", (row_id,)).fetchone()
    sealed = None
    if cells is not None:
        sealed = tx.sealer.seal(SEAL, f"{table.object}/{row_id}", codec.image(table, cells))
    tx.conn.execute(
        "INSERT INTO undo SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM undo WHERE object = ? AND id = ?)",
        (table.object, row_id, sealed, table.object, row_id),
    )


def rewind(tx: WriteTx) -> None:
    """Put every touched row back as the server last said it, and empty the log."""
    from app.store.tx import insert  # a cycle otherwise: the transaction saves the images

    for name, row_id, sealed in tx.rows("SELECT object, id, image FROM undo"):
        table = BY_OBJECT[name]
        if sealed is None:
            tx.conn.execute(f'DELETE FROM "{table.name}" WHERE id = ?', (row_id,))  # noqa: S608 - names from the spec
        else:
            cells = codec.from_image(table, tx.sealer.open(SEAL, f"{name}/{row_id}", sealed))
            tx.conn.execute(insert(table), codec.unparked(table, cells, tx.sealer))
        tx.touch(name, row_id)
    tx.conn.execute("DELETE FROM undo")
