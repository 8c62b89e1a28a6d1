"""About: version, device, where the keys lie."""

from __future__ import annotations

import flet as ft

from app.ui import hooks, routes
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import t
from app.ui.theme import Space

GALLERY = "/gallery"


@screen
def AboutScreen() -> ft.Control:
    """Show what this is and what it runs on."""
    installation = hooks.use_session().installation
    keys = t("me.storage_demo") if installation.keystore.demonstration else t("me.storage_os")
    facts = ft.Column(
        [
            p.fact(t("me.version"), installation.version),
            p.fact(t("me.server"), installation.settings.api_url),
            p.fact(t("me.device"), installation.device_id[:12]),
            p.fact(t("me.storage"), keys),
        ],
        spacing=Space.M,
    )
    note = p.notice(None, t("me.phone_note"), tone="soft", icon=ft.Icons.SHIELD_OUTLINED)
    ui, more = hooks.use_session(), []
    if routes.page_of(GALLERY) is not None:  # dev and test only
        more = [p.group([p.setting_row(ft.Icons.PALETTE_OUTLINED, t("look.gallery"), "", lambda: ui.open(GALLERY))])]
    return p.frame(t("me.about_title"), [p.txt(t("me.about_text")), p.card(facts), note, *more])
