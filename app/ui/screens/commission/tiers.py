"""Tier bonuses of a day in one row for each step, which opens to the sales they were added to (rule 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import flet as ft

from app.domain.tier_steps import TierStep, apart, step_at
from app.protocol.objects import CommissionEntry
from app.store.json_text import loads
from app.store.queries.commission import LedgerLine
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.commission.steps import percent_of
from app.ui.screens.commission.view import signed
from app.ui.strings import Strings, current, money, t
from app.ui.theme import Tone, Type

TIER = "tier"


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


@lru_cache(maxsize=64)
def _tiers(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(begin), int(rate)) for begin, rate in loads(text))


def _step_of(line: LedgerLine) -> TierStep | None:
    return step_at(line.rule_id, _tiers(line.tiers or "[]"), line.base_fen) if line.kind == TIER else None


def _key_of(line: LedgerLine) -> tuple[TierStep, str] | None:
    step = _step_of(line)
    return None if step is None else (step, line.state)


def fold_day(day: str, lines: Sequence[LedgerLine], opened: frozenset[str]) -> list[LedgerLine | TierHead]:
    """Return a day's entries with its tier bonuses after them, those of one step in one row; one alone stays itself."""
    sales, steps = apart(lines, _key_of)
    rows: list[LedgerLine | TierHead] = list(sales)
    for (step, state), some in steps.items():
        if len(some) > 1:
            key = f"{day}/{step.rule_id}/{step.from_fen}/{state}"
            rows.append(TierHead(key, step, state, len(some), sum(one.fen for one in some), key in opened))
            rows.extend(some if key in opened else ())
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

    disc = ft.Container(
        ft.Icon(ft.Icons.STAIRS_OUTLINED, size=20, color=Tone.ON_CALM), width=44, height=44, border_radius=22,
        bgcolor=Tone.CALM, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    amount = ft.Column(
        [
            p.txt(signed(head.fen), Type.ROW, Tone.LATE if head.fen < 0 else None, no_wrap=True),
            p.txt(t(f"commission.state_{head.state}"), Type.META, no_wrap=True),
        ],
        spacing=2, horizontal_alignment=ft.CrossAxisAlignment.END, alignment=ft.MainAxisAlignment.CENTER,
    )  # fmt: skip
    since = t("commission.tier_since", amount=money(head.step.from_fen))
    return p.list_row(
        step_name(head.step, current()), p.dots(t("commission.tier_on", n=head.count), since), leading=disc,
        fact=amount, on_click=press,
        trailing=ft.Icon(ft.Icons.EXPAND_LESS if head.is_open else ft.Icons.EXPAND_MORE, size=20, color=Tone.QUIET),
    )  # fmt: skip
