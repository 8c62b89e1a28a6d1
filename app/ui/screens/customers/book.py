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
    selected = stack[0].removeprefix("/customers/") if wide and stack else None
    look = Look(day_of(now, strings.zone).toordinal(), strings.language, selected)
    build = ft.use_memo(lambda: partial(_row, look), [look])
    total = counts.get(ALL, 0)
    actions = [p.icon_button(ft.Icons.QR_CODE_2, t("customers.empty_action"), lambda: ui.open("/card"))]
    top = [
        p.search_field(t("customers.search"), book.query, lambda text: setattr(book, "query", text)),
        p.filter_chips(
            [(s, _chip(s, counts)) for s in SEGMENTS if s == ALL or counts.get(s)],
            book.segment,
            lambda s: setattr(book, "segment", s),
        ),
        _summary(book, len(rows)),
    ]
    return p.frame(t("customers.title"), _list(book, rows, total, build, look), actions=actions, top=top, scroll=False)


def _list(book: Book, rows: tuple[CustomerRow, ...], total: int, build: partial[ft.Control], look: Look) -> ft.Control:
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


def _row(look: Look, row: CustomerRow) -> ft.Control:
    heads: list[ft.Control] = [p.txt(row.name, Type.ROW, lines=1)]
    if (level := p.level_pill(row.level)) is not None:
        heads.append(level)
    tags = [tag.name for tag in row.tags[:2]]
    spend = money(row.spend_fen) if row.order_count else t("customers.never")
    days = None if row.last_order_at is None else _days(row.last_order_at, look.today)
    return p.list_row(
        heads,
        p.dots(spend, *tags),
        leading=p.avatar(row.name, row.id),
        fact="" if days is None else (t("customers.days_ago", n=days) if days else t("customers.today")),
        fact_color=Tone.LATE if days is not None and days > LATE_DAYS else None,
        on_click=partial(_open, row.id),
        selected=row.id == look.selected,
    )


def _open(customer_id: str) -> None:
    sessions.current().select(f"/customers/{customer_id}")


def _days(at: str, today: int) -> int:
    here = current().local(from_text(at))
    return max(0, today - here.toordinal()) if isinstance(here, datetime) else 0
