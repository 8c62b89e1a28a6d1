"""Orders of the last day, and the quiet ping of one that comes in while the app is open (feature B4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import flet as ft

from app.domain.instants import from_text, to_text
from app.protocol.objects import Customer, Order
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.shelf import use_products
from app.ui.screens.customers.words import order_title
from app.ui.strings import current, money, t
from app.ui.theme import Radius, Space, Tone, Type

ORDERS_SHOWN = 2
PINGS = 20


@ft.observable
@dataclass
class Pings:
    """Which orders this session has seen, and those that came in since and were not looked at."""

    known: frozenset[str] | None = None
    fresh: tuple[str, ...] = ()

    def note(self, ids: tuple[str, ...]) -> None:
        """Take what stands there now, the newest first: what was there at the beginning is no news."""
        if self.known is not None:
            self.fresh = (*(one for one in ids if one not in self.known), *self.fresh)
        self.known = frozenset(ids) | (self.known or frozenset())


def use_recent(limit: int) -> list[Order]:
    """Return the orders of the last 24 hours, the newest first; the hour moves it on. A hook."""
    now = hooks.use_now()
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    return hooks.use_query(q.recent_orders, to_text(since), limit)  # type: ignore[no-any-return]


def use_people(orders: list[Order]) -> dict[str, Customer]:
    """Return the customers of these orders by id. A hook."""
    client = hooks.use_client()
    wanted = tuple(sorted({one.customer_id for one in orders}))
    return hooks.use_live({"customer"}, lambda: q.customers_by_ids(client.store.read, wanted), wanted)


@screen
def OrderPing() -> ft.Control:
    """Show a banner while there are orders that came in since the guide last looked; it makes no sound anywhere."""
    pings, ui, partial = hooks.use_slice(Pings), hooks.use_session(), p.is_partial()
    orders = use_recent(PINGS)
    people = use_people(orders)
    ids = tuple(one.id for one in orders)

    def note() -> None:
        if not partial:  # what the first sync brings is no news
            pings.note(ids)

    ft.use_effect(note, [ids, partial])
    fresh = [one for one in orders if one.id in pings.fresh]
    if not fresh:
        return ft.Container()
    first = fresh[0]

    def close() -> None:
        pings.fresh = ()

    def look() -> None:
        close()
        ui.open(f"/customers/{first.customer_id}")

    who = people.get(first.customer_id)
    said = t("today.ping_text", name=who.name if who else first.no, amount=money(first.paid_fen - first.refunded_fen))
    more = t("today.ping_more", n=len(fresh) - 1) if len(fresh) > 1 else None
    words = ft.Column(
        [p.txt(t("today.ping"), Type.LABEL, Tone.ON_SOFT), p.txt(p.dots(said, more), Type.ROW, Tone.ON_SOFT)],
        spacing=0, expand=True,
    )  # fmt: skip
    face = ft.Row([ft.Icon(ft.Icons.SHOPPING_BAG_OUTLINED, size=20, color=Tone.ON_SOFT), words], spacing=Space.M)
    press = p.tappable(face, look, padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S), expand=True)
    shut = p.icon_button(ft.Icons.CLOSE, t("today.ping_close"), close, color=Tone.ON_SOFT)
    return ft.Semantics(
        live_region=True, container=True,
        content=ft.Container(
            ft.Row([press, shut], spacing=0), bgcolor=Tone.SOFT, border_radius=Radius.L,
            margin=ft.Margin.only(bottom=Space.M),
        ),
    )  # fmt: skip


@screen
def FreshOrders() -> ft.Control:
    """Show the orders of the last day, newest first; nothing when there are none."""
    now = hooks.use_now()
    orders = use_recent(ORDERS_SHOWN)
    people = use_people(orders)
    products = use_products([line.product_id for order in orders for line in order.lines[:1]])
    if not orders:
        return ft.Container()
    rows = [_row(one, people.get(one.customer_id), order_title(one, products), now) for one in orders]
    return ft.Column([p.section(t("today.orders")), p.group(rows)], spacing=Space.M)


def _row(order: Order, who: Customer | None, title: str, now: datetime) -> ft.Control:
    ui = sessions.current()
    meta = p.dots(title, t(f"profile.channel.{order.channel}"), current().moment(from_text(order.paid_at), now))
    return p.person_row(
        p.txt(who.name if who else order.no, Type.ROW, lines=1),
        p.txt(meta, Type.META, lines=1),
        leading=p.avatar(who.name if who else "·", order.customer_id),
        fact=money(order.paid_fen - order.refunded_fen),
        fact_color=Tone.TEXT,
        on_click=lambda: ui.open(f"/customers/{order.customer_id}"),
    )
