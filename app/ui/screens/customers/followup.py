"""Follow-ups of one customer: the next one on the profile, the list with the stage, one of them to close or move."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import flet as ft

from app.domain import follow_up as rules
from app.protocol.mutations import (
    CancelFollowUp,
    CloseFollowUp,
    MoveFollowUp,
    PlanFollowUp,
    ReopenFollowUp,
    SetStage,
    TakePiece,
)
from app.protocol.objects import Customer, FollowUp, RejectedMutation
from app.store.queries import customers as q
from app.store.queries import followups as fq
from app.store.queries import work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.followup_words import icon_of, kind_name, late_words, opening, stage_name, when_words
from app.ui.screens.customers.planning import Mover, gone_customer
from app.ui.screens.customers.visit import Conversion, Pieces, VisitTicks, kept_words
from app.ui.strings import date_short, t
from app.ui.theme import Space, Tone, Type

TAGS_SHOWN = 2
PAGE = 7  # rows of either list at first: the page builds at most 300 controls
REFUSABLE = frozenset({
    PlanFollowUp.NAME, MoveFollowUp.NAME, TakePiece.NAME, CloseFollowUp.NAME, CancelFollowUp.NAME, ReopenFollowUp.NAME,
    SetStage.NAME,
})  # fmt: skip


def path_of(one: FollowUp) -> str:
    """Return a follow-up's address."""
    return f"/customers/{one.customer_id}/followups/{one.id}"


# --- on the profile ---------------------------------------------------------------------------------------------------


@screen
def NextFollowUp(customer_id: str) -> ft.Control:
    """Show what is next with this customer, with Done and Move; or the way to plan something. For the profile."""
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    coming = hooks.use_query(fq.open_of, customer_id)
    submit, _ = hooks.use_mutation()
    here = f"/customers/{customer_id}/followups"
    if not coming:
        return p.card(
            p.list_row(
                t("followup.plan"), t("followup.plan_hint"), leading=_round(ft.Icons.EVENT_OUTLINED),
                trailing=_chevron(), on_click=lambda: ui.open(f"{here}/plan"),
            ),
            padding=0,
        )  # fmt: skip
    one = coming[0]
    more = t("followup.more", n=len(coming) - 1) if len(coming) > 1 else None
    row = _row(one, now, more, on_click=lambda: ui.open(path_of(one)))
    buttons = [p.quiet(t("followup.all"), lambda: ui.open(here)), *_next_buttons(one, submit)]
    foot = ft.Row(buttons, alignment=ft.MainAxisAlignment.END, spacing=0, wrap=True, run_spacing=0)
    return p.card(ft.Column([row, ft.Container(foot, padding=ft.Padding.only(right=Space.S))], spacing=0), padding=0)


def _next_buttons(one: FollowUp, submit: Callable[..., None]) -> list[ft.Control]:
    ui = sessions.current()
    if one.kind == "visit":
        return [p.quiet(t("visit.close"), lambda: ui.open(path_of(one)))]
    move = p.quiet(t("followup.move"), lambda: ui.open(path_of(one)))
    return [move, p.quiet(t("followup.done"), lambda: _close(one, submit))]


def _close(one: FollowUp, submit: Callable[..., None]) -> None:
    undo = ReopenFollowUp(one.id, one.customer_id)
    submit(CloseFollowUp(one.id, one.customer_id), done="followup.was_done", undo=undo)


# --- the list ---------------------------------------------------------------------------------------------------------


@screen
def FollowUpsPage(customer_id: str) -> ft.Control:
    """Show the stage, what is planned, what was, and what home visits came to."""
    return _FollowUps(customer_id, key=customer_id)


@screen
def _FollowUps(customer_id: str) -> ft.Control:
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    coming = hooks.use_query(fq.open_of, customer_id)
    shown, show = ft.use_state(PAGE)
    limit, set_limit = ft.use_state(PAGE)
    past = hooks.use_query(fq.past_of, customer_id, limit)
    refused = hooks.use_query(work.rejected_about, f"customer/{customer_id}")
    if customer is None:
        return gone_customer()
    body: list[ft.Control] = [*refused_notes(refused, REFUSABLE), Stage(customer_id)]
    if coming:
        rows = [_row(one, now, on_click=_opens(one)) for one in coming[:shown]]
        body += [p.section(t("followup.open_title")), p.group(rows)]
    if len(coming) > shown:
        body.append(p.secondary(t("followup.more", n=len(coming) - shown), lambda: show(shown + PAGE)))
    if past:
        rows = [_past_row(one, now) for one in past]
        body += [p.section(t("followup.past_title")), Conversion(customer_id), p.group(rows)]
    if len(past) == limit:
        body.append(p.secondary(t("profile.more"), lambda: set_limit(limit + PAGE)))
    if not coming and not past:
        none = p.empty(ft.Icons.EVENT_OUTLINED, t("followup.none"), t("followup.none_text"))
        body.append(p.unfinished() if p.is_partial() else none)
    plan = p.primary(
        t("followup.plan"), lambda: ui.open(f"/customers/{customer_id}/followups/plan"), ft.Icons.ADD, expand=1
    )
    return p.frame(t("followup.title"), body, over=customer.name, foot=ft.Row([plan]))


