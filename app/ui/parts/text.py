"""Text in the kinds of the design card, money, pills and section titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from app.ui.parts.inspected import seen
from app.ui.strings import money
from app.ui.theme import DOT, Radius, Space, Tone, Type, TypeSpec, text_width


def txt(value: str, kind: TypeSpec = Type.BODY, color: str | None = None, **options: Any) -> ft.Control:
    """Return text of one kind.

    `lines=1` cuts with an ellipsis: for what people wrote (names, notes), never for the app's own words.
    """
    lines = options.pop("lines", None)
    if lines:
        options |= {"max_lines": lines, "overflow": ft.TextOverflow.ELLIPSIS}
    return seen(ft.Text(value, style=kind.style(color), **options), kind)


def marked(
    text: str, spans: Sequence[tuple[int, int]], kind: TypeSpec = Type.BODY, color: str | None = None, **options: Any
) -> ft.Text:
    """Return text on one line whose `spans` (from, to) are marked: what a search found."""
    if not spans:
        return txt(text, kind, color, lines=1, **options)
    strong = TypeSpec(kind.size, kind.line, True, Tone.ON_SOFT).style()
    strong.bgcolor = Tone.SOFT
    pieces, at = [], spans[0][0]
    for begin, end in spans:
        if begin > at:
            pieces.append(ft.TextSpan(text[at:begin]))
        pieces.append(ft.TextSpan(text[begin:end], strong))
        at = end
    if at < len(text):
        pieces.append(ft.TextSpan(text[at:]))
    return txt(text[: spans[0][0]], kind, color, lines=1, spans=pieces, **options)


def dots(*parts: str | None) -> str:
    """Return the non-empty parts joined by the middle dot."""
    return DOT.join(part for part in parts if part)


def money_text(fen: int, kind: TypeSpec = Type.FIGURE, color: str | None = None, *, exact: bool = False) -> ft.Control:
    """Return an amount of money."""
    return txt(money(fen, exact=exact), kind, color)


def section(title: str, trailing: str | ft.Control | None = None) -> ft.Control:
    """Return a section's title, with a quiet note or a control at its right."""
    heading = ft.Semantics(heading_level=2, content=txt(title, Type.SECTION, Tone.QUIET))
    if trailing is None:
        return heading
    return ends(heading, txt(trailing, Type.META) if isinstance(trailing, str) else trailing)


def ends(left: ft.Control, right: ft.Control) -> ft.Control:
    """Return two controls at the ends of a line; the right one goes under the left where both do not fit."""
    line = ft.Row(
        [left, right], wrap=True, spacing=Space.S, run_spacing=Space.XS, expand=True,
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN, vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
    return ft.Row([line], spacing=0)  # which gives the line its whole width


def shares(left: str, left_kind: TypeSpec, right: str, right_kind: TypeSpec) -> tuple[int, int]:
    """Return the shares of a row that two texts take, by their lengths."""
    return max(1, round(text_width(left, left_kind))), max(1, round(text_width(right, right_kind)))


_TONES = {
    "warm": (Tone.WARM, Tone.ON_WARM),
    "soft": (Tone.SOFT, Tone.ON_SOFT),
    "calm": (Tone.FILL, Tone.QUIET),
    "late": (Tone.REFUSED, Tone.ON_REFUSED),
}


def pill(label: str, tone: str = "calm", icon: ft.IconData | None = None) -> ft.Container:
    """Return a small pill: `warm` for attention, `soft` for good, `calm` for facts, `late` for late or refused."""
    back, ink = _TONES[tone]
    text = txt(label, Type.LABEL, ink)
    content = text if icon is None else ft.Row(
        [ft.Icon(icon, size=14, color=ink), text], spacing=Space.XS, tight=True
    )  # fmt: skip
    return ft.Container(
        content, bgcolor=back, border_radius=Radius.L, padding=ft.Padding.symmetric(horizontal=10, vertical=3)
    )


def pill_width(label: str, scale: float = 1.0) -> float:
    """Return about how wide a pill with an icon is on one line."""
    return text_width(label, Type.LABEL, scale) + 20 + 14 + Space.XS


PLAIN_LEVELS = ("", "normal", "member", "none", "regular")


def level_name(level: str | None) -> str | None:
    """Return a customer's level in words, or None for the plain one."""
    from app.ui.strings import current

    if level is None or level in PLAIN_LEVELS:
        return None
    key = f"common.level_{level}"
    return current().t(key) if current().has(key) else level


def level_pill(level: str | None) -> ft.Control | None:
    """Return the pill of a customer's level (`gold`, `silver`, `diamond`, …), or None for the plain one."""
    label = level_name(level)
    if label is None:
        return None
    warm = level in ("gold", "diamond", "platinum")
    return pill(label, "warm" if warm else "calm", ft.Icons.WORKSPACE_PREMIUM_OUTLINED if warm else None)
