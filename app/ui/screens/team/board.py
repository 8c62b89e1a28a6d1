"""The manager's board: each guide's day and month, ranked by what the manager asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import flet as ft

from app.domain.calendar_days import day_of
from app.protocol.objects import Store
from app.store.queries import brand, figures
from app.store.queries.figures import GuideFigures
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.team.approvals import Waiting
from app.ui.screens.team.chart import day_chart
from app.ui.screens.team.handover import hand_over_row
from app.ui.screens.team.view import METRICS, MONTH, TODAY, TeamView, days_of_period, ranked, shown, total, value
from app.ui.screens.team.visits import visits_row
from app.ui.strings import current, date_weekday, money, t
from app.ui.theme import LIST_WIDTH, RAIL_WIDTH, Radius, Space, Tone, Type, TypeSpec, text_width

RANK_WIDTH = 22
CELL_WIDTH = 66  # six figures stand beside the name in a window of 1,180
SALES_WIDTH = 96
NAME_WIDTH = 140
ARROW = 18


Choose = Callable[[str], None]


@screen
def TeamScreen() -> ft.Control:
    """Lay out the period, the store's sums and the guides."""
    client, strings, now, view = hooks.use_client(), hooks.use_strings(), hooks.use_now(), hooks.use_slice(TeamView)
    today = day_of(now, strings.zone)
    store_id = client.staff.store_id or ""
    team = hooks.use_query(figures.team_figures, store_id, *days_of_period(view.period, today))
    store = hooks.use_query(brand.store_by_id, store_id)

    def choose(period: str) -> None:
        view.period = period

    def sort(metric: str) -> None:
        view.sort = metric

    tabs = p.segmented([(TODAY, t("team.today")), (MONTH, t("team.month"))], view.period, choose)
    chips = p.filter_chips([(metric, t(f"team.metric_{metric}")) for metric in METRICS], view.sort, sort)
    if not team:
        body: list[ft.Control] = [p.empty(ft.Icons.GROUPS_OUTLINED, t("team.none"), t("team.none_why"))]
    else:
        ways = p.group([visits_row(), hand_over_row()])
        body = [_store_sums(team), Waiting(), ways, MemoGuides(tuple(ranked(team, view.sort)), view.sort)]
    over = p.dots(date_weekday(today), _store_name(store))
    return p.frame(t("team.title"), body, over=over, top=[tabs, chips], actions=[_redeem()])


def _store_name(store: Store | None) -> str | None:
    if store is None:
        return None
    return store.name if current().is_chinese or not store.name_en else store.name_en


def _store_sums(team: list[GuideFigures]) -> ft.Control:
    strings = current()
    wanted = ("sales_fen", "orders", "shares", "bindings")
    return p.stat_strip([(shown(m, total(team, m), strings), t(f"team.metric_{m}")) for m in wanted])


@screen
def Guides(team: tuple[GuideFigures, ...], sort: str) -> ft.Control:
    """Show the guides in this order; a row is drawn again when it is chosen, or not any more."""
    chosen, best = hooks.use_chosen(), max(value(one, sort) for one in team)
    rows = [MemoGuide(n, one, sort, best, chosen == (f"/team/{one.guide.id}",)) for n, one in enumerate(team, 1)]
    return ft.Column(rows, spacing=Space.S)


MemoGuides = ft.memo(Guides)


@screen
def Guide(rank: int, one: GuideFigures, sort: str, best: int, chosen: bool) -> ft.Control:
    """Show one guide's place, figures and the way to them."""
    hooks.use_strings()
    hooks.use_layout()
    return _guide(rank, one, sort, best, chosen)


MemoGuide = ft.memo(Guide)


