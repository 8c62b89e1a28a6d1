"""Pieces in a store: taken by an order, put back by a refund."""

from __future__ import annotations

from sqlalchemy import select, update

from server_stub.db import Tx
from server_stub.tables import stock
from server_stub.trade.rows import first


def take(tx: Tx, store_id: str | None, product_id: str | None, size: str, qty: int) -> bool:
    """Take pieces from a store and say whether it had them all; it is never left with fewer than none.

    Without a size they come from the sizes in their order.
    """
    row_id = f"{store_id}.{product_id}"
    row = first(tx, select(stock.c.sizes).where(stock.c.id == row_id).with_for_update())
    if row is None:
        return False
    sizes, had_all = taken(row["sizes"], size, qty)
    _save(tx, row_id, sizes, row["sizes"])
    return had_all


def taken(sizes: dict[str, int], size: str, qty: int) -> tuple[dict[str, int], bool]:
    """Return what is left on a shelf after taking pieces, and whether it had them all."""
    left, kept = qty, dict(sizes)
    for name in [size] if size else list(kept):
        some = min(kept.get(name, 0), left)
        if some:
            kept[name] -= some
            left -= some
    return kept, left == 0


def put_back(tx: Tx, store_id: str | None, product_id: str | None, size: str, qty: int) -> None:
    """Put pieces that were given back on the store's shelf; without a known size they are not counted."""
    row_id = f"{store_id}.{product_id}"
    row = first(tx, select(stock.c.sizes).where(stock.c.id == row_id).with_for_update())
    if row is None or size not in row["sizes"]:
        return
    _save(tx, row_id, row["sizes"] | {size: row["sizes"][size] + qty}, row["sizes"])


def _save(tx: Tx, row_id: str, sizes: dict[str, int], before: dict[str, int]) -> None:
    if sizes != before:
        tx.conn.execute(update(stock).where(stock.c.id == row_id).values(sizes=sizes))
        tx.touch("stock", row_id)
