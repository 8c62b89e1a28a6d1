"""The list of my customers: search as you type, segment chips with counts, three sorts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import flet as ft

from app.domain.calendar_days import day_of
from app.domain.instants import from_text
from app.insight.index import ALL, CustomerRow
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.picking import Picking
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type

SEGMENTS = (ALL, "new", "first", "repeat", "champion", "at_risk", "dormant", "stored_value")
SORTS = ("recent", "spend", "name")
LATE_DAYS = 60


@ft.observable
@dataclass
class Book:
    """What the list shows; survives a change of tab."""

    query: str = ""
    segment: str = ALL
    sort: str = "recent"


@dataclass(frozen=True, slots=True)
class Look:
    """What the rows depend on beside their own values."""

    today: int
    language: str
    selected: str | None
    picking: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    """A row of the list while customers are ticked."""

    row: CustomerRow
    on: bool


@screen
def CustomersScreen() -> ft.Control:
    """Show my customers; a row opens the profile."""
    ui, client, book = hooks.use_session(), hooks.use_client(), hooks.use_slice(Book)
    strings, now = hooks.use_strings(), hooks.use_now()
    stack, wide = hooks.use_nav().stack(), hooks.use_wide()
    index = client.index
    rows = hooks.use_live(
        {"customer", "setting"},
        lambda: index.search(book.query, book.segment, book.sort),
        id(index),
        book.query,
        book.segment,
        book.sort,
    )
    counts = hooks.use_live({"customer", "setting"}, index.counts, id(index))
    picking = hooks.use_slice(Picking)
    selected = stack[0].removeprefix("/customers/") if wide and stack else None
    look = Look(day_of(now, strings.zone).toordinal(), strings.language, selected, picking.on)
    build = ft.use_memo(lambda: partial(_row, look), [look])
    total = counts.get(ALL, 0)
    top = [
        p.search_field(t("customers.search"), book.query, lambda text: setattr(book, "query", text)),
        p.filter_chips(
            [(s, _chip(s, counts)) for s in SEGMENTS if s == ALL or counts.get(s)],
            book.segment,
            lambda s: setattr(book, "segment", s),
        ),
        _all_or_none(picking, book, rows) if picking.on else _summary(book, len(rows)),
    ]
    shown = ft.use_memo(lambda: _ticked(rows, picking.ids) if picking.on else rows, [rows, picking.on, picking.ids])
    body = _list(book, shown, total, build, look)
    if picking.on:
        title = t("customers.picked", n=len(picking.ids)) if picking.ids else t("customers.pick")
        stop = p.icon_button(ft.Icons.CLOSE, t("customers.pick_stop"), picking.stop)
        foot = _send_foot(picking, book, rows)
        return p.frame(title, body, actions=[stop], top=top, foot=foot, scroll=False, badge=False)
    actions = [
        p.icon_button(ft.Icons.CHECKLIST, t("customers.pick"), picking.start),
        p.icon_button(ft.Icons.QR_CODE_2, t("customers.empty_action"), lambda: ui.open("/card")),
    ]
    return p.frame(t("customers.title"), body, actions=actions, top=top, scroll=False)


def _ticked(rows: tuple[CustomerRow, ...], ids: tuple[str, ...]) -> tuple[Ticked, ...]:
    """Return the rows with their ticks; a row whose tick stays is equal to what it was, so it is not drawn anew."""
    on = frozenset(ids)
    return tuple(Ticked(row, row.id in on) for row in rows)


def _all_or_none(picking: Picking, book: Book, rows: tuple[CustomerRow, ...]) -> ft.Control:
    """Return the line that ticks everybody shown, or nobody."""
    every = bool(rows) and len(picking.ids) >= len(rows) and {row.id for row in rows} <= set(picking.ids)

    def turn() -> None:
        picking.ids = () if every else tuple(row.id for row in rows)

    icon = ft.Icons.CHECK_BOX if every else ft.Icons.CHECK_BOX_OUTLINE_BLANK
    words = t("customers.pick_none") if every else t("customers.pick_all", n=len(rows))
    face = ft.Row([ft.Icon(icon, size=20, color=Tone.ACTION), p.txt(words, Type.META)], spacing=Space.S, tight=True)
    return ft.Row([p.tappable(face, turn, label=words, padding=Space.S)])


def _send_foot(picking: Picking, book: Book, rows: tuple[CustomerRow, ...]) -> ft.Control:
    """Return the button that goes on with the ticked, or with the whole list while nobody is ticked."""

    def send() -> None:
        if not picking.ids:
            picking.segment = None if book.query else book.segment
            picking.ids = tuple(row.id for row in rows) if book.query else ()
        sessions.current().select("/coupons/batch")

    count = len(picking.ids) or len(rows)
    words = t("customers.send_picked" if picking.ids else "customers.send_all", n=count)
    button = p.primary(words, send if count else None, ft.Icons.LOCAL_OFFER_OUTLINED)
    return ft.Row([ft.Container(button, expand=True)])


def _list(
    book: Book,
    rows: tuple[CustomerRow | Ticked, ...],
    total: int,
    build: partial[ft.Control],
    look: Look,
) -> ft.Control:
    ui = sessions.current()
    if not total and p.is_partial():
        return p.unfinished()
    if not total:
        return p.empty(
            ft.Icons.PEOPLE_OUTLINE,
            t("customers.empty_title"),
            t("customers.empty_text"),
            t("customers.empty_action"),
            lambda: ui.open("/card"),
        )
    if not rows and book.query:
        return p.empty(
            ft.Icons.SEARCH_OFF,
            t("customers.none_title", query=book.query),
            t("customers.none_text"),
            t("customers.none_clear"),
            lambda: setattr(book, "query", ""),
        )
    if not rows:
        return p.empty(
            ft.Icons.FILTER_ALT_OFF_OUTLINED,
            t("customers.segment_empty_title"),
            t("customers.segment_empty_text"),
            t("customers.segment_all"),
            lambda: setattr(book, "segment", ALL),
        )
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    if book.query:
        return p.SearchSlots(rows, build, look, inset)
    return p.VirtualList(rows, build, mark=look, padding=inset, key=f"{book.segment}/{book.sort}")


def _chip(segment: str, counts: dict[str, int]) -> str:
    return f"{t(f'customers.segment_{segment}')} {counts.get(segment, 0)}"


def _summary(book: Book, count: int) -> ft.Control:
    sort = t(f"customers.sort_{book.sort}")

    def turn() -> None:
        book.sort = SORTS[(SORTS.index(book.sort) + 1) % len(SORTS)]

    words = p.txt(t("customers.count", n=count), Type.META, expand=True)
    face = ft.Row(
        [p.txt(sort, Type.META), ft.Icon(ft.Icons.SWAP_VERT, size=16, color=Tone.QUIET)], spacing=Space.XS, tight=True
    )
    button = p.tappable(face, turn, label=t("customers.sort_label", sort=sort), padding=Space.S)
    return ft.Row([words, button])


def _row(look: Look, shown: CustomerRow | Ticked) -> ft.Control:
    row = shown.row if isinstance(shown, Ticked) else shown
    on = isinstance(shown, Ticked) and shown.on
    heads: list[ft.Control] = [p.txt(row.name, Type.ROW, lines=1)]
    if (level := p.level_pill(row.level)) is not None:
        heads.append(level)
    tags = [tag.name for tag in row.tags[:2]]
    spend = money(row.spend_fen) if row.order_count else t("customers.never")
    days = None if row.last_order_at is None else _days(row.last_order_at, look.today)
    return p.list_row(
        heads,
        p.dots(spend, *tags),
        leading=_tick(on) if look.picking else p.avatar(row.name, row.id),
        fact="" if days is None else (t("customers.days_ago", n=days) if days else t("customers.today")),
        fact_color=Tone.LATE if days is not None and days > LATE_DAYS else None,
        on_click=partial(_toggle if look.picking else _open, row.id),
        on_long_press=None if look.picking else partial(_start, row.id),
        selected=on or row.id == look.selected,
    )


def _tick(on: bool) -> ft.Control:
    icon = ft.Icons.CHECK_CIRCLE if on else ft.Icons.RADIO_BUTTON_UNCHECKED
    return ft.Container(
        ft.Icon(icon, size=26, color=Tone.ACTION if on else Tone.QUIET), width=44, alignment=ft.Alignment.CENTER
    )


def _toggle(customer_id: str) -> None:
    sessions.current().slice(Picking).toggle(customer_id)


def _start(customer_id: str) -> None:
    sessions.current().slice(Picking).start(customer_id)


def _open(customer_id: str) -> None:
    sessions.current().select(f"/customers/{customer_id}")


def _days(at: str, today: int) -> int:
    here = current().local(from_text(at))
    return max(0, today - here.toordinal()) if isinstance(here, datetime) else 0
