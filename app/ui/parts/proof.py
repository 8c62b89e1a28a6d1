"""A question to the server that may want the PIN once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.domain.errors import GuideError
from app.ui import hooks
from app.ui.parts.cards import notice
from app.ui.parts.choose import text_field
from app.ui.parts.text import txt
from app.ui.strings import error_text, t
from app.ui.theme import Tone, Type


@dataclass(frozen=True, slots=True)
class Proof:
    """How the question stands: `rows` to show (the PIN's field, what is wanted or failed), whether and how to ask."""

    rows: tuple[ft.Control, ...]
    ready: bool
    busy: bool
    ask: Callable[[], None]


def use_proof(job: Callable[[str], Awaitable[None]], why: Callable[[GuideError], str] = error_text) -> Proof:
    """Ask by `job(pin)`, without a PIN until the server wants it; `why` says what a failure means here. A hook."""
    pin, set_pin = ft.use_state("")
    wants_pin, set_wants_pin = ft.use_state(False)
    problem, set_problem = ft.use_state("")
    start, busy = hooks.use_once()

    async def run() -> None:
        try:
            await job(pin)
        except GuideError as error:
            first = error.code == "step_up_needed" and not wants_pin
            set_wants_pin(wants_pin or first)
            set_problem("" if first else why(error))

    def ask() -> None:
        set_problem("")
        start(run)

    rows: list[ft.Control] = []
    if wants_pin:
        rows.append(txt(t("login.again"), Type.BODY, Tone.QUIET))
        rows.append(
            text_field(
                t("login.pin"),
                pin,
                set_pin,
                password=True,
                keyboard_type=ft.KeyboardType.NUMBER,
                autofocus=True,
                on_submit=ask,
            )
        )
    if problem:
        rows.append(notice(None, problem, tone="late", icon=ft.Icons.ERROR_OUTLINE))
    return Proof(tuple(rows), (bool(pin) or not wants_pin) and not busy, busy, ask)
