"""Sharing with one customer: what suits them first, then every product; each goes into a message to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from app.insight.match import Suggestion
from app.protocol.objects import Product
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.goods import narrower, send_this
from app.ui.screens.customers.profile import gone
from app.ui.screens.customers.suits import SHOWN, reason_words, use_suggestions
from app.ui.screens.customers.words import product_name
from app.ui.screens.share.view import matching
from app.ui.strings import money, t
from app.ui.theme import Space, Type

THUMB = 52


@dataclass(frozen=True, slots=True)
class Row:
    """One product for this customer, with why it suits where it does."""

    customer_id: str
    product: Product
    why: str


@screen
def ShareToPage(customer_id: str) -> ft.Control:
    """List what can be shared with a customer; a press writes to them with the product and its poster."""
    strings, customer = hooks.use_strings(), hooks.use_query(q.customer_by_id, customer_id)
    everything = hooks.use_query(pq.products)
    task = use_suggestions(customer_id, SHOWN)
    query, set_query = hooks.use_kept("query", "")
    picks: tuple[Suggestion, ...] = task.value or ()
    rows = ft.use_memo(
        lambda: _rows(customer_id, everything, picks, query), [everything, picks, query, strings.language]
    )
    if customer is None:
        return gone()
    top = [p.search_field(t("share.search"), query, set_query)]
    title = t("profile.share_to", name=customer.name)
    if task.running and not picks:
        return p.frame(title, p.Skeleton(rows=8), top=top)
    if not rows:
        return p.frame(title, _nothing(set_query if everything else None), top=top)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    listed = (
        p.SearchSlots(rows, _row, strings.language, inset, narrower(len(rows)))
        if query
        else p.VirtualList(rows, _row, mark=strings.language, padding=inset, chunk=2)
    )
    return p.frame(title, listed, top=top, scroll=False)


def _nothing(search: Callable[[str], None] | None) -> ft.Control:
    if search is None:
        return p.empty(ft.Icons.STOREFRONT_OUTLINED, t("share.no_products"), t("share.no_products_why"))
    clear = partial(search, "")
    return p.empty(ft.Icons.SEARCH_OFF, t("share.none_found"), t("share.none_found_why"), t("share.show_all"), clear)


def _rows(customer_id: str, everything: Sequence[Product], picks: Sequence[Suggestion], query: str) -> tuple[Row, ...]:
    """Return the picks, best first, then the rest in the shop's order; of both only what the words fit."""
    why = {one.product.id: reason_words(one.match, one.product, one.partner, 1) for one in picks}
    order = {one.product.id: n for n, one in enumerate(picks)}
    found = sorted(matching(everything, query, ""), key=lambda one: order.get(one.id, len(order)))
    return tuple(Row(customer_id, one, why.get(one.id, "")) for one in found)


def _row(row: Row) -> ft.Control:
    product, name = row.product, product_name(row.product)
    return p.person_row(
        p.txt(name, Type.ROW, lines=1), p.txt(p.dots(money(product.price_fen), row.why), Type.META, lines=1),
        leading=p.product_thumb(product.picture, name, THUMB),
        on_click=partial(send_this, row.customer_id, product, poster=True),
    )  # fmt: skip
