"""Splitting a guide's customers over colleagues: counts only, previewed here, decided by the server (rule 2.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import flet as ft

from app.domain.handover import preview
from app.protocol.mutations import HandOverBook
from app.protocol.objects import GuideBook, Staff
from app.store.queries import brand, handovers, work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.share.view import category_of
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

NO_BOOK = GuideBook("", "", "", 0)


def hand_over_row() -> ft.Control:
    """Return the line of the board that leads to the hand-over."""
    ui = sessions.current()
    row = p.list_row(
        t("team.handover"), t("team.handover_why"), leading=ft.Icon(ft.Icons.SWAP_HORIZ, color=Tone.QUIET),
        on_click=lambda: ui.select("/team/handover"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip
    return p.card(row, padding=0)


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
    submit, busy = hooks.use_mutation()
    title = t("team.handover")
    if leaver is None:
        return p.frame(title, p.empty(ft.Icons.PERSON_OFF_OUTLINED, t("team.gone"), t("team.gone_why")))
    book = books.get(guide_id, NO_BOOK)
    others = [one for one in guides if one.id != guide_id]
    takers = [one for one in others if one.id not in out]
    body: list[ft.Control] = [_head(leaver, book), *(p.refused_note(row.code, dict(row.params)) for row in refused[:1])]
    if waiting is not None:
        why = t("team.handover_waiting_text")
        return p.frame(title, [*body, p.notice(t("team.handover_waiting"), why, icon=ft.Icons.SCHEDULE)])
    if not leaver.active and not book.customers:
        return p.frame(title, [*body, p.notice(t("team.handover_done"), t("team.handover_done_text"), tone="soft")])
    shares = _shares(book, takers, books)

    def toggle(taker_id: str) -> None:
        set_out(out ^ {taker_id})

    def hand_over() -> None:
        submit(HandOverBook(guide_id, [one.id for one in takers], leaves and leaver.active), done="team.handover_sent")

    body += [
        p.section(t("team.takers"), t("team.takers_hint")),
        p.group([_taker(one, shares, books, out, toggle) for one in others]) if others else ft.Container(),
    ]
    if book.customers and not takers:
        body.append(p.notice(None, t("team.to_store", n=book.customers), icon=ft.Icons.STORE_OUTLINED))
    if leaver.active:
        switch = p.switch_row(t("team.leaves"), t("team.leaves_why"), leaves, set_leaves)
        body.append(p.card(switch))
    body.append(p.txt(t("team.handover_rules"), Type.META))
    able = hand_over if (book.customers or leaves) and not busy else None
    label = t("team.handover_do", n=book.customers)
    return p.frame(title, body, foot=ft.Row([p.primary(label, able, ft.Icons.SWAP_HORIZ, busy=busy, expand=1)]))


def _head(leaver: Staff, book: GuideBook) -> ft.Control:
    words = ft.Column([p.txt(leaver.name, Type.NAME), p.txt(leaver.staff_no, Type.META)], spacing=0, tight=True)
    count = p.txt(t("team.customers", n=book.customers), Type.FIGURE)
    who = ft.Row([p.avatar(leaver.name, leaver.id, 56), words], spacing=Space.L, tight=True)
    return p.ends(who, count)


def _shares(book: GuideBook, takers: Sequence[Staff], books: Mapping[str, GuideBook]) -> dict[str, dict[str, int]]:
    load = {one.id: books.get(one.id, NO_BOOK).customers for one in takers}
    skills = {one.id: frozenset(books.get(one.id, NO_BOOK).skills) for one in takers}
    return preview(book.categories, load, skills)


def _taker(
    one: Staff, shares: Mapping[str, Mapping[str, int]], books: Mapping[str, GuideBook], out: Collection[str],
    toggle: Callable[[str], None],
) -> ft.Control:  # fmt: skip
    on = one.id not in out
    now, more = books.get(one.id, NO_BOOK).customers, sum(shares.get(one.id, {}).values())
    kinds = sorted(shares.get(one.id, {}).items(), key=lambda kind: (-kind[1], kind[0]))
    meta = p.dots(*(f"{_category(name)} {count}" for name, count in kinds[:3])) if on else t("team.not_taking")
    fact = ft.Column(
        [p.txt(t("team.more", n=more), Type.SECTION, Tone.ACTION if more else Tone.QUIET),
         p.txt(t("team.now_then", now=now, then=now + more), Type.META)],
        spacing=0, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    mark = ft.Icon(
        ft.Icons.CHECK_BOX if on else ft.Icons.CHECK_BOX_OUTLINE_BLANK, color=Tone.ACTION if on else Tone.QUIET
    )
    return p.list_row(
        one.name, meta, leading=mark, fact=fact if on else "", selected=False, on_click=lambda: toggle(one.id)
    )


def _category(name: str) -> str:
    return category_of(name, current()) if name else t("team.nothing_bought")
