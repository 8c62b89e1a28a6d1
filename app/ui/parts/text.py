"""Text in the kinds of the design card, money, pills and section titles."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.ui.strings import money
from app.ui.theme import DOT, Radius, Space, Tone, Type, TypeSpec


def txt(value: str, kind: TypeSpec = Type.BODY, color: str | None = None, **options: Any) -> ft.Text:
    """Return text of one kind; `lines=1` cuts with an ellipsis."""
    lines = options.pop("lines", None)
    if lines:
        options |= {"max_lines": lines, "overflow": ft.TextOverflow.ELLIPSIS}
    return ft.Text(value, style=kind.style(color), **options)


def dots(*parts: str | None) -> str:
    """Return the non-empty parts joined by the middle dot."""
    return DOT.join(part for part in parts if part)


def money_text(fen: int, kind: TypeSpec = Type.FIGURE, color: str | None = None, *, exact: bool = False) -> ft.Text:
    """Return an amount of money."""
    return txt(money(fen, exact=exact), kind, color)


def section(title: str, trailing: str | ft.Control | None = None) -> ft.Control:
    """Return a section's title, with a quiet note or a control at its right."""
    end = txt(trailing, Type.META) if isinstance(trailing, str) else trailing
    heading = ft.Semantics(heading_level=2, content=txt(title, Type.SECTION, Tone.QUIET), expand=True)
    return ft.Row([heading, *([end] if end else [])], vertical_alignment=ft.CrossAxisAlignment.CENTER)


_TONES = {
    "warm": (Tone.WARM, Tone.ON_WARM),
    "soft": (Tone.SOFT, Tone.ON_SOFT),
    "calm": (Tone.FILL, Tone.QUIET),
    "late": (Tone.REFUSED, Tone.ON_REFUSED),
}


def pill(label: str, tone: str = "calm", icon: ft.IconData | None = None) -> ft.Container:
    """Return a small pill: `warm` for attention, `soft` for good, `calm` for facts, `late` for late or refused."""
    back, ink = _TONES[tone]
    text = txt(label, Type.LABEL, ink, no_wrap=True)
    content = text if icon is None else ft.Row(
        [ft.Icon(icon, size=14, color=ink), text], spacing=Space.XS, tight=True
    )  # fmt: skip
    return ft.Container(
        content, bgcolor=back, border_radius=Radius.L, padding=ft.Padding.symmetric(horizontal=10, vertical=3)
    )


def level_pill(level: str | None) -> ft.Control | None:
    """Return the pill of a customer's level (`gold`, `silver`, `diamond`, …), or None for the plain one."""
    from app.ui.strings import current

    if not level or level in ("normal", "member", "none", "regular"):
        return None
    key = f"common.level_{level}"
    label = current().t(key) if current().has(key) else level
    warm = level in ("gold", "diamond", "platinum")
    return pill(label, "warm" if warm else "calm", ft.Icons.WORKSPACE_PREMIUM_OUTLINED if warm else None)
