"""The tabs of a profile: timeline, orders, coupons, notes and tags; the portrait has a module of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import flet as ft

from app.protocol.limits import NOTE_MAX, TAG_MAX
from app.protocol.mutations import AddTag, EditNote, RemoveTag
from app.protocol.objects import Coupon, Customer, Order, Product
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.portrait import Portrait
from app.ui.screens.customers.words import (
    STATE_TONES,
    coupon_state,
    day_words,
    last_moment,
    order_title,
    product_name,
    template_name,
    timeline_row,
)
from app.ui.strings import money, t
from app.ui.theme import Space, Tone, Type

PAGE = 15  # a profile builds at most 300 controls
ORDERS = 8


def use_products(ids: Sequence[str | None]) -> dict[str, Product]:
    """Return the products with these ids. A hook."""
    wanted = tuple(sorted({i for i in ids if i}))
    client = hooks.use_client()
    return hooks.use_live({"product"}, lambda: pq.products_by_ids(client.store.read, wanted), wanted)


@screen
def Timeline(customer_id: str) -> ft.Control:
    """Orders, views, coupons and contacts, newest first, grouped by nothing but time."""
    now = hooks.use_now()
    limit, set_limit = ft.use_state(PAGE)
    items = hooks.use_query(q.timeline_of, customer_id, q.KINDS, limit)
    products = use_products(
        [i.row.product_id for i in items if i.kind == "browse_event"]
        + [line.product_id for i in items if i.kind == "order" for line in i.row.lines[:1]]
    )
    if not items:
        return p.empty(ft.Icons.TIMELINE, t("profile.timeline_empty"), t("profile.timeline_empty_text"))
    rows = [timeline_row(item, products, now, i == len(items) - 1) for i, item in enumerate(items)]
    if len(items) == limit:
        rows.append(p.secondary(t("profile.more"), lambda: set_limit(limit + PAGE)))
    return ft.Column(rows, spacing=0)


@screen
def Orders(customer_id: str) -> ft.Control:
    """Every order with its lines and refunds."""
    limit, set_limit = ft.use_state(ORDERS)
    orders = hooks.use_query(q.orders_of, customer_id, limit)
    products = use_products([line.product_id for order in orders for line in order.lines])
    if not orders:
        return p.empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("profile.orders_empty"), t("profile.orders_empty_text"))
    rows = [_order_card(order, products) for order in orders]
    if len(orders) == limit:
        rows.append(p.secondary(t("profile.more"), lambda: set_limit(limit + ORDERS)))
    return ft.Column(rows, spacing=Space.M)


def _order_card(order: Order, products: dict[str, Product]) -> ft.Control:
    tone = "late" if order.status in ("refunded", "cancelled") else "warm" if order.refunded_fen else "calm"
    channel = t(f"profile.channel.{order.channel}")
    head = ft.Row(
        [
            p.txt(p.dots(day_words(order.paid_at), channel), Type.META, expand=True),
            p.pill(t(f"profile.status.{order.status}"), tone),
        ]
    )
    lines = [_order_line(line, products) for line in order.lines]
    total = ft.Row(
        [
            p.txt(t("profile.order_no", no=order.no), Type.META, expand=True, lines=1),
            p.money_text(order.paid_fen, Type.SECTION),
        ]
    )
    refund = [p.fact(t("profile.status.refunded"), "−" + money(order.refunded_fen))] if order.refunded_fen else []
    return p.card(ft.Column([head, *lines, *refund, total], spacing=Space.S))


def _order_line(line: object, products: dict[str, Product]) -> ft.Control:
    product = products.get(getattr(line, "product_id", None) or "")
    name = product_name(product) or str(getattr(line, "name", ""))
    meta = p.dots(getattr(line, "size", "") or None, t("profile.qty", n=getattr(line, "qty", 1)))
    picture = p.product_thumb(product.picture if product else None, name, 44)
    words = ft.Column([p.txt(name, Type.BODY, lines=1), p.txt(meta, Type.META)], spacing=0, expand=True)
    return ft.Row([picture, words, p.txt(money(getattr(line, "paid_fen", 0)), Type.BODY)], spacing=Space.M)


@screen
def Coupons(customer_id: str) -> ft.Control:
    """Coupons handed to this customer, with their state."""
    now = hooks.use_now()
    coupons = hooks.use_query(q.coupons_of, customer_id)
    if not coupons:
        return p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("profile.coupons_empty"), t("profile.coupons_empty_text"))
    return p.group([coupon_row(coupon, now) for coupon in coupons])


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
    draft, set_draft = ft.use_state(None)
    chosen, set_chosen = ft.use_state(None)
    tag, set_tag = ft.use_state("")
    submit, busy = hooks.use_mutation()
    if customer is None:
        return ft.Container()
    note = customer.note if draft is None else draft
    private = customer.note_private if chosen is None else chosen
    changed = (note, private) != (customer.note, customer.note_private)

    def saved() -> None:
        set_draft(None)
        set_chosen(None)

    save = p.secondary(
        t("profile.note_save"),
        (lambda: submit(EditNote(customer_id, note, private), done="profile.note_saved", then=saved))
        if changed and not busy
        else None,
    )
    field = p.text_field(t("profile.note_field"), note, set_draft, lines=4, max_length=NOTE_MAX, counter=" ")
    under = ft.Row([p.txt(t("profile.note_hint"), Type.META, expand=True), save])
    return ft.Column(
        [
            field,
            under,
            p.switch_row(t("profile.note_private"), t("profile.note_private_hint"), private, set_chosen),
            p.section(t("profile.tags")),
            _tags(customer, tag, set_tag, submit),
        ],
        spacing=Space.M,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _tags(customer: Customer, tag: str, set_tag: object, submit: object) -> ft.Control:
    def add() -> None:
        name = tag.strip()
        if name:
            undo = RemoveTag(customer.id, name)
            set_tag("")
            submit(AddTag(customer.id, name), done="profile.tag_added", undo=undo, params={"tag": name})

    def remove(name: str) -> None:
        submit(
            RemoveTag(customer.id, name),
            done="profile.tag_removed",
            undo=AddTag(customer.id, name),
            params={"tag": name},
        )

    pills = [_tag(one.name, one.kind, remove) for one in customer.tags]
    entry = ft.Row(
        [
            ft.Container(
                p.text_field(t("profile.tag_field"), tag, set_tag, max_length=TAG_MAX, counter="", on_submit=add),
                expand=True,
            ),
            p.secondary(t("profile.tag_add"), add if tag.strip() else None),
        ],
        spacing=Space.S,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    rows: list[ft.Control] = [ft.Row(pills, wrap=True, spacing=Space.S, run_spacing=Space.S)] if pills else []
    return ft.Column([*rows, entry], spacing=Space.M)


def _tag(name: str, kind: str, remove: object) -> ft.Control:
    if kind != "personal":
        return p.pill(name)
    face = ft.Row(
        [p.txt(name, Type.LABEL), ft.Icon(ft.Icons.CLOSE, size=14, color=Tone.QUIET)], spacing=Space.XS, tight=True
    )
    return p.tappable(
        face,
        lambda: remove(name),
        label=t("profile.tag_remove", tag=name),
        bgcolor=Tone.FILL,
        radius=16,
        padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S),
    )


TABS = {"timeline": Timeline, "portrait": Portrait, "orders": Orders, "coupons": Coupons, "notes": Notes}
__all__ = ["TABS", "coupon_row", "order_title"]
