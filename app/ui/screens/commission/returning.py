"""What if this is returned: the change now, to the tier, and what stays, by the rules that will decide it (E10)."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.domain.commission import LineRefund
from app.domain.what_if import Return
from app.insight import money as rules
from app.protocol.objects import CommissionEntry, Order
from app.store.queries import commission
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.commission.view import signed
from app.ui.strings import money, t
from app.ui.theme import Space, Tone, Type

READS = frozenset({"commission_entry", "commission_rule"})


@screen
def WhatIf(order_id: str, line_id: str) -> ft.Control:
    """Show what returning some pieces of a line, or the whole of it, would do."""
    order = hooks.use_query(commission.order_by_id, order_id)
    entries = hooks.use_query(commission.entries_of_order, order_id)
    left = rules.pieces_left(order, line_id)
    chosen, choose = ft.use_state(0)  # 0: all that is left
    pieces = min(chosen, left) if chosen and left else left or 0
    part = rules.part_of(entries, order, line_id, pieces)
    found = use_return(entries, (part,))
    if not part.fen:
        return p.card(p.txt(t("commission.nothing_left"), Type.BODY, Tone.QUIET))
    lines = [_head(), *([_pieces(pieces, left, choose)] if left and left > 1 else [])]
    mine = [one for one in entries if one.line_id == line_id]
    return p.card(ft.Column([*lines, *outcome(found, part.fen, mine)], spacing=Space.M))


@screen
def WhatIfWhole(order_id: str) -> ft.Control:
    """Show what returning all that is left of an order would do."""
    order = hooks.use_query(commission.order_by_id, order_id)
    entries = hooks.use_query(commission.entries_of_order, order_id)
    parts = _whole(order, entries)
    found = use_return(entries, parts)
    paid = sum(part.fen for part in parts)
    if not paid or not found.entries:
        return ft.Container(visible=False)
    return p.card(ft.Column([_head(), *outcome(found, paid, entries)], spacing=Space.M))


def _whole(order: Order | None, entries: list[CommissionEntry]) -> tuple[LineRefund, ...]:
    lines = dict.fromkeys(entry.line_id for entry in entries if entry.kind == "accrual")
    return tuple(rules.part_of(entries, order, one, rules.pieces_left(order, one) or 0) for one in lines)


def use_return(entries: list[CommissionEntry], parts: tuple[LineRefund, ...]) -> Return:
    """Return what these parts coming back would do now. A hook."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    real = tuple(part for part in parts if part.fen)

    def ask() -> Return:
        return rules.return_of(client.store.read, entries, real, now, str(strings.zone))

    return hooks.use_live(READS, ask, entries, real, now)


def _head() -> ft.Control:
    return p.ends(p.txt(t("commission.what_if"), Type.SECTION), p.pill(t("commission.estimate"), "warm"))


def _pieces(pieces: int, left: int, choose: Callable[[int], None]) -> ft.Control:
    less = (lambda: choose(pieces - 1)) if pieces > 1 else None
    more = (lambda: choose(pieces + 1)) if pieces < left else None
    shown = t("commission.pieces_all", n=pieces) if pieces == left else t("commission.pieces", n=pieces, left=left)
    return ft.Row(
        [p.txt(shown, Type.BODY, expand=True), p.icon_button(ft.Icons.REMOVE, t("commission.fewer"), less),
         p.icon_button(ft.Icons.ADD, t("commission.more"), more)],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip


def outcome(found: Return, paid_fen: int, entries: list[CommissionEntry]) -> list[ft.Control]:
    """Return the lines that say what is paid back, what that takes, and what stays of `entries`."""
    stays = sum(entry.amount_fen for entry in entries if entry.kind != "tier") + found.entries_fen
    facts = [
        p.fact(t("commission.what_if_paid"), money(paid_fen, exact=True)),
        p.fact(t("commission.what_if_takes"), _amount(found.entries_fen)),
    ]
    if found.tier_fen:
        facts.append(p.fact(t("commission.what_if_tier"), _amount(found.tier_fen)))
    facts.append(p.fact(t("commission.what_if_stays"), money(stays, exact=True), strong=True))
    return [*facts, p.txt(t("commission.what_if_why"), Type.META)]


def _amount(fen: int) -> ft.Control:
    return p.txt(signed(fen), Type.ROW, Tone.LATE if fen < 0 else None)
