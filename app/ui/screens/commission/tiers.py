"""Tier bonuses of a day in one row for each step, which opens to the sales they were added to (rule 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flet as ft

from app.domain.tier_steps import TierStep, apart, step_at
from app.protocol.objects import CommissionEntry
from app.store.json_text import loads
from app.store.queries.commission import LedgerLine
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.commission.marks import amount, disc
from app.ui.screens.commission.sold import order_tail, order_words
from app.ui.screens.commission.steps import percent_of
from app.ui.strings import Strings, current, money, t
from app.ui.theme import Space, Tone, Type, text_width

BESIDE = 230  # icon, amount, arrow and gutters beside the words of a row


@ft.observable
@dataclass
class OpenTiers:
    """Which steps of which days are open in the ledger."""

    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TierHead:
    """The tier bonuses of one day, step and state: how many sales they were added to, and their sum."""

    key: str
    step: TierStep
    state: str
    count: int
    fen: int
    is_open: bool


def _step_of(line: LedgerLine) -> TierStep | None:
    if line.tier is None:
        return None
    rule_id, base_fen, tiers = loads(line.tier)
    return step_at(rule_id, [(int(begin), int(rate)) for begin, rate in tiers or ()], base_fen)


def _key_of(line: LedgerLine) -> tuple[TierStep, str] | None:
    step = _step_of(line)
    return None if step is None else (step, line.state)


@dataclass(frozen=True, slots=True)
class TierSale:
    """One tier bonus below its open head: whose sale it was added to."""

    line: LedgerLine


def fold_day(day: str, lines: Sequence[LedgerLine], opened: frozenset[str]) -> list[LedgerLine | TierHead | TierSale]:
    """Return a day's entries with its tier bonuses after them, those of one step in one row; one alone stays itself."""
    if not any(line.tier for line in lines):  # most days: a month of thousands is laid out at each change
        return list(lines)
    sales, steps = apart(lines, _key_of)
    rows: list[LedgerLine | TierHead | TierSale] = list(sales)
    for (step, state), some in steps.items():
        if len(some) > 1:
            key = f"{day}/{step.rule_id}/{step.from_fen}/{state}"
            rows.append(TierHead(key, step, state, len(some), sum(one.fen for one in some), key in opened))
            rows.extend([TierSale(one) for one in some] if key in opened else [])
        else:
            rows.extend(some)
    return rows


def step_name(step: TierStep, strings: Strings) -> str:
    """Return a step by its rates, which come on top of the usual one: 阶梯奖励 +0.5% → +1%."""
    rate = percent_of(step.bp, strings)
    if not step.before_bp:
        return strings.t("commission.tier_step_first", rate=rate)
    return strings.t("commission.tier_step", before=percent_of(step.before_bp, strings), rate=rate)


def line_name(line: LedgerLine, strings: Strings) -> str:
    """Return what a tier bonus of the ledger is."""
    step = _step_of(line)
    return step_name(step, strings) if step and step.bp else strings.t("commission.kind_tier")


def entry_name(entry: CommissionEntry, strings: Strings) -> str:
    """Return what a tier bonus is, by its own steps; by its kind alone where they are not as agreed."""
    params: Mapping[str, Any] = (entry.steps[0].get("params") or {}) if entry.steps else {}
    tiers = [(int(begin), int(rate)) for begin, rate in params.get("tiers") or ()]
    step = step_at(entry.rule_id, tiers, entry.base_fen)
    return step_name(step, strings) if step.bp else strings.t("commission.kind_tier")


def tier_row(head: TierHead) -> ft.Control:
    """Return the row of a step; a press shows or hides the sales it was added to."""
    view = sessions.current().slice(OpenTiers)

    def press() -> None:
        view.keys = view.keys ^ {head.key}

    layout = sessions.current().layout
    told, since = t("commission.tier_on", n=head.count), t("commission.tier_since", amount=money(head.step.from_fen))
    if text_width(p.dots(told, since), Type.META, layout.scale) <= layout.pane - BESIDE * layout.scale:
        told = p.dots(told, since)
    return p.list_row(
        step_name(head.step, current()), told,
        leading=disc(ft.Icons.STAIRS_OUTLINED), fact=amount(head.fen, head.state), on_click=press,
        trailing=ft.Icon(ft.Icons.EXPAND_LESS if head.is_open else ft.Icons.EXPAND_MORE, size=20, color=Tone.QUIET),
    )  # fmt: skip


def sale_row(row: TierSale) -> ft.Control:
    """Return the row of a sale below the open head of its step, a little to the right; a press explains its bonus."""
    ui, line = sessions.current(), row.line
    strings = current()
    inner = p.list_row(
        order_words(line.order_no) or line_name(line, strings),
        p.dots(order_tail(line.order_no), strings.time_short(line.at)), fact=amount(line.fen),
        on_click=lambda: ui.select(f"/commission/{line.id}"),
    )  # fmt: skip
    return ft.Container(inner, padding=ft.Padding.only(left=Space.XL))
