"""What one contact costs of a customer's budget, said before anything is sent (rules 9.2, 9.3)."""

from __future__ import annotations

import flet as ft

from app.domain.contact import Allowed
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.customers.reach import use_decision
from app.ui.strings import limit_text, t
from app.ui.theme import Space, Tone, Type


@screen
def Cost(customer_id: str, short: bool = False, again: bool = False, going: bool = False) -> ft.Control:
    """Say what is left today and this week and what sending takes of it; else why not, and when it is polite again.

    `again`: what is shared went to this customer today already, so that sending takes nothing. `going`: it is on its
    way, what was said before stays.
    """
    decision, before = use_decision(customer_id), ft.use_ref(None)
    decision = before.current = before.current if going and before.current is not None else decision
    hooks.use_strings()
    if again:
        said, ink, icon = t("message.again_free"), Tone.QUIET, ft.Icons.FORUM_OUTLINED
    elif isinstance(decision, Allowed):
        key = "message.cost_short" if short else "message.cost"
        said, ink, icon = t(key, day=decision.day_left, week=decision.week_left), Tone.QUIET, ft.Icons.FORUM_OUTLINED
    else:
        said, ink, icon = limit_text(decision.code, decision.params), Tone.QUIET, ft.Icons.SCHEDULE
    return ft.Row(
        [ft.Icon(icon, size=16, color=ink), p.txt(said, Type.META, ink, expand=True)], spacing=Space.S,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
