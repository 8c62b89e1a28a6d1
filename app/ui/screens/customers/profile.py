"""One customer: head, four actions, four figures, the hint, and five tabs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import flet as ft

from app.domain.calendar_days import day_of
from app.domain.contact import Allowed
from app.domain.instants import from_text, to_text
from app.insight.today import READS, TodaySignal, signals_of_customer
from app.mutations.contacting import contact_decision
from app.mutations.mutate import call_of
from app.protocol.objects import Customer
from app.store.queries import customers as q
from app.store.queries import handovers, work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers import tabs
from app.ui.screens.customers.handover import Came, Leaving
from app.ui.screens.customers.reveal import PhoneLine
from app.ui.screens.today.reasons import prompt_of, reason_text
from app.ui.strings import current, error_text, money, t
from app.ui.theme import Space, Tone, Type

TABS = ("timeline", "portrait", "orders", "coupons", "notes")
YEAR_DAYS = 365
LATE_DAYS = 60


def gone() -> ft.Control:
    """Return the page that stands where a customer is not (or no longer) ours."""
    return p.frame(
        t("customers.title"),
        p.empty(
            ft.Icons.PERSON_OFF_OUTLINED,
            t("customers.gone_title"),
            t("customers.gone_text"),
            t("customers.gone_action"),
            lambda: sessions.current().go("customers"),
        ),
    )


@screen
def CustomerPage(customer_id: str) -> ft.Control:
    """Show one customer's profile; the key keeps one customer's state from another's."""
    return Profile(customer_id, key=customer_id)


@screen
def Profile(customer_id: str) -> ft.Control:
    """Show the profile of `customer_id`, or say that it is not ours."""
    ui, strings, now = hooks.use_session(), hooks.use_strings(), hooks.use_now()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    tab, set_tab = ft.use_state("timeline")
    client = ui.client
    hints = hooks.use_live(frozenset(READS), lambda: _hints(client, customer_id, now), customer_id, now.hour)
    refused = hooks.use_query(work.rejected_about, f"customer/{customer_id}")
    year = hooks.use_live({"order"}, lambda: _year(client, customer_id, now), customer_id)
    leaving = hooks.use_query(handovers.waiting_for, customer_id) is not None
    came = hooks.use_query(handovers.came_to_me, customer_id) is not None
    if customer is None:
        return gone()
    body: list[ft.Control] = [_head(customer)]
    body += [*([Leaving(customer_id)] if leaving else []), *([Came(customer_id)] if came else [])]
    body += [] if leaving else [_actions(customer, lambda: set_tab("notes"))]
    body += [p.refused_note(row.code, dict(row.params)) for row in refused[:2]]
    body += [_figures(customer, year, now), *[_hint(s, now) for s in hints[:1]]]
    body.append(p.segmented([(name, t(f"profile.tab_{name}")) for name in TABS], tab, set_tab))
    body.append(tabs.TABS[tab](customer_id, key=f"{tab}/{strings.language}"))
    give = p.icon_button(ft.Icons.SWAP_HORIZ, t("handover.give"), lambda: ui.open(f"/customers/{customer_id}/handover"))
    foot, actions = (None, ()) if leaving else (_foot(customer), (give,))
    return p.frame("", body, foot=foot, actions=actions)  # the head below is the title


def _hints(client: object, customer_id: str, now: datetime) -> tuple[TodaySignal, ...]:
    c = sessions.current().client
    return signals_of_customer(c.store.read, customer_id, now, c.session.zone, c.session.staff.store_id)


def _year(client: object, customer_id: str, now: datetime) -> int:
    since = to_text(now - timedelta(days=YEAR_DAYS))
    found = q.orders_of(sessions.current().client.store.read, customer_id, 200)
    return sum(1 for o in found if o.paid_at >= since and o.status in ("paid", "part_refunded"))


def _head(customer: Customer) -> ft.Control:
    level = p.level_pill(customer.level)
    title = ft.Semantics(heading_level=1, content=p.txt(customer.name, Type.NAME, lines=1))
    name = ft.Row([title, *([level] if level else [])], spacing=Space.S)
    pills = [p.pill(tag.name) for tag in customer.tags[:5]]
    words = ft.Column(
        [
            name,
            PhoneLine(customer),
            *([ft.Row(pills, spacing=Space.S, wrap=True, run_spacing=Space.XS)] if pills else []),
        ],
        spacing=Space.XS,
        expand=True,
    )
    return ft.Row(
        [p.avatar(customer.name, customer.id, 64), words],
        spacing=Space.L,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _actions(customer: Customer, note: Callable[[], None]) -> ft.Control:
    ui = sessions.current()
    here = f"/customers/{customer.id}"
    return p.tile_row(
        [
            p.action_tile(ft.Icons.CHAT_OUTLINED, t("profile.act_message"), lambda: ui.open(f"{here}/message")),
            p.action_tile(ft.Icons.LOCAL_OFFER_OUTLINED, t("profile.act_coupon"), lambda: ui.open(f"{here}/coupon")),
            p.action_tile(ft.Icons.IOS_SHARE, t("profile.act_share"), lambda: ui.go("share")),
            p.action_tile(ft.Icons.EDIT_NOTE, t("profile.act_note"), note),
        ]
    )


def _figures(customer: Customer, year: int, now: datetime) -> ft.Control:
    basket = customer.spend_fen // customer.order_count // 100 * 100 if customer.order_count else 0
    days = None
    if customer.last_order_at:
        zone = current().zone
        days = (day_of(now, zone) - day_of(from_text(customer.last_order_at), zone)).days
    since = "—" if days is None else t("profile.days", n=days)
    return p.stat_strip(
        [
            (money(customer.spend_fen), t("profile.spend")),
            (t("profile.times", n=year), t("profile.year")),
            (money(basket) if customer.order_count else "—", t("profile.basket")),
            (since, t("profile.since"), Tone.LATE if days is not None and days > LATE_DAYS else None),
        ]
    )


def _hint(signal: TodaySignal, now: datetime) -> ft.Control:
    ui = sessions.current()

    def send() -> None:
        prompt_of(signal)
        ui.open(f"/customers/{signal.customer.id}/coupon")

    thumb = None
    if signal.product is not None:
        thumb = ft.Row([p.product_thumb(signal.product.picture, signal.product.name, 72)])
    return p.notice(
        t("profile.hint"), reason_text(signal, now), content=thumb, action=p.quiet(t("profile.hint_action"), send)
    )


@screen
def Budget(customer_id: str) -> ft.Control:
    """Say how often this customer may still be contacted, before anything is sent (rule 9.3)."""
    client = hooks.use_client()
    now = hooks.use_now()
    decision = hooks.use_live(
        {"customer", "contact", "contact_holder", "setting"},
        lambda: contact_decision(client.store.read, customer_id, call_of(client)),
        customer_id,
        now.minute,
    )
    if isinstance(decision, Allowed):
        return p.txt(t("profile.budget", n=decision.remaining), Type.META)
    return p.txt(error_text(decision.code, decision.params), Type.META, Tone.LATE)


def _foot(customer: Customer) -> ft.Control:
    ui = sessions.current()
    write = p.primary(t("today.write"), lambda: ui.open(f"/customers/{customer.id}/message"), ft.Icons.EDIT_OUTLINED)
    return ft.Row([ft.Container(Budget(customer.id), expand=True), write], spacing=Space.M)
