"""What a customer is worth and whether they are a super user (rules 6.2 to 6.4), with everything it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import segment as rules
from app.insight.match import categories_of
from app.protocol.objects import Customer, Product
from app.store import Read, reads
from app.store.queries import customers, products
from app.store.queries import profile as q

READS = ("customer", "order", "product")


@dataclass(frozen=True, slots=True)
class Value:
    """Lifetime value in its factors, RFM in days, the usual gap between purchases and the silence since the last.

    `gap_days` None before the second purchase day, `silent_days` None before the first.
    """

    clv: rules.Clv
    rfm: rules.Rfm
    orders: int
    gap_days: int | None
    silent_days: int | None


@reads("order")
def value_of(read: Read, customer_id: str, now: datetime, zone: str) -> Value:
    """Return what a customer's orders say; all zero and None for who never bought or gave everything back."""
    clock = rules.SegmentClock(now, ZoneInfo(zone))
    found = [
        rules.Purchase(at, paid, back, status, channel)
        for at, paid, back, status, channel in q.purchases_of(read, customer_id)
    ]
    figures = rules.figures_of(found, clock, joined_at="")
    last = figures.last_order_at
    silent = None if last is None else max(clock.today - clock.day_of(last), 0)
    gap = rules.usual_gap(figures, clock)
    return Value(rules.clv(found, clock), rules.rfm(found, clock), figures.order_count, gap, silent)


@reads(*READS)
def super_of(read: Read, customer_id: str) -> rules.SuperView | None:
    """Return which traits of a super user hold; it sweeps over all orders: for work off the loop."""
    customer = customers.customer_by_id(read, customer_id)
    if customer is None:
        return None
    shelf, bought = _bought(read)
    spends = {one: categories_of(lines, shelf) for one, lines in bought.items()}
    mine = rules.SuperTraits(
        customer_id, spends.get(customer_id, {}), referrals_of(customer),
        first_week(bought.get(customer_id, ()), shelf),
    )  # fmt: skip
    return rules.super_of(mine, rules.category_cuts(spends.values()))


@reads(*READS)
def super_users(read: Read) -> frozenset[str]:
    """Return the ids of all super users; it sweeps over all orders: for work off the loop."""
    shelf, bought = _bought(read)
    spends = {one: categories_of(lines, shelf) for one, lines in bought.items()}
    cuts = rules.category_cuts(spends.values())
    referrals = customers.referrals(read)
    found = (
        rules.super_of(rules.SuperTraits(one, spends[one], referrals.get(one, 0), first_week(lines, shelf)), cuts)
        for one, lines in bought.items()
    )
    return frozenset(one for one, view in zip(bought, found, strict=True) if view.reason is not None)


def _bought(read: Read) -> tuple[dict[str, Product], dict[str, list[q.Line]]]:
    """Return the products by id, and every customer's lines."""
    bought: dict[str, list[q.Line]] = defaultdict(list)
    for line in q.all_lines(read):
        bought[line.customer_id].append(line)
    return {one.id: one for one in products.products(read)}, bought


def referrals_of(customer: Customer) -> int:
    """Return how many members came by a link that was made for this customer."""
    return customer.referrals or 0


def first_week(lines: Iterable[q.Line], shelf: Mapping[str, Product]) -> int:
    """Return how many new products were bought, and kept, in the week after their release (rule 6.4)."""
    early = {
        line.product_id
        for line in lines
        if line.qty > line.refunded_qty
        and (product := shelf.get(line.product_id)) is not None
        and rules.is_first_week(product.released_at, line.paid_at)
    }
    return len(early)