def _guide(rank: int, one: GuideFigures, sort: str, best: int, chosen: bool) -> ft.Control:
    ui, strings = sessions.current(), current()
    amount = value(one, sort)
    others = [m for m in METRICS if m not in (sort, "sales_fen")]
    facts = ([] if sort == "sales_fen" else [money(one.sales_fen)]) + [_fact(m, value(one, m)) for m in others[:3]]
    head = p.ends(p.txt(one.guide.name, Type.ROW), p.txt(shown(sort, amount, strings), Type.SECTION))
    words = ft.Column(
        [head, p.bar(amount / best if best else 0), p.txt(p.dots(*facts), Type.META, lines=1)], spacing=6, expand=True
    )
    place = ft.Container(
        p.txt(str(rank), Type.LABEL, Tone.ACTION if rank == 1 and amount else Tone.QUIET), width=RANK_WIDTH,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    face = ft.Row(
        [place, p.avatar(one.guide.name, one.guide.id), words], spacing=Space.M,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
    return p.card(
        face, chosen=chosen, padding=ft.Padding.only(left=Space.S, right=Space.L, top=Space.M, bottom=Space.M),
        on_click=lambda: ui.select(f"/team/{one.guide.id}"),
    )  # fmt: skip


def _fact(metric: str, amount: int) -> str:
    return t(f"team.short_{metric}", n=amount)


@screen
def TeamOverview() -> ft.Control:
    """Show the whole table and the store's days, while no guide is chosen."""
    client, strings, now, view = hooks.use_client(), hooks.use_strings(), hooks.use_now(), hooks.use_slice(TeamView)
    today = day_of(now, strings.zone)
    store_id = client.staff.store_id or ""
    team = hooks.use_query(figures.team_figures, store_id, *days_of_period(view.period, today))
    days = hooks.use_query(figures.guide_days, *days_of_period(MONTH, today))
    by_day: dict[str, int] = {}
    for day in days:
        by_day[day.date] = by_day.get(day.date, 0) + day.sales_fen

    def sort(metric: str) -> None:
        view.sort = metric

    body: list[ft.Control] = []
    if team:
        body = [_table(team, view.sort, sort), p.section(t("team.store_days")), _month_card(by_day, today)]
    else:
        body = [p.empty(ft.Icons.GROUPS_OUTLINED, t("team.none"), t("team.none_why"))]
    title = t("team.overview_today" if view.period == TODAY else "team.overview_month")
    return p.frame(title, body, badge=False)


def _month_card(by_day: dict[str, int], today: date) -> ft.Control:
    return p.card(day_chart(by_day, today))


def _table(team: list[GuideFigures], sort: str, choose: Choose) -> ft.Control:
    strings = current()
    best = {metric: max(value(one, metric) for one in team) for metric in METRICS}
    lines: list[ft.Control] = [_table_head(sort, choose)]
    for one in ranked(team, sort):
        lines.append(ft.Divider(height=1, thickness=1, color=Tone.LINE))
        lines.append(_table_row(one, best))
    lines.append(ft.Divider(height=1, thickness=1, color=Tone.LINE))
    sums = [_cell(shown(m, total(team, m), strings), m, Type.ROW) for m in METRICS]
    lines.append(_table_line(p.txt(t("team.all_guides"), Type.ROW, expand=True, lines=1), sums, Tone.FILL))
    layout = sessions.current().layout
    room = layout.width - LIST_WIDTH - RAIL_WIDTH - 2 * Space.XL
    need = NAME_WIDTH * layout.scale + sum(_width(m) + Space.XS for m in METRICS) + 2 * Space.L
    table = ft.Column(lines, spacing=0, width=need if need > room else None)
    inside = ft.Row([table], scroll=ft.ScrollMode.AUTO) if need > room else table
    return p.card(inside, padding=0, clip_behavior=ft.ClipBehavior.ANTI_ALIAS)


def _width(metric: str) -> float:
    """Return the width of a figure's column: its head's words fit, with the arrow of the sorted one."""
    scale = sessions.current().layout.scale
    usual = (SALES_WIDTH if metric == "sales_fen" else CELL_WIDTH) * scale
    return max(usual, text_width(t(f"team.metric_{metric}"), Type.LABEL, scale) + ARROW)


def _table_line(first: ft.Control, cells: list[ft.Control], back: str | None = None) -> ft.Control:
    return ft.Container(
        ft.Row([first, *cells], spacing=Space.XS, vertical_alignment=ft.CrossAxisAlignment.CENTER), bgcolor=back,
        height=56 * sessions.current().layout.scale, padding=ft.Padding.symmetric(horizontal=Space.L),
    )  # fmt: skip


def _cell(text: str, metric: str, kind: TypeSpec = Type.BODY, color: str | None = None) -> ft.Control:
    shown_at = p.txt(text, kind, color, text_align=ft.TextAlign.END, lines=1)
    return ft.Container(shown_at, width=_width(metric), alignment=ft.Alignment.CENTER_RIGHT)


def _table_head(sort: str, choose: Choose) -> ft.Control:
    def head(metric: str) -> ft.Control:
        on = metric == sort
        face = ft.Row(
            [p.txt(t(f"team.metric_{metric}"), Type.LABEL, Tone.ACTION if on else Tone.QUIET, no_wrap=True),
             *([ft.Icon(ft.Icons.ARROW_DOWNWARD, size=14, color=Tone.ACTION)] if on else [])],
            spacing=2, alignment=ft.MainAxisAlignment.END,
        )  # fmt: skip
        return p.tappable(
            face, lambda: choose(metric), label=t("team.sort_by", metric=t(f"team.metric_{metric}")), selected=on,
            width=_width(metric), height=48, radius=Radius.S,
        )  # fmt: skip

    return _table_line(p.txt(t("team.guide"), Type.LABEL, Tone.QUIET, expand=True), [head(m) for m in METRICS])


def _table_row(one: GuideFigures, best: dict[str, int]) -> ft.Control:
    strings = current()
    name = ft.Row(
        [p.avatar(one.guide.name, one.guide.id, 32), p.txt(one.guide.name, Type.ROW, lines=1, expand=True)],
        spacing=Space.S, expand=True,
    )  # fmt: skip
    cells = []
    for metric in METRICS:
        amount = value(one, metric)
        leads = amount > 0 and amount == best[metric]
        ink = Tone.ACTION if leads else Tone.QUIET if amount == 0 else None
        cells.append(_cell(shown(metric, amount, strings), metric, Type.ROW if leads else Type.BODY, ink))
    return _table_line(name, cells)


def _redeem() -> ft.Control:
    ui = sessions.current()
    return p.icon_button(ft.Icons.QR_CODE_SCANNER, t("coupons.redeem"), lambda: ui.open("/coupons/redeem"))