def refused_notes(refused: Sequence[RejectedMutation], names: Collection[str]) -> list[ft.Control]:
    """Return the notes of what the server refused of these kinds of work, the last two."""
    return [p.refused_note(row.code, dict(row.params)) for row in refused if row.name in names][:2]


def _opens(one: FollowUp) -> Callable[[], None]:
    ui = sessions.current()
    return lambda: ui.open(path_of(one))


def _row(
    one: FollowUp, now: datetime, more: str | None = None, on_click: Callable[[], None] | None = None
) -> ft.Control:
    late = late_words(one, now)
    pieces = t("visit.pieces_count", n=len(one.pieces)) if one.pieces else None
    return p.list_row(
        opening(when_words(one.at, now)), p.dots(kind_name(one.kind), one.note or None, pieces, more),
        leading=_round(icon_of(one.kind), late=bool(late)), fact=late, fact_color=Tone.LATE, trailing=_chevron(),
        on_click=on_click,
    )  # fmt: skip


def _past_row(one: FollowUp, now: datetime) -> ft.Control:
    done = one.state == "done"
    kept = kept_words(one, short=True) if one.kind == "visit" and done and one.pieces else None
    day = date_short(one.closed_at or one.at, now)
    return p.list_row(
        kind_name(one.kind), p.dots(day, kept, one.note or None), leading=_round(icon_of(one.kind)),
        fact=p.pill(t(f"followup.state_{one.state}"), "soft" if done else "calm"), trailing=_chevron(),
        on_click=_opens(one),
    )  # fmt: skip


def _round(icon: ft.IconData, *, late: bool = False) -> ft.Control:
    back, ink = (Tone.WARM, Tone.ON_WARM) if late else (Tone.SOFT, Tone.ON_SOFT)
    return ft.Container(
        ft.Icon(icon, size=20, color=ink), width=40, height=40, border_radius=20, bgcolor=back,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip


def _chevron() -> ft.Control:
    return ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET)


@screen
def Stage(customer_id: str) -> ft.Control:
    """Say how far one is with the customer: one tap sets it, one more takes it back."""
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    submit, _ = hooks.use_mutation()
    if customer is None:
        return ft.Container(visible=False)
    before = rules.known_stage(customer.stage)

    def choose(stage: str) -> None:
        made = SetStage(customer_id, "" if stage == before else stage)
        undo, words = SetStage(customer_id, before), stage_name(made.stage)
        submit(made, done="stage.set", undo=undo, params={"stage": words})

    chips = p.filter_chips([(one, stage_name(one)) for one in rules.STAGES], before, choose, wrap=True)
    return ft.Column([p.section(t("stage.title")), chips], spacing=Space.S)


# --- one of them ------------------------------------------------------------------------------------------------------


@screen
def FollowUpPage(customer_id: str, follow_up_id: str) -> ft.Control:
    """Show one follow-up: its time and note, what a visit takes along, and what may be done with it."""
    return _One(customer_id, follow_up_id, key=follow_up_id)


@screen
def _One(customer_id: str, follow_up_id: str) -> ft.Control:
    now = hooks.use_now()
    hooks.use_strings()
    one = hooks.use_query(fq.follow_up_by_id, follow_up_id)
    customer = hooks.use_query(q.customer_by_id, customer_id)
    moving, set_moving = ft.use_state(False)
    ticks = hooks.use_slice(VisitTicks)
    submit, busy = hooks.use_mutation()
    mover = Mover(one, lambda: set_moving(False), key=one.at) if one and moving else None
    p.use_sheet(mover, t("followup.move_title"), lambda: set_moving(False))
    if one is None or customer is None or one.customer_id != customer_id:
        return p.frame(t("followup.title"), p.empty(ft.Icons.EVENT_BUSY, t("followup.gone"), t("followup.gone_text")))
    body: list[ft.Control] = [_who(customer), _when_card(one, now)]
    body += [Pieces(one.id)] if one.kind == "visit" else []
    if one.state == "open":
        body.append(ft.Row([p.quiet(t("followup.cancel"), lambda: _cancel(one, submit), ft.Icons.EVENT_BUSY)]))
    foot = _foot(one, ticks, lambda: set_moving(True), submit, busy)
    return p.frame(kind_name(one.kind), body, foot=foot)


