"""The list of my customers: search as you type, chips with counts, own filters, sorts, ticking several.

A keystroke draws anew the field, the line of figures and the rows, nothing else: what is typed stands apart from what
the chips depend on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flet as ft

from app.domain.book import Filter, SavedFilter
from app.domain.calendar_days import day_of
from app.insight.index import ALL, SORTS, SUPER, CustomerRow
from app.insight.value import super_users
from app.store.queries import customers as q
from app.store.queries import shares
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.listing import Look, Shown, customer_row
from app.ui.screens.customers.picking import Picking
from app.ui.strings import number, t
from app.ui.theme import NARROW, Space, Tone, Type

SEGMENTS = (
    ALL, "new", "birthday", "first", "repeat", "effective", "champion", SUPER, "at_risk", "dormant",
    "stored_value", "consented",
)  # fmt: skip
OWN = "own"  # the chip of a filter that has no name
LISTED = frozenset({"customer", "setting", "coupon"})


@ft.observable
@dataclass
class Typed:
    """What is typed, and whether every result is listed and not the first thirty; survives a change of tab."""

    query: str = ""
    all: bool = False


@ft.observable
@dataclass
class Swept:
    """The index's version when it last learnt who the super users are."""

    version: int = 0


@ft.observable
@dataclass
class Book:
    """Whom the list shows and in which order: a segment, or a filter (`saved`: its id when it has a name)."""

    segment: str = ALL
    sort: str = "recent"
    filter: Filter | None = None
    saved: str = ""

    def show(self, segment: str) -> None:
        """List a segment."""
        self.segment, self.filter, self.saved = segment, None, ""

    def use(self, chosen: Filter, saved: str = "") -> None:
        """List whom a filter holds."""
        self.filter, self.saved, self.segment = chosen, saved, ALL


@screen
def CustomersScreen() -> ft.Control:
    """Show my customers; a row opens the profile."""
    ui, picking = hooks.use_session(), hooks.use_slice(Picking)
    hooks.use_strings()
    client = hooks.use_client()
    reading = hooks.use_task(lambda: client.index.warm(client.store), id(client.index))
    if not client.index.is_loaded and reading.error is None:
        return p.frame(t("customers.title"), [p.Skeleton(rows=8)])
    top: list[ft.Control] = [MemoField(), MemoChips(), MemoLine(picking.on)]
    tips = ("customers", "offline")  # while picking too: without their place all below would be built anew
    if picking.on:
        title = t("customers.picked", n=len(picking.ids)) if picking.ids else t("customers.pick")
        stop = p.icon_button(ft.Icons.CLOSE, t("customers.pick_stop"), picking.stop)
        return p.frame(
            title, MemoResults(), actions=[stop], top=top, foot=PickFoot(), scroll=False, badge=False, tips=tips
        )
    actions = [p.icon_button(ft.Icons.PERSON_ADD_ALT_1_OUTLINED, t("customers.bind"), lambda: ui.open("/card"))]
    if hooks.layout().pane >= NARROW:  # else it stands in the line below, where the words give way
        actions.insert(0, p.icon_button(ft.Icons.CHECKLIST, t("customers.pick"), picking.start))
    return p.frame(t("customers.title"), MemoResults(), actions=actions, top=top, scroll=False, tips=tips)


def use_rows() -> tuple[CustomerRow, ...]:
    """Return whom the list shows now, in its order. A hook."""
    index, book, typed = hooks.use_client().index, hooks.use_slice(Book), hooks.use_slice(Typed)
    how = (typed.query, book.segment, book.sort, book.filter)
    return hooks.use_live(LISTED, lambda: index.search(*how), id(index), hooks.use_slice(Swept).version, *how)


@screen
def Field() -> ft.Control:
    """Show the search field."""
    hooks.use_strings()
    typed = hooks.use_slice(Typed)
    return p.search_field(t("customers.search"), typed.query, _search)


def _search(text: str) -> None:
    typed = sessions.current().slice(Typed)
    typed.query, typed.all = text, False


