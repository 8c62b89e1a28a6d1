"""Whom an order was sold to and what was in it: what tells two rows of one product apart."""

from __future__ import annotations

from collections.abc import Sequence

from app.protocol.objects import Order
from app.store.queries import commission, customers
from app.store.queries import products as pq
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.customers.words import order_title
from app.ui.strings import t

TAIL = 4
ONE_SIZE = frozenset({"均码", "OS", "F"})  # tells nothing apart


def sold_words(entry_id: str, order_no: str) -> Sequence[str]:
    """Return the customer, the size and the tail of the order's number, as far as this device knows them.

    Read as a row is drawn, of the rows on screen alone: names are sealed, and a month has thousands of entries.
    """
    read = sessions.current().client.store.read
    entry = commission.commission_entry(read, entry_id)
    order = commission.order_by_id(read, entry.order_id) if entry else None
    lines = order.lines if order else ()
    size = next((line.size for line in lines if entry and line.id == entry.line_id), "")
    size = "" if size in ONE_SIZE else size
    return [word for word in (_buyer(order), size, order_tail(order_no)) if word]


def order_tail(order_no: str) -> str:
    """Return the end of an order's number, by which people know it on a receipt."""
    return t("commission.order_tail", tail=order_no[-TAIL:]) if order_no else ""


def order_words(order_no: str) -> str:
    """Return the customer and the goods of an order of this device, "" when it is not here."""
    read = sessions.current().client.store.read
    order = commission.order_by_no(read, order_no)
    if order is None:
        return ""
    wanted = tuple(line.product_id for line in order.lines[:1] if line.product_id)
    return p.dots(_buyer(order), order_title(order, pq.products_by_ids(read, wanted)))


def _buyer(order: Order | None) -> str:
    """Return the customer's name while they are the guide's own; of others this device holds none."""
    found = customers.customer_by_id(sessions.current().client.store.read, order.customer_id) if order else None
    return found.name if found else ""
