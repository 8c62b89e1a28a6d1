"""Signing out: first everything is sent; what cannot go is never dropped without being named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.domain.errors import GuideError
from app.ui import hooks
from app.ui import parts as p
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type


def use_leaving() -> tuple[Callable[[], None], bool]:
    """Return `(leave, leaving)`: `leave()` asks, pushes, and shows the choices when work is left. A hook."""
    ui, client = hooks.use_session(), hooks.use_client()
    stage, set_stage = ft.use_state("")  # "" | ask | busy | decide
    left, set_left = ft.use_state((0, ""))

    async def go(choice: str) -> None:
        set_stage("busy")
        try:
            answer = await ui.installation.sign_out(client, choice)
        except GuideError as error:
            set_stage("")
            p.say(error_text(error), refused=True)
            return
        if answer.outcome == "decide":
            set_left((answer.waiting, answer.code or "offline"))
            set_stage("decide")

    sheet, title = None, t("me.sign_out")
    if stage == "ask":
        sheet = _ask(lambda: ui.run(go, "ask"), lambda: set_stage(""))
    elif stage == "decide":
        title = t("me.unsent_title", n=left[0])
        sheet = _decide(left, lambda choice: ui.run(go, choice), lambda: set_stage(""))
    p.use_sheet(sheet, title, lambda: set_stage(""))
    return (lambda: set_stage("ask")), stage == "busy"


def _ask(on_go: Callable[[], Any], on_stay: Callable[[], Any]) -> ft.Control:
    rows = [
        p.txt(t("me.sign_out_why"), Type.BODY, Tone.QUIET),
        p.primary(t("me.sign_out_confirm"), on_go, ft.Icons.LOGOUT),
        p.quiet(t("me.stay"), on_stay),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _decide(left: tuple[int, str], on_choose: Callable[[str], Any], on_stay: Callable[[], Any]) -> ft.Control:
    n, code = left
    rows = [
        p.txt(error_text(code), Type.BODY, Tone.QUIET),
        p.txt(t("me.unsent_why"), Type.BODY, Tone.QUIET),
        p.primary(t("me.keep_locked"), lambda: on_choose("lock"), ft.Icons.LOCK_OUTLINE),
        p.txt(t("me.keep_locked_why"), Type.META),
        p.secondary(t("me.discard", n=n), lambda: on_choose("discard"), ft.Icons.DELETE_OUTLINE),
        p.quiet(t("me.stay"), on_stay),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
