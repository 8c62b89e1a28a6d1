"""The Share root: today's play, my shares, and the goods to share."""

from __future__ import annotations

import flet as ft

from app.device import images
from app.domain.calendar_days import day_of, month_range
from app.domain.instants import to_text
from app.protocol.manifest import CalendarEntry
from app.protocol.objects import Product
from app.store.queries import products, shares
from app.ui import hooks, theme
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share import content
from app.ui.screens.share.view import (
    Shelf,
    Sought,
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
HEADER_LEAST = 96  # how my shares do; a play of today makes it higher


@screen
def ShareScreen() -> ft.Control:
    """Lay out search, categories and the grid; a letter draws the field and the grid, nothing else."""
    ui, layout = hooks.use_session(), hooks.use_layout()
    hooks.use_strings()
    actions = [p.icon_button(ft.Icons.QUERY_STATS, t("share.mine"), lambda: ui.open("/shares"))]
    if layout.is_phone and ui.role == "guide":  # wider windows have them in the rail
        actions.insert(0, p.icon_button(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.title"), lambda: ui.open("/coupons")))
    top = [MemoField(), MemoChips()]
    return p.frame(t("share.title"), MemoGrid(), actions=actions, top=top, scroll=False, tips=["share"])


@screen
def Field() -> ft.Control:
    """Show the search field."""
    hooks.use_strings()
    return p.search_field(t("share.search"), hooks.use_slice(Sought).query, _search)


def _search(text: str) -> None:
    sessions.current().slice(Sought).query = text


@screen
def Chips() -> ft.Control:
    """Show the categories there are."""
    strings, shelf = hooks.use_strings(), hooks.use_slice(Shelf)
    there = categories_of(hooks.use_query(products.products))
    options = [("", t("share.all")), *((one, category_of(one, strings)) for one in there)]
    return p.filter_chips(options, shelf.category, _choose)


def _choose(category: str) -> None:
    sessions.current().slice(Shelf).category = category


@screen
def Grid() -> ft.Control:
    """Show the goods that fit, in as many columns as the window has room for."""
    client, strings = hooks.use_client(), hooks.use_strings()
    query, category = hooks.use_slice(Sought).query, hooks.use_slice(Shelf).category
    ui, layout, gutter = hooks.use_session(), hooks.use_layout(), p.gutter()
    everything = hooks.use_query(products.products)
    stock = hooks.use_query(products.stock_in, client.staff.store_id or "")
    found = ft.use_memo(lambda: matching(everything, query, category), [everything, query, category])
    columns, width = grid_of(ui.page.width or 390, layout.kind, gutter)
    there = tuple(images.src(product.picture) is not None for product in found)  # on phones they come one by one
    rows = ft.use_memo(
        lambda: in_rows(tiles_of(found, stock, strings), columns), [found, stock, columns, strings.language, there]
    )
    build = ft.use_callback(lambda row: _row(row, columns, width), [columns, width])
    if not rows:
        return _nothing(everything)
    calm = not query and not category
    header = ft.Container(Header(), padding=ft.Padding.symmetric(horizontal=gutter, vertical=Space.S)) if calm else None
    return p.VirtualList(
        rows, build, height=width * PICTURE_RATIO + TILE_TEXT + Space.M, chunk=1, bars=2,
        header=header, header_least=HEADER_LEAST if calm else 0,
        padding=ft.Padding.symmetric(horizontal=gutter), mark=(strings.language, columns),
        key=f"{query}|{category}|{columns}",
    )  # fmt: skip


MemoField, MemoChips, MemoGrid = ft.memo(Field), ft.memo(Chips), ft.memo(Grid)


def grid_of(page_width: float, kind: str, gutter: int) -> tuple[int, float]:
    """Return how many columns fit the window, and a tile's width."""
    room = page_width - 2 * gutter - (0 if kind == "phone" else theme.RAIL_WIDTH)
    columns = max(2, int((room + Space.M) // (TILE_MIN[kind] + Space.M)))
    return columns, (room - (columns - 1) * Space.M) / columns


def _row(tiles: tuple[Tile, ...], columns: int, width: float) -> ft.Control:
    cells = [_tile(tile, width) for tile in tiles]
    cells += [ft.Container(width=width) for _ in range(columns - len(tiles))]
    return ft.Row(cells, spacing=Space.M, height=width * PICTURE_RATIO + TILE_TEXT)


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
    corners = ft.BorderRadius.only(top_left=Radius.L, top_right=Radius.L)
    picture = p.product_thumb(
        tile.picture, tile.name, width, width * PICTURE_RATIO, radius=corners, named=True
    )  # fmt: skip
    face = ft.Column(
        [picture, ft.Container(text, padding=ft.Padding.symmetric(horizontal=Space.M, vertical=Space.S))], spacing=0
    )
    ui = sessions.current()
    return p.tappable(
        face, lambda: ui.open(f"/products/{tile.id}"), radius=Radius.L, bgcolor=Tone.CARD, width=width,
        border=ft.Border.all(1, Tone.LINE), label=" ".join(x for x in (tile.name, tile.colour, cost, words) if x),
    )  # fmt: skip


def _nothing(everything: list[Product]) -> ft.Control:
    if not everything:
        return p.empty(ft.Icons.STOREFRONT_OUTLINED, t("share.no_products"), t("share.no_products_why"))

    def clear() -> None:
        _search("")
        _choose("")

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
