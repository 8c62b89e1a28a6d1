"""Editing a customer's portrait, fact by fact, with no network: sizes, likes, how to serve, important days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import flet as ft

from app.domain import portrait as rules
from app.domain.portrait import Fact
from app.protocol.mutations import RemoveFact, SetFact
from app.protocol.objects import Customer
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.store.queries import work
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.fact_words import joined, label_of, source_of, value_of
from app.ui.screens.customers.followup import refused_notes
from app.ui.screens.share.view import categories_of, category_of
from app.ui.strings import DAY_LABELS, t
from app.ui.theme import Space, Tone, Type

Subject = tuple[str, str]  # kind and name of what is edited; a date without a name is a new one
CLOTHES = ("XS", "S", "M", "L", "XL", "XXL")
SHOES = tuple(str(size) for size in range(34, 45))
SERVE = (rules.PRICE, rules.CHANNEL, rules.MANNER)
LIKES_SHOWN = 12
WIDE = ft.CrossAxisAlignment.STRETCH


def known_of(customer: Customer) -> tuple[Fact, ...]:
    """Return everything known of a customer, the guide's word above the others'."""
    return rules.portrait(customer.sizes, customer.likes, customer.birthday, customer.facts)


@screen
def FactsPage(customer_id: str) -> ft.Control:
    """Show what is known and what is not, each a tap from being written."""
    return _Facts(customer_id, key=customer_id)


@screen
def _Facts(customer_id: str) -> ft.Control:
    from app.ui.screens.customers.profile import gone  # the profile shows the portrait, which opens this page

    now = hooks.use_now()
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    refused = hooks.use_query(work.rejected_about, f"customer/{customer_id}")
    asked = use_editor(customer_id)
    if customer is None:
        return gone()
    known = {(fact.kind, fact.name): fact for fact in known_of(customer)}
    sizes = [fact_row(known.get((rules.SIZE, part)), (rules.SIZE, part), now, asked) for part in rules.PARTS]
    serve = [fact_row(known.get((kind, "")), (kind, ""), now, asked) for kind in SERVE]
    birthday = (rules.BIRTHDAY, "")
    days = [fact_row(known.get(birthday), birthday, now, asked if _may_write(customer) else None)]
    days += [fact_row(fact, key, now, asked) for key, fact in known.items() if fact.kind == rules.DATE]
    add = p.quiet(t("facts.add_day"), lambda: asked((rules.DATE, "")), ft.Icons.ADD)
    body = [
        *refused_notes(refused, {SetFact.NAME, RemoveFact.NAME}),
        p.txt(t("facts.hint"), Type.META),
        p.section(t("facts.sizes")), p.group(sizes),
        p.section(t("facts.tastes")), p.group([likes_row(known_of(customer), now, asked)]),
        p.section(t("facts.ways")), p.group(serve),
        p.section(t("facts.days"), add), p.group(days),
    ]  # fmt: skip
    return p.frame(t("facts.title"), body, over=customer.name)


def _may_write(customer: Customer) -> bool:
    return not customer.birthday or rules.is_guides_birthday(customer.birthday, customer.facts)


Ask = Callable[[Subject], None]


def fact_row(fact: Fact | None, subject: Subject, now: datetime, ask: Ask | None) -> ft.Control:
    """Return one fact as a row that opens its editor: its value and where it came from, or that it is not known."""
    shown = fact or Fact(*subject, "")
    value = p.txt(value_of(fact), Type.ROW) if fact else p.txt(t("facts.unknown"), Type.BODY, Tone.QUIET)
    return _row(label_of(shown), value, source_of(fact, now) if fact else "", (lambda: ask(subject)) if ask else None)


def likes_row(known: Sequence[Fact], now: datetime, ask: Ask) -> ft.Control:
    """Return all likes as one row."""
    likes = [fact for fact in known if fact.kind == rules.LIKE]
    words = joined([value_of(fact) for fact in likes]) or t("facts.unknown")
    sources = list(dict.fromkeys(source_of(fact, now) for fact in likes))
    value = p.txt(words, Type.ROW if likes else Type.BODY, None if likes else Tone.QUIET, text_align=ft.TextAlign.END)
    return _row(t("facts.kind_like"), value, p.dots(*sources[:2]), lambda: ask((rules.LIKE, "")))


def _row(label: str, value: ft.Control, source: str, on_click: Callable[[], None] | None) -> ft.Control:
    lines = [value, *([p.txt(source, Type.META)] if source else [])]
    right = ft.Column(lines, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.END, expand=2)
    end = [ft.Icon(ft.Icons.EDIT_OUTLINED, size=18, color=Tone.QUIET)] if on_click else []
    face = ft.Row([p.txt(label, Type.META, expand=1), right, *end], spacing=Space.M)
    padding = ft.Padding.symmetric(horizontal=Space.L, vertical=14)
    if on_click is None:
        return ft.Container(face, padding=padding)
    return p.tappable(face, on_click, padding=padding, radius=0)


# --- the editor -------------------------------------------------------------------------------------------------------


def use_editor(customer_id: str) -> Ask:
    """Return what opens the editor of one fact in a sheet. A hook."""
    asked, ask = ft.use_state(None)
    title = label_of(Fact(*asked, "")) if asked and asked != (rules.DATE, "") else t("facts.add_day")
    close = lambda: ask(None)  # noqa: E731 - a name for one of two handlers
    p.use_sheet(Editor(customer_id, asked, close, key=str(asked)) if asked else None, title, close)
    return ask


@screen
def Editor(customer_id: str, subject: Subject, on_close: Callable[[], None]) -> ft.Control:
    """Edit one fact; a choice at a tap is kept at once, Undo brings the last one back."""
    hooks.use_strings()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    submit, _ = hooks.use_mutation()
    if customer is None:
        return ft.Container(visible=False)
    body = {rules.SIZE: SizeEditor, rules.LIKE: LikeEditor, rules.DATE: DayEditor, rules.BIRTHDAY: DayEditor}
    write = Writer(customer, submit)
    return body.get(subject[0], ChoiceEditor)(customer, subject, write, on_close)


class Writer:
    """Writes and removes facts of one customer; each act can be undone."""

    def __init__(self, customer: Customer, submit: Callable[..., None]) -> None:
        self._customer, self._submit = customer, submit

    def own(self, kind: str, name: str) -> Fact | None:
        """Return what a guide wrote of this kind and name, or None."""
        found = (fact for fact in self._customer.facts if (fact.kind, fact.name) == (kind, name))
        return next(found, None)

    def set(self, kind: str, name: str, value: str, then: Callable[[], None] | None = None) -> None:
        """Write a fact."""
        before, who = self.own(kind, name), self._customer.id
        undo = SetFact(who, kind, name, before.value) if before else RemoveFact(who, kind, name)
        words = _said(Fact(kind, name, value))
        self._submit(SetFact(who, kind, name, value), done="facts.set", undo=undo, params={"fact": words}, then=then)

    def remove(self, fact: Fact, then: Callable[[], None] | None = None) -> None:
        """Remove a fact a guide wrote."""
        who, words = self._customer.id, _said(fact)
        undo = SetFact(who, fact.kind, fact.name, fact.value)
        made = RemoveFact(who, fact.kind, fact.name)
        self._submit(made, done="facts.removed", undo=undo, params={"fact": words}, then=then)


def _said(fact: Fact) -> str:
    return f"{label_of(fact)} {value_of(fact)}".strip()


def _remove_button(write: Writer, subject: Subject, on_close: Callable[[], None]) -> list[ft.Control]:
    own = write.own(*subject)
    if own is None:
        return []
    return [ft.Row([p.quiet(t("facts.remove"), lambda: write.remove(own, on_close), ft.Icons.DELETE_OUTLINE)])]


@screen
def SizeEditor(customer: Customer, subject: Subject, write: Writer, on_close: Callable[[], None]) -> ft.Control:
    """Choose a size at a tap, or type another one."""
    typed, set_typed = ft.use_state("")
    kind, part = subject
    found = next((fact.value for fact in known_of(customer) if (fact.kind, fact.name) == subject), "")
    sizes = SHOES if part == "shoe" else CLOTHES

    def add() -> None:
        if typed.strip():
            write.set(kind, part, typed.strip(), on_close)

    def choose(size: str) -> None:
        write.set(kind, part, size, on_close)

    return ft.Column(
        [
            p.filter_chips([(size, size) for size in sizes], found, choose, wrap=True),
            _entry(t("facts.own_size"), typed, set_typed, add, rules.SIZE_MAX),
            *_remove_button(write, subject, on_close),
        ],
        spacing=Space.M,
        horizontal_alignment=WIDE,
    )


@screen
def LikeEditor(customer: Customer, subject: Subject, write: Writer, on_close: Callable[[], None]) -> ft.Control:
    """Tick what is liked: categories, series, what is known already, or words of one's own."""
    strings = hooks.use_strings()
    everything = hooks.use_query(pq.products)
    typed, set_typed = ft.use_state("")
    on = {fact.name: fact for fact in known_of(customer) if fact.kind == rules.LIKE}
    series = list(dict.fromkeys(one.series for one in everything if one.series))
    offered = [*on, *(name for name in (*categories_of(everything), *series) if name not in on)]
    options = [(name, category_of(name, strings)) for name in offered[: len(on) + LIKES_SHOWN]]

    def toggle(name: str) -> None:
        own = write.own(rules.LIKE, name)
        write.remove(own) if own else write.set(rules.LIKE, name, "")

    def add() -> None:
        if typed.strip():
            set_typed("")
            write.set(rules.LIKE, typed.strip(), "")

    return ft.Column(
        [
            p.filter_chips(options, set(on), toggle, wrap=True),
            _entry(t("facts.own_like"), typed, set_typed, add, rules.NAME_MAX),
        ],
        spacing=Space.M,
        horizontal_alignment=WIDE,
    )


