"""One coupon to a group: choose who and what, see who gets it and who is left out and why, then issue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import flet as ft

from app.domain.batch import Group, Plan
from app.domain.book import SavedFilter
from app.insight.index import ALL
from app.mutations.batch import issue_batch, plan_batch
from app.mutations.mutate import call_of
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.held import InHand, stock_note, template_row, use_in_hand
from app.ui.screens.coupons.words import gives, name_of
from app.ui.screens.customers.book import SEGMENTS, Book
from app.ui.screens.customers.picking import Picking
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

PLANNED = frozenset({"customer", "contact", "contact_holder", "setting", "coupon", "coupon_template"})
GETS = "gets"


@ft.observable
@dataclass
class Opened:
    """Which groups of the preview show their names."""

    codes: frozenset[str] = frozenset()

    def toggle(self, code: str) -> None:
        """Show or hide the names of a group."""
        self.codes = self.codes ^ {code}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the preview: a group's head (`customer_id` empty), or one of its people."""

    code: str
    customer_id: str = ""
    count: int = 0
    next_at: str | None = None
    is_open: bool = False


@screen
def BatchPage() -> ft.Control:
    """Ask who, then what, then show the preview; whatever is known already is not asked."""
    hooks.use_strings()
    picking = hooks.use_slice(Picking)
    if not picking.has_people:
        return WhoPage(t("coupons.batch_title"))
    if picking.template_id is None:
        return WhatPage()
    return PreviewPage(picking.template_id)


@screen
def WhoPage(title: str) -> ft.Control:
    """Choose a segment, or pick people in the list."""
    ui, client = hooks.use_session(), hooks.use_client()
    picking = ui.slice(Picking)  # only written here: once somebody is chosen another page takes this one's place
    counts = hooks.use_live({"customer", "setting"}, client.index.counts, id(client.index))

    def choose(segment: str) -> None:
        picking.segment = segment

    def pick() -> None:
        picking.start()
        ui.go("customers")

    def choose_own(one: SavedFilter) -> None:
        picking.ids = tuple(row.id for row in client.index.search(chosen=one.filter))

    own = hooks.use_query(q.saved_filters)
    rows = [_segment(name, counts[name], partial(choose, name)) for name in SEGMENTS if counts.get(name)]
    for one in own:
        icon, count = ft.Icons.BOOKMARK_OUTLINE, client.index.count_of(one.filter)
        press = partial(choose_own, one) if count else None
        rows.append(p.setting_row(icon, one.name, t("customers.people", n=count), press))
    if not rows:
        body = p.empty(ft.Icons.PEOPLE_OUTLINE, t("customers.empty_title"), t("customers.empty_text"))
        return p.frame(title, body)
    pick_row = p.setting_row(ft.Icons.CHECKLIST, t("coupons.who_pick"), on_click=pick)
    return p.frame(title, [p.section(t("coupons.who")), p.group([*rows, pick_row])])


def _segment(name: str, count: int, choose: Any) -> ft.Control:
    icon = ft.Icons.PEOPLE_OUTLINE if name == ALL else ft.Icons.LABEL_OUTLINE
    return p.setting_row(icon, t(f"customers.segment_{name}"), t("customers.people", n=count), choose)


@screen
def WhatPage() -> ft.Control:
    """Choose a template for the group."""
    found, picking = use_in_hand(), hooks.use_slice(Picking)
    ids = use_people()

    def choose(template_id: str) -> None:
        picking.template_id = template_id

    if not any(held.can_go for held in found):
        body = p.notice(t("coupons.none_title"), t("coupons.none_text"), icon=ft.Icons.CLOUD_OFF_OUTLINED)
        return p.frame(t("coupons.batch_title"), body)
    rows = [template_row(held, partial(choose, held.template.id), False) for held in found]
    return p.frame(
        t("coupons.batch_title"), [_who_card(picking, len(ids)), p.section(t("coupons.what")), p.group(rows)]
    )


def use_people() -> tuple[str, ...]:
    """Return whom the batch is for: the ticked, or everybody of the segment in the list's order. A hook."""
    client, picking, book = hooks.use_client(), hooks.use_slice(Picking), hooks.use_slice(Book)

    def read() -> tuple[str, ...]:
        if picking.segment is None:
            return picking.ids
        return tuple(row.id for row in client.index.search("", picking.segment, book.sort))

    return hooks.use_live({"customer", "setting"}, read, id(client.index), picking.ids, picking.segment, book.sort)


