"""Looking into the files of a phone that was killed, without touching them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.protocol.sync_sums import SUM_MODULUS, row_sum
from app.store import Store, WriteTx, outbox, patch, undo
from app.store.sealing import Sealer
from app.store.spec import TABLES


class _Seen(Exception):
    """Ends the look, so that its transaction is rolled back."""


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """Yield a copy of a store's folder as it lies there, with its log."""
    with tempfile.TemporaryDirectory() as room:
        yield Path(shutil.copytree(folder, Path(room) / "copy"))


def held(folder: Path, sealer: Sealer) -> set[str]:
    """Open a copy of a store as the next start does; check it through and return the mids that wait.

    The file is whole, the rows are those its cookie stands for, every waiting change opens with the key.
    """
    with copied(folder) as copy:
        store = Store.open(copy, sealer)
        try:
            assert store.read.value("PRAGMA integrity_check") == "ok"
            assert {row[0] for row in store.read.rows("SELECT key FROM parked")} == set()
            check_sums(store)
            return {one.args["mid"] for one in store.query(outbox.pending)}
        finally:
            store.close()


def check_sums(store: Store) -> None:
    """Count the rows of every bucket anew, without local effects, and compare with what the store keeps of it."""

    def look(tx: WriteTx) -> None:
        undo.rewind(tx)
        names = {row[0]: row[1] for row in tx.rows("SELECT id, name FROM bucket")}
        counted = {name: [0, 0] for name in names.values()}
        for table in TABLES:
            for row_id, bucket, version in tx.rows(f'SELECT id, b, v FROM "{table.name}"'):
                of = counted[names[bucket]]
                of[0] += 1
                of[1] = (of[1] + row_sum(f"{table.object}/{row_id}", version)) % SUM_MODULUS
        assert counted == patch.sums(tx)
        raise _Seen

    try:
        store.submit(look).result()
    except _Seen:
        return
