"""Goods and people on this device: the rules of `domain.match` over its products, stock, orders and views."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import match as rules
from app.domain import portrait
from app.domain.instants import Instant, to_text
from app.protocol.objects import Customer, Product, Stock
from app.store import Read, reads
from app.store.queries import customers, products
from app.store.queries import profile as q

READS = ("customer", "order", "browse_event", "product", "stock")
VIEW_DAYS = 90
SOLD_DAYS = 60
DWELL_S = 3  # rule 5.1: shorter is a slip


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product for a customer: `match` says why; `partner` is the piece they own that it goes with, if any."""

    product: Product
    match: rules.Match
    partner: Product | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """A customer for a product: `match` says why."""

    customer: Customer
    match: rules.Match
    partner: Product | None = None


@reads(*READS)
def suggestions_for(
    read: Read, customer_id: str, now: datetime, store_id: str | None, most: int = rules.MOST
) -> tuple[Suggestion, ...]:
    """Return the products that suit a customer, best first, each with its reasons; () for nobody of ours."""
    customer = customers.customer_by_id(read, customer_id)
    if customer is None:
        return ()
    shelf = {one.id: one for one in products.products(read)}
    mine = q.lines_of(read, customer_id)
    seen = {v.product_id: v.times for v in q.visits(read, customer_id, _since(now, VIEW_DAYS), DWELL_S)}
    goods = _goods(shelf.values(), _stock(read, store_id), q.sold_since(read, _since(now, SOLD_DAYS)))
    found = rules.Matcher(now).for_customer(_taste(customer, mine, seen, shelf), goods, most)
    return tuple(Suggestion(shelf[one.product_id], one, _partner(one, shelf)) for one in found)


@reads(*READS)
def people_for(
    read: Read, product_id: str, now: datetime, store_id: str | None, most: int = rules.PEOPLE_MOST
) -> tuple[Fit, ...]:
    """Return the customers whom a product suits, best first; it sweeps over everybody: for work off the loop."""
    shelf = {one.id: one for one in products.products(read)}
    if product_id not in shelf:
        return ()
    (one,) = _goods([shelf[product_id]], _stock(read, store_id), {})
    bought: dict[str, list[q.Line]] = defaultdict(list)
    for line in q.all_lines(read):
        bought[line.customer_id].append(line)
    seen = q.visitors(read, _since(now, VIEW_DAYS), DWELL_S)
    people = {c.id: c for c in customers.all_customers(read)}
    tastes = (_taste(c, bought.get(c.id, ()), seen.get(c.id, {}), shelf) for c in people.values())
    found = rules.Matcher(now).for_product(one, tastes, most)
    return tuple(Fit(people[m.customer_id], m, _partner(m, shelf)) for m in found)


def is_personal(consents: Mapping[str, bool]) -> bool:
    """Say whether a customer may be suggested to by what is known of them: until they say no (trust.md 2, art. 24)."""
    return consents.get("personal", True)


def _since(now: datetime, days: int) -> Instant:
    return to_text(now - timedelta(days=days))


def _partner(match: rules.Match, shelf: Mapping[str, Product]) -> Product | None:
    found = next((str(reason.about) for reason in match.reasons if reason.code == "goes_with"), None)
    return shelf.get(found) if found else None


def _stock(read: Read, store_id: str | None) -> dict[str, frozenset[str]] | None:
    """Return product id to the sizes in stock; None where the store's stock is not known."""
    rows = read.all(Stock, "store_id = ?", (store_id,)) if store_id else []
    return {s.product_id: frozenset(size for size, n in s.sizes.items() if n > 0) for s in rows} or None


def _goods(
    shelf: Iterable[Product], stock: Mapping[str, frozenset[str]] | None, sold: Mapping[str, int]
) -> list[rules.Goods]:
    return [
        rules.Goods(
            one.id, one.style_no, one.category, one.series, one.price_fen, tuple(one.sizes),
            None if stock is None else stock.get(one.id, frozenset()), one.released_at, sold.get(one.id, 0),
            f"{one.name} {one.name_en} {one.series} {one.colour} {one.description} {one.description_en}",
        )
        for one in shelf
    ]  # fmt: skip


def _taste(
    customer: Customer, lines: Iterable[q.Line], seen: Mapping[str, int], shelf: Mapping[str, Product]
) -> rules.Taste:
    personal = is_personal(customer.consents)
    if not personal:  # the rule is given no profile at all
        return rules.Taste(customer.id, personal=False)
    pieces = [_piece(line, shelf.get(line.product_id)) for line in lines]
    views = seen if customer.consents.get("browse") else {}
    known = portrait.portrait(customer.sizes, customer.likes, None, customer.facts)
    likes = tuple(fact.name for fact in known if fact.kind == portrait.LIKE)
    return rules.Taste(customer.id, likes, _sizes_in(known), pieces, views)


def _sizes_in(known: Iterable[portrait.Fact]) -> dict[str, str]:
    return {fact.name: fact.value for fact in known if fact.kind == portrait.SIZE}


def size_in(customer: Customer, product: Product) -> str | None:
    """Return the customer's size of a product; None where it is not made in it, or their profile may not be used."""
    if not is_personal(customer.consents):
        return None
    known = portrait.portrait(customer.sizes, (), None, customer.facts)
    return rules.size_for(_sizes_in(known), product.category, product.sizes)


def _piece(line: q.Line, product: Product | None) -> rules.Piece:
    return rules.Piece(
        line.product_id,
        product.style_no if product else "",
        product.category if product else "",
        product.series if product else "",
        (line.paid_fen - line.refunded_fen) // max(line.qty - line.refunded_qty, 1),
        line.qty - line.refunded_qty,
        line.paid_at if line.refunded_qty else None,
    )


def categories_of(lines: Iterable[q.Line], shelf: Mapping[str, Product]) -> Counter[str]:
    """Return category to net spend in fen of some order lines."""
    spent: Counter[str] = Counter()
    for line in lines:
        if (product := shelf.get(line.product_id)) is not None:
            spent[product.category] += line.paid_fen - line.refunded_fen
    return spent
