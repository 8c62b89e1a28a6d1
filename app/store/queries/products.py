"""Products and their stock."""

from __future__ import annotations

from app.protocol.objects import Product, Stock
from app.store.read import Read, reads


@reads("product")
def products(read: Read) -> list[Product]:
    """Return every product, newest first, then by number."""
    return read.all(Product, "1 ORDER BY released_at DESC, no")


@reads("product")
def product_by_id(read: Read, product_id: str) -> Product | None:
    """Return one product, or None."""
    return read.get(Product, product_id)


@reads("product")
def product_by_no(read: Read, no: int) -> Product | None:
    """Return the product with this server-given number, or None."""
    return read.one(Product, "no = ?", (no,))


@reads("product")
def products_by_ids(read: Read, ids: tuple[str, ...]) -> dict[str, Product]:
    """Return the products with these ids, by id."""
    marks = ",".join("?" * len(ids))
    return {p.id: p for p in read.all(Product, f"id IN ({marks})", ids)}


@reads("product")
def colours_of(read: Read, style_no: str) -> list[Product]:
    """Return the colours of one style."""
    return read.all(Product, "style_no = ? ORDER BY no", (style_no,))


@reads("stock")
def stock_of(read: Read, product_id: str, store_id: str) -> Stock | None:
    """Return the pieces of a product in a store, or None when they are not known."""
    return read.get(Stock, f"{store_id}.{product_id}")


@reads("stock")
def stock_in(read: Read, store_id: str) -> dict[str, int]:
    """Return product id to pieces of all sizes in a store."""
    return {s.product_id: sum(s.sizes.values()) for s in read.all(Stock, "store_id = ?", (store_id,))}


@reads("product")
def picture_digests(read: Read) -> list[str]:
    """Return the digests of all product pictures, without repeats."""
    return [row[0] for row in read.rows("SELECT DISTINCT picture FROM product WHERE picture <> '' ORDER BY no")]
