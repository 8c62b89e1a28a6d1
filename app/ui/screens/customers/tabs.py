"""Tabs of a profile: orders, coupons and notes; the larger ones have modules of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import flet as ft

from app.protocol.limits import NOTE_MAX
from app.protocol.mutations import EditNote
from app.protocol.objects import Coupon, Customer, Order, OrderLine, Product
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.paging import Page, Pages, Source
from app.ui.screens.customers.shelf import use_products
from app.ui.screens.customers.tagging import Tags
from app.ui.screens.customers.words import (
    STATE_TONES,
    coupon_state,
    day_words,
    last_moment,
    order_title,
    product_name,
    template_name,
)
from app.ui.strings import money, t
from app.ui.theme import Space, Tone, Type

STRETCH = ft.CrossAxisAlignment.STRETCH
ORDERS = 3  # some 100 controls: two pages fit a profile's 300
COUPONS = 6
LINES = 3  # of an order that shows more on a tap


def _of_kind(customer_id: str, kind: str, tables: frozenset[str], size: int) -> Source:
    """Return the pages of one kind of the timeline, `size` items each; `tables` draw them anew."""
    read = sessions.current().client.store.read
    return Source(
        f"{customer_id}/{kind}s",
        tables,
        lambda limit, after: q.timeline_of(read, customer_id, (kind,), limit, after),
        lambda item: (item.at, item.id),
        size,
    )


@screen
def Orders(customer_id: str, scroller: Any = None) -> ft.Control:
    """Every order with its lines, refunds and coupon, and the way to why it was paid for or not."""
    source = _of_kind(customer_id, "order", frozenset({"order", "coupon"}), ORDERS)
    return Pages(source, MemoOrders, _no_orders, scroller)


def _no_orders() -> ft.Control:
    return p.empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("profile.orders_empty"), t("profile.orders_empty_text"))


@ft.component
def _OrdersPage(page: Page) -> ft.Control:
    """Show one page of orders."""
    hooks.use_strings()
    client = hooks.use_client()
    orders: list[Order] = [item.row for item in page.items]
    products = use_products([line.product_id for order in orders for line in order.lines])
    used = tuple(order.coupon_id for order in orders if order.coupon_id)
    coupons = hooks.use_live(
        {"coupon"}, lambda: {c.id: c for one in used if (c := cq.coupon_by_id(client.store.read, one))}, used
    )
    open_ids, set_open = ft.use_state(frozenset[str]())
    cards = [
        _order_card(order, products, coupons.get(order.coupon_id or ""), order.id in open_ids,
                    lambda order_id=order.id: set_open(open_ids | {order_id}))
        for order in orders
    ]  # fmt: skip
    inset = ft.Padding.only(bottom=0 if page.last else Space.M)
    return ft.Container(ft.Column(cards, spacing=Space.M, horizontal_alignment=STRETCH), padding=inset)


MemoOrders = ft.memo(_OrdersPage)


def _order_card(
    order: Order, products: dict[str, Product], coupon: Coupon | None, is_open: bool, unfold: Callable[[], None]
) -> ft.Control:
    tone = "late" if order.status in ("refunded", "cancelled") else "warm" if order.refunded_fen else "calm"
    channel = t(f"profile.channel.{order.channel}")
    head = ft.Row(
        [
            p.txt(p.dots(day_words(order.paid_at), channel), Type.META, expand=True),
            p.pill(t(f"profile.status.{order.status}"), tone),
        ]
    )
    shown = order.lines if is_open else order.lines[:LINES]
    rows: list[ft.Control] = [head, *(_order_line(line, products) for line in shown)]
    if rest := len(order.lines) - len(shown):
        rows.append(p.quiet(t("profile.lines_more", n=rest), unfold))
    if order.coupon_id:
        name = template_name(coupon.rules) if coupon else ""
        rows.append(p.fact(t("profile.coupon_used"), name or t("profile.coupon_other")))
    if order.refunded_fen:
        rows.append(p.fact(t("profile.status.refunded"), money(-order.refunded_fen)))
    return p.card(ft.Column([*rows, _order_foot(order)], spacing=Space.S))


def _order_foot(order: Order) -> ft.Control:
    """Return the sum, and the way to what the order earned (or why it did not)."""
    ui = sessions.current()
    why = t("profile.why_not_earned" if order.historic else "profile.why_earned")
    words = ft.Column(
        [p.txt(t("profile.order_no", no=order.no), Type.META), p.txt(why, Type.LABEL, Tone.ACTION)],
        spacing=2, expand=True,
    )  # fmt: skip
    face = ft.Row([words, p.money_text(order.paid_fen, Type.SECTION)], spacing=Space.M)
    return p.tappable(face, lambda: ui.open(f"/commission/orders/{order.no}"), padding=ft.Padding.symmetric(vertical=6))


def _order_line(line: OrderLine, products: dict[str, Product]) -> ft.Control:
    product = products.get(line.product_id or "")
    name = product_name(product) or line.name
    back = t("profile.line_refunded", n=line.refunded_qty) if line.refunded_qty else None
    meta = p.dots(line.size or None, t("profile.qty", n=line.qty), back)
    picture = p.product_thumb(product.picture if product else None, name, 44)
    words = ft.Column([p.txt(name, Type.BODY, lines=2), p.txt(meta, Type.META)], spacing=0, expand=True)
    return ft.Row([picture, words, p.txt(money(line.paid_fen), Type.BODY)], spacing=Space.M)


@screen
def Coupons(customer_id: str, scroller: Any = None) -> ft.Control:
    """Coupons handed to this customer, with their state."""
    source = _of_kind(customer_id, "coupon", frozenset({"coupon"}), COUPONS)
    return Pages(source, MemoCoupons, _no_coupons, scroller)


def _no_coupons() -> ft.Control:
    return p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("profile.coupons_empty"), t("profile.coupons_empty_text"))


@ft.component
def _CouponsPage(page: Page) -> ft.Control:
    """Show one page of coupons."""
    now = hooks.use_now()
    hooks.use_strings()
    inset = ft.Padding.only(bottom=0 if page.last else Space.M)
    return ft.Container(p.group([coupon_row(item.row, now) for item in page.items]), padding=inset)


MemoCoupons = ft.memo(_CouponsPage)


def coupon_row(coupon: Coupon, now: datetime, who: str = "") -> ft.Control:
    """Return a coupon as a row that opens it."""
    state = coupon_state(coupon, now)
    tone = STATE_TONES.get(state, "warm")
    until = t("coupons.valid_until", date=last_moment(coupon.valid_until, now)) if coupon.valid_until else None
    ui = sessions.current()
    return p.list_row(
        template_name(coupon.rules),
        p.dots(who or None, until),
        leading=ft.Icon(ft.Icons.LOCAL_OFFER_OUTLINED, color=Tone.QUIET),
        fact=p.pill(t(f"coupons.state.{state}"), tone),
        on_click=lambda: ui.open(f"/coupons/{coupon.id}"),
    )


@screen
def Notes(customer_id: str) -> ft.Control:
    """The guide's note and personal tags, editable with no network."""
    customer = hooks.use_query(q.customer_by_id, customer_id)
    if customer is None:
        return ft.Container()
    rows = [NoteForm(customer), p.section(t("profile.tags")), Tags(customer)]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=STRETCH)


