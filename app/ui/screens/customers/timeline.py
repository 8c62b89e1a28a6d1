"""The timeline of a profile: everything that happened, newest first, by kind, by day, over years (feature A5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import flet as ft

from app.domain.instants import Instant
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.paging import Page, Pages, Source
from app.ui.screens.customers.shelf import use_products
from app.ui.screens.customers.words import timeline_row
from app.ui.strings import current, t
from app.ui.theme import Space, Type

PAGE = 7  # some 65 controls, coupons to open among them: two pages fit a profile's 300
ALL = "all"
WORDS_INSET = 44  # where the words of an item begin


@screen
def Timeline(customer_id: str, scroller: Any = None) -> ft.Control:
    """Show orders, views, coupons, contacts and follow-ups, all or one kind."""
    kind, set_kind = hooks.use_kept("timeline", ALL)
    options = [(name, t(f"profile.kind_{name}")) for name in (ALL, *q.KINDS)]
    pages = Pages(_source(customer_id, kind), MemoPage, lambda: _none(kind, lambda: set_kind(ALL)), scroller, key=kind)
    return ft.Column(
        [p.filter_chips(options, kind, set_kind), pages], spacing=Space.S,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip


def _source(customer_id: str, kind: str) -> Source:
    kinds = q.KINDS if kind == ALL else (kind,)
    read = sessions.current().client.store.read
    return Source(
        f"{customer_id}/{kind}",
        frozenset(kinds),
        lambda limit, after: q.timeline_of(read, customer_id, kinds, limit, after),
        lambda item: (item.at, item.id),
        PAGE,
    )


def _none(kind: str, everything: Any) -> ft.Control:
    if kind == ALL:
        return p.empty(ft.Icons.TIMELINE, t("profile.timeline_empty"), t("profile.timeline_empty_text"))
    name = t(f"profile.kind_{kind}")
    return p.empty(
        ft.Icons.FILTER_ALT_OFF_OUTLINED, t("profile.kind_none", kind=name), "", t("profile.kind_show_all"), everything
    )


@ft.component
def _Page(page: Page) -> ft.Control:
    """Show one page: a heading where the month changes, the date where the day does."""
    now = hooks.use_now()
    hooks.use_strings()
    products = use_products(
        [i.row.product_id for i in page.items if i.kind == "browse_event"]
        + [line.product_id for i in page.items if i.kind == "order" for line in i.row.lines[:1]]
    )
    rows: list[ft.Control] = []
    above = page.before
    for item in page.items:
        if above[:4] and _month(above) != _month(item.at):
            rows.append(_month_head(item.at))
        when = None if _day(above) == _day(item.at) else _when(item.at, now)
        rows.append(timeline_row(item, products, now, when, opens=True))
        above = item.at
    return p.thread(rows, last=page.last)


MemoPage = ft.memo(_Page)


def _month_head(at: Instant) -> ft.Control:
    return p.txt(current().month(at), Type.LABEL, margin=ft.Margin.only(left=WORDS_INSET, top=Space.S))


def _local(at: Instant) -> datetime | None:
    here = current().local(at) if at else None
    return here if isinstance(here, datetime) else None


def _month(at: Instant) -> tuple[int, int] | None:
    here = _local(at)
    return (here.year, here.month) if here else None


def _day(at: Instant) -> Any:
    here = _local(at)
    return here.date() if here else None


def _when(at: Instant, now: datetime) -> str:
    return current().relative_day(at, now)
