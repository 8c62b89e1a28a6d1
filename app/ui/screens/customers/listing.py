"""A customer as a row of the list: name and level, spend and what helps to know them, or what a search found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import flet as ft

from app.domain.instants import from_text
from app.insight.finding import Hit
from app.insight.index import CustomerRow
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.customers.picking import Picking
from app.ui.strings import current, money, t
from app.ui.theme import Space, Tone, Type, text_width

LATE_DAYS = 60
NO_HIT = Hit()


@dataclass(frozen=True, slots=True)
class Look:
    """What the rows depend on beside their own values; `query` where rows look up themselves what it found.

    `lean`: while somebody types, and where it does not fit beside the name, the level stands in the line below, in
    words, not as a pill.
    """

    today: int
    language: str
    selected: str | None
    picking: bool
    query: str = ""
    lean: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with its tick and with what a search found in it."""

    row: CustomerRow
    on: bool = False
    hit: Hit = NO_HIT


BESIDE_NAME = 2 * Space.M + 44 + 2 * Space.L  # of the row's width: its padding, the avatar and the gaps


def customer_row(look: Look, shown: CustomerRow | Shown) -> ft.Control:
    """Return the row of a customer: it opens the profile, or ticks while several are picked."""
    one = shown if isinstance(shown, Shown) else Shown(shown)
    row = one.row
    hit = sessions.current().client.index.hit(row.id, look.query) if look.query else one.hit
    days = None if row.last_order_at is None else _days(row.last_order_at, look.today)
    fact = "" if days is None else (t("customers.days_ago", n=days) if days else t("customers.today"))
    lean = look.lean or not _has_room(row, fact)
    return p.person_row(
        _title(row, hit, lean),
        _meta(row, hit, lean),
        leading=_tick(one.on) if look.picking else p.avatar(row.name, row.id),
        fact=fact,
        fact_color=Tone.LATE if days is not None and days > LATE_DAYS else None,
        on_click=partial(_toggle if look.picking else _open, row.id),
        on_long_press=None if look.picking else partial(_start, row.id),
        selected=one.on or (not look.picking and row.id == look.selected),
    )


def _has_room(row: CustomerRow, fact: str) -> bool:
    """Return whether the level fits beside the name; else it stands in the line below, in words."""
    layout, level = sessions.current().layout, p.level_name(row.level)
    if level is None or layout.is_large:
        return level is None
    words = text_width(row.name, Type.ROW, layout.scale) + text_width(fact, Type.META, layout.scale)
    margins = 2 * (Space.L if layout.is_phone else Space.XL)
    return words + p.pill_width(level, layout.scale) + BESIDE_NAME + margins <= layout.pane


def _title(row: CustomerRow, hit: Hit, lean: bool) -> ft.Control:
    name = p.marked(row.name or t("coupons.someone"), hit.name, Type.ROW)
    pill = None if lean else p.level_pill(row.level)
    if pill is None:
        return name
    name.expand, name.expand_loose = 1, True
    return ft.Row([name, pill], spacing=Space.S)


def _meta(row: CustomerRow, hit: Hit, lean: bool) -> ft.Control:
    if hit.kind:
        head = t(f"customers.hit_{hit.kind}")
        shift = len(head)
        return p.marked(head + hit.text, [(a + shift, b + shift) for a, b in hit.spans], Type.META)
    spend = money(row.spend_fen) if row.order_count else t("customers.never")
    size = t("customers.size", size=row.sizes[0]) if row.sizes else None
    level = p.level_name(row.level) if lean else None
    return p.txt(p.dots(level, spend, *(tag.name for tag in row.tags[:1]), size), Type.META, lines=1)


def _tick(on: bool) -> ft.Control:
    icon = ft.Icons.CHECK_CIRCLE if on else ft.Icons.RADIO_BUTTON_UNCHECKED
    return ft.Container(
        ft.Icon(icon, size=26, color=Tone.ACTION if on else Tone.QUIET), width=44, alignment=ft.Alignment.CENTER
    )


def _toggle(customer_id: str) -> None:
    sessions.current().slice(Picking).toggle(customer_id)


def _start(customer_id: str) -> None:
    sessions.current().slice(Picking).start(customer_id)


def _open(customer_id: str) -> None:
    sessions.current().select(f"/customers/{customer_id}")


def _days(at: str, today: int) -> int:
    here = current().local(from_text(at))
    return max(0, today - here.toordinal()) if isinstance(here, datetime) else 0
