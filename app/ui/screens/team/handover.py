"""Splitting a guide's customers, all or some, over colleagues: previewed here, decided by the server (rule 2.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import flet as ft

from app.domain.errors import GuideError
from app.domain.handover import Listed, preview, split_of
from app.mutations.withdraw import withdraw
from app.protocol.mutations import HandOverBook
from app.protocol.objects import GuideBook, Staff
from app.store.queries import brand, handovers, work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.team.choosing import Part, likes
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type

NO_BOOK = GuideBook("", "", "", 0)
NAMED = 3  # of whom somebody would get


def hand_over_row() -> ft.Control:
    """Return the line of the board that leads to the hand-over."""
    ui = sessions.current()
    return p.list_row(
        t("team.handover"), t("team.handover_why"), leading=ft.Icon(ft.Icons.SWAP_HORIZ, color=Tone.QUIET),
        on_click=lambda: ui.select("/team/handover"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET), height=None,
    )  # fmt: skip


@screen
def BooksPage() -> ft.Control:
    """List the guides with their number of customers; one who is off is listed while any are left."""
    ui, client = hooks.use_session(), hooks.use_client()
    books = hooks.use_query(handovers.books)
    guides = hooks.use_query(brand.all_guides_of, client.staff.store_id or "")
    shown = [one for one in guides if one.active or books.get(one.id, NO_BOOK).customers]
    if not shown:
        none = p.empty(ft.Icons.SWAP_HORIZ, t("team.none"), t("team.none_why"))
        return p.frame(t("team.handover"), p.unfinished() if p.is_partial() else none)

    def row(one: Staff) -> ft.Control:
        count = books.get(one.id, NO_BOOK).customers
        return p.list_row(
            one.name, p.dots(one.staff_no, None if one.active else t("team.has_left")),
            leading=p.avatar(one.name, one.id, 40), fact=t("team.customers", n=count),
            on_click=lambda: ui.open(f"/team/handover/{one.id}"),
        )  # fmt: skip

    lead = p.txt(t("team.handover_lead"), Type.BODY, Tone.QUIET)
    return p.frame(t("team.handover"), [lead, p.group([row(one) for one in shown])])


@screen
def SplitPage(guide_id: str) -> ft.Control:
    """Show who would get how many of a guide's customers, and hand them over."""
    return _Split(guide_id, key=guide_id)


@screen
def _Split(guide_id: str) -> ft.Control:
    client = hooks.use_client()
    leaver = hooks.use_query(brand.staff_by_id, guide_id)
    books = hooks.use_query(handovers.books)
    guides = hooks.use_query(brand.guides_of, client.staff.store_id or "")
    refused = hooks.use_query(work.rejected_about, f"staff/{guide_id}")
    waiting = hooks.use_query(handovers.book_waiting, guide_id)
    out, set_out = ft.use_state(frozenset())
    leaves, set_leaves = ft.use_state(False)
    some = hooks.use_slice(Part).chosen(guide_id, hooks.use_now())
    submit, busy = hooks.use_mutation()
    book = books.get(guide_id, NO_BOOK)
    others = [one for one in guides if one.id != guide_id]
    takers = tuple(one for one in others if one.id not in out)
    plan = ft.use_memo(lambda: _plan(book, some, takers, books), [book, some, takers, books])
    title = t("team.handover")
    if leaver is None:
        return p.frame(title, p.empty(ft.Icons.PERSON_OFF_OUTLINED, t("team.gone"), t("team.gone_why")))
    n, ends = len(some) or book.customers, leaves and leaver.active and not some
    body: list[ft.Control] = [_head(leaver, book), *(p.refused_note(row.code, dict(row.params)) for row in refused[:1])]
    stands = _stands(leaver, book, waiting)
    if stands is not None:
        return p.frame(title, [*body, stands])

    def hand_over() -> None:
        made = HandOverBook(guide_id, [one.id for one in takers], ends, [one.id for one in some])
        submit(made, then=lambda: _sent(guide_id))

    if book.customers:
        body.append(_whom(guide_id, book.customers, len(some)))
    body += _takers(others, plan, out, set_out)
    if n and others and not takers:
        body.append(p.notice(None, t("team.to_store", n=n), icon=ft.Icons.STORE_OUTLINED))
    if leaver.active and not some:
        body.append(p.card(p.switch_row(t("team.leaves"), t("team.leaves_why"), leaves, set_leaves)))
    body.append(p.txt(t("team.handover_rules"), Type.META))
    able = hand_over if (n or ends) and not busy else None
    label = t("team.handover_do", n=n)
    return p.frame(title, body, foot=ft.Row([p.primary(label, able, ft.Icons.SWAP_HORIZ, busy=busy, expand=1)]))


def _stands(leaver: Staff, book: GuideBook, waiting: tuple[int, HandOverBook] | None) -> ft.Control | None:
    """Return what stands in the way of another hand-over: one that waits, or that nobody is left."""
    if waiting is not None:
        return _waiting(leaver.id, waiting[1])
    if leaver.active or book.customers:
        return None
    return p.notice(t("team.handover_done"), t("team.handover_done_text"), tone="soft")


def _sent(guide_id: str) -> None:
    """Put the ticks away and say what waits; while it has not left, Undo takes it back."""
    ui = sessions.current()
    ui.slice(Part).forget()
    p.say(t("team.handover_sent"), on_undo=lambda: ui.run(_take_back, guide_id))


