"""The Share root: today's play, my shares, and the goods to share."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.device import images
from app.domain.calendar_days import day_of, month_range
from app.domain.instants import to_text
from app.protocol.manifest import CalendarEntry
from app.store.queries import products, shares
from app.ui import hooks, theme
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share import content
from app.ui.screens.share.view import (
    ShareView,
    Tile,
    categories_of,
    category_of,
    in_rows,
    matching,
    name_of,
    stock_words,
    tiles_of,
)
from app.ui.strings import current, money, t
from app.ui.theme import Radius, Space, Tone, Type

TILE_MIN = {"phone": 156, "tablet": 170, "wide": 190}
TILE_TEXT = 86
PICTURE_RATIO = 1.0
SIDE_WIDTH = 340


Choose = Callable[[str], None]


@screen
def ShareScreen() -> ft.Control:
    """Lay out search, categories and the grid."""
    client, strings, view = hooks.use_client(), hooks.use_strings(), hooks.use_slice(ShareView)
    ui, layout = hooks.use_session(), hooks.use_layout()
    gutter = p.gutter()
    everything = hooks.use_query(products.products)
    stock = hooks.use_query(products.stock_in, client.staff.store_id or "")
    found = ft.use_memo(
        lambda: matching(everything, view.query, view.category), [everything, view.query, view.category]
    )
    columns, width = grid_of(ui.page.width or 390, layout.kind, gutter)
    there = tuple(images.src(product.picture) is not None for product in found)  # on phones they come one by one
    rows = ft.use_memo(
        lambda: in_rows(tiles_of(found, stock, strings), columns), [found, stock, columns, strings.language, there]
    )

    def search(text: str) -> None:
        view.query = text

    def choose(category: str) -> None:
        view.category = category

    chips = [("", t("share.all")), *((c, category_of(c, strings)) for c in categories_of(everything))]
    top = [p.search_field(t("share.search"), view.query, search), p.filter_chips(chips, view.category, choose)]
    calm = not view.query and not view.category
    header = ft.Container(Header(), padding=ft.Padding.symmetric(horizontal=gutter, vertical=Space.S)) if calm else None
    height = width * PICTURE_RATIO + TILE_TEXT
    body = (
        p.VirtualList(rows, _row_builder(columns, width, gutter), height=height + Space.M, header=header,
                      chunk=1, mark=(strings.language, columns),
                      key=f"{view.query}|{view.category}|{columns}")
        if rows
        else _nothing(everything, search, choose)
    )  # fmt: skip
    actions = [p.icon_button(ft.Icons.QUERY_STATS, t("share.mine"), lambda: ui.open("/shares"))]
    if layout.is_phone and ui.role == "guide":  # wider windows have them in the rail
        actions.insert(0, p.icon_button(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.title"), lambda: ui.open("/coupons")))
    return p.frame(t("share.title"), body, actions=actions, top=top, scroll=False, tips=["share"])


def grid_of(page_width: float, kind: str, gutter: int) -> tuple[int, float]:
    """Return how many columns fit the window, and a tile's width."""
    room = page_width - 2 * gutter - (0 if kind == "phone" else theme.RAIL_WIDTH)
    columns = max(2, int((room + Space.M) // (TILE_MIN[kind] + Space.M)))
    return columns, (room - (columns - 1) * Space.M) / columns


def _row_builder(columns: int, width: float, gutter: int) -> Callable[[tuple[Tile, ...]], ft.Control]:
    return ft.use_callback(lambda row: _row(row, columns, width, gutter), [columns, width, gutter])


def _row(tiles: tuple[Tile, ...], columns: int, width: float, gutter: int) -> ft.Control:
    cells = [_tile(tile, width) for tile in tiles]
    cells += [ft.Container(width=width) for _ in range(columns - len(tiles))]
    return ft.Container(
        ft.Row(cells, spacing=Space.M), height=width * PICTURE_RATIO + TILE_TEXT + Space.M,
        padding=ft.Padding.only(left=gutter, right=gutter, bottom=Space.M),
    )  # fmt: skip


def _tile(tile: Tile, width: float) -> ft.Control:
    strings = current()
    words, tone = stock_words(tile.pieces, strings)
    cost = money(tile.price_fen)
    ink = {"late": Tone.LATE, "warm": Tone.ON_WARM, "calm": Tone.QUIET}[tone]
    price = [
        p.txt(cost, Type.SECTION, expand=True, lines=1),
        p.txt(words, Type.META, ink, no_wrap=True),
    ]
    text = ft.Column(
        [
            p.txt(tile.name, Type.ROW, lines=1),
            p.txt(p.dots(tile.colour, t("share.private_only") if tile.private else None), Type.META, lines=1),
            ft.Row(price, spacing=Space.XS, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        ],
        spacing=1,
    )
    picture = ft.Container(
        p.product_thumb(tile.picture, tile.name, width, width * PICTURE_RATIO), clip_behavior=ft.ClipBehavior.HARD_EDGE,
        border_radius=ft.BorderRadius.only(top_left=Radius.L, top_right=Radius.L),
    )  # fmt: skip
    face = ft.Column(
        [picture, ft.Container(text, padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S))], spacing=0
    )
    ui = sessions.current()
    return p.tappable(
        face, lambda: ui.open(f"/products/{tile.id}"), radius=Radius.L, bgcolor=Tone.CARD, width=width,
        border=ft.Border.all(1, Tone.LINE), label=" ".join(x for x in (tile.name, tile.colour, cost, words) if x),
    )  # fmt: skip


def _nothing(everything: list[object], search: Choose, choose: Choose) -> ft.Control:
    if not everything:
        return p.empty(ft.Icons.STOREFRONT_OUTLINED, t("share.no_products"), t("share.no_products_why"))

    def clear() -> None:
        search("")
        choose("")

    return p.empty(ft.Icons.SEARCH_OFF, t("share.none_found"), t("share.none_found_why"), t("share.show_all"), clear)


@screen
def Header() -> ft.Control:
    """Show today's play and how my shares do."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    day = day_of(now, strings.zone)
    play = hooks.use_live({"pack"}, lambda: content.play_of(client, day), day)
    since, until = month_range(day, strings.zone)
    funnel = hooks.use_query(shares.share_funnel, to_text(since), to_text(until))
    if play is None:
        return _mine(funnel)
    if hooks.use_layout().is_phone:
        return ft.Column([Play(play), _mine(funnel)], spacing=Space.M)
    side = ft.Container(_mine(funnel), width=SIDE_WIDTH)
    return ft.Row(
        [ft.Container(Play(play), expand=True), side], spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START
    )


@screen
def Play(play: CalendarEntry) -> ft.Control:
    """Show headquarters' play of today with its products."""
    strings, ui = hooks.use_strings(), hooks.use_session()
    everything = hooks.use_query(products.products)
    chosen = [product for product in everything if product.no in play.product_nos]
    title, text = (play.title, play.text) if strings.is_chinese else (play.title_en, play.text_en)
    thumbs = [
        p.tappable(
            p.product_thumb(one.picture, name_of(one, strings), 72), lambda path=f"/products/{one.id}": ui.open(path),
            label=t("share.play_product", name=name_of(one, strings)),
        )
        for one in chosen[:4]
    ]  # fmt: skip
    row = ft.Row(thumbs, spacing=Space.S) if thumbs else None
    return p.notice(p.dots(t("share.play"), title), text, icon=ft.Icons.CAMPAIGN_OUTLINED, content=row)


def _mine(funnel: shares.Funnel) -> ft.Control:
    ui = sessions.current()
    figures = [
        (str(funnel.shares), t("share.funnel_shares")), (str(funnel.opened), t("share.funnel_opened")),
        (str(funnel.viewed), t("share.funnel_viewed")), (str(funnel.bought), t("share.funnel_bought")),
    ]  # fmt: skip
    cells = [ft.Column([p.txt(n, Type.SECTION), p.txt(label, Type.META)], spacing=0, expand=1) for n, label in figures]
    face = ft.Column(
        [
            ft.Row([p.txt(t("share.mine_month"), Type.META, expand=True),
                    ft.Icon(ft.Icons.CHEVRON_RIGHT, size=18, color=Tone.QUIET)]),
            ft.Row(cells, spacing=Space.S),
        ],
        spacing=Space.S,
    )  # fmt: skip
    return p.card(face, on_click=lambda: ui.open("/shares"), padding=Space.M)
