"""Planning and moving follow-ups: kind, day and time at a tap each, or the device's own dialogs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import flet as ft

from app.domain import follow_up as rules
from app.domain.calendar_days import day_of
from app.domain.ids import UUID7_RANDOM_BYTES, uuid7
from app.domain.instants import from_text, to_text
from app.protocol.mutations import CancelFollowUp, MoveFollowUp, PlanFollowUp
from app.protocol.objects import FollowUp
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.followup_words import kind_name, when_words
from app.ui.strings import current, date_weekday, t, weekday
from app.ui.theme import Space, Type

TIMES = (time(10, 30), time(14, 0), time(16, 0), time(19, 0))
LAST_DAY = rules.AHEAD - timedelta(days=1)
NOTE_LENGTH = 200


def gone_customer() -> ft.Control:
    """Return the page of a customer who is not ours."""
    from app.ui.screens.customers.profile import gone  # the profile shows a card of this module

    return gone()


@screen
def PlanPage(customer_id: str) -> ft.Control:
    """Plan a reminder, an appointment or a home visit."""
    return _Plan(customer_id, key=customer_id)


@screen
def _Plan(customer_id: str) -> ft.Control:
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    kind, set_kind = hooks.use_kept("kind", rules.KINDS[0])
    at, choose_when = use_when(now, None)
    note, set_note = hooks.use_kept("note", "")
    private, set_private = hooks.use_kept("private", False)
    new_id = ft.use_memo(lambda: uuid7(ui.clock.now(), os.urandom(UUID7_RANDOM_BYTES)), [customer_id])
    submit, busy = hooks.use_mutation()
    if customer is None:
        return gone_customer()

    def save() -> None:
        made = PlanFollowUp(new_id, customer_id, kind, to_text(at), note.strip(), private)
        after = f"/customers/{customer_id}/followups/{new_id}"
        then = (lambda: ui.replace(after)) if kind == "visit" else ui.back
        submit(
            made, done="followup.planned", params={"when": when_words(at, now)},
            undo=CancelFollowUp(new_id, customer_id), then=then,
        )  # fmt: skip

    body = [
        p.segmented([(one, kind_name(one)) for one in rules.KINDS], kind, set_kind),
        p.txt(t(f"followup.hint_{kind}"), Type.META),
        choose_when,
        p.text_field(t("followup.note"), note, set_note, lines=2, max_length=NOTE_LENGTH, counter=" "),
        p.switch_row(t("followup.private"), t("followup.private_hint"), private, set_private),
    ]
    go = p.primary(t("followup.save_at", when=when_words(at, now)), save, ft.Icons.EVENT_AVAILABLE, busy=busy, expand=1)
    return p.frame(t("followup.plan"), body, over=customer.name, foot=ft.Row([go]))


def use_when(now: datetime, start: datetime | None) -> tuple[datetime, ft.Control]:
    """Return (chosen time, the chips to choose it with): days at a tap, hours at a tap, or the device's dialogs.

    `start` is what stands there at first; without it tomorrow at 10:30. A hook.
    """
    zone = current().zone
    today = day_of(now, zone)
    begin = start.astimezone(zone) if start else None
    day, set_day = hooks.use_kept("day", begin.date() if begin else rules.quick_day("tomorrow", today))
    hour, set_hour = hooks.use_kept("hour", begin.time().replace(second=0, microsecond=0) if begin else TIMES[0])
    asks, ask = ft.use_state("")
    first = min(today, day)
    p.use_day_picker(asks == "day", day, first, today + LAST_DAY, set_day, lambda: ask(""))
    p.use_time_picker(asks == "time", hour, set_hour, lambda: ask(""))
    chips = hooks.use_same(lambda: _when_chips(day, hour, today, set_day, set_hour, ask), day, hour, today)
    return datetime.combine(day, hour, zone), chips


def _when_chips(
    day: date, hour: time, today: date, set_day: Callable[[date], None], set_hour: Callable[[time], None],
    ask: Callable[[str], None],
) -> ft.Control:  # fmt: skip
    quick = _quick_days(today)
    known = next((code for code, one in quick.items() if one == day), "own")
    own_day = date_weekday(day) if known == "own" else t("followup.day_own")
    days = [*((code, _day_words(code, one)) for code, one in quick.items()), ("own", own_day)]
    hours = {f"{one:%H:%M}": one for one in TIMES}
    at_hour = f"{hour:%H:%M}"
    own_hour = at_hour if at_hour not in hours else t("followup.time_own")
    times = [*((text, text) for text in hours), ("own", own_hour)]

    def on_day(code: str) -> None:
        ask("day") if code == "own" else set_day(quick[code])

    def on_time(text: str) -> None:
        ask("time") if text == "own" else set_hour(hours[text])

    return ft.Column(
        [
            p.section(t("followup.day"), date_weekday(day)),
            p.filter_chips(days, known, on_day, wrap=True),
            p.section(t("followup.time"), at_hour),
            p.filter_chips(times, at_hour if at_hour in hours else "own", on_time, wrap=True),
        ],
        spacing=Space.XS,
    )


def _day_words(code: str, day: date) -> str:
    """Return a quick choice with its day of the week: 明天 周三; next Monday names its own."""
    name = t(f"followup.day_{code}")
    return name if code == "next_week" else t("followup.day_on", day=name, weekday=weekday(day))


def _quick_days(today: date) -> dict[str, date]:
    """Return the quick choices, each day once: on a Sunday tomorrow is next Monday."""
    found: dict[str, date] = {}
    for code in rules.QUICK_DAYS:
        day = rules.quick_day(code, today)
        if day not in found.values():
            found[code] = day
    return found


@screen
def Mover(one: FollowUp, on_close: Callable[[], None]) -> ft.Control:
    """Choose another time in a sheet; Undo moves it back."""
    now = hooks.use_now()
    at, choose_when = use_when(now, from_text(one.at))
    submit, busy = hooks.use_mutation()
    words = when_words(at, now)

    def go() -> None:
        made = MoveFollowUp(one.id, one.customer_id, to_text(at))
        undo = MoveFollowUp(one.id, one.customer_id, one.at)
        submit(made, done="followup.moved", undo=undo, params={"when": words}, then=on_close)

    same = to_text(at) == one.at
    move = p.primary(t("followup.move_go", when=words), None if same else go, busy=busy, expand=1)
    return ft.Column([choose_when, ft.Row([move])], spacing=Space.L)
