"""One entry: its amount, every step that makes it (rule 4.9), and what a return would do to it."""

from __future__ import annotations

from dataclasses import replace

import flet as ft

from app.domain.instants import from_text
from app.protocol.objects import CommissionEntry, Order
from app.store.queries import brand, commission, products
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.commission.returning import WhatIf
from app.ui.screens.commission.rows import label_of, state_pill
from app.ui.screens.commission.steps import Step, adds_up, explain, rule_name
from app.ui.screens.commission.view import names_in, order_path, signed
from app.ui.strings import Strings, current, date_short, money, t, time_short
from app.ui.theme import Space, Tone, Type


@screen
def EntryPage(entry_id: str) -> ft.Control:
    """Show the entry with its explanation."""
    strings = hooks.use_strings()
    entry = hooks.use_query(commission.commission_entry, entry_id)
    rule = hooks.use_query(commission.rule_by_id, entry.rule_id if entry else "")
    family = hooks.use_query(commission.entries_of_order, entry.order_id if entry else "")
    order = hooks.use_query(commission.order_by_id, entry.order_id if entry else "")
    partner = hooks.use_query(brand.staff_by_id, _partner(entry, order) or "")
    names = names_in(hooks.use_query(products.products), strings)
    if entry is None:
        gone = p.empty(ft.Icons.RECEIPT_LONG_OUTLINED, t("commission.gone"), t("commission.gone_why"))
        return p.frame(t("commission.entry"), gone)
    entry = replace(entry, label=names.get(entry.label, entry.label))
    body: list[ft.Control] = [_head(entry)]
    if not entry.amount_fen:
        body.append(p.notice(t("commission.zero"), _zero_reason(entry, strings)))
    steps = explain(entry, rule, strings)
    if steps:
        body.append(_explanation(entry, steps))
    if not adds_up(entry):
        body.append(p.notice(None, t("commission.does_not_add_up"), icon=ft.Icons.SYNC_PROBLEM))
    who = partner.name if partner else None  # of another store: the role says it all
    body.append(_facts(entry, rule_name({"version": entry.rule_version}, rule, strings), who, strings))
    if entry.kind == "accrual" and entry.order_id:
        body.append(WhatIf(entry.order_id, entry.line_id, key=f"what-if/{entry.id}"))
    others = [
        replace(one, label=names.get(one.label, one.label)) for one in family if one.id != entry.id and entry.order_id
    ]
    if others:
        body.append(_family(others))
    return p.frame(t("commission.entry"), body)


def _partner(entry: CommissionEntry | None, order: Order | None) -> str | None:
    """Return the id of the other guide of a split, when the order is on this phone."""
    if entry is None or order is None or entry.role not in ("closing", "bound"):
        return None
    return order.bound_guide_id if entry.role == "closing" else order.closing_guide_id


def _head(entry: CommissionEntry) -> ft.Control:
    ink = Tone.LATE if entry.amount_fen < 0 else Tone.TEXT
    words = ft.Column(
        [
            p.txt(label_of(entry, current(), {}), Type.BODY, Tone.QUIET, lines=2),
            p.txt(signed(entry.amount_fen), Type.DISPLAY, ink),
        ],
        spacing=2, expand=True,
    )  # fmt: skip
    return ft.Row([words, state_pill(entry)], vertical_alignment=ft.CrossAxisAlignment.START)


def _zero_reason(entry: CommissionEntry, strings: Strings) -> str:
    key = f"commission.zero_{entry.reason}"
    return strings.t(key if strings.has(key) else "commission.zero_other")


def _explanation(entry: CommissionEntry, steps: list[Step]) -> ft.Control:
    rows = [_step(index, step) for index, step in enumerate(steps)]
    amount = p.txt(signed(entry.amount_fen), Type.FIGURE, Tone.ACTION)
    total = p.ends(p.txt(t("commission.result"), Type.ROW), amount)
    head = p.txt(t("commission.why"), Type.SECTION)
    line = ft.Divider(height=1, thickness=1, color=Tone.LINE)
    return p.card(ft.Column([head, *rows, line, total], spacing=Space.M))


def _step(index: int, step: Step) -> ft.Control:
    number = ft.Container(
        p.txt(str(index + 1), Type.LABEL, Tone.ON_SOFT), width=24, height=24, border_radius=12, bgcolor=Tone.SOFT,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    words = [p.ends(p.txt(step.title, Type.ROW), p.txt(money(step.fen, exact=True), Type.ROW))]
    if step.why:
        words.append(p.txt(step.why, Type.META))
    return ft.Row(
        [number, ft.Column(words, spacing=2, expand=True)],
        spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip


def _facts(entry: CommissionEntry, rule: str, partner: str | None, strings: Strings) -> ft.Control:
    made = from_text(entry.created_at)
    facts = [p.fact(t("commission.fact_made"), f"{date_short(made)} {time_short(made)}")]
    part = "share" if entry.role == "sole" else "role"
    facts.append(p.fact(t(f"commission.fact_{part}"), t(f"commission.role_{entry.role}")))
    if partner:
        facts.append(p.fact(t("commission.fact_partner"), partner))
    facts.append(p.fact(t("commission.fact_rule"), rule))
    reason = f"commission.reason_{entry.reason}"
    if entry.reason and strings.has(reason):
        facts.append(p.fact(t("commission.fact_reason"), t(reason)))
    facts.extend(_when_confirmed(entry))
    if entry.order_no:
        facts += [p.fact(t("commission.fact_order"), entry.order_no), _to_order(entry.order_no)]
    return p.card(ft.Column(facts, spacing=Space.M))


def _to_order(order_no: str) -> ft.Control:
    ui = hooks.use_session()
    open_ = p.secondary(t("commission.see_order"), lambda: ui.open(order_path(order_no)), ft.Icons.FACT_CHECK_OUTLINED)
    return ft.Row([open_], alignment=ft.MainAxisAlignment.END)


def _when_confirmed(entry: CommissionEntry) -> list[ft.Control]:
    facts = []
    if entry.confirmed_at:
        facts.append(p.fact(t("commission.fact_confirmed"), date_short(from_text(entry.confirmed_at))))
    elif entry.confirm_at and entry.state == "pending":
        facts.append(p.fact(t("commission.fact_confirms"), date_short(from_text(entry.confirm_at))))
    return facts


def _family(others: list[CommissionEntry]) -> ft.Control:
    rows = [other_entry(one) for one in others]
    return ft.Column([p.section(t("commission.same_order")), p.group(rows)], spacing=Space.S)


def other_entry(entry: CommissionEntry) -> ft.Control:
    """Return an entry of an order as a row that opens it from inside a page."""
    ui = hooks.use_session()
    strings = current()
    made = date_short(strings.local(from_text(entry.created_at)))
    kind = t(f"commission.kind_{entry.kind}")
    return p.list_row(
        label_of(entry, strings, {}), p.dots(kind, made), fact=signed(entry.amount_fen),
        fact_color=Tone.LATE if entry.amount_fen < 0 else None, on_click=lambda: ui.open(f"/commission/{entry.id}"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip
