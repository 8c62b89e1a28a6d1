"""The day: progress by people reached, what was promised, one card to do now, the rest below, headquarters' play."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flet as ft

from app.insight.today import MOST, READS, TodaySignal
from app.protocol.objects import FollowUp
from app.store.queries import brand
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.today.marking import mark
from app.ui.screens.today.now import NowCard, go
from app.ui.screens.today.orders import FreshOrders, OrderPing
from app.ui.screens.today.play import Play
from app.ui.screens.today.promises import Promises, split, use_promises
from app.ui.screens.today.reasons import ICONS, kind_text, prompt_for, reason_text, with_coupon
from app.ui.screens.today.summary import DayDone, PutOff, Summary, use_work
from app.ui.strings import date_weekday, t
from app.ui.theme import Space, Tone, Type, row_height

ALL = "all"
DAY_PEOPLE = 14
ROWS, ROWS_BESIDE_PROMISES = 4, 2  # with the card before them and the play below, what a screen may hold
CHIPS = 6


# what stands on Today is drawn again when it changed itself, not whenever the day's list is looked at anew
MemoPing, MemoSummary, MemoPlay, MemoFresh = ft.memo(OrderPing), ft.memo(Summary), ft.memo(Play), ft.memo(FreshOrders)
MemoPromises, MemoPutOff, MemoNow = ft.memo(Promises), ft.memo(PutOff), ft.memo(NowCard)


@ft.observable
@dataclass
class Day:
    """What the day's list shows; survives a change of tab. `more`: the guide goes on beyond the day's list."""

    kind: str = ALL
    more: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The day's list: of `signals`, best first, `shown` are on it now; `beyond` more wait when it is through.

    `kind` and `more` are what the guide chose (`Day`).
    """

    signals: tuple[TodaySignal, ...]
    shown: tuple[TodaySignal, ...]
    left: int
    beyond: int
    kind: str
    more: bool


def use_signals() -> tuple[TodaySignal, ...] | None:
    """Return the day's signals, one a customer, best first; None until the first are found or remembered. A hook.

    They are found off the loop; the last ones stay on screen while newer are looked for.
    """
    client, now = hooks.use_client(), hooks.use_now()
    version = hooks.use_live(frozenset(READS), object, now.hour)
    last: Any = ft.use_ref(None)
    board = client.board
    task = hooks.use_task(lambda: board.today(MOST), id(client), version, keep=True, first=board.remembered())
    found = ft.use_memo(lambda: None if task.value is None else _one_each(task.value), [task.value])
    if found is not None:
        last.current = found
    return last.current  # type: ignore[no-any-return]


def _one_each(found: tuple[TodaySignal, ...]) -> tuple[TodaySignal, ...]:
    best: dict[str, TodaySignal] = {}
    for signal in found:
        best.setdefault(signal.customer.id, signal)
    return tuple(best.values())


def use_plan() -> Plan | None:
    """Return the day's list, None until the signals are found. A hook.

    A day is so many people, reached or otherwise dealt with: so it can be finished, however many reasons there are.
    """
    day, signals, work = hooks.use_slice(Day), use_signals(), use_work()
    if signals is None:
        return None
    left = min(len(signals), max(0, DAY_PEOPLE - work.handled))
    if day.kind != ALL and any(one.kind == day.kind for one in signals):
        shown = tuple(one for one in signals if one.kind == day.kind)
    else:
        shown = signals if day.more else signals[:left]
    return Plan(signals, shown[:DAY_PEOPLE], left, len(signals) - left, day.kind, day.more)


@screen
def TodayScreen() -> ft.Control:
    """Show what matters today."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    plan, partial, work, due = use_plan(), p.is_partial(), use_work(), use_promises()
    drawn = hooks.use_drawn()
    store = hooks.use_query(brand.store_by_id, client.staff.store_id or "")
    hour = now.astimezone(strings.zone).hour
    part = "morning" if hour < 11 else "noon" if hour < 13 else "afternoon" if hour < 18 else "evening"
    over = p.dots(date_weekday(now), (store.name if strings.is_chinese else store.name_en) if store else None)
    head = ft.Column([MemoPing(), MemoSummary(None if plan is None else plan.left)], spacing=0)
    urgent, later = split(due, now)
    body: list[ft.Control] = [head, *([MemoPromises(urgent, False)] if urgent else [])]
    if plan is None:
        body.append(p.Skeleton(5, head=True))
    elif not plan.signals and partial:
        body.append(p.unfinished())
    elif not plan.signals and not work.handled:
        body += [*([MemoPromises(later)] if later else []), _nothing()]
    else:
        body.append(MemoDayList(plan, later, ROWS_BESIDE_PROMISES if due else ROWS, drawn))
    if drawn:
        body += [MemoPlay(), MemoFresh()]
    return p.frame(
        t(f"today.{part}", name=client.staff.name), body, over=over, actions=[_redeem()], tips=["today", "offline"]
    )


def _nothing() -> ft.Control:
    ui = sessions.current()
    return p.empty(
        ft.Icons.TASK_ALT, t("today.empty_title"), t("today.empty_text"), t("today.empty_action"),
        lambda: ui.go("customers"),
    )  # fmt: skip


@screen
def DayList(plan: Plan, due: tuple[FollowUp, ...], most: int, whole: bool) -> ft.Control:
    """Show chips, the card to do now, what was promised for later and `most` of the rest; or that the day is done.

    Not `whole`: nothing below the card yet.
    """
    day, now = sessions.current().slice(Day), hooks.use_now()  # what is chosen comes with the plan
    hooks.use_strings()

    def choose(kind: str) -> None:
        day.kind, day.more = kind, False

    def go_on() -> None:
        day.kind, day.more = ALL, True

    controls: list[ft.Control] = [_chips(plan.signals, plan.kind, choose, _whole(plan), CHIPS)] if plan.signals else []
    promised = [MemoPromises(due)] if due else []
    if not plan.shown:
        return _column([*controls, *promised, DayDone(plan.beyond, go_on)])
    first, *rest = plan.shown
    controls += [p.section(t("today.now")), MemoNow(first, key=_key(first))]
    if not whole:
        return _column(controls)
    controls += promised
    if rest:
        rows = [MemoLater(one, reason_text(one, now)) for one in rest[:most]]
        controls += [p.section(t("today.later"), t("today.by_value")), p.group(rows)]
    if len(rest) > most:
        controls.append(p.quiet(t("today.more"), lambda: sessions.current().open("/today/all")))
    return _column([*controls, MemoPutOff()])


def _column(controls: list[ft.Control]) -> ft.Control:
    return ft.Column(controls, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _whole(plan: Plan) -> str:
    """Return the name of the chip without a kind: the day's list, whose count the ring has, or everybody."""
    return t("today.chip_all" if plan.more else "today.chip_day")


