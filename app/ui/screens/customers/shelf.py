"""Products by id, as screens of a customer need them."""

from __future__ import annotations

from collections.abc import Sequence

from app.protocol.objects import Product, Stock
from app.store.queries import products as pq
from app.ui import hooks


def use_products(ids: Sequence[str | None]) -> dict[str, Product]:
    """Return the products with these ids. A hook."""
    wanted = tuple(sorted({i for i in ids if i}))
    client = hooks.use_client()
    return hooks.use_live({"product"}, lambda: pq.products_by_ids(client.store.read, wanted), wanted)


def use_stocks(ids: Sequence[str]) -> dict[str, Stock]:
    """Return what the guide's own store has of these products; those not known are left out. A hook."""
    wanted, client = tuple(ids), hooks.use_client()

    def found() -> dict[str, Stock]:
        stocks = ((one, pq.stock_of(client.store.read, one, client.staff.store_id or "")) for one in wanted)
        return {one: stock for one, stock in stocks if stock is not None}

    return hooks.use_live({"stock"}, found, wanted)
