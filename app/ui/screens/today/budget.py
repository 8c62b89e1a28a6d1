"""What one contact costs of a customer's budget, said before anything is sent (rules 9.2, 9.3)."""

from __future__ import annotations

import flet as ft

from app.domain.contact import Allowed, Denied
from app.mutations.contacting import contact_decision
from app.mutations.mutate import call_of
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type

WATCHED = frozenset({"customer", "contact", "contact_holder", "setting"})


def use_decision(customer_id: str) -> Allowed | Denied:
    """Return whether this customer may be contacted now; asked again each minute and at each commit. A hook."""
    client, now = hooks.use_client(), hooks.use_now()
    return hooks.use_live(
        WATCHED, lambda: contact_decision(client.store.read, customer_id, call_of(client)), customer_id, now
    )


@screen
def Cost(customer_id: str, short: bool = False) -> ft.Control:
    """Say what is left today and this week and what sending takes of it; else why not, and when it is polite again."""
    decision = use_decision(customer_id)
    hooks.use_strings()
    if isinstance(decision, Allowed):
        key = "message.cost_short" if short else "message.cost"
        said, ink, icon = t(key, day=decision.day_left, week=decision.week_left), Tone.QUIET, ft.Icons.FORUM_OUTLINED
    else:
        said, ink, icon = error_text(decision.code, decision.params), Tone.LATE, ft.Icons.SCHEDULE
    return ft.Row(
        [ft.Icon(icon, size=16, color=ink), p.txt(said, Type.META, ink, expand=True)], spacing=Space.S,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )  # fmt: skip
