"""Putting a filter together: chips of what there is, the number of customers it holds, and a name to keep it by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flet as ft

from app.domain.book import FILTERS_MAX, NAME_MAX, Filter, SavedFilter
from app.insight.index import ALL
from app.mutations.keeping import drop_filter, save_filter
from app.mutations.mutate import call_of, new_id
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.customers.book import LISTED, SEGMENTS, Book
from app.ui.strings import current, number, t
from app.ui.theme import Radius, Space, Tone, Type

TIMES = (
    ("bought_days", 30), ("bought_days", 90), ("silent_days", 30), ("silent_days", 60), ("silent_days", 90),
    ("silent_days", 180), ("silent_days", 365),
)  # fmt: skip
TAGS_SHOWN, SIZES_SHOWN = 40, 24
YUAN_DIGITS = 8
NOTHING = Filter()
Options = tuple[tuple[str, str], ...]


@ft.observable
@dataclass
class Draft:
    """The filter being put together; `id` when it is one that has a name already."""

    filter: Filter = NOTHING
    name: str = ""
    id: str = ""

    def take(self, book: Book, kept: SavedFilter | None) -> None:
        """Begin with what the list shows; `kept` when that has a name."""
        plain = Filter(segments=() if book.segment == ALL else (book.segment,))
        self.filter = kept.filter if kept else book.filter or plain
        self.name, self.id = (kept.name, kept.id) if kept else ("", "")


@screen
def FilterPage() -> ft.Control:
    """Lay the page out; the foot says how many it holds."""
    ui, draft, book = hooks.use_session(), hooks.use_slice(Draft), hooks.use_slice(Book)
    hooks.use_strings()
    index = hooks.use_client().index
    saved = hooks.use_query(q.saved_filters)
    # only the filter the list shows: one that is being kept is among `saved` a moment before the list shows it
    named = next((one for one in saved if one.id == book.saved), None)
    ft.use_memo(lambda: draft.take(book, named), [book.segment, book.filter, book.saved, named])
    chosen = draft.filter
    count = hooks.use_live(LISTED, lambda: index.count_of(chosen), id(index), chosen)
    choices = hooks.use_live({"customer", "setting"}, lambda: _choices(index), id(index), current().language)

    def show() -> None:
        kept = next((one for one in saved if one.id == draft.id and one.filter == chosen), None)
        if chosen.size:
            book.use(chosen, kept.id if kept else "")
        else:
            book.show(ALL)
        ui.back()

    clear = p.quiet(t("customers.filter_clear"), partial(setattr, draft, "filter", NOTHING) if chosen.size else None)
    body = [MemoFacet(kind, t(f"customers.by_{kind}"), options, getattr(chosen, kind)) for kind, options in choices]
    times = tuple(f"{kind}:{days}" for kind, days in TIMES if getattr(chosen, kind) == days)
    body.insert(1, MemoFacet("time", t("customers.by_time"), _times(), times))
    body += [
        MemoSpend(chosen.spend_min_fen, chosen.spend_max_fen),
        p.card(
            p.switch_row(t("customers.by_coupon"), t("customers.by_coupon_why"), chosen.coupon, _coupon),
            padding=Space.M,
        ),
        Naming(),
    ]
    button = p.primary(t("customers.filter_show", n=count), show)
    foot = ft.Row([clear, ft.Container(button, expand=True)], spacing=Space.M)
    return p.frame(t("customers.filter"), body, foot=foot)


def _choices(index: Any) -> tuple[tuple[str, Options], ...]:
    """Return what there is to choose from, each with its count; a kind with nothing to tell apart is left out."""
    counts = index.counts()
    segments = [(s, f"{t(f'customers.segment_{s}')} {number(counts[s])}") for s in SEGMENTS[1:] if counts.get(s)]

    def plain(kind: str, limit: int) -> Options:
        return tuple((value, f"{value} {number(n)}") for value, n in index.values(kind)[:limit])

    plainly = t("customers.level_none")
    levels = tuple((value, f"{p.level_name(value) or plainly} {number(n)}") for value, n in index.values("levels"))
    found = (
        ("segments", tuple(segments)), ("levels", levels), ("tags", plain("tags", TAGS_SHOWN)),
        ("sizes", plain("sizes", SIZES_SHOWN)),
    )  # fmt: skip
    return tuple(one for one in found if one[1])


def _times() -> Options:
    return tuple((f"{kind}:{days}", t(f"customers.{kind}", n=days)) for kind, days in TIMES)


@screen
def Facet(kind: str, title: str, options: Options, chosen: tuple[str, ...]) -> ft.Control:
    """Show the values of one kind as chips; those chosen but no longer there stay, so that they can be taken away."""
    known = {value for value, _ in options}
    shown = (*options, *((value, value) for value in chosen if value not in known))
    chips = [_chip(label, value in chosen, partial(_flip, kind, value)) for value, label in shown]
    return ft.Column(
        [p.section(title), ft.Row(chips, wrap=True, spacing=Space.S, run_spacing=Space.S)], spacing=Space.S
    )


MemoFacet = ft.memo(Facet)


def _chip(label: str, on: bool, press: Any) -> ft.Control:
    """Return one chip; a plain button is one control where the row may hold forty."""
    style = ft.ButtonStyle(
        bgcolor=Tone.ACTION if on else Tone.CARD, color=Tone.ON_ACTION if on else Tone.QUIET,
        side=ft.BorderSide(1, Tone.ACTION if on else Tone.LINE), shape=ft.RoundedRectangleBorder(radius=Radius.M),
        padding=ft.Padding.symmetric(horizontal=Space.M, vertical=13),  # 48 with its words
    )  # fmt: skip
    button = ft.OutlinedButton(label, style=style, on_click=lambda _event: press())
    return ft.Semantics(selected=True, content=button) if on else button


def _flip(kind: str, value: str) -> None:
    """Choose a value or take it away; of the times one at most."""
    draft = sessions.current().slice(Draft)
    if kind == "time":
        name, _, days = value.partition(":")
        on = getattr(draft.filter, name) != int(days)
        one: dict[str, int | None] = {"bought_days": None, "silent_days": None}
        draft.filter = replace(draft.filter, **(one | {name: int(days) if on else None}))
        return
    have = getattr(draft.filter, kind)
    values = tuple(one for one in have if one != value) if value in have else (*have, value)
    draft.filter = replace(draft.filter, **{kind: values})


@screen
def Spend(least: int | None, most: int | None) -> ft.Control:
    """Ask for the spend, from and to, in yuan."""
    fields = [_yuan(name, value) for name, value in (("spend_min_fen", least), ("spend_max_fen", most))]
    return ft.Column([p.section(t("customers.by_spend")), ft.Row(fields, spacing=Space.M)], spacing=Space.S)


MemoSpend = ft.memo(Spend)


def _yuan(name: str, fen: int | None) -> ft.Control:
    def write(text: str) -> None:
        draft = sessions.current().slice(Draft)
        digits = "".join(char for char in text if char.isdecimal() and char.isascii())[:YUAN_DIGITS]
        draft.filter = replace(draft.filter, **{name: int(digits) * 100 if digits else None})

    shown = "" if fen is None else str(fen // 100)
    return p.text_field(
        t(f"customers.{name}"), shown, write, keyboard_type=ft.KeyboardType.NUMBER, prefix="¥", expand=True
    )


def _coupon(on: bool) -> None:
    draft = sessions.current().slice(Draft)
    draft.filter = replace(draft.filter, coupon=on)


@screen
def Naming() -> ft.Control:
    """Ask for the name to keep it by; one that has a name can be changed or forgotten."""
    ui, draft = hooks.use_session(), hooks.use_slice(Draft)
    hooks.use_strings()
    saved = hooks.use_query(q.saved_filters)
    kept = next((one for one in saved if one.id == draft.id), None)
    full = kept is None and len(saved) >= FILTERS_MAX
    changed = kept is None or (kept.name, kept.filter) != (draft.name.strip(), draft.filter)
    ready = bool(draft.name.strip()) and draft.filter.size > 0 and changed and not full
    words = t("customers.filter_save") if kept is None else t("customers.filter_change")
    save = p.secondary(words, (lambda: ui.run(_save, kept)) if ready else None, ft.Icons.BOOKMARK_ADD_OUTLINED)
    ways: list[ft.Control] = [save]
    if kept is not None:
        ways.insert(0, p.quiet(t("customers.filter_drop"), lambda: ui.run(_drop, kept, saved.index(kept))))
    name = p.text_field(
        t("customers.filter_name"), draft.name, partial(setattr, draft, "name"), max_length=NAME_MAX, counter=""
    )
    hint = t("customers.filter_full", n=FILTERS_MAX) if full else t("customers.filter_here")
    row = ft.Row(ways, alignment=ft.MainAxisAlignment.END, wrap=True)
    wide = ft.CrossAxisAlignment.STRETCH
    lines = [p.section(t("customers.filter_keep")), name, p.txt(hint, Type.META), row]
    return ft.Column(lines, spacing=Space.S, horizontal_alignment=wide)


async def _save(before: SavedFilter | None) -> None:
    ui = sessions.current()
    draft, book, client = ui.slice(Draft), ui.slice(Book), ui.client
    kept = SavedFilter(before.id if before else new_id(call_of(client)), draft.name, draft.filter)

    async def undo() -> None:
        if before is None:
            await drop_filter(client, kept.id)
            draft.id = ""
            if book.saved == kept.id:
                book.use(kept.filter)
        else:
            await save_filter(client, before)
            if book.saved == kept.id:
                book.use(before.filter, before.id)

    await save_filter(client, kept)
    draft.id, draft.name = kept.id, " ".join(kept.name.split())
    book.use(kept.filter, kept.id)
    p.say(t("customers.filter_saved", name=draft.name), on_undo=lambda: ui.run(undo))


async def _drop(kept: SavedFilter, place: int) -> None:
    ui = sessions.current()
    book, client = ui.slice(Book), ui.client

    async def undo() -> None:
        await save_filter(client, kept, place)
        book.use(kept.filter, kept.id)

    await drop_filter(client, kept.id)
    if book.saved == kept.id:
        book.show(ALL)
    ui.back()
    p.say(t("customers.filter_dropped", name=kept.name), on_undo=lambda: ui.run(undo))
