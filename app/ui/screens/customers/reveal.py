"""The masked number, and the deliberate act that shows it whole for ten seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import flet as ft

from app.account import REVEAL_REASONS, reveal_phone
from app.domain.errors import GuideError, Unavailable
from app.protocol.objects import Customer
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type

SHOWN_S = 10


@screen
def PhoneLine(customer: Customer) -> ft.Control:
    """Show the masked number; pressed, it asks why it is needed, and then stands in full for ten seconds."""
    asking, set_asking = ft.use_state(False)
    number, set_number = ft.use_state("")

    async def hide() -> None:
        if number:
            await asyncio.sleep(SHOWN_S)
            set_number("")

    def got(found: str) -> None:
        set_asking(False)
        set_number(found)
        if not found:
            p.say(t("reveal.none"))

    def close() -> None:
        set_asking(False)

    ft.use_effect(hide, [number], cleanup=lambda: None)
    p.use_sheet(RevealForm(customer.id, got) if asking else None, t("reveal.title"), close)
    if number:
        return _whole(number)
    if not customer.phone_masked:
        return p.txt(t("profile.mine"), Type.META)
    line = ft.Row(
        [
            p.txt(p.dots(customer.phone_masked, t("profile.mine")), Type.META, expand=True, expand_loose=True),
            ft.Icon(ft.Icons.VISIBILITY_OUTLINED, size=16, color=Tone.QUIET),
        ],
        spacing=Space.XS,
    )
    return p.tappable(
        line,
        lambda: set_asking(True),
        label=t("reveal.show", phone=customer.phone_masked),
        padding=ft.Padding.symmetric(vertical=15),
    )


def _why(error: GuideError) -> str:
    """Return why there is no number; nothing of this is kept for later, as other work without a network is."""
    away = isinstance(error, Unavailable) and error.code != "rate_limited"
    return t("profile.reveal_offline") if away else error_text(error)


def _whole(number: str) -> ft.Control:
    ui = hooks.sessions.current()

    async def copy() -> None:
        p.say(t("common.copied") if await ui.ports.clipboard.copy(number) else t("common.copy_refused"))

    async def call() -> None:
        await ui.ports.dialer.call(number)

    return ft.Row(
        [
            p.txt(number, Type.ROW, semantics_label=t("reveal.number", phone=number)),
            p.icon_button(ft.Icons.CALL_OUTLINED, t("reveal.call"), lambda: ui.run(call)),
            p.icon_button(ft.Icons.COPY, t("reveal.copy"), lambda: ui.run(copy)),
        ],
        spacing=Space.XS,
    )


@screen
def RevealForm(customer_id: str, on_number: Callable[[str], None]) -> ft.Control:
    """Ask for the reason, and for the PIN when the server wants it again."""
    client = hooks.use_client()
    reason, set_reason = ft.use_state("")

    async def ask(pin: str) -> None:
        on_number(await reveal_phone(client.http, customer_id, reason, pin))

    proof = p.use_proof(ask, _why)
    ready = bool(reason) and proof.ready
    options = [(one, t(f"reveal.reason_{one}")) for one in REVEAL_REASONS]
    rows: list[ft.Control] = [
        p.txt(t("reveal.why"), Type.BODY, Tone.QUIET),
        p.filter_chips(options, reason, set_reason, wrap=True),
    ]
    rows += proof.rows
    rows.append(p.primary(t("reveal.go"), proof.ask if ready else None, ft.Icons.VISIBILITY_OUTLINED, busy=proof.busy))
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
