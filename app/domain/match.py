"""Goods and people: what suits a customer, and whom a product suits, each with its reasons (feature B5).

One scoring serves both directions, so they never disagree. A customer who wants no personal suggestions has no profile
here: they get what sells best, and no product names them. Nothing is random; equal scores go by what sells, then id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.instants import Instant, to_text
from app.domain.money import Fen

LEAST, MOST = 3, 10
PEOPLE_MOST = 60
REFUND_QUIET_DAYS = 30
NEW_DAYS = 30
SERIES_PIECES, CATEGORY_PIECES = 1, 2  # pieces kept that make a series or a category a liked one
BAND = (60, 140)  # per cent of the middle price paid for a piece
POINTS = {
    "viewed": 40, "like": 30, "goes_with": 25, "series": 20, "category": 15, "new": 12, "size": 8, "price": 6,
    "bestseller": 0,
}  # fmt: skip
VIEW_POINTS, VIEWS_MOST = 4, 5  # more for each further visit, up to so many
SAME_STYLE_POINTS = -15  # the same thing in another colour
TASTE = frozenset({"viewed", "like", "goes_with", "series", "category"})
ENOUGH = TASTE | {"new"}
PARTS: Mapping[str, tuple[str, ...]] = {  # whose size a category goes by, the first that is known
    "outerwear": ("top",), "tops": ("top",), "dresses": ("dress", "top"), "bottoms": ("bottom",), "shoes": ("shoe",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goods:
    """One product. `text`: name, series, colour and description, in which liked words are looked for.

    `in_stock`: sizes with a piece left, None = stock is not known. `sold`: pieces sold lately, for what sells best.
    """

    id: str
    style_no: str
    category: str
    series: str
    price_fen: Fen
    sizes: tuple[str, ...]
    in_stock: frozenset[str] | None = None
    released_at: Instant | None = None
    sold: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One order line: `kept` pieces not given back; `refunded_at` is when some were (paid_at where not known)."""

    product_id: str
    style_no: str
    category: str
    series: str
    unit_fen: Fen
    kept: int
    refunded_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Taste:
    """What is known of one customer. `sizes`: part to size. `views`: product id to visits, only under consent.

    `personal` False: they want no personal suggestions, and nothing else here is looked at.
    """

    customer_id: str
    likes: tuple[str, ...] = ()
    sizes: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[Piece] = ()
    views: Mapping[str, int] = field(default_factory=dict)
    personal: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it fits: a code of `POINTS` and what its sentence names (word, series, category, size, n or product id)."""

    code: str
    about: str | int = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A product and a customer that suit each other; the strongest reason first. `size`: theirs, if it is there."""

    product_id: str
    customer_id: str
    points: int
    reasons: tuple[Reason, ...]
    size: str | None = None