def _chips(
    signals: tuple[TodaySignal, ...], chosen: str, choose: Callable[[str], None], whole: str, most: int | None = None
) -> ft.Control:
    counts = Counter(signal.kind for signal in signals)
    there = [kind for kind in ICONS if counts[kind]]
    kinds = [
        (ALL, whole),
        *((k, f"{kind_text(k)} {counts[k]}") for k in there[:most]),
    ]
    return p.filter_chips(kinds, chosen if counts[chosen] else ALL, choose)


def _key(signal: TodaySignal) -> str:
    return f"{signal.customer.id}/{signal.kind}/{signal.subject}"


MemoDayList = ft.memo(DayList)


@screen
def TodayBeside() -> ft.Control:
    """Show the message of the card to do now, while nothing else is chosen: the right pane of a wide window."""
    plan = use_plan()
    hooks.use_strings()
    if plan is None:
        return p.frame("", p.Skeleton(6, head=True))
    if not plan.shown:
        done = p.empty(ft.Icons.TASK_ALT, t("today.beside_title"), t("today.beside_text"))
        return ft.Container(done, alignment=ft.Alignment.CENTER, expand=True)
    from app.ui.screens.coupons.compose import Composer  # the composer takes its prompts from here

    first = plan.shown[0]
    return Composer(first.customer.id, with_coupon(first), prompt_for(first), key=_key(first))


@screen
def Later(signal: TodaySignal, reason: str) -> ft.Control:
    """Show `later_row`, built again only when it says something else."""
    hooks.use_strings()
    hooks.use_layout()
    return later_row(signal, reason)


MemoLater = ft.memo(Later)


def later_row(signal: TodaySignal, reason: str) -> ft.Control:
    """Return the row of one who is not the first: a press writes to them, the circle is done with them."""
    customer = signal.customer
    done = p.icon_button(
        ft.Icons.RADIO_BUTTON_UNCHECKED,
        t("today.done_label", name=customer.name),
        lambda: mark(signal, "done"),
        color=Tone.QUIET,
    )
    return p.person_row(
        p.txt(customer.name, Type.ROW, lines=1),
        p.txt(reason, Type.META, lines=1),
        leading=p.avatar(customer.name, customer.id, 44, ICONS[signal.kind]),
        on_click=lambda: go(signal),
        trailing=done,
    )


@screen
def AllPage() -> ft.Control:
    """Show everybody there is a reason to write to, best first, by kind."""
    day, signals, now = hooks.use_slice(Day), use_signals(), hooks.use_now()
    kind, set_kind = ft.use_state(day.kind)
    hooks.use_strings()
    title = t("today.all_title")
    if signals is None:
        return p.frame(title, p.Skeleton(8))
    if not signals:
        return p.frame(title, _nothing())
    shown = tuple(one for one in signals if kind in (ALL, one.kind)) or signals
    rows = tuple(_Reason(one, reason_text(one, now)) for one in shown)
    whole = f"{t('today.chip_all')} {len(signals)}"
    listed = p.VirtualList(rows, _reason_row, row_height(hooks.use_layout().scale), key=kind)
    return p.frame(title, listed, scroll=False, top=[_chips(signals, kind, set_kind, whole)])


@dataclass(frozen=True, slots=True)
class _Reason:
    """One row of the whole list."""

    signal: TodaySignal
    text: str


def _reason_row(one: _Reason) -> ft.Control:
    return later_row(one.signal, one.text)


def _redeem() -> ft.Control:
    ui = sessions.current()
    return p.icon_button(ft.Icons.QR_CODE_SCANNER, t("coupons.redeem"), lambda: ui.open("/coupons/redeem"))
