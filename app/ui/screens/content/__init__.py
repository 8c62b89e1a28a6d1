"""Headquarters' place on the phone: what is published, for looking at only (publishing is done on a computer)."""

from __future__ import annotations

import flet as ft

from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import t


@screen
def ContentScreen() -> ft.Control:
    """Say where content is published."""
    return p.frame(
        t("common.root_content"),
        p.empty(ft.Icons.CAMPAIGN_OUTLINED, t("common.content_soon"), t("common.content_soon_why")),
    )
