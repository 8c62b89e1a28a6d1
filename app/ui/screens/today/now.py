"""The card to do now: who, why, what to say, what to send along, what it costs, and the next step in one tap."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.insight.today import TodaySignal
from app.protocol.objects import Product
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.words import product_name
from app.ui.screens.today.budget import Cost
from app.ui.screens.today.marking import LaterChoices, mark
from app.ui.screens.today.reasons import (
    ICONS,
    Prompts,
    kind_text,
    page_of,
    prompt_for,
    prompt_of,
    reason_text,
    with_coupon,
)
from app.ui.screens.today.script import TONES, ready_text, use_goods
from app.ui.strings import money, t
from app.ui.theme import NARROW, Radius, Space, Tone, Type

THUMB = 56
SCRIPT_LINES = 3


@screen
def NowCard(signal: TodaySignal) -> ft.Control:
    """Show the one thing to do now. In a wide window what to say and send stands in the right pane instead."""
    now, wide = hooks.use_now(), hooks.use_wide()
    rows: list[ft.Control] = [_who(signal), p.txt(reason_text(signal, now), Type.LEAD)]
    if not wide:
        rows += [Script(signal), Cost(signal.customer.id, True)]
    rows.append(Buttons(signal))  # within the thumb's reach also below a promise that is due
    if not wide:
        rows.append(Along(signal))
    return p.card(
        ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH), chosen=wide,
        padding=Space.L,
    )  # fmt: skip


def _who(signal: TodaySignal) -> ft.Control:
    customer, ui = signal.customer, sessions.current()
    level = p.level_pill(customer.level)
    name = ft.Row(
        [p.txt(customer.name, Type.FIGURE, lines=1, expand=True, expand_loose=True), *([level] if level else [])],
        spacing=Space.S,
    )
    meta = p.dots(
        kind_text(signal.kind), money(customer.spend_fen) if customer.order_count else None,
        t("profile.times", n=customer.order_count),
    )  # fmt: skip
    face = ft.Row(
        [
            p.avatar(customer.name, customer.id, 48, ICONS[signal.kind]),
            ft.Column([name, p.txt(meta, Type.META)], spacing=0, expand=True),
        ],
        spacing=Space.M,
    )
    who = p.tappable(
        face, lambda: ui.open(f"/customers/{customer.id}"), label=t("today.open_label", name=customer.name), expand=True
    )
    no = p.icon_button(
        ft.Icons.NOTIFICATIONS_OFF_OUTLINED, t("today.no_label", name=customer.name),
        lambda: mark(signal, "not_interested"), color=Tone.QUIET,
    )  # fmt: skip
    return ft.Row([who, no], spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER)


@screen
def Script(signal: TodaySignal) -> ft.Control:
    """Show the ready text in the chosen tone; a press on it goes where it can be changed and sent."""
    prompts = hooks.use_slice(Prompts)
    text = ready_text(signal.customer, prompt_for(signal), prompts.tone, coupon=with_coupon(signal))

    def choose(tone: str) -> None:
        prompts.tone = tone

    tones = ft.Row([_tone(one, one == prompts.tone, choose) for one in TONES], spacing=0, wrap=True)
    head = p.ends(p.txt(t("today.script"), Type.LABEL, Tone.QUIET), tones)
    words = p.tappable(
        p.txt(text, Type.BODY, max_lines=SCRIPT_LINES, overflow=ft.TextOverflow.ELLIPSIS), lambda: go(signal),
        label=p.dots(t("today.script_label", name=signal.customer.name), text), radius=Radius.S,
        padding=ft.Padding.only(bottom=Space.M),
    )  # fmt: skip
    return ft.Container(
        ft.Column([head, words], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH), bgcolor=Tone.FILL,
        border_radius=Radius.M, padding=ft.Padding.only(left=Space.M, right=Space.XS),
    )  # fmt: skip


def _tone(name: str, on: bool, choose: Callable[[str], None]) -> ft.Control:
    face = ft.Container(
        p.txt(t(f"message.tone_{name}"), Type.LABEL, Tone.ON_SOFT if on else Tone.QUIET, no_wrap=True),
        bgcolor=Tone.SOFT if on else None, border_radius=Radius.M,
        padding=ft.Padding.symmetric(horizontal=10, vertical=6),
    )  # fmt: skip
    # drawn 28 high, pressed 48 high; an alignment would make it as wide as the line
    return p.tappable(face, lambda: choose(name), selected=on, padding=ft.Padding.symmetric(vertical=10))


@screen
def Along(signal: TodaySignal) -> ft.Control:
    """Show up to three products that fit, and the poster of the first: each leads to the message with it attached."""
    goods = use_goods(signal.customer.id, prompt_for(signal).attach)
    if goods is None:
        return ft.Row([ft.Container(width=THUMB, height=THUMB)])  # its place is kept
    if not goods:
        return ft.Container()
    thumbs = [_thumb(signal, one) for one in goods]
    poster = p.quiet(t("today.poster"), lambda: go(signal, goods[0], poster=True), ft.Icons.IMAGE_OUTLINED)
    return p.ends(ft.Row(thumbs, spacing=Space.S, wrap=True), poster)


def _thumb(signal: TodaySignal, product: Product) -> ft.Control:
    return p.tappable(
        p.product_thumb(product.picture, product_name(product), THUMB), lambda: go(signal, product),
        label=t("today.product_label", product=product_name(product)),
    )  # fmt: skip


@screen
def Buttons(signal: TodaySignal) -> ft.Control:
    """Show the next step, later and done."""
    is_open, set_open = ft.use_state(False)

    def close() -> None:
        set_open(False)

    p.use_sheet(LaterChoices(signal, close) if is_open else None, t("today.later_title"), close)
    label, icon = (
        (t("today.send_coupon"), ft.Icons.LOCAL_OFFER_OUTLINED)
        if with_coupon(signal)
        else (t("today.write"), ft.Icons.EDIT_OUTLINED)
    )
    send = ft.Container(p.primary(label, lambda: go(signal), icon), expand=True)
    later = p.secondary(t("today.later_action"), lambda: set_open(True))
    done = p.icon_button(
        ft.Icons.CHECK_CIRCLE_OUTLINE, t("today.done_label", name=signal.customer.name), lambda: mark(signal, "done"),
        color=Tone.ACTION,
    )  # fmt: skip
    layout = hooks.layout()
    if layout.is_large or layout.pane < NARROW:  # the one filled button keeps a line to itself
        return ft.Column([ft.Row([send]), p.ends(later, done)], spacing=Space.S)
    return ft.Row([send, later, done], spacing=Space.S)


def go(signal: TodaySignal, attach: Product | None = None, *, poster: bool = False) -> None:
    """Go to the signal's message, with a product or its poster along."""
    prompt_of(signal, attach, poster=poster)
    sessions.current().open(page_of(signal))
