"""The five states every list and page has: empty, loading, offline, refused, error; each with a way on."""

from __future__ import annotations

import asyncio

import flet as ft

from app.ui import hooks
from app.ui import session as sessions
from app.ui.parts.cards import card, notice
from app.ui.parts.text import txt
from app.ui.parts.touch import Press, secondary
from app.ui.strings import error_text, t
from app.ui.theme import ROW_HEIGHT, Radius, Space, Tone, Type


def empty(
    icon: ft.IconData, title: str, why: str = "", action: str | None = None, on_click: Press = None
) -> ft.Control:
    """Return the empty state: what is not here, why it is useful, one way on."""
    lines: list[ft.Control] = [
        ft.Icon(icon, size=40, color=Tone.QUIET),
        txt(title, Type.SECTION, text_align=ft.TextAlign.CENTER),
    ]
    if why:
        lines.append(txt(why, Type.BODY, Tone.QUIET, text_align=ft.TextAlign.CENTER))
    if action and on_click:
        lines.append(secondary(action, on_click))
    column = ft.Column(lines, spacing=Space.M, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    return ft.Container(column, padding=Space.XXL, alignment=ft.Alignment.CENTER)


def unfinished() -> ft.Control:
    """Return the state of a list whose first sync is not complete: what is missing, and that it goes on by itself.

    Call it while rendering.
    """
    status, ui = hooks.use_sync(), sessions.current()
    offline = str(getattr(status, "state", "offline")) not in ("online", "syncing")
    why = t("common.partial_offline") if offline else t("common.partial_text")
    return empty(
        ft.Icons.CLOUD_DOWNLOAD_OUTLINED, t("common.partial_title"), why, t("sync.title"), lambda: ui.open("/sync")
    )


def is_partial() -> bool:
    """Return whether the first sync is not complete; re-renders when that changes. Call it while rendering."""
    return bool(getattr(hooks.use_sync(), "partial", False))


def error_card(error: BaseException | str, on_retry: Press = None) -> ft.Control:
    """Return the card that stands in place of what failed: one clear sentence and a way to try again."""
    retry = secondary(t("common.try_again"), on_retry, ft.Icons.REFRESH) if on_retry else None
    words = notice(
        t("common.something_wrong"), error_text(error), tone="late", icon=ft.Icons.ERROR_OUTLINE, action=retry
    )
    # the column keeps the card as tall as its words wherever it stands
    return ft.Column([ft.Container(words, padding=Space.L)], horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def refused_note(code: str, params: dict[str, object] | None = None, action: ft.Control | None = None) -> ft.Control:
    """Return the note that stands beside a thing the server refused, with its reason."""
    return notice(t("common.refused"), error_text(code, params), tone="late", icon=ft.Icons.BLOCK, action=action)


def offline_note() -> ft.Control:
    """Return the note that this needs the network, and what works without."""
    return notice(None, error_text("offline"), icon=ft.Icons.CLOUD_OFF_OUTLINED)


def clock_note(ahead_s: float) -> ft.Control:
    """Return the note that the device's clock is wrong by so many seconds: how much, and that days here are right."""
    off = abs(ahead_s)
    unit, size = next((one for one in _UNITS if off >= one[1]), _UNITS[-1])
    much = t(f"look.{unit}", n=max(1, round(off / size)))
    words = t("look.clock_fast" if ahead_s > 0 else "look.clock_slow", much=much)
    return notice(None, words, icon=ft.Icons.SCHEDULE)


_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def _bone(width: float | None, height: float, radius: float = Radius.S, expand: bool | None = None) -> ft.Control:
    return ft.Container(width=width, height=height, bgcolor=Tone.FILL, border_radius=radius, expand=expand)


def _bone_row() -> ft.Control:
    words = ft.Column([_bone(140, 14), _bone(220, 12)], spacing=Space.S, alignment=ft.MainAxisAlignment.CENTER)
    return ft.Container(
        ft.Row([_bone(44, 44, 22), words], spacing=Space.M),
        height=ROW_HEIGHT,
        padding=ft.Padding.symmetric(horizontal=Space.M),
    )


@ft.component
def Skeleton(rows: int = 6, head: bool = False) -> ft.Control:
    """Show the shape of rows (and of a card above, with `head`), but only when loading takes over 150 ms."""
    late, set_late = ft.use_state(False)

    async def wait() -> None:
        await asyncio.sleep(0.15)
        set_late(True)

    ft.use_effect(wait, [], cleanup=lambda: None)
    calm = hooks.use_layout().calm
    if not late:
        return ft.Container()
    bones: list[ft.Control] = [_bone_row() for _ in range(rows)]
    if head:
        bones.insert(0, card(_bone(None, 88)))
    shape = ft.Column(bones, spacing=Space.S)
    if calm:  # the device asks for less motion
        return shape
    return ft.Shimmer(shape, base_color=Tone.FILL, highlight_color=ft.Colors.SURFACE_CONTAINER_LOWEST)
