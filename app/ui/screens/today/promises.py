"""What the guide promised for today: appointments, home visits and reminders, each at its time.

They are no marketing: no contact budget, no quiet hour hides them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.instants import from_text, to_text
from app.protocol.mutations import CloseFollowUp, ReopenFollowUp
from app.protocol.objects import Customer, FollowUp
from app.store.queries import customers as q
from app.store.queries import followups
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.followup_words import icon_of, kind_name
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

SHOWN, MOST = 1, 8
SOON = timedelta(hours=1)


def use_promises() -> list[FollowUp]:
    """Return what is due today or late, by time. A hook."""
    strings, now = hooks.use_strings(), hooks.use_now()
    until = day_range(day_of(now, strings.zone), strings.zone)[1]
    return hooks.use_query(followups.due, to_text(until))  # type: ignore[no-any-return]


def split(due: Sequence[FollowUp], now: datetime) -> tuple[tuple[FollowUp, ...], tuple[FollowUp, ...]]:
    """Return the promise that is late or due within the hour, which comes before all else, and the others."""
    first = tuple(one for one in due[:1] if from_text(one.at) <= now + SOON)
    return first, tuple(due[len(first) :])


@screen
def Promises(due: Sequence[FollowUp], titled: bool = True) -> ft.Control:
    """Show promises by time, under their title; or alone, as what comes first of all."""
    client, now = hooks.use_client(), hooks.use_now()
    wanted = tuple(sorted({one.customer_id for one in due}))
    people = hooks.use_live({"customer"}, lambda: q.customers_by_ids(client.store.read, wanted), wanted)
    everything, set_everything = ft.use_state(False)
    known = [one for one in due if one.customer_id in people]
    shown = known[: MOST if everything else _first(known, now)]
    rows = [_row(one, people[one.customer_id], now, first=not titled) for one in shown]
    more = len(known) - len(shown)
    controls: list[ft.Control] = [
        *([p.section(t("today.promised"))] if titled else []),
        *([p.group(rows)] if rows else []),
    ]
    if more and not everything:
        controls.append(p.quiet(t("today.promised_more", n=more), lambda: set_everything(True)))
    return ft.Column(controls, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _first(due: Sequence[FollowUp], now: datetime) -> int:
    """Return how many stand there at once: what is late is never hidden, and a single one never behind a button."""
    shown = max(SHOWN, sum(from_text(one.at) < now for one in due))
    return min(MOST, len(due) if len(due) - shown == 1 else shown)


def _row(one: FollowUp, who: Customer, now: datetime, *, first: bool) -> ft.Control:
    ui, at = sessions.current(), from_text(one.at)
    late = at < now
    path = f"/customers/{one.customer_id}/followups/{one.id}"
    done = p.icon_button(
        ft.Icons.RADIO_BUTTON_UNCHECKED, t("today.done_label", name=who.name), _close(one, who, path), color=Tone.QUIET
    )
    return p.person_row(
        p.txt(who.name, Type.ROW, lines=1),
        p.txt(p.dots(t("today.promised_first") if first else None, kind_name(one.kind), one.note), Type.META, lines=1),
        leading=_round(one.kind, late=late),
        fact=_when(at, now),
        fact_color=Tone.LATE if late else None,
        on_click=lambda: ui.open(path),
        trailing=done,
    )


def _round(kind: str, *, late: bool) -> ft.Control:
    back, ink = (Tone.REFUSED, Tone.ON_REFUSED) if late else (Tone.SOFT, Tone.ON_SOFT)
    return ft.Container(
        ft.Icon(icon_of(kind), size=20, color=ink), width=44, height=44, bgcolor=back, border_radius=22,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip


def _when(at: datetime, now: datetime) -> str:
    """Return the hour of today, else how many days it is late."""
    strings = current()
    days = (day_of(now, strings.zone) - day_of(at, strings.zone)).days
    return t("followup.late", n=days) if days > 0 else strings.time_short(at)


def _close(one: FollowUp, who: Customer, path: str) -> Callable[[], None]:
    """Return what the circle does: a visit with pieces asks on its page what stayed, the rest is done at once."""
    ui = sessions.current()
    if one.kind == "visit" and one.pieces:
        return lambda: ui.open(path)
    close, undo = CloseFollowUp(one.id, one.customer_id), ReopenFollowUp(one.id, one.customer_id)
    return lambda: ui.run(hooks.run_mutation, close, "today.promised_done", undo, {"name": who.name})
