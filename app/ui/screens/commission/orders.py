"""Orders that paid me nothing or less: which rule decided, with its evidence, and the question to the manager."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import flet as ft

from app.domain.dispute import Verdict
from app.domain.instants import to_text
from app.insight import money as rules
from app.insight.index import CustomerRow
from app.mutations.mutate import call_of, new_id
from app.protocol.limits import DISPUTE_TEXT_MAX, ORDER_NO_MAX
from app.protocol.mutations import AskAboutOrder
from app.protocol.objects import CommissionEntry, Dispute, Order
from app.store.queries import commission, customers, products, work
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.commission.entry import other_entry
from app.ui.screens.commission.evidence import evidence_of_order, evidence_rows, people_of
from app.ui.screens.commission.returning import WhatIfWhole
from app.ui.screens.commission.sold import order_tail, order_words
from app.ui.screens.commission.view import names_in, order_path, signed
from app.ui.strings import Strings, date_short, money, t
from app.ui.theme import Space, Tone, Type

SINCE = timedelta(days=183)
DISPUTE_TONES = {"asked": "warm", "accepted": "soft", "refused": "late"}


@dataclass(frozen=True, slots=True)
class Row:
    """One order as its row shows it: `why` it paid nothing or less."""

    no: str
    why: str
    when: str
    paid: str
    fen: int
    state: str
    buyer: str = ""


@ft.observable
@dataclass
class UncountedView:
    """The order number typed into the search."""

    number: str = ""


@screen
def UncountedPage() -> ft.Control:
    """List my customers' orders that paid me nothing or a part, and find any order by its number."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    view = hooks.use_slice(UncountedView)
    since = to_text((now - SINCE).replace(hour=0, minute=0, second=0))
    found = hooks.use_query(rules.uncounted, since, client.staff.id)
    asked = hooks.use_query(commission.disputes)
    wanted = view.number.strip()
    states = {one.order_no: one.state for one in reversed(asked)}
    people = {pay.customer_id: client.index.get(pay.customer_id) for pay, _ in found}
    rows = [
        replace(_order_line(pay, verdict, states.get(pay.no, ""), now, strings), buyer=_name(people[pay.customer_id]))
        for pay, verdict in found
    ]
    known = {row.no for row in rows}
    rows = [_asked_line(one, now, strings) for one in asked if one.order_no not in known] + rows
    kept = tuple(row for row in rows if wanted in row.no or wanted in row.buyer)

    def type_in(text: str) -> None:
        view.number = text[:ORDER_NO_MAX]

    top = [p.search_field(t("commission.order_search"), view.number, type_in)]
    if wanted and any(one.isdigit() for one in wanted) and wanted not in {row.no for row in kept}:
        top.append(_find(wanted))
    if kept and not wanted:
        top.append(p.txt(t("commission.uncounted_why"), Type.META))
    if not kept:
        body = p.unfinished() if p.is_partial() and not wanted else _none(wanted)
        return p.frame(t("commission.tile_uncounted"), [body], top=top)
    listed = p.VirtualList(
        kept, _row, padding=ft.Padding.only(bottom=Space.XL), key=wanted, mark=strings.language, chunk=2
    )
    return p.frame(t("commission.tile_uncounted"), listed, scroll=False, top=top)


def _name(row: CustomerRow | None) -> str:
    return row.name if row else ""


def _find(number: str) -> ft.Control:
    ui = sessions.current()
    go = p.secondary(t("commission.find_order", no=number), lambda: ui.open(order_path(number)), ft.Icons.MANAGE_SEARCH)
    return ft.Row([go])


def _none(wanted: str) -> ft.Control:
    if wanted:
        return p.empty(ft.Icons.SEARCH_OFF, t("commission.order_not_listed"), t("commission.order_not_listed_why"))
    return p.empty(ft.Icons.TASK_ALT, t("commission.all_counted"), t("commission.all_counted_why"))


def _order_line(pay: Any, verdict: Verdict, state: str, now: datetime, strings: Strings) -> Row:
    when, paid = strings.date_short(pay.paid_at, now), money(pay.paid_fen)
    return Row(pay.no, strings.t(f"commission.why_{verdict.code}"), when, paid, pay.net_fen, state)


def _asked_line(one: Dispute, now: datetime, strings: Strings) -> Row:
    when = strings.t("commission.asked_on", day=strings.date_short(one.asked_at, now))
    return Row(one.order_no, _why_asked(one), when, "", int(one.evidence.get("earned_fen", 0)), one.state)


def _why_asked(one: Dispute) -> str:
    code = one.evidence.get("reason")
    return t(f"commission.why_{code}") if code else t("commission.evidence_coming")


