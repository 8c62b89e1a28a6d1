"""The day: progress by people reached, one card to do now, the rest below, headquarters' play, fresh orders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import flet as ft

from app.domain.calendar_days import day_of, day_range, month_range
from app.domain.instants import from_text, to_text
from app.insight.today import READS, TodaySignal
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import MarkSignal
from app.store.queries import brand, commission, figures
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.tabs import use_products
from app.ui.screens.customers.words import order_title
from app.ui.screens.today.play import Play
from app.ui.screens.today.reasons import ICONS, kind_text, prompt_of, reason_text
from app.ui.strings import current, date_weekday, money, percent, t
from app.ui.theme import Space, Tone, Type

ALL = "all"
DAY_PEOPLE = 14
ORDERS_SHOWN = 3


@ft.observable
@dataclass
class Day:
    """What the day's list shows; survives a change of tab."""

    kind: str = ALL
    more: bool = False


def use_signals() -> tuple[TodaySignal, ...] | None:
    """Return the day's signals, one a customer, best first; None until the first are found. A hook.

    They are found off the loop; the last ones stay on screen while newer are looked for.
    """
    client, now = hooks.use_client(), hooks.use_now()
    version = hooks.use_live(frozenset(READS), object, now.hour)
    last: Any = ft.use_ref(None)
    task = hooks.use_task(lambda: client.board.today(120), id(client), version)
    if task.value is not None:
        last.current = _one_each(task.value)
    return last.current


def _one_each(found: tuple[TodaySignal, ...]) -> tuple[TodaySignal, ...]:
    best: dict[str, TodaySignal] = {}
    for signal in found:
        best.setdefault(signal.customer.id, signal)
    return tuple(best.values())


