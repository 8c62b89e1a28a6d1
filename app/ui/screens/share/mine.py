"""My shares: the month's funnel and each link's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import flet as ft

from app.domain.calendar_days import day_of, month_range
from app.domain.instants import from_text, to_text
from app.protocol.objects import Product, Share
from app.store.queries import products, shares
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share.view import colour_of, name_of
from app.ui.strings import Strings, moment, percent, t
from app.ui.theme import Space, Tone, Type

SHOWN_MAX = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One share as its row shows it."""

    item_id: str
    title: str
    picture: str
    meta: str
    result: str
    bought: bool


@screen
def SharesPage() -> ft.Control:
    """Lay out the funnel over the list."""
    strings, now = hooks.use_strings(), hooks.use_now()
    since, until = month_range(day_of(now, strings.zone), strings.zone)
    funnel = hooks.use_query(shares.share_funnel, to_text(since), to_text(until))
    mine = hooks.use_query(shares.my_shares, SHOWN_MAX)
    goods = hooks.use_query(products.products_by_ids, tuple({share.item_id for share in mine}))
    ui = hooks.use_session()
    if not mine:
        none = p.empty(
            ft.Icons.IOS_SHARE_OUTLINED, t("share.mine_none"), t("share.mine_none_why"), t("share.mine_start"),
            lambda: ui.go("share"),
        )  # fmt: skip
        return p.frame(t("share.mine"), none)
    lines = tuple(_line(share, goods.get(share.item_id), strings, now) for share in mine)
    gutter = p.gutter()
    inset = ft.Padding.symmetric(horizontal=gutter, vertical=Space.S)
    header = ft.Container(_funnel(funnel), padding=inset)
    rows = p.VirtualList(lines, _row, header=header, padding=ft.Padding.only(bottom=Space.XL), mark=strings.language)
    return p.frame(t("share.mine"), rows, scroll=False)


def _line(share: Share, product: Product | None, strings: Strings, now: datetime) -> Line:
    title = f"{name_of(product, strings)} {colour_of(product, strings)}" if product else t(f"share.kind_{share.kind}")
    channel = f"share.channel_{share.channel}"
    meta = p.dots(t(channel) if strings.has(channel) else None, moment(from_text(share.created_at), now))
    return Line(
        share.item_id if product else "",
        title,
        product.picture if product else "",
        meta,
        _result(share),
        share.bought > 0,
    )


def _result(share: Share) -> str:
    """Return the furthest step this link has reached."""
    for count, key in (
        (share.bought, "bought"),
        (share.claimed, "claimed"),
        (share.viewed, "viewed"),
        (share.opened, "opened"),
    ):
        if count:
            return t(f"share.got_{key}", n=count)
    return t("share.got_nothing")


def _row(line: Line) -> ft.Control:
    ui = sessions.current()
    thumb = p.product_thumb(line.picture or None, line.title, 48)
    open_it = (lambda: ui.open(f"/products/{line.item_id}")) if line.item_id else None
    row = p.list_row(
        line.title,
        line.meta,
        leading=thumb,
        fact=line.result,
        fact_color=Tone.ACTION if line.bought else None,
        on_click=open_it,
    )
    return ft.Container(row, padding=ft.Padding.symmetric(horizontal=p.gutter() - Space.M))


def _funnel(funnel: shares.Funnel) -> ft.Control:
    steps = [
        ("shares", funnel.shares), ("opened", funnel.opened), ("viewed", funnel.viewed), ("claimed", funnel.claimed),
        ("bought", funnel.bought),
    ]  # fmt: skip
    most = max(1, *(count for _, count in steps))
    rows = [_step(t(f"share.funnel_{name}"), count, count / most) for name, count in steps]
    rate = percent(funnel.bought / funnel.opened) if funnel.opened else "–"
    head = p.ends(p.txt(t("share.mine_month"), Type.ROW), p.txt(t("share.rate", rate=rate), Type.META))
    return p.card(ft.Column([head, *rows], spacing=Space.S))


def _step(label: str, count: int, ratio: float) -> ft.Control:
    return ft.Row(
        [
            ft.Container(p.txt(label, Type.META), expand=2),
            ft.Container(p.bar(ratio), expand=5),
            ft.Container(p.txt(str(count), Type.ROW, text_align=ft.TextAlign.END), expand=1),
        ],
        spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
