"""The honest badge: online, offline with n waiting, n refused or to look at; it opens the sync page."""

from __future__ import annotations

import flet as ft

from app.ui import hooks
from app.ui.guards import screen
from app.ui.parts.text import txt
from app.ui.parts.touch import tappable
from app.ui.strings import t
from app.ui.theme import DOT, TOUCH, Radius, Space, Tone, Type

DRAWN = 28


def words(state: str, waiting: int, refused: int, problems: int = 0) -> str:
    """Return what the badge says."""
    if problems:
        return t("sync.badge_look", n=refused + problems)
    if refused:
        return t("sync.badge_refused", n=refused)
    if state == "signed_out":
        return t("sync.badge_signed_out")
    if state in ("online", "syncing"):
        return t("sync.badge_waiting", n=waiting) if waiting else t("sync.badge_online")
    return DOT.join([t("sync.badge_offline"), *([t("sync.badge_waiting", n=waiting)] if waiting else [])])


@screen
def SyncBadge() -> ft.Control:
    """Show how things stand; a press opens the sync page."""
    status, ui = hooks.use_sync(), hooks.use_session()
    hooks.use_strings()
    state = ui.sync.settled
    waiting, refused = int(getattr(status, "waiting", 0)), int(getattr(status, "refused", 0))
    problems = int(getattr(status, "problems", 0))
    look = refused + problems
    fine = state in ("online", "syncing") and not look
    back, ink = (Tone.FILL, Tone.QUIET) if fine else (Tone.WARM, Tone.ON_WARM)
    if look:
        back, ink = Tone.REFUSED, Tone.ON_REFUSED
    icon = ft.Icons.CLOUD_DONE_OUTLINED if fine else ft.Icons.CLOUD_OFF_OUTLINED
    if look:
        icon = ft.Icons.ERROR_OUTLINE
    said = words(state, waiting, refused, problems)
    face = ft.Row(
        [ft.Icon(icon, size=14, color=ink), txt(said, Type.LABEL, ink, no_wrap=True)],
        spacing=Space.XS + 2, tight=True,
    )  # fmt: skip
    shape = ft.Container(
        face, bgcolor=back, border_radius=Radius.L, padding=ft.Padding.symmetric(horizontal=Space.M, vertical=6)
    )
    # drawn 28 high, pressed 48 high
    return tappable(
        shape, lambda: ui.open("/sync"), radius=Radius.L, padding=ft.Padding.symmetric(vertical=(TOUCH - DRAWN) / 2)
    )


MemoSyncBadge = ft.memo(SyncBadge)  # a screen that is drawn again changes nothing here