async def _take_back(guide_id: str) -> None:
    """Take back a split that has not left yet; say so when it has."""
    ui = sessions.current()
    waiting = handovers.book_waiting(ui.client.store.read, guide_id)
    try:
        done = waiting is not None and await withdraw(ui.client, waiting[0])
    except GuideError as error:
        p.say(error_text(error), refused=True)
        return
    p.say(t("team.handover_back" if done else "team.handover_late"), refused=not done)


def _waiting(guide_id: str, made: HandOverBook) -> ft.Control:
    ui = sessions.current()
    n = len(made.customers)
    title = t("team.part_waiting", n=n) if n else t("team.handover_waiting")
    undo = p.secondary(t("common.undo"), lambda: ui.run(_take_back, guide_id), ft.Icons.UNDO)
    return p.notice(title, t("team.handover_waiting_text"), icon=ft.Icons.SCHEDULE, action=undo)


def _whom(guide_id: str, all_: int, some: int) -> ft.Control:
    """Return the two ways: the whole book, or some of it."""
    ui = sessions.current()

    def row(on: bool, title: str, meta: str, press: Callable[[], None], leads: bool) -> ft.Control:
        icon = ft.Icons.RADIO_BUTTON_CHECKED if on else ft.Icons.RADIO_BUTTON_OFF
        return p.list_row(
            title, meta, leading=ft.Icon(icon, color=Tone.ACTION if on else Tone.QUIET), on_click=press,
            trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET) if leads else None, height=None,
        )  # fmt: skip

    chosen = t("team.part_chosen", n=some) if some else t("team.part_way")
    return p.group([
        row(not some, t("team.whole", n=all_), t("team.whole_why"), ui.slice(Part).whole, False),
        row(bool(some), chosen, t("team.part_way_why"), lambda: ui.open(f"/team/handover/{guide_id}/choose"), True),
    ])  # fmt: skip


def _head(leaver: Staff, book: GuideBook) -> ft.Control:
    words = ft.Column([p.txt(leaver.name, Type.NAME), p.txt(leaver.staff_no, Type.META)], spacing=0, tight=True)
    count = p.txt(t("team.customers", n=book.customers), Type.FIGURE)
    who = ft.Row([p.avatar(leaver.name, leaver.id, 56), words], spacing=Space.L, tight=True)
    return p.ends(who, count)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who would get how many of what, and of the ticked whom."""

    books: Mapping[str, GuideBook]
    shares: Mapping[str, Mapping[str, int]]
    given: Mapping[str, Sequence[Listed]]


def _plan(book: GuideBook, some: Sequence[Listed], takers: Sequence[Staff], books: Mapping[str, GuideBook]) -> _Plan:
    load = {one.id: books.get(one.id, NO_BOOK).customers for one in takers}
    skills = {one.id: frozenset(books.get(one.id, NO_BOOK).skills) for one in takers}
    kinds = Counter(one.category for one in some) if some else book.categories
    return _Plan(books, preview(kinds, load, skills), split_of(some, load, skills))


def _takers(
    others: Sequence[Staff], plan: _Plan, out: frozenset[str], set_out: Callable[[frozenset[str]], None]
) -> list[ft.Control]:
    if not others:
        return [p.notice(t("team.no_takers"), t("team.no_takers_why"), icon=ft.Icons.GROUP_OFF)]
    ids = frozenset(one.id for one in others)
    rows = [_taker(one, plan, one.id not in out, lambda one_id=one.id: set_out(out ^ {one_id})) for one in others]
    if len(others) == 1:
        return [p.section(t("team.takers"), t("team.takers_hint")), p.group(rows)]
    nobody = ids <= out
    words = t("team.takers_all" if nobody else "team.takers_none")
    turn = p.quiet(words, lambda: set_out(frozenset() if nobody else ids))
    head = ft.Column([p.section(t("team.takers"), turn), p.txt(t("team.takers_hint"), Type.META)], spacing=0)
    return [head, p.group(rows)]


def _taker(one: Staff, plan: _Plan, on: bool, toggle: Callable[[], None]) -> ft.Control:
    mine = plan.shares.get(one.id, {})
    now, more = plan.books.get(one.id, NO_BOOK).customers, sum(mine.values())
    meta = (_who(plan.given[one.id]) if plan.given.get(one.id) else _kinds(mine)) if on else t("team.not_taking")
    fact = ft.Column(
        [p.txt(t("team.more", n=more), Type.SECTION, Tone.ACTION if more else Tone.QUIET),
         p.txt(t("team.now_then", now=now, then=now + more), Type.META)],
        spacing=0, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    mark = ft.Icon(
        ft.Icons.CHECK_BOX if on else ft.Icons.CHECK_BOX_OUTLINE_BLANK, color=Tone.ACTION if on else Tone.QUIET
    )
    return p.list_row(
        one.name, meta, leading=mark, fact=fact if on else "", selected=False, on_click=toggle, height=None
    )


def _kinds(mine: Mapping[str, int]) -> str:
    kinds = sorted(mine.items(), key=lambda kind: (-kind[1], kind[0]))
    return p.dots(*(f"{likes(name)} {count}" for name, count in kinds[:NAMED]))


def _who(some: Sequence[Listed]) -> str:
    """Return the first names of whom somebody would get, and that there are more."""
    names = [one.name or t("coupons.someone") for one in some[:NAMED]]
    return p.dots(*names, t("team.more", n=len(some) - NAMED) if len(some) > NAMED else None)