@screen
def TodayScreen() -> ft.Control:
    """Show what matters today."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    day, signals, partial = hooks.use_slice(Day), use_signals(), p.is_partial()
    zone = strings.zone
    store = hooks.use_query(brand.store_by_id, client.staff.store_id or "")
    hour = now.astimezone(zone).hour
    part = "morning" if hour < 11 else "noon" if hour < 13 else "afternoon" if hour < 18 else "evening"
    over = p.dots(date_weekday(now), (store.name if strings.is_chinese else store.name_en) if store else None)
    body: list[ft.Control] = [Summary(None if signals is None else len(signals))]
    if signals is None:
        body.append(p.Skeleton(5, head=True))
    elif not signals and partial:
        body.append(p.unfinished())
    elif not signals:
        body.append(
            p.empty(
                ft.Icons.TASK_ALT,
                t("today.empty_title"),
                t("today.empty_text"),
                t("today.empty_action"),
                lambda: sessions.current().go("customers"),
            )
        )
    else:
        body += _list(signals, day, now)
    body += [Play(), FreshOrders()]
    return p.frame(t(f"today.{part}", name=client.staff.name), body, over=over, actions=[_redeem()])


@screen
def TodayBeside() -> ft.Control:
    """Show whom the card to do now is about, while nothing else is chosen: the right pane of a wide window."""
    day, signals = hooks.use_slice(Day), use_signals()
    if not signals:
        return ft.Container()
    from app.ui.screens.customers.profile import CustomerPage  # the profile takes its reasons from here

    return CustomerPage(_of_kind(signals, day)[0].customer.id)


def _of_kind(signals: tuple[TodaySignal, ...], day: Day) -> list[TodaySignal]:
    """Return the signals of the chosen kind, all of them when it has none left."""
    return [s for s in signals if s.kind == day.kind] or list(signals)


def _list(signals: tuple[TodaySignal, ...], day: Day, now: datetime) -> list[ft.Control]:
    counts = Counter(signal.kind for signal in signals)
    kinds = [
        (ALL, f"{t('today.chip_all')} {len(signals)}"),
        *((k, f"{kind_text(k)} {counts[k]}") for k in ICONS if counts[k]),
    ]
    chosen = day.kind if day.kind in counts else ALL
    shown = _of_kind(signals, day)

    def choose(kind: str) -> None:
        day.kind, day.more = kind, False

    rest = shown[1:] if day.more else shown[1:DAY_PEOPLE]
    controls = [p.filter_chips(kinds, chosen, choose), p.section(t("today.now")), NowCard(shown[0], key=_key(shown[0]))]
    if rest:
        controls += [p.section(t("today.later"), t("today.by_value")), p.group([_later(s, now) for s in rest])]
    if len(shown) - 1 > len(rest):
        hidden = len(shown) - 1 - len(rest)
        controls.append(p.quiet(t("today.more", n=hidden), lambda: setattr(day, "more", True)))
    return controls


def _key(signal: TodaySignal) -> str:
    return f"{signal.customer.id}/{signal.kind}/{signal.subject}"


@screen
def Summary(left: int | None) -> ft.Control:
    """Show people reached, today's sales against the goal, and the commission expected; `left` None: not known yet."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    zone = strings.zone
    today = tuple(to_text(at) for at in day_range(day_of(now, zone), zone))
    month = tuple(to_text(at) for at in month_range(day_of(now, zone), zone))
    done = hooks.use_query(figures.day_figures, *today)
    earned = hooks.use_query(commission.commission_totals, *month)
    goal = hooks.use_query(brand.goal_of, client.staff.id)
    total = done.people_reached + min(left or 0, DAY_PEOPLE)
    ring = p.ring(done.people_reached, total, t("today.reached_label", done=done.people_reached, total=total))
    ratio = done.sales_fen / goal.day_fen if goal and goal.day_fen else 0.0
    head = ft.Row(
        [
            p.txt(t("today.sales"), Type.META, expand=True),
            *([p.txt(t("today.goal", amount=money(goal.day_fen)), Type.META)] if goal else []),
        ]
    )
    sum_row = ft.Row(
        [p.money_text(done.sales_fen, Type.NAME), *([p.pill(percent(ratio), "soft")] if goal else [])], spacing=Space.S
    )
    waiting = None if left is None else t("today.left", n=min(left, DAY_PEOPLE)) if left else t("today.all_reached")
    foot = p.txt(
        p.dots(t("today.expected", amount=money(earned.pending_fen + earned.confirmed_fen)), waiting), Type.META
    )
    words = ft.Column([head, sum_row, p.bar(ratio), foot], spacing=Space.S, expand=True)
    return p.card(ft.Row([ring, words], spacing=Space.L))


@screen
def NowCard(signal: TodaySignal) -> ft.Control:
    """Show the one thing to do now: who, why, and the next step in one tap."""
    now = hooks.use_now()
    customer, ui = signal.customer, sessions.current()
    level = p.level_pill(customer.level)
    name = ft.Row([p.txt(customer.name, Type.FIGURE, lines=1), *([level] if level else [])], spacing=Space.S)
    meta = p.dots(
        money(customer.spend_fen) if customer.order_count else None, t("profile.times", n=customer.order_count)
    )
    who = p.tappable(
        ft.Row(
            [
                p.avatar(customer.name, customer.id, 48),
                ft.Column([name, p.txt(meta, Type.META)], spacing=0, expand=True),
                p.pill(kind_text(signal.kind), "warm", ICONS[signal.kind]),
            ],
            spacing=Space.M,
        ),
        lambda: ui.open(f"/customers/{customer.id}"),
        label=t("today.open_label", name=customer.name),
    )
    picture = []
    if signal.product is not None:
        picture = [p.product_thumb(signal.product.picture, signal.product.name, 64, 80)]
    why = ft.Row([*picture, p.txt(reason_text(signal, now), Type.LEAD, expand=True)], spacing=Space.M)
    return p.card(ft.Column([who, why, _buttons(signal)], spacing=Space.M))


