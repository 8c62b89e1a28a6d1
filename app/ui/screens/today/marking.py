"""Saying what became of a signal: done, later, not interested; each with Undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import flet as ft

from app.domain.instants import Instant, from_text
from app.domain.put_off import choices
from app.domain.signal import rest_days
from app.insight.today import TodaySignal
from app.mutations.mutate import call_of, new_id
from app.protocol.mutations import MarkSignal, UnmarkSignal
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.strings import current, t
from app.ui.theme import Space, Tone

LATER_ICONS = {
    "afternoon": ft.Icons.WB_SUNNY_OUTLINED, "evening": ft.Icons.WB_TWILIGHT_OUTLINED,
    "tomorrow": ft.Icons.EVENT_OUTLINED, "next_week": ft.Icons.DATE_RANGE_OUTLINED,
}  # fmt: skip


def mark(signal: TodaySignal, action: str, until: Instant | None = None, when: str = "") -> None:
    """Mark a signal and say so; Undo takes the mark back."""
    key = {"later": "today.marked_later", "done": "today.marked_done", "not_interested": "today.marked_no"}[action]
    params = {"name": signal.customer.name, "when": when, "n": rest_days(signal.kind)}
    _mark(signal.customer.id, signal.kind, signal.subject, action, until, key, params)


def put_off(customer_id: str, kind: str, subject: str, until: Instant, now: datetime) -> None:
    """Bring a signal up again at `until`, the next polite time."""
    when = f"{current().relative_day(until, now)} {current().time_short(until)}"
    _mark(customer_id, kind, subject, "later", until, "message.reminded", {"time": when})


def _mark(
    customer_id: str, kind: str, subject: str, action: str, until: Instant | None, key: str, params: dict[str, object]
) -> None:
    ui = sessions.current()
    made = MarkSignal(new_id(call_of(ui.client)), customer_id, kind, subject, action, until)
    ui.run(hooks.run_mutation, made, key, UnmarkSignal(made.mark_id, customer_id), params)


@screen
def LaterChoices(signal: TodaySignal, close: Callable[[], None]) -> ft.Control:
    """Offer when a signal comes back, and to let it be."""
    now, strings = hooks.use_now(), hooks.use_strings()

    def later(name: str, at: Instant) -> Callable[[], None]:
        def choose() -> None:
            close()
            mark(signal, "later", at, t(f"today.later_{name}"))

        return choose

    def no() -> None:
        close()
        mark(signal, "not_interested")

    rows = [
        p.list_row(
            t(f"today.later_{name}"), "", leading=ft.Icon(LATER_ICONS[name], size=22, color=Tone.QUIET),
            fact=_when(at, now), on_click=later(name, at), height=None, bold=False,
        )
        for name, at in choices(now, strings.zone)
    ]  # fmt: skip
    text, bell = t("today.not_interested_text", n=rest_days(signal.kind)), ft.Icons.NOTIFICATIONS_OFF_OUTLINED
    never = p.list_row(
        t("today.not_interested"), text, leading=ft.Icon(bell, size=22, color=Tone.QUIET),
        on_click=no, height=None, bold=False,
    )  # fmt: skip
    return ft.Column(
        [p.group(rows), p.group([never])], spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def _when(at: Instant, now: datetime) -> str:
    """Return the hour of a moment of today, else the day."""
    strings = current()
    same = strings.local(from_text(at)).day == strings.local(now).day
    return strings.time_short(at) if same else strings.date_weekday(from_text(at))
