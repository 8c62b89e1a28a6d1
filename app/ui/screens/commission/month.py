"""The Commission root: today, the month with its trend and states, and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.instants import from_text
from app.protocol.objects import CommissionEntry
from app.store.queries import commission, products
from app.store.queries.commission import CommissionTotals, DayAmount
from app.ui import hooks, routes
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.view import (
    LEDGER_MAX,
    STATES,
    TONES,
    CommissionView,
    days_of,
    is_estimate,
    month_day,
    month_span,
    names_in,
    span,
)
from app.ui.strings import Strings, date_short, moment, money, month, t
from app.ui.theme import Radius, Space, Tone, Type

CHART_HEIGHT = 64
ROWS_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its row shows it."""

    id: str
    label: str
    meta: str
    fen: int
    state: str
    icon: ft.IconData
    chosen: bool


@screen
def CommissionScreen() -> ft.Control:
    """Lay out the month over its ledger."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    today = day_of(now, strings.zone)
    period = month_span(today, view.months, strings.zone)
    entries = hooks.use_query(commission.commission_ledger, period.since, period.until, view.state or None, LEDGER_MAX)
    totals = hooks.use_query(commission.commission_totals, period.since, period.until)
    nav, wide = hooks.use_nav(), hooks.use_wide()
    beside = tuple(f"/commission/{entry.id}" for entry in entries[:1])  # what `CommissionBeside` shows
    path = (nav.stack("commission")[:1] or beside) if wide else ()
    names = names_in(hooks.use_query(products.products), strings)
    lines = tuple(_line(entry, strings, now, names, path == (f"/commission/{entry.id}",)) for entry in entries)

    def choose(state: str) -> None:
        view.state = state

    chips = [("", t("commission.all")), *((state, t(f"commission.state_{state}")) for state in STATES)]
    head = [Summary(view.months), p.section(t("commission.ledger")), p.filter_chips(chips, view.state, choose)]
    if not lines:
        head.append(_nothing(totals, view))
        return p.frame(t("commission.title"), head)
    gutter = p.gutter()
    header = ft.Container(
        ft.Column(head, spacing=Space.M), padding=ft.Padding.symmetric(horizontal=gutter, vertical=Space.XS)
    )
    rows = p.VirtualList(
        lines, _row, header=header, padding=ft.Padding.only(bottom=Space.XL), key=f"{view.months}|{view.state}",
        mark=strings.language, chunk=ROWS_TOGETHER,
    )  # fmt: skip
    return p.frame(t("commission.title"), rows, scroll=False)


@screen
def CommissionBeside() -> ft.Control:
    """Show the newest entry while nothing is chosen: the right pane of a wide window."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    period = month_span(day_of(now, strings.zone), view.months, strings.zone)
    entries = hooks.use_query(commission.commission_ledger, period.since, period.until, view.state or None, LEDGER_MAX)
    if not entries:
        return p.frame("", p.empty(ft.Icons.INSIGHTS_OUTLINED, t("common.pick_commission")))
    return routes.component("commission:EntryPage")(entries[0].id, key=entries[0].id)


def _line(entry: CommissionEntry, strings: Strings, now: datetime, names: dict[str, str], chosen: bool) -> Line:
    role = t(f"commission.role_{entry.role}")
    kind = t(f"commission.kind_{entry.kind}") if entry.kind != "accrual" else None
    night = t("commission.sleep") if entry.sleep else None
    meta = p.dots(kind, role if entry.role != "sole" else None, night, moment(from_text(entry.created_at), now))
    icon = {"refund": ft.Icons.UNDO, "tier": ft.Icons.STAIRS_OUTLINED}.get(
        entry.kind, ft.Icons.BEDTIME_OUTLINED if entry.sleep else ft.Icons.SHOPPING_BAG_OUTLINED
    )
    return Line(
        entry.id,
        names.get(entry.label, entry.label) or t("commission.kind_tier"),
        meta,
        entry.amount_fen,
        entry.state,
        icon,
        chosen,
    )


