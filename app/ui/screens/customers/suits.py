"""Goods and people on screen: what suits a customer, and whom a product suits (feature B5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.instants import to_text
from app.domain.match import Match, Reason
from app.insight import match as matching
from app.insight.match import Fit, Suggestion
from app.protocol.objects import Product
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.goods import product_row, send_this
from app.ui.screens.customers.picking import Picking
from app.ui.screens.customers.words import product_name
from app.ui.screens.share.view import category_of, series_of
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type

SHOWN = 7  # some 15 controls each: a profile shows at most 300
REASONS_SHOWN = 3
TABLES = frozenset(matching.READS)


def use_suggestions(customer_id: str, most: int) -> hooks.Task:
    """Return the task that finds a customer's suggestions, off the loop; anew when what it rests on changes. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    seen = hooks.use_live(TABLES, object)

    async def find() -> tuple[Suggestion, ...]:
        store_id = client.session.staff.store_id
        return await client.store.query_in_thread(matching.suggestions_for, customer_id, now, store_id, most)

    return hooks.use_task(find, customer_id, most, seen, now.date())


@screen
def Suits(customer_id: str) -> ft.Control:
    """Show the products that suit this customer, each with why."""
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    task = use_suggestions(customer_id, SHOWN)
    if task.error is not None:
        return p.error_card(task.error)
    if task.value is None or customer is None:
        return p.Skeleton(rows=4)
    if not task.value:
        return p.empty(ft.Icons.CHECKROOM_OUTLINED, t("profile.suits_none"), t("profile.suits_none_text"))
    rows = [_suggestion(customer_id, one) for one in task.value]
    plain = not matching.is_personal(customer.consents)
    note = [p.notice(None, t("profile.suits_plain"), icon=ft.Icons.SHIELD_OUTLINED)] if plain else []
    return ft.Column(
        [*note, p.group(rows)], spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )  # fmt: skip


def _suggestion(customer_id: str, one: Suggestion) -> ft.Control:
    return product_row(
        customer_id, one.product, "", [money(one.product.price_fen), reason_words(one.match, one.product, one.partner)]
    )


def reason_words(match: Match, product: Product, partner: Product | None, most: int = REASONS_SHOWN) -> str:
    """Return the strongest reasons in words, at `most` so many."""
    return p.dots(*(_reason(one, product, partner) for one in match.reasons[:most]))


def _reason(reason: Reason, product: Product, partner: Product | None) -> str:
    strings = current()
    about = {
        "goes_with": _short(partner),
        "series": series_of(product, strings),
        "category": category_of(product.category, strings),
    }.get(reason.code, reason.about)
    return strings.t(f"profile.reason.{reason.code}", about=about, n=reason.about)


def _short(product: Product | None) -> str:
    """Return a product's name without its colour."""
    if product is None:
        return ""
    return product.name if current().is_chinese else product.name_en or product.name


# --- whom a product suits ------------------------------------------------------------------


@ft.observable
@dataclass
class Chosen:
    """Whom of a product's people the guide ticked; nobody at first."""

    product_id: str = ""
    ids: frozenset[str] = frozenset()

    def of(self, product_id: str) -> frozenset[str]:
        """Return who is ticked for this product."""
        return self.ids if self.product_id == product_id else frozenset()

    def choose(self, product_id: str, ids: frozenset[str]) -> None:
        """Tick these and nobody else."""
        self.product_id, self.ids = product_id, ids

    def toggle(self, product_id: str, customer_id: str) -> None:
        """Tick or untick one; another product begins with nobody ticked."""
        self.choose(product_id, self.of(product_id) ^ {customer_id})


@dataclass(frozen=True, slots=True)
class Row:
    """One customer of the list; `contacted`: somebody wrote to them today already."""

    customer_id: str
    name: str
    words: str
    on: bool
    contacted: bool
    product: Product