class Matcher:
    """The scoring at one moment; cuts are computed once for many customers."""

    def __init__(self, now: datetime) -> None:
        self._new_since = to_text(now - timedelta(days=NEW_DAYS))
        self._now = to_text(now)
        self._refund_since = to_text(now - timedelta(days=REFUND_QUIET_DAYS))

    def for_customer(self, taste: Taste, goods: Iterable[Goods], most: int = MOST) -> tuple[Match, ...]:
        """Return at most `most` products, one colour of each style; what sells best fills up to `LEAST`."""
        shelf = sorted(goods, key=lambda one: (-one.sold, one.id))
        known = self._known(taste) if taste.personal else None
        found = [] if known is None else [m for one in shelf if (m := self._match(known, one)) is not None]
        found.sort(key=lambda m: -m.points)  # stable: the shelf's order decides between equals
        fill = (m for one in shelf if (m := self._plain(taste, known, one)) is not None)
        styles = {one.id: one.style_no for one in shelf}
        best = _one_a_style(found, styles, most)
        return best if len(best) >= LEAST else _one_a_style([*best, *fill], styles, min(LEAST, most))

    def for_product(self, one: Goods, tastes: Iterable[Taste], most: int = PEOPLE_MOST) -> tuple[Match, ...]:
        """Return whom the product suits by their taste (a new arrival alone is no reason), best first."""
        found = (self._match(self._known(taste), one) for taste in tastes if taste.personal)
        fits = [m for m in found if m is not None and any(r.code in TASTE for r in m.reasons)]
        return tuple(sorted(fits, key=lambda m: (-m.points, m.customer_id))[:most])

    def _known(self, taste: Taste) -> _Known:
        kept = [one for one in taste.pieces if one.kept > 0]
        prices = sorted(one.unit_fen for one in kept)
        return _Known(
            taste,
            owned=frozenset(one.product_id for one in kept),
            styles=frozenset(one.style_no for one in kept if one.style_no),
            refunded=frozenset(
                one.product_id for one in taste.pieces if one.refunded_at and one.refunded_at >= self._refund_since
            ),
            series=_pieces_by(kept, lambda one: one.series),
            categories=_pieces_by(kept, lambda one: one.category),
            middle_fen=prices[len(prices) // 2] if prices else 0,
        )

    def _match(self, known: _Known, one: Goods) -> Match | None:
        size = _size_of(known.taste, one)
        if not _may_go(known, one, size):
            return None
        reasons = tuple(self._reasons(known, one, size))
        if not any(reason.code in ENOUGH for reason in reasons):
            return None
        points = sum(_points(reason) for reason in reasons)
        points += SAME_STYLE_POINTS if one.style_no in known.styles else 0
        ordered = tuple(sorted(reasons, key=lambda reason: -_points(reason)))
        return Match(one.id, known.taste.customer_id, points, ordered, size)

    def _plain(self, taste: Taste, known: _Known | None, one: Goods) -> Match | None:
        """Return the product as what sells best; with no profile (`known` None) nothing personal is looked at."""
        size = _size_of(taste, one) if known is not None else None
        there = _in_stock(one) if known is None else _may_go(known, one, size)
        return Match(one.id, taste.customer_id, 0, (Reason("bestseller"),), size) if there else None

    def _reasons(self, known: _Known, one: Goods, size: str | None) -> Iterator[Reason]:
        yield from _taste_reasons(known, one)
        if one.released_at is not None and self._new_since <= one.released_at <= self._now:
            yield Reason("new")
        if size is not None:
            yield Reason("size", size)
        low, high = BAND
        if known.middle_fen and low * known.middle_fen <= 100 * one.price_fen <= high * known.middle_fen:
            yield Reason("price")


@dataclass(frozen=True, slots=True)
class _Known:
    taste: Taste
    owned: frozenset[str]
    styles: frozenset[str]
    refunded: frozenset[str]
    series: Mapping[str, int]
    categories: Mapping[str, int]
    middle_fen: Fen


def _taste_reasons(known: _Known, one: Goods) -> Iterator[Reason]:
    if visits := known.taste.views.get(one.id, 0):
        yield Reason("viewed", visits)
    text = one.text.casefold()
    if word := next((like for like in known.taste.likes if like and like.casefold() in text), None):
        yield Reason("like", word)
    if partner := _goes_with(known, one):
        yield Reason("goes_with", partner)
    elif one.series and known.series.get(one.series, 0) >= SERIES_PIECES:
        yield Reason("series", one.series)
    if known.categories.get(one.category, 0) >= CATEGORY_PIECES:
        yield Reason("category", one.category)


def _pieces_by(pieces: Iterable[Piece], key: Callable[[Piece], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in pieces:
        found[key(one)] = found.get(key(one), 0) + one.kept
    found.pop("", None)
    return found


def _points(reason: Reason) -> int:
    more = VIEW_POINTS * min(int(reason.about), VIEWS_MOST) if reason.code == "viewed" else 0
    return POINTS[reason.code] + more


def _in_stock(one: Goods) -> bool:
    return one.in_stock is None or bool(one.in_stock)


def _may_go(known: _Known, one: Goods, size: str | None) -> bool:
    """Say whether nothing forbids it: there in their size, not owned, not given back in the last 30 days."""
    if one.id in known.owned or one.id in known.refunded or not _in_stock(one):
        return False
    wanted = _wanted_size(known.taste, one)
    return wanted is None or one.in_stock is None or size is not None


def size_for(sizes: Mapping[str, str], category: str, made: Collection[str]) -> str | None:
    """Return a person's size (`sizes`: part to size) of a thing of this category, None where it is not `made` in it."""
    wanted = next((sizes[part] for part in PARTS.get(category, ()) if part in sizes), None)
    return wanted if wanted in made else None


def _wanted_size(taste: Taste, one: Goods) -> str | None:
    return size_for(taste.sizes, one.category, one.sizes)


def _size_of(taste: Taste, one: Goods) -> str | None:
    """Return their size when a piece of it is there."""
    wanted = _wanted_size(taste, one)
    return wanted if wanted is not None and one.in_stock is not None and wanted in one.in_stock else None


def _goes_with(known: _Known, one: Goods) -> str:
    """Return the newest piece they kept of the same series and another category, or nothing."""
    partners = (p for p in known.taste.pieces if p.kept > 0 and p.series == one.series and p.category != one.category)
    return next((p.product_id for p in partners if one.series), "")


def _one_a_style(found: Iterable[Match], styles: Mapping[str, str], most: int) -> tuple[Match, ...]:
    kept: dict[str, Match] = {}
    for one in found:
        if len(kept) == most:
            break
        kept.setdefault(styles[one.product_id] or one.product_id, one)
    return tuple(kept.values())
