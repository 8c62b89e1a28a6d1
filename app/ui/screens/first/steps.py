"""The three steps, drawn with the real parts around sample values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import flet as ft

from app.posters.fonts import assets_dir
from app.posters.render import PosterSpec, make_preview
from app.posters.template import load_template
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.first import sample
from app.ui.strings import Strings, date_short, moment, money, t
from app.ui.theme import DETAIL_MAX, Radius, Space, Tone, Type, text_width

POSTER_WIDTH = 220
READ_WIDTH = DETAIL_MAX * 0.75  # of the steps in a wide window
NOBODY = "HTTPS://EXAMPLE.INVALID/S/PRACTICE"  # a scan of the practice poster leads nowhere


def _who(kind: str, icon: ft.IconData) -> ft.Control:
    name = t("first.name")
    words = ft.Column([p.txt(name, Type.FIGURE, lines=1), p.txt(t("first.nobody"), Type.META)], spacing=0, expand=True)
    who, why = [p.avatar(name, sample.SEED, 48), words], p.pill(kind, "warm", icon)
    layout = hooks.layout()
    room = min(layout.width, READ_WIDTH) - 2 * p.gutter() - 2 * Space.L - 48 - 2 * Space.M
    if text_width(name, Type.FIGURE, layout.scale) + p.pill_width(kind, layout.scale) > room:
        return ft.Column([ft.Row(who, spacing=Space.M), ft.Row([why])], spacing=Space.S)
    return ft.Row([*who, why], spacing=Space.M)


def _wide(button: ft.Control) -> ft.Control:
    return ft.Row([ft.Container(button, expand=True)])


@screen
def SeeStep(done: bool, on_done: Callable[[], None]) -> ft.Control:
    """Show the card of Today, and what led to it once asked."""
    now = hooks.use_now()
    reason = p.txt(t("first.see_reason", product=t("first.product")), Type.LEAD, expand=True)
    rows: list[ft.Control] = [
        _who(t("first.see_kind"), ft.Icons.VISIBILITY_OUTLINED),
        ft.Row([p.product_thumb(None, t("first.product"), 64, 80), reason], spacing=Space.M),
    ]
    if not done:
        rows.append(_wide(p.primary(t("first.see_do"), on_done, ft.Icons.HELP_OUTLINE)))
        return p.card(ft.Column(rows, spacing=Space.M))
    looks = sample.looks(now)
    rows += [
        p.timeline_item(
            ft.Icons.VISIBILITY_OUTLINED, t(f"first.see_fact_{n}"), "", moment(at, now), last=n == len(looks)
        )
        for n, at in enumerate(looks, 1)
    ]
    why = p.notice(None, t("first.see_done"), tone="soft", icon=ft.Icons.CHECK_CIRCLE_OUTLINE)
    return ft.Column([p.card(ft.Column(rows, spacing=Space.M)), why], spacing=Space.M)


@screen
def SendStep(done: bool, on_done: Callable[[], None]) -> ft.Control:
    """Show the coupon and its message, and where a sent one goes."""
    now = hooks.use_now()
    face = t("first.send_coupon", least=money(sample.THRESHOLD_FEN), off=money(sample.COUPON_FEN))
    until = t("first.send_until", day=date_short(sample.valid_until(now)))
    ticket = ft.Container(
        ft.Row(
            [
                ft.Icon(ft.Icons.LOCAL_OFFER_OUTLINED, color=Tone.ON_SOFT),
                ft.Column([p.txt(face, Type.SECTION, Tone.ON_SOFT), p.txt(until, Type.META, Tone.ON_SOFT)], spacing=2,
                          expand=True),
            ],
            spacing=Space.M,
        ),
        bgcolor=Tone.SOFT, border_radius=Radius.M, padding=Space.L,
    )  # fmt: skip
    message = ft.Container(
        p.txt(t("first.send_message"), Type.BODY), bgcolor=Tone.FILL, border_radius=Radius.M, padding=Space.M
    )
    rows = [_who(t("first.see_kind"), ft.Icons.VISIBILITY_OUTLINED), ticket, message]
    if not done:
        rows.append(_wide(p.primary(t("first.send_do"), on_done, ft.Icons.LOCAL_OFFER_OUTLINED)))
        return p.card(ft.Column(rows, spacing=Space.M))
    whens = (t("first.now"), t("first.then"), t("first.last"))
    icons = (ft.Icons.CHECK, ft.Icons.MARK_EMAIL_READ_OUTLINED, ft.Icons.PAYMENTS_OUTLINED)
    way = [
        p.timeline_item(icon, t(f"first.send_done_{n}"), "", when, strong=n == 1, last=n == 3)
        for n, (icon, when) in enumerate(zip(icons, whens, strict=True), 1)
    ]
    return p.card(ft.Column([*rows, ft.Column(way, spacing=0)], spacing=Space.M))


@screen
def PosterStep(done: bool, on_done: Callable[[], None]) -> ft.Control:
    """Choose the product, and draw a real poster of it."""
    client, strings = hooks.use_client(), hooks.use_strings()
    name = client.staff.name
    picture = hooks.use_task(lambda: asyncio.to_thread(draw, name, strings), name, strings.language)
    row = p.list_row(
        t("first.product"), t("first.poster_detail"), leading=p.product_thumb(None, t("first.product"), 44, 56),
        fact=p.money_text(sample.PRICE_FEN, Type.ROW),
    )  # fmt: skip
    if not done:
        action = _wide(p.primary(t("first.poster_do"), on_done, ft.Icons.PALETTE_OUTLINED))
        return p.card(ft.Column([row, action], spacing=Space.M))
    note = p.notice(None, t("first.poster_done"), tone="soft", icon=ft.Icons.CHECK_CIRCLE_OUTLINE)
    middle = ft.CrossAxisAlignment.CENTER
    paper = p.card(ft.Column([_poster(picture)], horizontal_alignment=middle))
    return ft.Column([paper, note], spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _poster(picture: hooks.Task) -> ft.Control:
    if picture.error is not None:
        return p.error_card(picture.error)
    height = POSTER_WIDTH * 16 / 9
    if picture.value is None:
        stage = ft.Container(width=POSTER_WIDTH, height=height, bgcolor=Tone.FILL, border_radius=Radius.M)
    else:
        stage = ft.Image(
            picture.value, width=POSTER_WIDTH, height=height, border_radius=Radius.M, gapless_playback=True,
            semantics_label=t("first.poster_label"),
        )  # fmt: skip
    mark = ft.Container(p.pill(t("first.practice"), "warm"), right=Space.S, top=Space.S)
    return ft.Stack([stage, mark], width=POSTER_WIDTH, height=height)


def draw(guide: str, strings: Strings) -> bytes:
    """Return the practice poster as a small JPEG; its code leads nowhere. Slow, for a thread."""
    say: Callable[..., Any] = strings.t
    spec = PosterSpec(
        template=load_template(assets_dir() / "posters" / f"{sample.TEMPLATE}.json"), picture=None,
        name=say("first.product"), price=strings.money(sample.PRICE_FEN), guide=guide, store=say("first.practice"),
        link=NOBODY, detail=say("first.poster_detail"), caption=say("first.poster_caption"),
        hint=say("first.poster_hint"),
    )  # fmt: skip
    return make_preview(spec)