def _row(line: Line) -> ft.Control:
    ui = sessions.current()
    back, ink = (
        (Tone.REFUSED, Tone.ON_REFUSED) if line.fen < 0 else (Tone.CARD if line.chosen else Tone.CALM, Tone.ON_CALM)
    )
    disc = ft.Container(
        ft.Icon(line.icon, size=20, color=ink), width=44, height=44, border_radius=22, bgcolor=back,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    amount = ft.Column(
        [
            p.txt(signed(line.fen), Type.ROW, Tone.LATE if line.fen < 0 else None, no_wrap=True),
            p.txt(t(f"commission.state_{line.state}"), Type.META, no_wrap=True),
        ],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    row = p.list_row(
        line.label, line.meta, leading=disc, fact=amount, on_click=lambda: ui.select(f"/commission/{line.id}"),
        selected=line.chosen,
    )  # fmt: skip
    return ft.Container(row, padding=ft.Padding.symmetric(horizontal=p.gutter() - Space.M))


def signed(fen: int) -> str:
    """Return an amount with its sign, to the fen."""
    return ("+" if fen > 0 else "") + money(fen, exact=True)


def _nothing(totals: CommissionTotals, view: CommissionView) -> ft.Control:
    def show_all() -> None:
        view.state = ""

    if totals.entries:
        return p.empty(ft.Icons.FILTER_LIST_OFF, t("commission.none_state"), "", t("commission.show_all"), show_all)
    ui = sessions.current()
    return p.empty(
        ft.Icons.INSIGHTS_OUTLINED, t("commission.none"), t("commission.none_why"), t("commission.go_share"),
        lambda: ui.go("share"),
    )  # fmt: skip


@screen
def Summary(months: int) -> ft.Control:
    """Show the month's sum, its states and its days."""
    strings, now, view = hooks.use_strings(), hooks.use_now(), hooks.use_slice(CommissionView)
    today = day_of(now, strings.zone)
    first = month_day(today, months)
    period = month_span(today, months, strings.zone)
    totals = hooks.use_query(commission.commission_totals, period.since, period.until)
    one = span(*day_range(today, strings.zone))
    of_today = hooks.use_query(commission.commission_totals, one.since, one.until)
    trend = hooks.use_query(commission.commission_trend, period.since, period.until, str(strings.zone))
    days = days_of(first, trend, today)

    def move(step: int) -> None:
        view.months = min(0, view.months + step)

    lines: list[ft.Control] = [
        _month_head(first, months, move),
        _sum(totals, of_today if months == 0 else None),
        _states(totals),
        _chart(days, today, strings),
    ]
    return p.card(ft.Column(lines, spacing=Space.M))


def _month_head(first: date, months: int, move: Callable[[int], None]) -> ft.Control:
    return ft.Row(
        [
            p.txt(month(first), Type.ROW, expand=True),
            p.icon_button(ft.Icons.CHEVRON_LEFT, t("commission.earlier"), lambda: move(-1)),
            p.icon_button(
                ft.Icons.CHEVRON_RIGHT, t("commission.later"), (lambda: move(1)) if months < 0 else None,
                color=Tone.TEXT if months < 0 else Tone.LINE,
            ),
        ],
        spacing=0, height=40,
    )  # fmt: skip


def _sum(totals: CommissionTotals, today: CommissionTotals | None) -> ft.Control:
    label = [p.txt(t("commission.month_sum"), Type.META)]
    if totals.pending_fen:
        label.append(p.pill(t("commission.estimate"), "warm"))
    words = [
        ft.Row(label, spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        p.txt(money(totals.total_fen, exact=True), Type.DISPLAY),
    ]
    if today is not None:
        words.append(p.txt(t("commission.today", amount=signed(today.total_fen)), Type.BODY, Tone.QUIET))
    return ft.Column(words, spacing=2)


def _states(totals: CommissionTotals) -> ft.Control:
    amounts = {"pending": totals.pending_fen, "confirmed": totals.confirmed_fen, "settled": totals.settled_fen}
    inks = {"pending": ft.Colors.TERTIARY, "confirmed": Tone.ACTION, "settled": ft.Colors.OUTLINE}
    whole = sum(max(0, fen) for fen in amounts.values())
    parts = [
        ft.Container(bgcolor=inks[state], height=8, expand=max(1, round(1000 * fen / whole)))
        for state, fen in amounts.items()
        if fen > 0
    ] or [ft.Container(bgcolor=Tone.FILL, height=8, expand=1)]
    cells = [
        ft.Column(
            [
                ft.Row([ft.Container(width=8, height=8, border_radius=4, bgcolor=inks[state]),
                        p.txt(t(f"commission.state_{state}"), Type.META, lines=1)], spacing=6),
                p.txt(money(fen, exact=True), Type.ROW, lines=1),
            ],
            spacing=2, expand=1,
        )
        for state, fen in amounts.items()
    ]  # fmt: skip
    strip = ft.Container(ft.Row(parts, spacing=2), border_radius=4, clip_behavior=ft.ClipBehavior.ANTI_ALIAS)
    return ft.Column([strip, ft.Row(cells, spacing=Space.S)], spacing=Space.M)


def _chart(days: list[DayAmount], today: date, strings: Strings) -> ft.Control:
    """Return a bar for each day; one sentence says it to screen readers."""
    most = max([abs(day.fen) for day in days], default=0) or 1
    best = max(days, key=lambda day: day.fen, default=None)
    said = t("commission.trend_label", days=len(days), best=money(best.fen if best else 0))
    bars = [_day_bar(day, most, day.day == today.isoformat()) for day in days]
    first, last = (date.fromisoformat(days[i].day) for i in (0, -1)) if days else (today, today)
    ends = ft.Row([p.txt(date_short(first), Type.META, expand=True), p.txt(date_short(last), Type.META)])
    row = ft.Row(bars, spacing=2, height=CHART_HEIGHT, vertical_alignment=ft.CrossAxisAlignment.END)
    return ft.Column([ft.Semantics(label=said, content=row), ends], spacing=Space.XS)


def _day_bar(day: DayAmount, most: int, is_today: bool) -> ft.Control:
    height = max(3, round(CHART_HEIGHT * abs(day.fen) / most))
    color = Tone.LATE if day.fen < 0 else Tone.ACTION if is_today else Tone.SOFT if day.fen else Tone.FILL
    top = ft.BorderRadius.only(top_left=Radius.S / 2, top_right=Radius.S / 2)
    return ft.Container(bgcolor=color, height=height, expand=1, border_radius=top)


def state_pill(entry: CommissionEntry) -> ft.Control:
    """Return the pill of an entry's state; what may still change says so."""
    label = t(f"commission.state_{entry.state}")
    if is_estimate(entry):
        label = p.dots(t("commission.estimate"), label)
    return p.pill(label, TONES.get(entry.state, "calm"))