@screen
def Chips() -> ft.Control:
    """Show the filters that have a name, then the segments, each with its count."""
    hooks.use_strings()
    index, book = hooks.use_client().index, hooks.use_slice(Book)
    saved = hooks.use_query(q.saved_filters)
    swept = use_sweep()
    counts = hooks.use_live({"customer", "setting"}, index.counts, id(index), swept)
    sizes = hooks.use_live(LISTED, lambda: [index.count_of(one.filter) for one in saved], id(index), saved, swept)
    chips = [(f"{OWN}/{one.id}", f"{one.name} {number(n)}") for one, n in zip(saved, sizes, strict=True)]
    if book.filter is not None and not book.saved:
        chips.insert(0, (OWN, t("customers.filter_own", n=book.filter.size)))
    chips += [(s, _chip(s, counts)) for s in SEGMENTS if s == ALL or counts.get(s)]
    chosen = book.segment if book.filter is None else f"{OWN}/{book.saved}" if book.saved else OWN
    choose = ft.use_memo(lambda: partial(_choose, saved), [saved])
    return p.filter_chips(chips, chosen, choose)


def use_sweep() -> int:
    """Find the super users off the loop, and again after an order; return the index's version they are in. A hook."""
    client, swept = hooks.use_client(), hooks.use_slice(Swept)
    seen = hooks.use_live({"order"}, object)

    async def sweep() -> None:
        client.index.mark_super(await client.store.query_in_thread(super_users))
        swept.version = client.index.version

    hooks.use_task(sweep, id(client.index), seen)
    return int(swept.version)


def _choose(saved: tuple[SavedFilter, ...], value: str) -> None:
    book = sessions.current().slice(Book)
    kept = next((one for one in saved if value == f"{OWN}/{one.id}"), None)
    if kept is not None:
        book.use(kept.filter, kept.id)
    elif value != OWN:
        book.show(value)


def _chip(segment: str, counts: dict[str, int]) -> str:
    return f"{t(f'customers.segment_{segment}')} {number(counts.get(segment, 0))}"


@screen
def Line(picking: bool) -> ft.Control:
    """Show how many are listed; while picking what ticks them all, else the filter and the order."""
    hooks.use_strings()
    if picking:
        return AllOrNone()
    return ft.Row([ft.Container(Count(), expand=True), MemoWays()], spacing=0)


@screen
def Count() -> ft.Control:
    """Show how many are listed."""
    hooks.use_strings()
    n = len(use_rows())
    return p.txt(t("customers.count", n=n, count=number(n)), Type.META, lines=1)


@screen
def Ways() -> ft.Control:
    """Show the ways to a filter and to another order."""
    ui, book = hooks.use_session(), hooks.use_slice(Book)
    hooks.use_strings()
    open_, set_open = ft.use_state(False)
    close = ft.use_callback(lambda: set_open(False), [])
    p.use_sheet(Sorts(close) if open_ else None, t("customers.sort"), close)
    size = book.filter.size if book.filter else 0
    sift = t("customers.filter_n", n=size) if size else t("customers.filter")
    sort = t(f"customers.sort_{book.sort}")
    narrow = hooks.layout().pane < NARROW
    label = t("customers.sort_label", sort=sort)
    buttons = [
        _small("" if narrow else sift, ft.Icons.TUNE, lambda: ui.select("/customers/filter"), sift, size > 0),
        _small("" if narrow else sort, ft.Icons.SWAP_VERT, lambda: set_open(True), label),
    ]
    if narrow:
        start = ui.slice(Picking).start
        buttons.append(p.icon_button(ft.Icons.CHECKLIST, t("customers.pick"), start, color=Tone.QUIET))
    return ft.Row(buttons, spacing=0, tight=True)


MemoWays = ft.memo(Ways)