def _row(row: Row) -> ft.Control:
    ui = sessions.current()
    below = t(f"commission.dispute_{row.state}") if row.state else ""
    if row.paid and not below:
        below = t("commission.of_order", amount=row.paid)
    amount = ft.Column(
        [p.txt(signed(row.fen) if row.fen else money(0, exact=True), Type.ROW, no_wrap=True),
         *([p.txt(below, Type.META, no_wrap=True)] if below else [])],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    sold = order_words(row.no)  # who and what, while the order is on this device
    title, meta = row.why, p.dots(row.when, row.no)
    if sold:
        title, meta = sold, p.dots(row.why, row.when, order_tail(row.no))
    inner = p.list_row(title, meta, fact=amount, on_click=lambda: ui.open(order_path(row.no)))
    return ft.Container(inner, padding=ft.Padding.symmetric(horizontal=p.gutter() - Space.M))


# --- one order -----------------------------------------------------------------------------


@screen
def OrderPayPage(order_no: str) -> ft.Control:
    """Say what an order paid me and why, and ask the manager about it."""
    return _OrderPay(order_no, key=order_no)


@screen
def _OrderPay(order_no: str) -> ft.Control:
    strings = hooks.use_strings()
    order = hooks.use_query(commission.order_by_no, order_no)
    entries = hooks.use_query(commission.entries_of_number, order_no)
    asked = hooks.use_query(commission.disputes_of, order_no)
    refused = [one for one in hooks.use_query(work.rejected) if one.params.get("order_no") == order_no]
    names = names_in(hooks.use_query(products.products), strings)
    body: list[ft.Control] = [_head(order, order_no, entries, hooks.use_now())]
    body += [p.refused_note(one.code, dict(one.params)) for one in refused[:2]]
    if order is not None:
        body.append(Verdicts(order))
    elif entries:
        body.append(p.notice(None, t("commission.order_of_colleague"), tone="soft", icon=ft.Icons.GROUP_OUTLINED))
    else:
        body.append(p.notice(t("commission.order_unknown"), t("commission.order_unknown_why")))
    body += [_asked(one, told=order is not None and one.state == "asked") for one in asked]
    if not any(one.state == "asked" for one in asked):
        body.append(Ask(order_no, order.id if order else None))
    if entries:
        mine = [other_entry(_named(one, names)) for one in entries]
        body.append(ft.Column([p.section(t("commission.my_entries")), p.group(mine)], spacing=Space.S))
        body.append(WhatIfWhole(entries[0].order_id))
    return p.frame(t("commission.order_pay"), body)


def _named(entry: CommissionEntry, names: dict[str, str]) -> CommissionEntry:
    return replace(entry, label=names.get(entry.label, entry.label))


def _head(order: Order | None, order_no: str, entries: list[CommissionEntry], now: datetime) -> ft.Control:
    net = sum(entry.amount_fen for entry in entries)
    facts = [p.fact(t("commission.fact_order"), order_no)]
    if order is not None:
        facts.append(p.fact(t("commission.order_paid"), money(order.paid_fen, exact=True)))
        if order.refunded_fen:
            facts.append(p.fact(t("commission.order_returned"), money(-order.refunded_fen, exact=True)))
        facts.append(p.fact(t("commission.order_day"), date_short(order.paid_at, now)))
    words = [p.txt(t("commission.order_paid_me"), Type.META), p.txt(money(net, exact=True), Type.DISPLAY)]
    return p.card(ft.Column([ft.Column(words, spacing=2), *facts], spacing=Space.M))


@screen
def Verdicts(order: Order) -> ft.Control:
    """Say which rule decided on an order of this phone, and what it rests on."""
    client = hooks.use_client()
    me = client.staff.id
    found = hooks.use_query(rules.verdict_of_order, order, me)
    people = hooks.use_query(people_of, order)
    buyer = hooks.use_query(customers.customer_by_id, order.customer_id)
    rows = evidence_rows(evidence_of_order(order, me, found), people)
    if buyer is not None:
        rows.insert(0, p.fact(t("commission.order_buyer"), buyer.name))
    return p.card(ft.Column([verdict_head(found.code, found.rule), *rows], spacing=Space.M))


def verdict_head(code: str, rule: str) -> ft.Control:
    """Return the sentence of a verdict; with the number of its rule for the manager, who decides by it."""
    head: ft.Control = p.txt(t(f"commission.why_{code}"), Type.SECTION)
    if sessions.current().role == "manager":
        head = p.ends(head, p.pill(t("commission.rule_no", no=rule), "calm"))
    return ft.Column([head, p.txt(t(f"commission.because_{code}"), Type.BODY, Tone.QUIET)], spacing=Space.XS)


# --- asking --------------------------------------------------------------------------------


def _asked(one: Dispute, *, told: bool) -> ft.Control:
    """Return a question; `told`: the same evidence stands on the page already."""
    state = p.pill(t(f"commission.dispute_{one.state}"), DISPUTE_TONES[one.state])
    head = p.ends(p.txt(t("commission.question"), Type.SECTION), state)
    lines: list[ft.Control] = [head, p.fact(t("commission.asked_at"), date_short(one.asked_at))]
    if one.text:
        lines.append(p.txt(one.text, Type.BODY))
    if one.decided_at:
        lines.append(p.fact(t("commission.decided_at"), date_short(one.decided_at)))
    if one.answer:
        lines.append(p.fact(t("commission.answer"), one.answer))
    lines.append(p.txt(t(f"commission.dispute_{one.state}_why"), Type.META))
    code = one.evidence.get("reason")
    if code and not told:
        lines += [
            ft.Divider(height=1, thickness=1, color=Tone.LINE),
            verdict_head(code, one.evidence.get("rule", "")),
            *evidence_rows(one.evidence, {}),
        ]
    return p.card(ft.Column(lines, spacing=Space.M))


@screen
def Ask(order_no: str, order_id: str | None) -> ft.Control:
    """Ask the manager about an order, with no network too."""
    client = hooks.use_client()
    text, set_text = hooks.use_kept("asked", "")
    submit, busy = hooks.use_mutation()

    def send() -> None:
        dispute_id = new_id(call_of(client))
        submit(AskAboutOrder(dispute_id, order_no, order_id, text.strip()), done="commission.asked_done")

    field = p.text_field(
        t("commission.ask_field"), text, set_text, lines=2, max_length=DISPUTE_TEXT_MAX, counter=""
    )  # fmt: skip
    button = p.primary(t("commission.ask"), None if busy else send, ft.Icons.SEND_OUTLINED, busy=busy)
    return p.card(
        ft.Column(
            [p.txt(t("commission.ask_title"), Type.SECTION), p.txt(t("commission.ask_why"), Type.META), field,
             ft.Row([button], alignment=ft.MainAxisAlignment.END)],
            spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    )  # fmt: skip
