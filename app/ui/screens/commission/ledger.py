"""The ledger of a month: every entry by day with its sums, filtered by state, kind, channel, day and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import flet as ft

from app.domain.calendar_days import DayOfText, day_of
from app.store.queries import commission, products
from app.store.queries.commission import LedgerLine
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.rows import Line, entry_row, facts
from app.ui.screens.commission.tiers import OpenTiers, TierHead, TierSale, fold_day, line_name, sale_row, tier_row
from app.ui.screens.commission.view import (
    CHANNELS,
    KINDS,
    STATES,
    CommissionView,
    Filters,
    month_day,
    month_span,
    names_in,
    signed,
)
from app.ui.strings import Strings, current, date_weekday, month, t
from app.ui.theme import Space, Tone, Type, row_height

ROWS_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class DayHead:
    """One day of the ledger: how many entries and their sum."""

    day: str
    count: int
    fen: int
    chosen: bool


@screen
def LedgerPage() -> ft.Control:
    """Lay out the filters over the entries of the month, day by day."""
    strings, now, months = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView).months
    view, today = hooks.use_slice(Filters), day_of(now, strings.zone)
    period = month_span(today, months, strings.zone)
    lines = hooks.use_query(commission.ledger_lines, period.since, period.until)
    names = names_in(hooks.use_query(products.products), strings)
    filters = view.chosen
    found = ft.use_memo(lambda: kept(lines, view, names, strings.zone), [lines, filters, strings.language])
    opened = hooks.use_slice(OpenTiers).keys
    rows = ft.use_memo(lambda: by_day(found, strings.zone, view.day, opened), [found, view.day, opened])
    over = month(month_day(today, months))
    came, _ = ft.use_state(_on(view))  # who comes from a sum of one kind sees that chip, it would stand off the screen
    top = [_search(view), _chips(view, lines, came), _sums(found, view)]
    if not rows:
        partial = p.is_partial() and not lines
        body = p.unfinished() if partial else _nothing(bool(lines), view)
        return p.frame(t("commission.ledger"), [body], over=over, top=top if lines else ())
    listed = p.VirtualList(
        rows, _row, padding=ft.Padding.only(bottom=Space.XL), key=f"{months}|{filters}", mark=strings.language,
        chunk=ROWS_TOGETHER, bars=2,
    )  # fmt: skip
    return p.frame(t("commission.ledger"), listed, over=over, scroll=False, top=top)


def kept(lines: Sequence[LedgerLine], view: Filters, names: dict[str, str], zone: ZoneInfo) -> list[LedgerLine]:
    """Return the entries that pass every filter."""
    words, day_at = view.text.casefold().split(), DayOfText(zone)
    day = date.fromisoformat(view.day).toordinal() if view.day else None
    if not any(view.chosen):
        found = list(lines)
    else:
        found = [one for one in lines if _fits(one, view, names, words, day, day_at)]
    return found if not names else [one._replace(label=names.get(one.label, one.label)) for one in found]


def _fits(
    one: LedgerLine, view: Filters, names: dict[str, str], words: list[str], day: int | None, day_at: DayOfText
) -> bool:
    return (
        (not view.state or one.state == view.state)
        and (not view.kind or one.kind == view.kind)
        and (not view.source or (one.sleep if view.source == "sleep" else one.channel == view.source))
        and (day is None or day_at(one.at) == day)
        and all(word in f"{one.label} {names.get(one.label, '')} {one.order_no}".casefold() for word in words)
    )


Row = DayHead | TierHead | TierSale | LedgerLine


def by_day(
    lines: Sequence[LedgerLine], zone: ZoneInfo, chosen: str, opened: frozenset[str] = frozenset()
) -> tuple[Row, ...]:
    """Return the entries under a head for each day, newest day first, its tier bonuses together (`tiers.fold_day`)."""
    day_at, days = DayOfText(zone), dict[int, list[LedgerLine]]()
    for one in lines:
        days.setdefault(day_at(one.at), []).append(one)
    rows: list[Row] = []
    for ordinal, some in days.items():
        day = date.fromordinal(ordinal).isoformat()
        rows.append(DayHead(day, len(some), sum(one.fen for one in some), day == chosen))
        rows.extend(fold_day(day, some, opened))
    return tuple(rows)


def _line(one: LedgerLine, strings: Strings) -> Line:
    channel = f"profile.channel.{one.channel}"
    when = p.dots(strings.time_short(one.at), strings.t(channel) if strings.has(channel) else None)
    told = facts(one.kind, one.role, bool(one.sleep), strings)
    name = line_name(one, strings) if one.kind == "tier" else one.label
    label = name or strings.t(f"commission.kind_{one.kind}")
    return Line(one.id, label, told, when, one.order_no, one.fen, one.state, one.kind, bool(one.sleep))


def _row(row: Row) -> ft.Control:
    if isinstance(row, DayHead):
        inner = _day_head(row)
    elif isinstance(row, TierHead):
        inner = tier_row(row)
    elif isinstance(row, TierSale):
        inner = sale_row(row)
    else:
        inner = entry_row(_line(row, current()))
    return ft.Container(inner, padding=ft.Padding.symmetric(horizontal=p.gutter() - Space.M))


def _day_head(row: DayHead) -> ft.Control:
    view = sessions.current().slice(Filters)

    def choose() -> None:
        view.day = "" if row.chosen else row.day

    name = date_weekday(row.day)
    icon = ft.Icons.FILTER_ALT_OFF_OUTLINED if row.chosen else ft.Icons.FILTER_ALT_OUTLINED
    button = p.icon_button(
        icon, t("commission.every_day") if row.chosen else t("commission.only_day", day=name), choose, color=Tone.QUIET
    )
    words = ft.Column(
        [p.txt(name, Type.SECTION, Tone.QUIET, lines=1), p.txt(t("commission.count", n=row.count), Type.META)],
        spacing=0, expand=True, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    total = p.txt(signed(row.fen), Type.SECTION, Tone.LATE if row.fen < 0 else Tone.QUIET, no_wrap=True)
    pad = ft.Padding.only(left=Space.M)
    high = row_height(sessions.current().layout.scale)
    return ft.Container(ft.Row([words, total, button], spacing=Space.XS), height=high, padding=pad)


def _search(view: Filters) -> ft.Control:
    def type_in(text: str) -> None:
        view.text = text

    return p.search_field(t("commission.search"), view.text, type_in)


def in_front(options: Sequence[tuple[str, str]], first: frozenset[str]) -> list[tuple[str, str]]:
    """Return the chips, `first` after the one for everything; the others keep their order."""
    return sorted(options, key=lambda one: bool(one[0]) and one[0] not in first)


def _on(view: Filters) -> frozenset[str]:
    return frozenset((f"state:{view.state}", f"kind:{view.kind}", f"source:{view.source}"))


def _chips(view: Filters, lines: Sequence[LedgerLine], first: frozenset[str]) -> ft.Control:
    """Return one row of chips: those of `first`, states, then what is in this month of kinds and channels."""
    kinds = {one.kind for one in lines}
    channels = {one.channel for one in lines}
    options: list[tuple[str, str]] = [("", t("commission.all"))]
    options += [(f"state:{state}", t(f"commission.state_{state}")) for state in STATES]
    options += [(f"kind:{kind}", t(f"commission.kind_{kind}")) for kind in KINDS[1:] if kind in kinds]
    if any(one.sleep for one in lines):
        options.append(("source:sleep", t("commission.sleep")))
    options += [(f"source:{one}", t(f"profile.channel.{one}")) for one in CHANNELS if one in channels]
    options = in_front(options, first)
    on = _on(view)
    chosen = {value for value, _ in options if value in on} or {""}
    return p.filter_chips(options, chosen, _choose)


def _choose(value: str) -> None:
    view = sessions.current().slice(Filters)
    name, _, wanted = value.partition(":")
    if not name:
        view.show_all()
    else:
        setattr(view, name, "" if getattr(view, name) == wanted else wanted)


def _sums(found: Sequence[LedgerLine], view: Filters) -> ft.Control:
    total = sum(one.fen for one in found)
    said = p.dots(
        t("commission.count", n=len(found)), t("commission.sum_of", amount=signed(total)),
        date_weekday(view.day) if view.day else None,
    )  # fmt: skip
    return ft.Semantics(container=True, content=p.txt(said, Type.META))


def _nothing(others: bool, view: Filters) -> ft.Control:
    if others:
        return p.empty(
            ft.Icons.FILTER_LIST_OFF, t("commission.none_state"), "", t("commission.show_all"), view.show_all
        )
    ui = sessions.current()
    return p.empty(
        ft.Icons.INSIGHTS_OUTLINED, t("commission.none"), t("commission.none_why"), t("commission.go_share"),
        lambda: ui.go("share"),
    )  # fmt: skip
