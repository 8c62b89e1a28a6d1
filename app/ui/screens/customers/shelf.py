"""Products by id, as screens of a customer need them."""

from __future__ import annotations

from collections.abc import Sequence

from app.protocol.objects import Product
from app.store.queries import products as pq
from app.ui import hooks


def use_products(ids: Sequence[str | None]) -> dict[str, Product]:
    """Return the products with these ids. A hook."""
    wanted = tuple(sorted({i for i in ids if i}))
    client = hooks.use_client()
    return hooks.use_live({"product"}, lambda: pq.products_by_ids(client.store.read, wanted), wanted)
