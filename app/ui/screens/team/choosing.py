"""Choosing some of a guide's customers to hand over: their names, asked of the server and never stored, with ticks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import flet as ft

from app.account import names_of_book
from app.domain.calendar_days import day_of
from app.domain.errors import GuideError
from app.domain.handover import CATEGORY, EVERYBODY, QUIET, Listed, groups_of, matching
from app.insight.finding import words_of
from app.protocol.limits import OFFLINE_HOURS
from app.store.queries import brand
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share.view import category_of
from app.ui.strings import current, date_short, error_text, number, t
from app.ui.theme import Space, Tone, Type

KEPT = timedelta(hours=OFFLINE_HOURS)


@ft.observable
@dataclass
class Part:
    """Some of one guide's customers; in memory only, forgotten at sign-out.

    `rows`: the names as the server gave them, None = not asked yet. `ids`: who is ticked. `on`: these go, and not the
    whole book; the ticks stay meanwhile. `until`: no longer shown then, as the server's breach query takes it.
    """

    guide_id: str = ""
    rows: tuple[Listed, ...] | None = None
    ids: tuple[str, ...] = ()
    on: bool = False
    until: datetime | None = None

    def begin(self, guide_id: str, rows: tuple[Listed, ...], until: datetime) -> None:
        """Take in a guide's names; ticks of before stay where they still stand for somebody."""
        here = {one.id for one in rows if one.again_at is None}
        kept = tuple(one for one in self.ids if one in here) if guide_id == self.guide_id else ()
        self.guide_id, self.rows, self.ids, self.on, self.until = guide_id, rows, kept, bool(kept), until

    def tick(self, ids: tuple[str, ...]) -> None:
        """Have these ticked and no others."""
        self.ids, self.on = ids, bool(ids)

    def toggle(self, customer_id: str) -> None:
        """Tick or untick one."""
        gone = tuple(one for one in self.ids if one != customer_id)
        self.tick(gone if len(gone) < len(self.ids) else (*self.ids, customer_id))

    def whole(self) -> None:
        """Hand over the whole book after all."""
        self.on = False

    def forget(self) -> None:
        """Put the names and the ticks away."""
        self.guide_id, self.rows, self.ids, self.on = "", None, (), False

    def has(self, guide_id: str, now: datetime) -> bool:
        """Say whether this guide's names are here and may still be shown."""
        return guide_id == self.guide_id and self.rows is not None and self.until is not None and now < self.until

    def chosen(self, guide_id: str, now: datetime) -> tuple[Listed, ...]:
        """Return who of this guide's goes, in the list's order; () for the whole book."""
        if not self.has(guide_id, now) or not self.rows or not self.on:
            return ()
        on = frozenset(self.ids)
        return tuple(one for one in self.rows if one.id in on)


@ft.observable
@dataclass
class Sift:
    """What is typed over the names, which group is listed, and whether every result is and not the first thirty."""

    query: str = ""
    group: str = EVERYBODY
    all: bool = False


@dataclass(frozen=True, slots=True)
class Ticked:
    """A row with its tick."""

    row: Listed
    on: bool


@screen
def ChoosePage(guide_id: str) -> ft.Control:
    """List a guide's customers with ticks, after the PIN."""
    return _Choose(guide_id, key=guide_id)


@screen
def _Choose(guide_id: str) -> ft.Control:
    hooks.use_strings()
    part, now = hooks.use_slice(Part), hooks.use_now()
    leaver = hooks.use_query(brand.staff_by_id, guide_id)
    if leaver is None:
        return p.frame(t("team.part"), p.empty(ft.Icons.PERSON_OFF_OUTLINED, t("team.gone"), t("team.gone_why")))
    if not part.has(guide_id, now):
        return p.frame(t("team.part_of", name=leaver.name), [Asking(guide_id)])
    if not part.rows:
        none = p.empty(ft.Icons.PEOPLE_OUTLINE, t("team.part_empty"), t("team.part_empty_why"))
        return p.frame(t("team.part_of", name=leaver.name), none)
    top = [MemoField(), MemoGroups(), MemoEverybody()]
    return p.frame(t("team.part_of", name=leaver.name), MemoNames(), top=top, foot=MemoDone(), scroll=False)


