"""The team's appointments and home visits by week: planned, done, late, and what customers kept; no customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import flet as ft

from app.domain.calendar_days import day_of, start_of, week_start
from app.domain.instants import from_text, to_text
from app.protocol.objects import TeamVisit
from app.store.queries import brand, visits
from app.store.queries.visits import GuideVisits
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.strings import current, date_weekday, relative_day, t, time_short
from app.ui.theme import Tone, Type

WEEKS = {"last": -1, "this": 0, "next": 1}
WEEK = timedelta(days=7)
LISTED = 12
NONE = "–"
LATE_SINCE = timedelta(days=30)


def visits_row() -> ft.Control:
    """Return the line of the board that leads to the visits."""
    ui = sessions.current()
    return p.list_row(
        t("team.calls"), t("team.calls_why"), leading=ft.Icon(ft.Icons.EVENT_AVAILABLE_OUTLINED, color=Tone.QUIET),
        on_click=lambda: ui.select("/team/visits"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET), height=None,
    )  # fmt: skip


@screen
def VisitsPage() -> ft.Control:
    """Lay out one week: the store's sums, each guide's, what comes next and what nobody noted."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    week, set_week = hooks.use_kept("week", "this")
    today = day_of(now, strings.zone)
    monday = week_start(today) + WEEKS[week] * WEEK
    since, until = (to_text(start_of(day, strings.zone)) for day in (monday, monday + WEEK))
    morning = to_text(start_of(today, strings.zone))
    team = hooks.use_query(visits.team_visits, client.staff.store_id or "", since, until, morning)
    coming = hooks.use_query(visits.next_visits, max(since, morning), until, LISTED + 1)
    early = to_text(start_of(today, strings.zone) - LATE_SINCE)
    late = hooks.use_query(visits.late_visits, early, morning, LISTED + 1)
    ids = tuple(sorted({one.guide_id for one in (*coming, *late)}))
    names = hooks.use_query(brand.staff_names, ids)
    tabs = p.segmented([(one, t(f"team.week_{one}")) for one in WEEKS], week, set_week)
    if not any(one.open or one.done for one in team) and not late:
        none = p.empty(ft.Icons.EVENT_AVAILABLE_OUTLINED, t("team.calls_none"), t("team.calls_none_why"))
        return p.frame(t("team.calls"), p.unfinished() if p.is_partial() else none, top=[tabs])
    body: list[ft.Control] = [p.txt(_span(monday), Type.META), _sums(team), p.section(t("team.calls_guides"))]
    body.append(p.group([_guide(one) for one in team]))
    if coming:
        body += [p.section(t("team.calls_next")), _list(coming, names, today)]
    if late and week == "this":
        body += [p.section(t("team.calls_late"), t("team.calls_late_why")), _list(late, names, today)]
    body.append(p.txt(t("team.calls_private"), Type.META))
    return p.frame(t("team.calls"), body, top=[tabs])


def _span(monday: date) -> str:
    return t("team.calls_span", first=date_weekday(monday), last=date_weekday(monday + WEEK - timedelta(days=1)))


def _sums(team: Sequence[GuideVisits]) -> ft.Control:
    number = current().number
    late = sum(one.late for one in team)
    return p.stat_strip([
        (number(sum(one.open for one in team)), t("team.calls_open")),
        (number(sum(one.done for one in team)), t("team.calls_done")),
        (number(late), t("team.calls_overdue"), Tone.LATE if late else None),
        (_kept(sum(one.kept for one in team), sum(one.taken for one in team)), t("team.calls_kept")),
    ])  # fmt: skip


def _kept(kept: int, taken: int) -> str:
    return t("team.calls_kept_of", kept=kept, taken=taken) if taken else NONE


def _guide(one: GuideVisits) -> ft.Control:
    ui = sessions.current()
    total = one.open + one.done
    meta = p.dots(
        t("team.calls_appointments", n=one.appointments) if one.appointments else None,
        t("team.calls_visits", n=one.visits) if one.visits else None,
        t("team.calls_pieces", kept=one.kept, taken=one.taken) if one.taken else None,
    )
    return p.list_row(
        one.guide.name, meta or t("team.calls_nothing"), leading=p.avatar(one.guide.name, one.guide.id, 40),
        fact=t("team.calls_of", done=one.done, n=total) if total else "",
        on_click=lambda: ui.open(f"/team/{one.guide.id}"), height=None,
    )  # fmt: skip


def _list(some: Sequence[TeamVisit], names: Mapping[str, str], today: date) -> ft.Control:
    rows = [_visit(one, names, today) for one in some[:LISTED]]
    if len(some) > LISTED:
        rows.append(p.list_row(t("team.calls_more"), "", bold=False))
    return p.group(rows)


def _visit(one: TeamVisit, names: Mapping[str, str], today: date) -> ft.Control:
    strings = current()
    at = from_text(one.at)
    day = day_of(at, strings.zone)
    near = abs((day - today).days) <= 1
    when = relative_day(day, today) if near else date_weekday(day)
    pieces = t("team.calls_takes", n=one.taken) if one.taken else None
    icon = ft.Icons.STOREFRONT_OUTLINED if one.kind == "appointment" else ft.Icons.HOME_OUTLINED
    return p.list_row(
        t("team.calls_at", day=when[:1].upper() + when[1:], time=time_short(at)),
        p.dots(t(f"followup.kind_{one.kind}"), names.get(one.guide_id), pieces),
        leading=ft.Icon(icon, color=Tone.QUIET), height=None,
    )  # fmt: skip
