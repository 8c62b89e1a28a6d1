"""Which ink stands on which ground on a screen of `FakeUi`, and how well it can be read there.

A control's ground is the nearest one around it that is painted. Contrast is that of WCAG 2.1: the luminance of the
lighter plus 0.05 over that of the darker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flet as ft
from flet.controls.base_control import BaseControl

from app.ui import theme

TEXT, LARGE = 4.5, 3.0
LARGE_SIZE, LARGE_STRONG = 24, 18.66  # CSS pixels: 18 points, or 14 strong


def contrast(ink: str, ground: str) -> float:
    """Return the contrast of two `#RRGGBB`."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hex_of(role: Any, scheme: ft.ColorScheme) -> str | None:
    """Return the hex of a colour role in a scheme; None for none or transparent."""
    name = getattr(role, "value", role)
    if name is None or name == "transparent":
        return None
    if str(name).startswith("#"):
        return str(name)
    wanted = str(name).replace("_", "")
    roles = {field.replace("_", ""): field for field in scheme.__dataclass_fields__}
    found: str | None = getattr(scheme, roles[wanted]) if wanted in roles else None
    return found


def pairs(root: Any) -> set[tuple[str, str, float]]:
    """Return each (ink, ground, least contrast) under the controls of `root`, by colour role."""
    found: set[tuple[str, str, float]] = set()
    for control, ground in _grounds(root, theme.Tone.SURFACE, set()):
        if isinstance(control, ft.Text) and control.value and control.style and control.style.color:
            style = control.style
            strong = style.weight is ft.FontWeight.W_600
            is_large = (style.size or 0) >= (LARGE_STRONG if strong else LARGE_SIZE)
            found.add((_name(style.color), _name(ground), LARGE if is_large else TEXT))
        if isinstance(control, ft.Icon) and control.color:
            found.add((_name(control.color), _name(ground), LARGE))
        if isinstance(control, ft.IconButton) and control.icon_color and not control.disabled:
            found.add((_name(control.icon_color), _name(ground), LARGE))
        if isinstance(control, ft.FilledButton):
            found.add((theme.Tone.ON_ACTION.value, theme.Tone.ACTION.value, TEXT))
        if isinstance(control, ft.OutlinedButton | ft.TextButton):
            found.add((theme.Tone.ACTION.value, _name(ground), TEXT))
    return found


def poor(found: set[tuple[str, str, float]]) -> list[str]:
    """Return what cannot be read well enough, in light and in dark."""
    bad = []
    for name, scheme in (("light", theme.LIGHT), ("dark", theme.DARK)):
        for ink, ground, least in sorted(found):
            front, back = hex_of(ink, scheme), hex_of(ground, scheme)
            assert front and back, f"no colour for {ink} on {ground}"
            if contrast(front, back) < least:
                bad.append(f"{name}: {ink} on {ground} is {contrast(front, back):.2f}, wants {least}")
    return bad


def _name(role: Any) -> str:
    return str(getattr(role, "value", role))


def _grounds(value: Any, ground: Any, seen: set[int]) -> Iterator[tuple[BaseControl, Any]]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _grounds(item, ground, seen)
        return
    if not isinstance(value, BaseControl) or id(value) in seen or getattr(value, "visible", True) is False:
        return
    seen.add(id(value))
    painted = getattr(value, "bgcolor", None)
    under = painted if _name(painted) not in ("None", "transparent") else ground
    yield value, under
    for field in value.__dataclass_fields__.values():
        if not field.metadata.get("skip") and not field.name.startswith("_parent"):
            yield from _grounds(getattr(value, field.name, None), under, seen)
