"""Headquarters' play of the day on Today, product by product: shared already, or not yet."""

from __future__ import annotations

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.instants import to_text
from app.protocol.objects import Product
from app.store.queries import products
from app.store.queries.day import shared_since
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share import content
from app.ui.screens.share.view import name_of
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type

ENTRIES = 3


@screen
def Play() -> ft.Control:
    """Show today's play; each product says whether it was shared, and a tap goes to its page."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    day = day_of(now, strings.zone)
    play = hooks.use_live({"pack"}, lambda: content.play_of(client, day), day)
    everything = hooks.use_query(products.products)
    chosen = [] if play is None else [one for one in everything if one.no in play.product_nos][:ENTRIES]
    ids = tuple(one.id for one in chosen)
    shared = hooks.use_query(shared_since, ids, to_text(day_range(day, strings.zone)[0]))
    if play is None:
        return ft.Container()
    title, text = (play.title, play.text) if strings.is_chinese else (play.title_en, play.text_en)
    head = ft.Row(
        [
            ft.Icon(ft.Icons.CAMPAIGN_OUTLINED, size=20, color=Tone.ACTION),
            p.txt(title, Type.ROW, expand=True),
            *([_progress(len(shared), len(chosen))] if chosen else []),
        ],
        spacing=Space.S,
    )
    words = ft.Container(ft.Column([head, p.txt(text, Type.BODY, Tone.QUIET)], spacing=Space.S), padding=Space.L)
    rows = [_entry(one, shared.get(one.id, 0)) for one in chosen]
    return ft.Column([p.section(t("today.play")), p.group([words, *rows])], spacing=Space.M)


def _progress(done: int, total: int) -> ft.Control:
    if done >= total:
        return p.pill(t("today.play_done"), "soft", ft.Icons.CHECK)
    return p.pill(t("today.play_progress", done=done, total=total))


def _entry(product: Product, times: int) -> ft.Control:
    ui = sessions.current()
    done = t("today.play_shared", n=times) if times else t("today.play_todo")
    return p.person_row(
        p.txt(name_of(product, current()), Type.ROW, lines=1),
        p.txt(p.dots(money(product.price_fen), done), Type.META, Tone.ACTION if times else None, lines=1),
        leading=p.product_thumb(product.picture, name_of(product, current()), 44),
        on_click=lambda: ui.open(f"/products/{product.id}"),
    )  # fmt: skip