@screen
def SuitsPage(product_id: str) -> ft.Control:
    """List whom a product suits, for a coupon to those who are ticked or a message to one."""
    client, now, chosen = hooks.use_client(), hooks.use_now(), hooks.use_slice(Chosen)
    strings, picking = hooks.use_strings(), hooks.use_slice(Picking)
    product = hooks.use_query(pq.product_by_id, product_id)
    seen = hooks.use_live(TABLES, object)
    begin, _ = day_range(day_of(now, strings.zone), strings.zone)
    contacted = hooks.use_query(q.contacted_since, to_text(begin))

    async def find() -> tuple[Fit, ...]:
        store_id = client.session.staff.store_id
        return await client.store.query_in_thread(matching.people_for, product_id, now, store_id)

    task = hooks.use_task(find, product_id, seen, now.date())
    title = t("profile.who_likes")
    ticked = chosen.of(product_id)
    fits: tuple[Fit, ...] = task.value or ()
    on = [fits, product, ticked, contacted, strings.language]
    rows = ft.use_memo(lambda: _rows(fits, product, ticked, contacted), on)
    if task.error is not None:
        return p.frame(title, p.error_card(task.error))
    if product is None or (task.value is not None and not rows):
        return p.frame(title, p.empty(ft.Icons.GROUP_OFF_OUTLINED, t("profile.who_none"), t("profile.who_none_text")))
    if task.value is None:
        return p.frame(title, p.Skeleton(rows=8))
    ids = tuple(row.customer_id for row in rows if row.on)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    return p.frame(
        title, p.VirtualList(rows, _person, mark=strings.language, padding=inset, key=product_id),
        over=product_name(product), foot=_foot(picking, ids), scroll=False,
        top=[_all_or_none(chosen, product_id, rows)],
    )  # fmt: skip


def _rows(
    fits: Sequence[Fit], product: Product | None, ticked: frozenset[str], contacted: frozenset[str]
) -> tuple[Row, ...]:
    if product is None:
        return ()
    return tuple(
        Row(one.customer.id, one.customer.name, reason_words(one.match, product, one.partner),
            one.customer.id in ticked, one.customer.id in contacted, product)
        for one in fits
    )  # fmt: skip


def _all_or_none(chosen: Chosen, product_id: str, rows: Sequence[Row]) -> ft.Control:
    """Return how they were found, and the button that ticks all but who was contacted today, or unticks everybody."""
    free = frozenset(row.customer_id for row in rows if not row.contacted)
    ticked = frozenset(row.customer_id for row in rows if row.on)
    words = p.txt(t("profile.who_likes_text"), Type.META, expand=True)
    if ticked and free <= ticked:
        button = p.quiet(t("profile.who_nobody"), lambda: chosen.choose(product_id, frozenset()))
    else:
        everybody = (lambda: chosen.choose(product_id, ticked | free)) if free else None
        button = p.quiet(t("profile.who_everybody"), everybody)
    return ft.Row([words, button], spacing=Space.M)


def _person(row: Row) -> ft.Control:
    ui = sessions.current()
    icon = ft.Icons.CHECK_CIRCLE if row.on else ft.Icons.RADIO_BUTTON_UNCHECKED
    name: list[ft.Control] | str = row.name
    if row.contacted:
        name = [p.txt(row.name, Type.ROW, lines=1), p.pill(t("profile.contacted_today"), "calm")]
    line = p.list_row(
        name, row.words, leading=ft.Icon(icon, size=26, color=Tone.ACTION if row.on else Tone.QUIET),
        on_click=partial(ui.slice(Chosen).toggle, row.product.id, row.customer_id), selected=row.on,
    )  # fmt: skip
    line.expand = True
    write = p.icon_button(
        ft.Icons.SEND_OUTLINED, t("profile.write_to", name=row.name), partial(send_this, row.customer_id, row.product)
    )
    return ft.Row([line, write], spacing=0)


def _foot(picking: Picking, ids: tuple[str, ...]) -> ft.Control:
    ui = sessions.current()

    def coupon() -> None:
        picking.ids, picking.segment, picking.template_id = ids, None, None
        ui.open("/coupons/batch")

    words = p.txt(t("profile.who_picked", n=len(ids)), Type.META, expand=True)
    button = p.primary(t("profile.who_coupon"), coupon if ids else None, ft.Icons.LOCAL_OFFER_OUTLINED)
    return ft.Row([words, button], spacing=Space.M)
