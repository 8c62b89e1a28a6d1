"""Entries as rows: what was sold, in which part, how much and in which state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import flet as ft

from app.domain.instants import from_text
from app.protocol.objects import CommissionEntry
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.commission.marks import amount, disc
from app.ui.screens.commission.sold import sold_words
from app.ui.screens.commission.tiers import entry_name
from app.ui.screens.commission.view import TONES, is_estimate
from app.ui.strings import Strings, t
from app.ui.theme import Tone

ICONS = {"refund": ft.Icons.UNDO, "tier": ft.Icons.STAIRS_OUTLINED, "reversal": ft.Icons.BALANCE}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its row shows it: `told` is what is special about it, `when` and the channel come last."""

    id: str
    label: str
    told: str
    when: str
    order_no: str
    fen: int
    state: str
    kind: str
    sleep: bool


def line_of(entry: CommissionEntry, strings: Strings, now: datetime, names: dict[str, str]) -> Line:
    """Return an entry as a row with its day."""
    when = strings.moment(from_text(entry.created_at), now)
    return line_at(entry, when, strings, names)


def line_at(entry: CommissionEntry, when: str, strings: Strings, names: dict[str, str]) -> Line:
    """Return an entry as a row with what is said of its time."""
    told = facts(entry.kind, entry.role, entry.sleep, strings)
    label = label_of(entry, strings, names)
    return Line(
        entry.id, label, told, when, entry.order_no, entry.amount_fen, entry.state, entry.kind, entry.sleep
    )  # fmt: skip


def label_of(entry: CommissionEntry, strings: Strings, names: dict[str, str]) -> str:
    """Return what an entry is about in the session's language."""
    if entry.kind == "tier":
        return entry_name(entry, strings)
    return names.get(entry.label, entry.label) or strings.t(f"commission.kind_{entry.kind}")


def facts(kind: str, role: str, sleep: bool, strings: Strings) -> str:
    """Return what is special about an entry: not a plain sale, shared, at night."""
    return p.dots(
        strings.t(f"commission.kind_{kind}") if kind in ("refund", "reversal") else None,
        strings.t(f"commission.role_{role}") if role != "sole" else None,
        strings.t("commission.sleep") if sleep else None,
    )


def entry_row(line: Line, chosen: bool = False) -> ft.Control:
    """Return the row that opens an entry; whom it was sold to and the order's number tell two of one product apart."""
    ui = sessions.current()
    back, ink = (Tone.REFUSED, Tone.ON_REFUSED) if line.fen < 0 else (Tone.CARD if chosen else Tone.CALM, Tone.ON_CALM)
    icon = ICONS.get(line.kind, ft.Icons.BEDTIME_OUTLINED if line.sleep else ft.Icons.SHOPPING_BAG_OUTLINED)
    meta = p.dots(line.told, *sold_words(line.id, line.order_no), line.when)
    return p.list_row(
        line.label, meta, leading=disc(icon, back, ink), fact=amount(line.fen, line.state),
        on_click=lambda: ui.select(f"/commission/{line.id}"), selected=chosen,
    )  # fmt: skip


def state_pill(entry: CommissionEntry) -> ft.Control:
    """Return the pill of an entry's state; what may still change says so."""
    label = t(f"commission.state_{entry.state}")
    if is_estimate(entry):
        label = p.dots(t("commission.estimate"), label)
    return p.pill(label, TONES.get(entry.state, "calm"))
