"""What the Share screens remember while the guide is elsewhere, and the small sums they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import flet as ft

from app.device import images
from app.protocol.objects import Product, Stock
from app.ui.strings import Strings

CHANNELS = ("chat", "moments", "group", "print")
TONES = ("warm", "plain", "lively")
CATEGORIES = ("outerwear", "tops", "dresses", "bottoms", "shoes", "bags", "accessories")
FEW = 3


@ft.observable
@dataclass
class Sought:
    """What is searched for; survives a change of tab. Apart from the category: a letter draws no chip."""

    query: str = ""


@ft.observable
@dataclass
class Shelf:
    """The category that the grid shows; survives a change of tab."""

    category: str = ""


@ft.observable
@dataclass
class ShareView:
    """The last choices of tone, channel and template."""

    tone: str = "warm"
    channel: str = "chat"
    template: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One product of the grid as it is shown; `pieces` None = not known."""

    id: str
    name: str
    colour: str
    price_fen: int
    picture: str
    pieces: int | None
    private: bool
    pictured: bool = True


def name_of(product: Product, strings: Strings) -> str:
    """Return the product's name in the session's language."""
    return product.name if strings.is_chinese or not product.name_en else product.name_en


def colour_of(product: Product, strings: Strings) -> str:
    """Return the colour's name in the session's language."""
    return product.colour if strings.is_chinese or not product.colour_en else product.colour_en


def category_of(category: str, strings: Strings) -> str:
    """Return a category's name; one the app does not know shows as it came."""
    return _named(f"share.category_{category}", category, strings)


def series_of(product: Product, strings: Strings) -> str:
    """Return the series' name in the guide's language: headquarters writes `夜航 Night Sail`, or one name for both."""
    chinese, _, english = product.series.partition(" ")
    if not english or not english.isascii() or chinese.isascii():
        return product.series
    return chinese if strings.is_chinese else english


def _named(key: str, plain: str, strings: Strings) -> str:
    return strings.t(key) if strings.has(key) else plain


def categories_of(products: Iterable[Product]) -> list[str]:
    """Return the categories there are, in the shop's order."""
    found = {product.category for product in products}
    known = [category for category in CATEGORIES if category in found]
    return known + sorted(found - set(CATEGORIES))


def matching(products: Iterable[Product], query: str, category: str) -> list[Product]:
    """Return the products of a category (all when empty) that hold every word of `query`."""
    words = query.lower().split()
    return [
        product
        for product in products
        if (not category or product.category == category) and all(word in _haystack(product) for word in words)
    ]


def _haystack(product: Product) -> str:
    parts = (product.name, product.name_en, product.style_no, product.colour, product.colour_en, product.series)
    return " ".join(parts).lower()


def tiles_of(products: Iterable[Product], stock: Mapping[str, int], strings: Strings) -> tuple[Tile, ...]:
    """Return what the grid shows of `products`."""
    return tuple(
        Tile(
            p.id,
            name_of(p, strings),
            colour_of(p, strings),
            p.price_fen,
            p.picture,
            stock.get(p.id),
            p.private_only,
            images.src(p.picture) is not None,
        )
        for p in products
    )


def in_rows(tiles: Sequence[Tile], columns: int) -> tuple[tuple[Tile, ...], ...]:
    """Return tiles in rows of `columns`."""
    return tuple(tuple(tiles[i : i + columns]) for i in range(0, len(tiles), columns))


def stock_words(pieces: int | None, strings: Strings) -> tuple[str, str]:
    """Return what to say of a stock, and the tone: nothing when it is not known."""
    if pieces is None:
        return "", "calm"
    if pieces == 0:
        return strings.t("share.sold_out"), "late"
    if pieces <= FEW:
        return strings.t("share.few_left", n=pieces), "warm"
    return strings.t("share.in_stock", n=pieces), "calm"


def sizes_of(product: Product, stock: Stock | None) -> list[tuple[str, int | None]]:
    """Return each size with its pieces in my store (None: not known)."""
    return [(size, None if stock is None else stock.sizes.get(size, 0)) for size in product.sizes]


def size_range(product: Product) -> str:
    """Return `XS–L`, or the only size."""
    sizes = product.sizes
    return sizes[0] if len(sizes) == 1 else f"{sizes[0]}–{sizes[-1]}" if sizes else ""
