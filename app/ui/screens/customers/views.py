"""The browse history of a profile, one row a product: how often, how long, when last, from where (feature B1)."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.insight.match import size_in
from app.protocol.objects import Customer, Product, Stock
from app.store.queries import customers as q
from app.store.queries import profile as pq
from app.store.queries.customers import Place
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.goods import product_row
from app.ui.screens.customers.paging import Page, Pages, Source
from app.ui.screens.customers.shelf import use_products, use_stocks
from app.ui.screens.customers.words import seconds_words
from app.ui.strings import current, t
from app.ui.theme import Space

SIZE = 4


@screen
def Views(customer_id: str, scroller: Any = None) -> ft.Control:
    """Show what the customer looked at, the last seen first; nothing without their consent."""
    customer = hooks.use_query(q.customer_by_id, customer_id)
    read = sessions.current().client.store.read
    allowed = customer is not None and customer.consents.get("browse", False)

    def load(limit: int, after: Place) -> list[tuple[str, pq.Visits]]:
        found = pq.visits(read, customer_id) if allowed else []
        return [(customer_id, one) for one in found if (one.last_at, one.product_id) < after][:limit]

    source = Source(
        f"{customer_id}/views/{allowed}",
        frozenset({"browse_event"}),
        load,
        lambda item: (item[1].last_at, item[1].product_id),
        SIZE,
    )
    return Pages(source, MemoViews, _none if allowed else _not_allowed, scroller)


def _none() -> ft.Control:
    return p.empty(ft.Icons.VISIBILITY_OUTLINED, t("profile.views_empty"), t("profile.views_empty_text"))


def _not_allowed() -> ft.Control:
    return p.empty(ft.Icons.VISIBILITY_OFF_OUTLINED, t("profile.views_off"), t("profile.views_off_text"))


@ft.component
def _ViewsPage(page: Page) -> ft.Control:
    """Show one page of products looked at."""
    now = hooks.use_now()
    hooks.use_strings()
    seen = tuple(one.product_id for _, one in page.items)
    products, stocks = use_products(seen), use_stocks(seen)
    customer = hooks.use_query(q.customer_by_id, page.items[0][0])
    rows = []
    for customer_id, one in page.items:
        how_long = p.dots(t("profile.seen_times", n=one.times), t("profile.seen_for", time=seconds_words(one.seconds)))
        last = t("profile.seen_last", day=current().relative_day(one.last_at, now))
        came = t("profile.seen_shared") if one.shared else t("profile.seen_alone")
        product = products.get(one.product_id)
        lines = [how_long, p.dots(last, came), _sizes(customer, product, stocks.get(one.product_id))]
        rows.append(product_row(customer_id, product, t("profile.product_gone"), lines))
    inset = ft.Padding.only(bottom=0 if page.last else Space.M)
    return ft.Container(p.group(rows), padding=inset)


def _sizes(customer: Customer | None, product: Product | None, stock: Stock | None) -> str:
    """Say whether the product is in the store in their size, or else in which sizes."""
    if product is None or customer is None or stock is None:
        return ""
    theirs = size_in(customer, product)
    if theirs is not None:
        left = stock.sizes.get(theirs, 0)
        return t("profile.seen_size", size=theirs, n=left) if left else t("profile.seen_size_gone", size=theirs)
    there = [size for size in product.sizes if stock.sizes.get(size, 0) > 0]
    return t("profile.seen_sizes", sizes="/".join(there)) if there else t("profile.seen_sold_out")


MemoViews = ft.memo(_ViewsPage)