@screen
def ChoiceEditor(customer: Customer, subject: Subject, write: Writer, on_close: Callable[[], None]) -> ft.Control:
    """Choose one of a few; the chosen one again takes it back."""
    kind, _ = subject
    own = write.own(*subject)
    options = [(value, value_of(Fact(kind, "", value))) for value in rules.CHOICES.get(kind, ())]

    def choose(value: str) -> None:
        if own and own.value == value:
            write.remove(own, on_close)
        else:
            write.set(kind, "", value, on_close)

    return p.filter_chips(options, own.value if own else "", choose, wrap=True)


@screen
def DayEditor(customer: Customer, subject: Subject, write: Writer, on_close: Callable[[], None]) -> ft.Control:
    """Type a day of the year, and for an important day what it is."""
    kind, name = subject
    own = write.own(kind, name)
    label, set_label = ft.use_state(name)
    typed, set_typed = ft.use_state(own.value.replace("-", "") if own else "")
    day = rules.month_day(typed)
    wants_label = kind == rules.DATE and not name
    ready = day is not None and (bool(label.strip()) or not wants_label)

    def save() -> None:
        if day is not None and ready:
            write.set(kind, label.strip() if kind == rules.DATE else "", day, on_close)

    rows: list[ft.Control] = []
    if wants_label:
        names = [(t(key),) * 2 for key in DAY_LABELS]
        rows.append(p.filter_chips(names, label, set_label, wrap=True))
        rows.append(p.text_field(t("facts.day_label"), label, set_label, max_length=rules.LABEL_MAX, counter=""))
    wrong = t("facts.day_wrong") if len(typed) >= 4 and day is None else None
    number = ft.KeyboardType.NUMBER
    rows.append(p.text_field(t("facts.day_field"), typed, set_typed, error=wrong, keyboard_type=number, on_submit=save))
    rows.append(ft.Row([p.primary(t("facts.save"), save if ready else None, expand=1)]))
    rows += _remove_button(write, subject, on_close)
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=WIDE)


def _entry(
    label: str, value: str, on_change: Callable[[str], None], add: Callable[[], None], longest: int
) -> ft.Control:
    field = p.text_field(label, value, on_change, max_length=longest, counter="", on_submit=add)
    button = p.secondary(t("facts.add"), add if value.strip() else None)
    return ft.Row([ft.Container(field, expand=True), button], spacing=Space.S)
