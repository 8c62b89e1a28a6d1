"""A customer's automatic tags (rule 6.5): the rules of `domain.auto_tag` over the rows of this device."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import auto_tag as rules
from app.domain.auto_tag import AutoTag
from app.protocol.objects import Customer, Order, OrderLine, Product
from app.store import Read, reads
from app.store.queries import customers, products

READS = ("customer", "order", "product")
ORDERS_MAX = 200


@reads(*READS)
def auto_tags(read: Read, customer_id: str, now: datetime, zone: str) -> tuple[AutoTag, ...]:
    """Return the automatic tags of one customer at `now`, in the order of `domain.auto_tag.CODES`; none of nobody."""
    customer = customers.customer_by_id(read, customer_id)
    if customer is None:
        return ()
    orders = customers.orders_of(read, customer_id, ORDERS_MAX)
    wanted = tuple(sorted({line.product_id for order in orders for line in order.lines if line.product_id}))
    return rules.auto_tags(facts_of(customer, orders, products.products_by_ids(read, wanted)), now, ZoneInfo(zone))


def facts_of(customer: Customer, orders: list[Order], goods: dict[str, Product]) -> rules.TagFacts:
    """Return what the rules look at."""
    return rules.TagFacts(
        orders=[_order(order, goods) for order in orders if order.status != "cancelled"],
        birthday=customer.birthday,
        stored_value_fen=customer.stored_value_fen,
        topped_up_at=customer.stored_value_topped_up_at,
    )


def _order(order: Order, goods: dict[str, Product]) -> rules.TagOrder:
    discounted = order.discount_fen > 0 or order.coupon_id is not None or any(line.discount_fen for line in order.lines)
    pieces = tuple(_piece(line, goods.get(line.product_id or "")) for line in order.lines)
    return rules.TagOrder(order.paid_at, order.channel, order.paid_fen, order.refunded_fen, discounted, pieces)


def _piece(line: OrderLine, product: Product | None) -> rules.Piece:
    left = line.qty - line.refunded_qty
    if product is None:
        return rules.Piece(line.product_id, qty=left)
    return rules.Piece(line.product_id, product.category, left, product.released_at)