@screen
def Asking(guide_id: str) -> ft.Control:
    """Ask the server for the names, and for the PIN when it wants it again."""
    ui, client = hooks.use_session(), hooks.use_client()
    pin, set_pin = ft.use_state("")
    problem, set_problem = ft.use_state("")
    busy, set_busy = ft.use_state(True)
    wants_pin, set_wants_pin = ft.use_state(False)

    async def ask(proof: str) -> None:
        try:
            rows = await names_of_book(client.http, guide_id, proof)
        except GuideError as error:
            set_busy(False)
            set_wants_pin(error.code in ("step_up_needed", "wrong_pin") or bool(proof))
            set_problem("" if error.code == "step_up_needed" else error_text(error))
            return
        begin(guide_id, rows)

    def go() -> None:
        set_busy(True)
        set_problem("")
        ui.run(ask, pin)

    ft.use_effect(lambda: ui.run(ask, ""), [], cleanup=lambda: None)
    if busy and not wants_pin:
        return p.Skeleton(rows=8)
    if not wants_pin:
        retry = p.secondary(t("common.try_again"), go, ft.Icons.REFRESH)
        why = f"{problem}\n{t('team.part_online')}"
        return p.notice(t("team.part_away"), why, icon=ft.Icons.CLOUD_OFF_OUTLINED, action=retry)
    return _pin_form(pin, set_pin, problem, go if pin and not busy else None, busy)


def begin(guide_id: str, rows: tuple[Listed, ...]) -> None:
    """Show a guide's names, everybody listed."""
    ui = sessions.current()
    sift = ui.slice(Sift)
    sift.query, sift.group = "", EVERYBODY
    ui.slice(Part).begin(guide_id, rows, ui.clock.now() + KEPT)


def _pin_form(
    pin: str, set_pin: Callable[[str], None], problem: str, go: Callable[[], None] | None, busy: bool
) -> ft.Control:
    field = p.text_field(
        t("login.pin"), pin, set_pin, password=True, keyboard_type=ft.KeyboardType.NUMBER, autofocus=True,
        on_submit=go or (lambda: None),
    )  # fmt: skip
    rows: list[ft.Control] = [p.txt(t("team.part_why"), Type.BODY, Tone.QUIET), field]
    if problem:
        rows.append(p.notice(None, problem, tone="late", icon=ft.Icons.ERROR_OUTLINE))
    rows.append(p.primary(t("team.part_show"), go, ft.Icons.VISIBILITY_OUTLINED, busy=busy))
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


# --- the list --------------------------------------------------------------------------------------------------


def use_names() -> tuple[Listed, ...]:
    """Return whom the list shows now. A hook."""
    part, sift, now = hooks.use_slice(Part), hooks.use_slice(Sift), hooks.use_now(minute=False)
    rows = part.rows or ()
    return ft.use_memo(lambda: matching(rows, words_of(sift.query), sift.group, now), [rows, sift.query, sift.group])


@screen
def Field() -> ft.Control:
    """Show the search field."""
    hooks.use_strings()
    sift = hooks.use_slice(Sift)
    return p.search_field(t("team.part_search"), sift.query, _type)


def _type(text: str) -> None:
    sift = sessions.current().slice(Sift)
    sift.query, sift.all = text, False


@screen
def Groups() -> ft.Control:
    """Show everybody, the quiet ones and what they buy, each with its count."""
    hooks.use_strings()
    part, sift, now = hooks.use_slice(Part), hooks.use_slice(Sift), hooks.use_now(minute=False)
    rows = part.rows or ()
    groups = ft.use_memo(lambda: groups_of(rows, now), [rows])
    chips = [(name, f"{_group(name)} {number(n)}") for name, n in groups.items()]
    return p.filter_chips(chips, sift.group, _show)


def _group(name: str) -> str:
    if name == EVERYBODY:
        return t("team.part_all")
    words = t("team.part_quiet") if name == QUIET else likes(name.removeprefix(CATEGORY))
    return words[:1].upper() + words[1:]


def _show(group: str) -> None:
    sessions.current().slice(Sift).group = group


@screen
def Everybody() -> ft.Control:
    """Show the line that ticks all that are listed, or unticks them."""
    hooks.use_strings()
    part = hooks.use_slice(Part)
    free = tuple(one.id for one in use_names() if one.again_at is None)
    every = bool(free) and set(free) <= set(part.ids)
    icon = ft.Icons.CHECK_BOX if every else ft.Icons.CHECK_BOX_OUTLINE_BLANK
    words = t("customers.pick_none") if every else t("customers.pick_all", n=len(free))
    face = ft.Row([ft.Icon(icon, size=20, color=Tone.ACTION), p.txt(words, Type.META)], spacing=Space.S, tight=True)
    turn = partial(_turn, free, every) if free else None
    return ft.Row([p.tappable(face, turn, label=words, padding=Space.S, height=48)])