def use_plan(plan: Callable[..., Plan], *args: Any) -> tuple[Plan | None, Exception | None]:
    """Return who gets it and who not by `plan(read, *args, call)`, off the loop; while it runs, the last. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    seen = hooks.use_live(PLANNED, object)
    last: Any = ft.use_ref(None)

    async def work() -> Plan:
        return await client.store.query_in_thread(plan, *args, call_of(client))

    task = hooks.use_task(work, plan, *args, seen, now)
    if task.value is not None:
        last.current = task.value
    return last.current, task.error


@screen
def PreviewPage(template_id: str) -> ft.Control:
    """Show who gets it, who is left out and why, with the counts; the button says how many are issued."""
    ui, picking, opened = hooks.use_session(), hooks.use_slice(Picking), hooks.use_slice(Opened)
    strings, ids = hooks.use_strings(), use_people()
    held = next((one for one in use_in_hand() if one.template.id == template_id), None)
    plan, error = use_plan(plan_batch, template_id, ids)
    start, busy = hooks.use_once()
    lines = ft.use_memo(lambda: lines_of(plan, opened.codes), [plan, opened.codes])
    if error is not None:
        return p.frame(t("coupons.batch_title"), p.error_card(error))
    if held is None or plan is None:
        return p.frame(t("coupons.batch_title"), p.Skeleton(head=True))
    gets = plan.gets

    async def issue() -> None:
        done = await issue_batch(ui.client, template_id, gets)
        picking.stop()
        opened.codes = frozenset()
        if done.coupon_ids:
            ui.replace("/coupons/handout")
        else:
            ui.back()
        p.say(t("coupons.issued", n=len(done.coupon_ids)), refused=not done.coupon_ids)

    rest = held.left - len(gets)
    head = _head(picking, held, len(ids), plan)
    words = t("coupons.lease_after", n=rest) if gets else t("coupons.nobody")
    button = p.primary(t("coupons.issue", n=len(gets)), (lambda: start(issue)) if gets else None, busy=busy)
    foot = p.ends(p.txt(words, Type.META), button)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    body = p.VirtualList(lines, preview_line, mark=strings.language, padding=inset, header=head, key=template_id)
    return p.frame(t("coupons.batch_title"), body, foot=foot, scroll=False)


def _head(picking: Picking, held: InHand, count: int, plan: Plan) -> ft.Control:
    """Return what goes out and to whom, each with a way to change it, and the two numbers."""
    rules = asdict(held.template)

    def other() -> None:
        picking.template_id = None

    what = p.list_row(
        [p.txt(gives(rules), Type.ROW), p.txt(name_of(rules), Type.META, lines=1, expand=True)],
        t("coupons.lease_left", n=held.left) if held.can_go else stock_note(held) or "",
        leading=ft.Icon(ft.Icons.LOCAL_OFFER_OUTLINED, color=Tone.ACTION),
        trailing=p.txt(t("coupons.change"), Type.LABEL, Tone.ACTION),
        on_click=other,
    )
    figures = p.stat_strip(
        [
            (str(len(plan.gets)), t("coupons.will_get"), Tone.ACTION),
            (str(plan.left_out), t("coupons.left_out"), None),
        ]
    )
    side = p.gutter()
    return ft.Container(
        ft.Column([p.group([what, who_row(picking, count)]), figures], spacing=Space.M),
        padding=ft.Padding.only(left=side, right=side, top=Space.XS, bottom=Space.S),
    )


def _who_card(picking: Picking, count: int) -> ft.Control:
    return p.group([who_row(picking, count)])


def who_row(picking: Picking, count: int) -> ft.Control:
    def other() -> None:
        picking.ids, picking.segment = (), None

    name = t("coupons.who_picked") if picking.segment is None else t(f"customers.segment_{picking.segment}")
    return p.list_row(
        name,
        t("customers.people", n=count),
        leading=ft.Icon(ft.Icons.PEOPLE_OUTLINE, color=Tone.ACTION),
        trailing=p.txt(t("coupons.change"), Type.LABEL, Tone.ACTION),
        on_click=other,
    )


def lines_of(plan: Plan | None, codes: frozenset[str]) -> tuple[Line, ...]:
    """Return the preview's rows: each group's head, and its people where it is open."""
    if plan is None:
        return ()
    groups: Sequence[Group] = [Group(GETS, plan.gets), *plan.out]
    rows: list[Line] = []
    for group in groups:
        if group.customer_ids:
            rows.append(Line(group.code, "", len(group.customer_ids), group.next_at, group.code in codes))
            if group.code in codes:
                rows += [Line(group.code, one) for one in group.customer_ids]
    return tuple(rows)


def preview_line(line: Line) -> ft.Control:
    return _person(line) if line.customer_id else _group(line)


def _group(line: Line) -> ft.Control:
    ui, gets = sessions.current(), line.code == GETS
    icon = ft.Icons.CHECK_CIRCLE_OUTLINE if gets else ft.Icons.DO_NOT_DISTURB_ON_OUTLINED
    what = t("coupons.gets_text") if gets else t(f"coupons.out_text.{line.code}")
    if line.next_at is not None:
        when = f"{current().relative_day(line.next_at, ui.clock.now())} {current().time_short(line.next_at)}"
        what = t("coupons.out_next", time=when)
    title = p.dots(
        t("coupons.will_get") if gets else t(f"coupons.out.{line.code}"), t("customers.people", n=line.count)
    )
    return p.list_row(
        [p.txt(title, Type.ROW, lines=1, expand=True)],
        what,
        leading=ft.Icon(icon, color=Tone.ACTION if gets else Tone.QUIET),
        trailing=ft.Icon(ft.Icons.EXPAND_LESS if line.is_open else ft.Icons.EXPAND_MORE, size=20, color=Tone.QUIET),
        on_click=partial(ui.slice(Opened).toggle, line.code),
    )


def _person(line: Line) -> ft.Control:
    ui = sessions.current()
    who = ui.client.index.get(line.customer_id)
    name = who.name if who else t("coupons.someone")
    row = p.list_row(
        name,
        who.phone_masked if who else "",
        leading=p.avatar(name, line.customer_id, 36),
        on_click=partial(ui.open, f"/customers/{line.customer_id}"),
    )
    return ft.Container(row, padding=ft.Padding.only(left=Space.XL))