def _who(customer: Customer) -> ft.Control:
    """Return whom it is about: a row that opens the profile, and the way to write. Today leads straight here."""
    ui, here = sessions.current(), f"/customers/{customer.id}"
    stage = rules.known_stage(customer.stage)
    meta = p.dots(
        p.level_name(customer.level), stage_name(stage) if stage else None,
        *(tag.name for tag in customer.tags[:TAGS_SHOWN]),
    )  # fmt: skip
    row = p.list_row(
        customer.name, meta, leading=p.avatar(customer.name, customer.id), trailing=_chevron(),
        on_click=lambda: ui.open(here),
    )  # fmt: skip
    write = p.secondary(t("today.write"), lambda: ui.open(f"{here}/message"), ft.Icons.EDIT_OUTLINED, expand=1)
    side = ft.Padding.only(left=Space.M, right=Space.M, bottom=Space.M)
    return p.card(ft.Column([row, ft.Container(ft.Row([write]), padding=side)], spacing=0), padding=0)


def _when_card(one: FollowUp, now: datetime) -> ft.Control:
    late = late_words(one, now)
    state = p.pill(late, "warm") if late else p.pill(t(f"followup.state_{one.state}"), _TONES.get(one.state, "calm"))
    words: list[ft.Control] = [p.txt(opening(when_words(one.at, now)), Type.SECTION)]
    if one.note:
        words.append(p.txt(one.note, Type.BODY))
    if one.closed_at:
        words.append(p.txt(t("followup.closed_on", day=date_short(one.closed_at, now)), Type.META))
    else:
        words.append(p.txt(t("followup.planned_on", day=date_short(one.created_at, now)), Type.META))
    beside = [state]
    if sessions.current().layout.is_large:  # large text: the state stands below
        words, beside = [*words, ft.Row([state])], []
    row = [_round(icon_of(one.kind), late=bool(late)), ft.Column(words, spacing=Space.XS, expand=True), *beside]
    return p.card(ft.Row(row, spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START))


_TONES = {"open": "soft", "done": "soft", "cancelled": "calm"}


def _cancel(one: FollowUp, submit: Callable[..., None]) -> None:
    ui = sessions.current()
    undo = ReopenFollowUp(one.id, one.customer_id)
    submit(CancelFollowUp(one.id, one.customer_id), done="followup.was_cancelled", undo=undo, then=ui.back)


def _foot(
    one: FollowUp, ticks: VisitTicks, move: Callable[[], None], submit: Callable[..., None], busy: bool
) -> ft.Control:
    if one.state != "open":
        back = ReopenFollowUp(one.id, one.customer_id)
        again = p.secondary(
            t("followup.reopen"), lambda: submit(back, done="followup.reopened"), ft.Icons.REPLAY, expand=1
        )
        return ft.Row([again])
    ui = sessions.current()
    later = p.secondary(t("followup.move"), move, ft.Icons.SCHEDULE)
    if one.kind != "visit":
        done = p.primary(t("followup.done"), lambda: _finish(one, submit, ui.back), ft.Icons.CHECK, busy=busy, expand=1)
        return ft.Row([later, done], spacing=Space.M)
    kept = ticks.of(one)
    words = t("visit.close_kept", n=len(kept)) if kept else t("visit.close")

    def close() -> None:
        undo = ReopenFollowUp(one.id, one.customer_id)
        made = CloseFollowUp(one.id, one.customer_id, [list(key) for key in kept])
        submit(made, done="visit.closed", undo=undo, params={"n": len(kept)})

    return ft.Row([later, p.primary(words, close, ft.Icons.CHECK, busy=busy, expand=1)], spacing=Space.M)


def _finish(one: FollowUp, submit: Callable[..., None], then: Callable[[], object]) -> None:
    undo = ReopenFollowUp(one.id, one.customer_id)
    submit(CloseFollowUp(one.id, one.customer_id), done="followup.was_done", undo=undo, then=then)
