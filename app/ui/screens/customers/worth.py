"""What a customer is worth, factor by factor, and what makes a super user (features A6 to A8, rules 6.2 to 6.4)."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.domain.segment import SUPER_FIRST_WEEK, SUPER_REFERRALS, SuperView
from app.insight import value as worth
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.share.view import category_of
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type

FACTORS = ("months", "rate", "basket")


@screen
def Worth(customer_id: str) -> ft.Control:
    """Show value as its three factors, the rhythm in words, and the traits of a super user."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    value = hooks.use_live(
        {"order"}, lambda: worth.value_of(client.store.read, customer_id, now, client.session.zone), customer_id,
        now.date(), strings.language,
    )  # fmt: skip
    told, tell = ft.use_state("")
    if customer is None:
        return ft.Container()
    if not value.orders:
        nothing = p.empty(ft.Icons.INSIGHTS_OUTLINED, t("profile.worth_empty"), t("profile.worth_empty_text"))
        return ft.Column([nothing, SuperUser(customer_id)], spacing=Space.M, horizontal_alignment=_WIDE)
    rows: list[ft.Control] = [
        p.section(t("profile.worth")),
        _factors(value, told, tell),
        p.section(t("profile.rhythm")),
        p.group([_said(*one) for one in _rhythm(value)]),
        SuperUser(customer_id),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=_WIDE)


_WIDE = ft.CrossAxisAlignment.STRETCH


def _factors(value: worth.Value, told: str, tell: Callable[[str], None]) -> ft.Control:
    """Return the value over months × orders a month × basket; a tap on a figure says how it comes about."""
    clv = value.clv
    figures = {
        "months": t("profile.factor_months_n", n=_tenths(clv.months)),
        "rate": t("profile.factor_rate_n", n=_tenths(clv.orders_per_month)),
        "basket": money(clv.basket_fen // 100 * 100),
        "value": money(clv.value_fen // 100 * 100),
    }
    cells: list[ft.Control] = []
    for name in FACTORS:
        if cells:
            cells.append(p.txt("×", Type.SECTION, Tone.QUIET, semantics_label=""))
        cells.append(_cell(name, figures[name], told, tell))
    parts = ft.Row(
        cells, wrap=True, spacing=Space.XS, run_spacing=Space.XS, vertical_alignment=ft.CrossAxisAlignment.CENTER
    )
    whole = ft.Row([_cell("value", figures["value"], told, tell)])
    text = t(f"profile.factor_{told}_why", n=value.orders) if told else t("profile.factor_hint")
    said = ft.Container(p.txt(text, Type.META), padding=ft.Padding.symmetric(horizontal=Space.S))
    return p.card(ft.Column([whole, parts, said], spacing=Space.XS), padding=Space.M)


def _cell(name: str, figure: str, told: str, tell: Callable[[str], None]) -> ft.Control:
    """Return one figure over its name, which a tap explains."""
    whole, on = name == "value", told == name
    kind, tone = (Type.NAME, Tone.ACTION) if whole else (Type.SECTION, None)
    face = ft.Column([p.txt(figure, kind, tone), p.txt(_factor(name), Type.META)], spacing=2, tight=True)
    return p.tappable(
        face, lambda: tell("" if on else name), selected=on, padding=Space.S, bgcolor=Tone.CALM if on else None,
        label=t("profile.factor_label", name=_factor(name), figure=figure),
    )  # fmt: skip


def _factor(name: str) -> str:
    return t(f"profile.factor_{name}")


def _tenths(value: float) -> str:
    return current().number(round(value, 1))


def _rhythm(value: worth.Value) -> list[tuple[ft.IconData, str, str]]:
    """Return what recency, frequency and money say, in words."""
    rows: list[tuple[ft.IconData, str, str]] = []
    if value.silent_days is not None:
        gap, silent = value.gap_days, value.silent_days
        if gap is None:
            why = t("profile.recency_first")
        else:
            why = t("profile.recency_late" if silent > 2 * gap else "profile.recency_usual", n=gap)
        rows.append((ft.Icons.SCHEDULE, t("profile.recency", n=silent), why))
    times = value.rfm.frequency
    rows.append((ft.Icons.REPEAT, t("profile.frequency", n=times), t("profile.frequency_why", n=value.rfm.age)))
    if times:
        again = money(value.rfm.monetary_fen // 100 * 100)
        rows.append((ft.Icons.PAYMENTS_OUTLINED, t("profile.monetary", amount=again), t("profile.monetary_why")))
    return rows


def _said(icon: ft.IconData, title: str, why: str, tone: str | None = None) -> ft.Control:
    words = ft.Column([p.txt(title, Type.ROW), p.txt(why, Type.META)], spacing=2, expand=True)
    return ft.Container(
        ft.Row([ft.Icon(icon, size=22, color=tone or Tone.QUIET), words], spacing=Space.M),
        padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M),
    )


@screen
def SuperUser(customer_id: str) -> ft.Control:
    """Say which traits of a super user hold, and what to do next; found off the loop."""
    client = hooks.use_client()
    hooks.use_strings()
    seen = hooks.use_live(frozenset(worth.READS), object)

    async def find() -> SuperView | None:
        return await client.store.query_in_thread(worth.super_of, customer_id)

    task = hooks.use_task(find, customer_id, seen)
    if task.error is not None:
        return p.error_card(task.error)
    if task.value is None:
        return p.Skeleton(rows=3)
    view: SuperView = task.value
    state = "yes" if view.reason else "near" if view.top_categories or view.brings_friends or view.buys_early else "no"
    head = p.section(t("profile.super"), p.pill(t(f"profile.super_{state}"), "soft" if view.reason else "calm"))
    return ft.Column(
        [head, p.group(_traits(view)), p.notice(t("profile.super_next"), _next(view), tone="soft")], spacing=Space.M,
        horizontal_alignment=_WIDE,
    )  # fmt: skip


def _traits(view: SuperView) -> list[ft.Control]:
    names = [category_of(one, current()) for one in view.top_categories[:3]]
    joined = ("、" if current().is_chinese else ", ").join(names)
    return [
        _trait(bool(names), t("profile.super_top"), t("profile.super_top_in", names=joined) if names else
               t("profile.super_top_none")),
        _trait(view.brings_friends, t("profile.super_friends"),
               t("profile.super_count", n=view.referrals, of=SUPER_REFERRALS)),
        _trait(view.buys_early, t("profile.super_early"),
               t("profile.super_count", n=view.first_week_purchases, of=SUPER_FIRST_WEEK)),
    ]  # fmt: skip


def _trait(holds: bool, title: str, why: str) -> ft.Control:
    icon = ft.Icons.CHECK_CIRCLE if holds else ft.Icons.RADIO_BUTTON_UNCHECKED
    return _said(icon, title, why, Tone.ACTION if holds else None)


def _next(view: SuperView) -> str:
    if view.reason:
        return t(f"profile.super_next_{view.reason}")
    return t("profile.super_next_top" if view.top_categories else "profile.super_next_none")
