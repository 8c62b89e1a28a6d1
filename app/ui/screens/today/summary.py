"""How the day stands: people reached, sales against the goal, the commission expected; and its end."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.domain.calendar_days import day_of, day_range, month_range
from app.domain.instants import from_text, to_text
from app.store.queries import brand, commission, figures
from app.store.queries.day import DayWork, day_work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.strings import current, money, percent, t
from app.ui.theme import Space, Tone, Type


def use_work() -> DayWork:
    """Return what became of the day so far. A hook."""
    strings, now = hooks.use_strings(), hooks.use_now()
    since, until = (to_text(at) for at in day_range(day_of(now, strings.zone), strings.zone))
    return hooks.use_query(day_work, since, until, to_text(now))  # type: ignore[no-any-return]


@screen
def Summary(left: int | None) -> ft.Control:
    """Show people reached, today's sales against the goal, and the commission expected; `left` None: not known yet."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    zone, work = strings.zone, use_work()
    today = tuple(to_text(at) for at in day_range(day_of(now, zone), zone))
    month = tuple(to_text(at) for at in month_range(day_of(now, zone), zone))
    done = hooks.use_query(figures.day_figures, *today)
    earned = hooks.use_query(commission.commission_totals, *month)
    goal = hooks.use_query(brand.goal_of, client.staff.id)
    total = work.reached + (left or 0)
    ring = p.ring(work.reached, total, t("today.reached_label", done=work.reached, total=total),
                  caption=t("today.reached_short"))  # fmt: skip
    ratio = done.sales_fen / goal.day_fen if goal and goal.day_fen else 0.0
    head: ft.Control = p.txt(t("today.sales"), Type.META)
    if goal:
        head = p.ends(head, p.txt(t("today.goal", amount=money(goal.day_fen)), Type.META))
    sum_row = ft.Row(
        [p.money_text(done.sales_fen, Type.NAME), *([p.pill(percent(ratio), "soft")] if goal else [])], spacing=Space.S
    )
    through = t("today.all_reached") if left == 0 else None  # how many are left, the ring says
    expected = t("today.expected", amount=money(earned.pending_fen + earned.confirmed_fen))
    foot = p.txt(p.dots(expected, through), Type.META)
    if hooks.layout().is_large:  # beside the ring there is no room for words
        first = ft.Row([ring, ft.Container(sum_row, expand=True)], spacing=Space.L)
        return p.card(ft.Column([first, head, p.bar(ratio), foot], spacing=Space.S))
    words = ft.Column([head, sum_row, p.bar(ratio), foot], spacing=Space.S, expand=True)
    return p.card(ft.Row([ring, words], spacing=Space.L))


@screen
def DayDone(more: int, go_on: Callable[[], None]) -> ft.Control:
    """Say that the day's list is through, and what came of it; `more` people wait beyond it."""
    work, ui = use_work(), sessions.current()
    hooks.use_strings()
    text = t("today.day_done_text", n=work.reached) if work.reached else t("today.day_done_none")
    mark = ft.Container(
        ft.Icon(ft.Icons.TASK_ALT, size=32, color=Tone.ON_SOFT), width=64, height=64, bgcolor=Tone.SOFT,
        border_radius=32, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    head = ft.Column(
        [
            mark,
            ft.Semantics(heading_level=2, content=p.txt(t("today.day_done"), Type.NAME)),
            p.txt(text, Type.BODY, Tone.QUIET, text_align=ft.TextAlign.CENTER),
        ],
        spacing=Space.S,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    strip = p.stat_strip(
        [
            (str(work.reached), t("today.fig_reached")),
            (str(work.coupons), t("today.fig_coupons")),
            (str(work.orders), t("today.fig_orders")),
        ]
    )
    rows: list[ft.Control] = [ft.Container(head, padding=ft.Padding.symmetric(vertical=Space.S)), strip]
    if work.put_off:
        rows.append(PutOff())
    on = p.quiet(t("today.day_more", n=more), go_on) if more else None
    on = on or p.secondary(t("today.empty_action"), lambda: ui.go("customers"))
    rows.append(ft.Row([on], alignment=ft.MainAxisAlignment.CENTER))
    return p.card(ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


@screen
def PutOff() -> ft.Control:
    """Say how many come back today, and when the first does; nothing when nobody does."""
    work = use_work()
    if not work.put_off or work.put_off_at is None:
        return ft.Container()
    at = current().time_short(from_text(work.put_off_at))
    return p.txt(t("today.put_off", n=work.put_off, time=at), Type.META)