def _turn(ids: tuple[str, ...], away: bool) -> None:
    part, these = sessions.current().slice(Part), frozenset(ids)
    kept = tuple(one for one in part.ids if one not in these)
    part.tick(kept if away else (*kept, *ids))


@screen
def Names() -> ft.Control:
    """Show the rows with their ticks, or that nobody is found."""
    strings, part, sift = hooks.use_strings(), hooks.use_slice(Part), hooks.use_slice(Sift)
    rows, ids, now = use_names(), part.ids, hooks.use_now()
    today = day_of(now, strings.zone).toordinal()
    shown = ft.use_memo(lambda: _ticked(rows, ids), [rows, ids])
    if not rows:
        return p.empty(ft.Icons.SEARCH_OFF, t("team.part_not_found"), "", t("common.clear"), _clear)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    mark = (today, strings.language)
    if sift.query and not sift.all:
        return p.SearchSlots(shown[: p.SLOTS], name_row, mark, inset, _more(len(rows)))
    return p.VirtualList(shown, name_row, mark=mark, padding=inset, chunk=3, key=f"{sift.group}/{sift.query}")


def _more(count: int) -> ft.Control | None:
    if count <= p.SLOTS:
        return None
    show = p.quiet(t("customers.show_all", n=count), _show_all)
    return ft.Row([show], alignment=ft.MainAxisAlignment.CENTER)


def _show_all() -> None:
    sessions.current().slice(Sift).all = True


def _ticked(rows: tuple[Listed, ...], ids: tuple[str, ...]) -> tuple[Ticked, ...]:
    on = frozenset(ids)
    return tuple(Ticked(row, row.id in on) for row in rows)


def _clear() -> None:
    sift = sessions.current().slice(Sift)
    sift.query, sift.group = "", EVERYBODY


def name_row(one: Ticked) -> ft.Control:
    """Return the row of a customer; who went to and fro twice cannot be ticked, and says until when."""
    row = one.row
    held = row.again_at is not None
    icon = ft.Icons.LOCK_CLOCK if held else ft.Icons.CHECK_CIRCLE if one.on else ft.Icons.RADIO_BUTTON_UNCHECKED
    tick = ft.Icon(icon, size=26, color=Tone.ACTION if one.on else Tone.QUIET)
    now = sessions.current().clock.now()
    last = t("team.part_last", day=date_short(row.last_order_at, now)) if row.last_order_at and not held else ""
    meta = t("team.part_held") if held else p.dots(p.level_name(row.level), likes(row.category))
    return p.person_row(
        p.txt(row.name or t("coupons.someone"), Type.ROW, Tone.QUIET if held else None, lines=1),
        p.txt(meta, Type.META, lines=1),
        leading=ft.Container(tick, width=44, alignment=ft.Alignment.CENTER),
        fact=last,
        on_click=partial(_held, row.again_at) if row.again_at else partial(_tick, row.id),
        selected=one.on,
    )


def _tick(customer_id: str) -> None:
    sessions.current().slice(Part).toggle(customer_id)


def _held(again_at: str) -> None:
    p.say(t("team.part_again", day=date_short(again_at, sessions.current().clock.now())))


@screen
def Done() -> ft.Control:
    """Show how many are ticked, and the way back to whom they go to."""
    hooks.use_strings()
    ui, part = hooks.use_session(), hooks.use_slice(Part)
    n = len(part.ids)

    def done() -> None:
        part.tick(part.ids)
        ui.back()

    words = t("team.part_done", n=n) if n else t("team.part_none")
    return ft.Row([p.primary(words, done if n else None, ft.Icons.CHECK, expand=1)])


def likes(category: str) -> str:
    """Return what somebody buys most, in words."""
    return category_of(category, current()) if category else t("team.nothing_bought")


MemoField, MemoGroups, MemoEverybody = ft.memo(Field), ft.memo(Groups), ft.memo(Everybody)
MemoNames, MemoDone = ft.memo(Names), ft.memo(Done)
