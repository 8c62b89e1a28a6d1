"""Headquarters' play of the day on Today; nothing when there is none."""

from __future__ import annotations

import flet as ft

from app.domain.calendar_days import day_of
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.share import content
from app.ui.screens.share.catalogue import Play as PlayCard
from app.ui.strings import t
from app.ui.theme import Space


@screen
def Play() -> ft.Control:
    """Show today's play with its products; a tap on one goes to its page."""
    client, strings, now = hooks.use_client(), hooks.use_strings(), hooks.use_now()
    day = day_of(now, strings.zone)
    play = hooks.use_live({"pack"}, lambda: content.play_of(client, day), day)
    if play is None:
        return ft.Container()
    return ft.Column([p.section(t("today.play")), PlayCard(play)], spacing=Space.M)