@ft.observable
@dataclass
class Drafts:
    """Notes that were begun and not saved, by customer: (text, private). A sheet is easily wiped away."""

    notes: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def keep(self, customer_id: str, note: tuple[str, bool], saved: tuple[str, bool]) -> None:
        """Keep a note while it is another than the saved one."""
        rest = {one: kept for one, kept in self.notes.items() if one != customer_id}
        self.notes = rest if note == saved else {**rest, customer_id: note}


@screen
def NoteForm(customer: Customer, close: Callable[[], None] | None = None) -> ft.Control:
    """Write the note; in a sheet, which `close` closes once it is saved, the field has the focus.

    What was begun and not saved is there again when the form is opened again, and says so.
    """
    hooks.use_strings()
    drafts = hooks.use_slice(Drafts)
    found, _ = ft.use_state(customer.id in drafts.notes)
    submit, busy = hooks.use_mutation()
    stored = (customer.note, customer.note_private)
    note, private = drafts.notes.get(customer.id, stored)
    changed = (note, private) != stored

    def set_draft(text: str) -> None:
        drafts.keep(customer.id, (text, private), stored)

    def set_chosen(on: bool) -> None:
        drafts.keep(customer.id, (note, on), stored)

    def drop() -> None:
        drafts.keep(customer.id, stored, stored)

    def saved() -> None:
        drop()
        if close:
            close()

    def write() -> None:
        submit(EditNote(customer.id, note, private), done="profile.note_saved", then=saved)

    save = (p.primary if close else p.secondary)(t("profile.note_save"), write if changed and not busy else None)
    # above a phone's keyboard there is room for five lines, the switch and the button
    lines: dict[str, Any] = {"lines": 3, "max_lines": 5, "autofocus": True} if close else {"lines": 4}
    entry = p.text_field(t("profile.note_field"), note, set_draft, max_length=NOTE_MAX, counter=" ", **lines)
    mark = [p.pill(t("profile.private_mark"), "warm", ft.Icons.LOCK_OUTLINE)] if private and note else []
    who = mark or [p.txt(t("profile.note_hint"), Type.META, expand=True)]
    under = ft.Row(who)
    switch = p.switch_row(t("profile.note_private"), t("profile.note_private_hint"), private, set_chosen)
    end = ft.Row([save], alignment=ft.MainAxisAlignment.END)
    left = [p.ends(p.txt(t("profile.note_left"), Type.META), p.quiet(t("profile.note_drop"), drop))]
    rows = [*(left if found and changed else []), entry, under, switch, save if close else end]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=STRETCH)


__all__ = ["Coupons", "NoteForm", "Notes", "Orders", "coupon_row", "order_title", "use_products"]