def _small(words: str, icon: ft.IconData, press: Any, label: str, on: bool = False) -> ft.Control:
    ink = Tone.ACTION if on else Tone.QUIET
    shown: list[ft.Control] = [ft.Icon(icon, size=16 if words else 20, color=ink)]
    if words:
        shown.append(
            p.txt(words, Type.META, ink if on else None, no_wrap=True, semantics_label="")
        )  # the label says it
    face = ft.Row(shown, spacing=Space.XS, tight=True)
    return p.tappable(
        face, press, label=label, padding=ft.Padding.symmetric(horizontal=Space.S if words else Space.L - 2), height=48,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip


@screen
def Sorts(close: Any) -> ft.Control:
    """Show the orders to choose from."""
    book = hooks.use_slice(Book)

    def choose(sort: str) -> None:
        book.sort = sort
        close()

    def row(sort: str) -> ft.Control:
        on = sort == book.sort
        mark = ft.Icon(ft.Icons.CHECK, color=Tone.ACTION) if on else None
        name, why = t(f"customers.sort_{sort}"), t(f"customers.sort_{sort}_why")
        return p.list_row(name, why, trailing=mark, on_click=partial(choose, sort), selected=on)

    return ft.Column([row(sort) for sort in SORTS], spacing=0)


@screen
def AllOrNone() -> ft.Control:
    """Show the line that ticks everybody listed, or nobody."""
    rows, picking = use_rows(), hooks.use_slice(Picking)
    ids = tuple(row.id for row in rows)
    every = bool(ids) and set(ids) <= set(picking.ids)

    def turn() -> None:
        away = frozenset(ids)
        kept = tuple(one for one in picking.ids if one not in away)
        picking.ids = kept if every else (*kept, *ids)

    icon = ft.Icons.CHECK_BOX if every else ft.Icons.CHECK_BOX_OUTLINE_BLANK
    words = t("customers.pick_none") if every else t("customers.pick_all", n=len(ids))
    face = ft.Row([ft.Icon(icon, size=20, color=Tone.ACTION), p.txt(words, Type.META)], spacing=Space.S, tight=True)
    button = p.tappable(face, turn if ids else None, label=words, padding=Space.S, height=48)
    return ft.Row([button])


@screen
def PickFoot() -> ft.Control:
    """Show what can be done with the ticked, or with the whole list while nobody is ticked."""
    hooks.use_strings()
    rows, picking = use_rows(), hooks.use_slice(Picking)
    count = len(picking.ids) or len(rows)

    def go(path: str) -> None:
        _whom(picking, rows)
        sessions.current().select(path)

    words = t("customers.send_picked" if picking.ids else "customers.send_all", n=count)
    coupon = partial(go, "/coupons/batch") if count else None
    share = partial(go, "/customers/send") if count else None
    goods = p.secondary(t("customers.share_goods"), share, ft.Icons.IOS_SHARE)
    send = p.primary(words, coupon, ft.Icons.LOCAL_OFFER_OUTLINED)
    if hooks.layout().is_large:
        return ft.Column([send, goods], spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.Row([goods, ft.Container(send, expand=True)], spacing=Space.M)


def _whom(picking: Picking, rows: tuple[CustomerRow, ...]) -> None:
    """Say who gets it: the ticked, else the segment by its name where one is listed whole, else everybody listed."""
    ui = sessions.current()
    if picking.ids:
        return
    book, plain = ui.slice(Book), not ui.slice(Typed).query
    picking.segment = book.segment if plain and book.filter is None else None
    picking.ids = () if picking.segment else tuple(row.id for row in rows)


MemoField, MemoChips, MemoLine = ft.memo(Field), ft.memo(Chips), ft.memo(Line)


@screen
def Results() -> ft.Control:
    """Show the rows, or why there are none and the ways on."""
    hooks.use_strings()
    rows, now = use_rows(), hooks.use_now()
    index, book, typed, picking = hooks.use_client().index, *map(hooks.use_slice, (Book, Typed, Picking))
    strings, chosen = hooks.use_strings(), hooks.use_chosen()
    selected = chosen[0].removeprefix("/customers/") if chosen else None
    look = Look(day_of(now, strings.zone).toordinal(), strings.language, selected, picking.on)
    near, far = replace(look, lean=True), replace(look, query=typed.query)
    build, build_far = (ft.use_memo(lambda one=one: partial(customer_row, one), [one]) for one in (near, far))
    shown = ft.use_memo(lambda: _ticked(rows, picking.ids) if picking.on else rows, [rows, picking.on, picking.ids])
    if not rows:
        return _nobody(book, typed, len(index))
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    if typed.query and not typed.all:
        found = tuple(_found(one, typed.query) for one in shown[: p.SLOTS])
        return p.SearchSlots(found, build, near, inset, _more(len(rows), typed))
    place = f"{book.segment}/{book.sort}/{book.saved}/{hash(book.filter)}/{typed.query}"
    unsent = None if picking.on or typed.query else Unsent()
    return p.VirtualList(shown, build_far, mark=far, padding=inset, header=unsent, chunk=3, bars=3, key=place)


MemoResults = ft.memo(Results)


def _found(one: CustomerRow | Shown, query: str) -> Shown:
    row, on = (one.row, one.on) if isinstance(one, Shown) else (one, False)
    return Shown(row, on, sessions.current().client.index.hit(row.id, query))


def _ticked(rows: tuple[CustomerRow, ...], ids: tuple[str, ...]) -> tuple[Shown, ...]:
    """Return the rows with their ticks; a row whose tick stays is equal to what it was, so it is not drawn anew."""
    on = frozenset(ids)
    return tuple(Shown(row, row.id in on) for row in rows)


def _more(count: int, typed: Typed) -> ft.Control | None:
    if count <= p.SLOTS:
        return None

    def show_all() -> None:
        typed.all = True

    return ft.Row([p.quiet(t("customers.show_all", n=count), show_all)], alignment=ft.MainAxisAlignment.CENTER)


@screen
def Unsent() -> ft.Control:
    """Say that a product is still on its way to some, with the way on; nothing while there is none."""
    ui, left = hooks.use_session(), hooks.use_query(shares.sending)
    hooks.use_strings()
    if left is None or not left.customer_ids:
        return ft.Container(visible=False)

    def go_on() -> None:
        ui.slice(Picking).stop()
        ui.select("/customers/send")

    go = p.quiet(t("customers.sending_go_on"), go_on)
    text = t("customers.sending_left", n=len(left.customer_ids))
    note = p.notice(None, text, icon=ft.Icons.PENDING_OUTLINED, action=go)
    return ft.Container(note, padding=ft.Padding.symmetric(horizontal=p.gutter(), vertical=Space.S))


def _nobody(book: Book, typed: Typed, total: int) -> ft.Control:
    """Return why nobody is listed: not fetched yet, nobody there yet, nothing found, nobody in the group."""
    ui = sessions.current()
    if not total and p.is_partial():
        return p.unfinished()
    if not total:
        card = partial(ui.open, "/card")
        why = t("customers.empty_text")
        return p.empty(ft.Icons.PEOPLE_OUTLINE, t("customers.empty_title"), why, t("customers.empty_action"), card)
    narrowed = book.filter is not None or book.segment != ALL
    if typed.query:
        return _not_found(book, typed.query, narrowed)
    title, why = t("customers.segment_empty_title"), t("customers.segment_empty_text")
    everybody = partial(book.show, ALL)
    return p.empty(ft.Icons.FILTER_ALT_OFF_OUTLINED, title, why, t("customers.segment_all"), everybody)


def _not_found(book: Book, query: str, narrowed: bool) -> ft.Control:
    clear = p.quiet(t("customers.none_clear"), partial(_search, ""))
    ways = [clear]
    if narrowed:
        ways.insert(0, p.secondary(t("customers.none_all"), partial(book.show, ALL)))
    said = p.empty(ft.Icons.SEARCH_OFF, t("customers.none_title", query=_short(query)), t("customers.none_text"))
    row = ft.Row(ways, alignment=ft.MainAxisAlignment.CENTER, wrap=True)
    middle = ft.CrossAxisAlignment.CENTER
    return ft.Column([said, row], spacing=0, scroll=ft.ScrollMode.AUTO, horizontal_alignment=middle)


def _short(query: str) -> str:
    return query if len(query) <= 20 else f"{query[:20]}…"
