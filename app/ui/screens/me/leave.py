"""Signing out: first everything is sent; what cannot go is never dropped without being named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.domain.errors import GuideError
from app.store.queries import work
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.sync import waiting_row
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type

NAMED = 60


def use_leaving() -> tuple[Callable[[], None], bool]:
    """Return `(leave, leaving)`: `leave()` asks, pushes, and shows the choices when work is left. A hook."""
    ui, client = hooks.use_session(), hooks.use_client()
    stage, set_stage = ft.use_state("")  # "" | ask | busy | decide | names | file
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

    def stay() -> None:
        set_stage("")

    def leave_by(choice: str) -> Callable[[], None]:
        return lambda: ui.run(go, choice)

    def back() -> None:
        set_stage("decide")

    made: dict[str, Callable[[], tuple[str, ft.Control]]] = {
        "ask": lambda: (t("me.sign_out"), _ask(leave_by("ask"), stay)),
        "decide": lambda: (t("me.unsent_title", n=left[0]), _decide(left, leave_by("lock"), set_stage, stay)),
        "names": lambda: (t("me.discard_title", n=left[0]), _names(client, left[0], leave_by("discard"), back)),
        "file": lambda: (t("me.save_file"), SaveFile(leave_by("discard"), back)),
    }
    title, sheet = made[stage]() if stage in made else (t("me.sign_out"), None)
    p.use_sheet(sheet, title, stay)
    return (lambda: set_stage("ask")), stage == "busy"


def _ask(on_go: Callable[[], Any], on_stay: Callable[[], Any]) -> ft.Control:
    rows = [
        p.txt(t("me.sign_out_why"), Type.BODY, Tone.QUIET),
        p.primary(t("me.sign_out_confirm"), on_go, ft.Icons.LOGOUT),
        p.quiet(t("me.stay"), on_stay),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _decide(
    left: tuple[int, str], on_lock: Callable[[], Any], on_choose: Callable[[str], Any], on_stay: Callable[[], Any]
) -> ft.Control:
    n, code = left
    rows = [
        p.txt(error_text(code), Type.BODY, Tone.QUIET),
        p.txt(t("me.unsent_why"), Type.BODY, Tone.QUIET),
        p.primary(t("me.keep_locked"), on_lock, ft.Icons.LOCK_OUTLINE),
        p.txt(t("me.keep_locked_why"), Type.META),
        p.secondary(t("me.save_file"), lambda: on_choose("file"), ft.Icons.SAVE_ALT),
        p.txt(t("me.save_file_why"), Type.META),
        p.secondary(t("me.discard_ask", n=n), lambda: on_choose("names"), ft.Icons.DELETE_OUTLINE),
        p.quiet(t("me.stay"), on_stay),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _names(client: Any, n: int, on_discard: Callable[[], Any], on_back: Callable[[], Any]) -> ft.Control:
    """Name every change that would be lost before it is."""
    lost = client.store.query(work.waiting, NAMED)
    rows = [p.group([waiting_row(one, client.index) for one in lost])]
    if n > len(lost):
        rows.append(p.txt(t("me.discard_more", n=n - len(lost)), Type.META))
    rows += [p.secondary(t("me.discard", n=n), on_discard, ft.Icons.DELETE_OUTLINE), p.quiet(t("common.back"), on_back)]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@screen
def SaveFile(on_saved: Callable[[], Any], on_back: Callable[[], Any]) -> ft.Control:
    """Ask for the PIN, seal what waits into a file, and go on once it is saved."""
    ui, client = hooks.use_session(), hooks.use_client()
    pin, set_pin = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    async def save() -> None:
        set_busy(True)
        try:
            data = await ui.installation.export_unsent(client, pin)
            saved = await ui.ports.files.save(f"daogou-{client.staff.staff_no}.unsent", data)
        except GuideError as error:
            p.say(error_text(error), refused=True)
            saved = False
        set_busy(False)
        if saved:
            on_saved()

    rows = [
        p.txt(t("me.save_file_how"), Type.BODY, Tone.QUIET),
        p.text_field(t("login.pin"), pin, set_pin, password=True, keyboard_type=ft.KeyboardType.NUMBER),
        p.primary(t("me.save_file_go"), None if busy or not pin else lambda: ui.run(save), ft.Icons.SAVE_ALT),
        p.quiet(t("common.back"), on_back),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
