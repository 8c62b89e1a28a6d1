"""What happened with a customer lately, beside the message that is written to them."""

from __future__ import annotations

import flet as ft

from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.shelf import use_products
from app.ui.screens.customers.words import timeline_row
from app.ui.strings import current, t
from app.ui.theme import Space

ITEMS = 4


@screen
def Lately(customer_id: str) -> ft.Control:
    """Show the last few things of the timeline; nothing when there are none."""
    now = hooks.use_now()
    hooks.use_strings()
    items = hooks.use_query(q.timeline_of, customer_id, q.KINDS, ITEMS)
    products = use_products(
        [i.row.product_id for i in items if i.kind == "browse_event"]
        + [line.product_id for i in items if i.kind == "order" for line in i.row.lines[:1]]
    )
    if not items:
        return ft.Container()
    rows = [timeline_row(one, products, now, current().relative_day(one.at, now) if one.at else None) for one in items]
    return ft.Column([p.section(t("message.recent")), p.thread(rows, last=True)], spacing=Space.M)


MemoLately = ft.memo(Lately)  # a letter of the message changes nothing here