def _buttons(signal: TodaySignal) -> ft.Control:
    writes = signal.kind in ("care_after_purchase", "coupon_expiring", "welcome")
    label, page, icon = (
        (t("today.write"), "message", ft.Icons.EDIT_OUTLINED)
        if writes
        else (t("today.send_coupon"), "coupon", ft.Icons.LOCAL_OFFER_OUTLINED)
    )
    name = signal.customer.name
    return ft.Row(
        [
            ft.Container(p.primary(label, lambda: _go(signal, page), icon), expand=True),
            p.secondary(t("today.later_action"), lambda: _mark(signal, "later")),
            p.icon_button(
                ft.Icons.CHECK_CIRCLE_OUTLINE,
                t("today.done_label", name=name),
                lambda: _mark(signal, "done"),
                color=Tone.ACTION,
            ),
        ],
        spacing=Space.S,
    )


def _go(signal: TodaySignal, page: str) -> None:
    prompt_of(signal)
    sessions.current().open(f"/customers/{signal.customer.id}/{page}")


def _mark(signal: TodaySignal, action: str) -> None:
    ui = sessions.current()
    call = call_of(ui.client)
    until = (
        to_text(day_range(day_of(call.now, call.zone) + timedelta(days=1), call.zone)[0]) if action == "later" else None
    )
    mark = MarkSignal(new_id(call), signal.customer.id, signal.kind, signal.subject, action, until)
    done = {"later": "today.marked_later", "done": "today.marked_done"}[action]
    ui.run(hooks.run_mutation, mark, done, None, {"name": signal.customer.name})


def _later(signal: TodaySignal, now: datetime) -> ft.Control:
    customer = signal.customer
    heads = [p.txt(customer.name, Type.ROW, lines=1), p.txt(kind_text(signal.kind), Type.META, lines=1)]
    done = p.icon_button(
        ft.Icons.RADIO_BUTTON_UNCHECKED,
        t("today.done_label", name=customer.name),
        lambda: _mark(signal, "done"),
        color=Tone.QUIET,
    )
    page = "message" if signal.kind in ("care_after_purchase", "coupon_expiring", "welcome") else "coupon"
    row = p.list_row(
        heads,
        reason_text(signal, now),
        leading=p.avatar(customer.name, customer.id, 44, ICONS[signal.kind]),
        on_click=lambda: _go(signal, page),
    )
    return ft.Row([ft.Container(row, expand=True), done], spacing=0)


@screen
def FreshOrders() -> ft.Control:
    """Show the orders of the last day, newest first; nothing when there are none."""
    client, now = hooks.use_client(), hooks.use_now()
    since = to_text(now - timedelta(hours=24))
    orders = hooks.use_query(q.recent_orders, since, ORDERS_SHOWN)
    names = hooks.use_live(
        {"customer", "order"},
        lambda: q.customers_by_ids(client.store.read, tuple(sorted({o.customer_id for o in orders}))),
        orders,
    )
    products = use_products([line.product_id for order in orders for line in order.lines[:1]])
    if not orders:
        return ft.Container()
    ui = sessions.current()
    rows = []
    for order in orders:
        who = names.get(order.customer_id)
        meta = p.dots(
            order_title(order, products),
            t(f"profile.channel.{order.channel}"),
            current().moment(from_text(order.paid_at), now),
        )
        rows.append(
            p.list_row(
                who.name if who else order.no,
                meta,
                leading=p.avatar(who.name if who else "·", order.customer_id),
                fact=p.money_text(order.paid_fen - order.refunded_fen, Type.ROW),
                on_click=lambda customer_id=order.customer_id: ui.open(f"/customers/{customer_id}"),
            )
        )
    return ft.Column([p.section(t("today.orders")), p.group(rows)], spacing=Space.M)


def _redeem() -> ft.Control:
    ui = sessions.current()
    return p.icon_button(ft.Icons.QR_CODE_SCANNER, t("coupons.redeem"), lambda: ui.open("/coupons/redeem"))
