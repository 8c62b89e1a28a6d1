"""Why we hold this: every personal field on this phone, from the registry itself (`domain.pii`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import flet as ft

from app.domain.pii import FIELDS, PersonalField
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type

YEAR = 365
ICONS = {
    "customer": ft.Icons.PERSON_OUTLINE, "order": ft.Icons.RECEIPT_LONG_OUTLINED,
    "browse_event": ft.Icons.VISIBILITY_OUTLINED, "coupon": ft.Icons.LOCAL_OFFER_OUTLINED,
    "share": ft.Icons.IOS_SHARE_OUTLINED, "contact": ft.Icons.CHAT_BUBBLE_OUTLINE, "handover": ft.Icons.SWAP_HORIZ,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Fields of one kind that are held for the same reason and as long."""

    purpose: str
    fields: tuple[PersonalField, ...]


def lines_of(kind: str) -> tuple[Line, ...]:
    """Return what is held of a kind, fields of one purpose, basis and term together."""
    found: dict[tuple[str, str, int | None], list[PersonalField]] = {}
    for field in FIELDS:
        if field.kind == kind:
            found.setdefault((field.purpose, field.basis, field.keep_days), []).append(field)
    return tuple(Line(purpose, tuple(fields)) for (purpose, _, _), fields in found.items())


def kinds() -> tuple[str, ...]:
    """Return the kinds in the registry's order."""
    return tuple(dict.fromkeys(field.kind for field in FIELDS))


def purpose_key(purpose: str) -> str:
    """Return the catalogue's key of a purpose."""
    return "privacy.purpose_" + re.sub(r"[^a-z]+", "_", purpose.lower()).strip("_")


def _said(key: str, plain: str) -> str:
    """Return the catalogue's words; a field that just came shows the registry's own."""
    strings = current()
    return strings.t(key) if strings.has(key) else plain


def keep_text(days: int | None) -> str:
    """Return how long a field is kept, in words."""
    if days is None:
        return t("privacy.keep_relation")
    return t("privacy.keep_years", n=days // YEAR) if days % YEAR == 0 else t("privacy.keep_days", n=days)


@screen
def PrivacyScreen() -> ft.Control:
    """Show each kind of data; one open at a time."""
    hooks.use_strings()
    shown, set_shown = hooks.use_kept("shown", "customer")
    body = [
        p.txt(t("privacy.lead")),
        p.notice(None, t("privacy.never"), tone="soft", icon=ft.Icons.SHIELD_OUTLINED),
        *(_kind(kind, kind == shown, lambda kind=kind: set_shown("" if kind == shown else kind)) for kind in kinds()),
        p.txt(t("privacy.rights"), Type.META),
    ]
    return p.frame(t("privacy.title"), body)


def _kind(kind: str, is_open: bool, on_press: object) -> ft.Control:
    name = _said(f"privacy.kind_{kind}", kind)
    icon = ft.Icons.EXPAND_LESS if is_open else ft.Icons.EXPAND_MORE
    head = p.list_row(
        name, "", leading=ft.Icon(ICONS.get(kind, ft.Icons.DESCRIPTION_OUTLINED), size=22, color=Tone.QUIET),
        height=56, on_click=on_press, label=name, selected=False,
        trailing=ft.Icon(icon, size=20, color=Tone.QUIET),
    )  # fmt: skip
    return p.group([head, *(_line(one) for one in lines_of(kind))] if is_open else [head])


def _line(line: Line) -> ft.Control:
    first = line.fields[0]
    names = "、" if current().is_chinese else ", "
    fields = names.join(_said(f"privacy.field_{one.kind}_{one.name}", one.name) for one in line.fields)
    basis = t("privacy.line", basis=t(f"privacy.basis_{first.basis}"), keep=keep_text(first.keep_days))
    sealed = all(one.sealed for one in line.fields)
    foot = p.dots(basis, t("privacy.sealed")) if sealed else basis
    words = ft.Column(
        [
            p.txt(_said(purpose_key(line.purpose), line.purpose), Type.ROW),
            p.txt(fields, Type.BODY),
            p.txt(foot, Type.META),
        ],
        spacing=2,
    )
    return ft.Container(words, padding=ft.Padding.symmetric(horizontal=Space.L, vertical=Space.M))
