"""One entry: its amount, and every step that makes it (rule 4.9)."""

from __future__ import annotations

from dataclasses import replace

import flet as ft

from app.domain.instants import from_text
from app.protocol.objects import CommissionEntry
from app.store.queries import commission, products
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.commission.month import signed, state_pill
from app.ui.screens.commission.steps import Step, adds_up, explain, rule_name
from app.ui.screens.commission.view import names_in
from app.ui.strings import Strings, current, date_short, money, t, time_short
from app.ui.theme import Space, Tone, Type


@screen
def EntryPage(entry_id: str) -> ft.Control:
    """Show the entry with its explanation."""
    strings = hooks.use_strings()
    entry = hooks.use_query(commission.commission_entry, entry_id)
    rule = hooks.use_query(commission.rule_by_id, entry.rule_id if entry else "")
    family = hooks.use_query(commission.entries_of_order, entry.order_id if entry else "")
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
    body.append(_facts(entry, rule_name({"version": entry.rule_version}, rule, strings), strings))
    others = [
        replace(one, label=names.get(one.label, one.label)) for one in family if one.id != entry.id and entry.order_id
    ]
    if others:
        body.append(_family(others))
    return p.frame(t("commission.entry"), body)


def _head(entry: CommissionEntry) -> ft.Control:
    ink = Tone.LATE if entry.amount_fen < 0 else Tone.TEXT
    words = ft.Column(
        [
            p.txt(entry.label or t(f"commission.kind_{entry.kind}"), Type.BODY, Tone.QUIET, lines=2),
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
    total = ft.Row(
        [
            p.txt(t("commission.result"), Type.ROW, expand=True),
            p.txt(signed(entry.amount_fen), Type.FIGURE, Tone.ACTION),
        ],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    head = p.txt(t("commission.why"), Type.SECTION)
    line = ft.Divider(height=1, thickness=1, color=Tone.LINE)
    return p.card(ft.Column([head, *rows, line, total], spacing=Space.M))


def _step(index: int, step: Step) -> ft.Control:
    number = ft.Container(
        p.txt(str(index + 1), Type.LABEL, Tone.ON_SOFT), width=24, height=24, border_radius=12, bgcolor=Tone.SOFT,
        alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    words = [p.txt(step.title, Type.ROW)]
    if step.why:
        words.append(p.txt(step.why, Type.META))
    return ft.Row(
        [number, ft.Column(words, spacing=2, expand=True), p.txt(money(step.fen, exact=True), Type.ROW, no_wrap=True)],
        spacing=Space.M, vertical_alignment=ft.CrossAxisAlignment.START,
    )  # fmt: skip


def _facts(entry: CommissionEntry, rule: str, strings: Strings) -> ft.Control:
    made = from_text(entry.created_at)
    facts = [p.fact(t("commission.fact_made"), p.dots(date_short(made), time_short(made)))]
    if entry.order_no:
        facts.append(p.fact(t("commission.fact_order"), entry.order_no))
    facts.append(p.fact(t("commission.fact_role"), t(f"commission.role_{entry.role}")))
    facts.append(p.fact(t("commission.fact_rule"), rule))
    reason = f"commission.reason_{entry.reason}"
    if entry.reason and strings.has(reason):
        facts.append(p.fact(t("commission.fact_reason"), t(reason)))
    facts.extend(_when_confirmed(entry))
    return p.card(ft.Column(facts, spacing=Space.M))


def _when_confirmed(entry: CommissionEntry) -> list[ft.Control]:
    if entry.confirmed_at:
        return [p.fact(t("commission.fact_confirmed"), date_short(from_text(entry.confirmed_at)))]
    if entry.confirm_at and entry.state == "pending":
        return [p.fact(t("commission.fact_confirms"), date_short(from_text(entry.confirm_at)))]
    return []


def _family(others: list[CommissionEntry]) -> ft.Control:
    rows = [_other(one) for one in others]
    return ft.Column([p.section(t("commission.same_order")), p.group(rows)], spacing=Space.S)


def _other(entry: CommissionEntry) -> ft.Control:
    ui = hooks.use_session()
    strings = current()
    made = date_short(strings.local(from_text(entry.created_at)))
    kind = t(f"commission.kind_{entry.kind}")
    return p.list_row(
        entry.label or kind, p.dots(kind, made), fact=signed(entry.amount_fen),
        fact_color=Tone.LATE if entry.amount_fen < 0 else None, on_click=lambda: ui.open(f"/commission/{entry.id}"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip
