"""Taking a sealed file of unsent work back in, after the sign-out that made it."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.domain.errors import GuideError
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import error_text, t
from app.ui.theme import Space, Tone, Type


def use_taking() -> Callable[[], None]:
    """Return what lets the guide choose a file and then asks for the PIN it was sealed with. A hook."""
    ui = hooks.use_session()
    data, set_data = ft.use_state(None)

    async def choose() -> None:
        found = await ui.ports.files.pick()
        if found is not None:
            set_data(found)

    def close() -> None:
        set_data(None)

    p.use_sheet(None if data is None else Take(data, close), t("sync.take_file"), close)
    return lambda: ui.run(choose)


@screen
def Take(data: bytes, on_done: Callable[[], None]) -> ft.Control:
    """Ask for the PIN and queue what the file holds."""
    ui, client = hooks.use_session(), hooks.use_client()
    pin, set_pin = ft.use_state("")

    async def take() -> None:
        try:
            count = await ui.installation.import_unsent(client, data, pin)
        except GuideError as error:
            p.say(error_text(error), refused=True)
            return
        on_done()
        p.say(t("sync.taken", n=count))

    rows = [
        p.txt(t("sync.take_how"), Type.BODY, Tone.QUIET),
        p.text_field(t("login.pin"), pin, set_pin, password=True, keyboard_type=ft.KeyboardType.NUMBER),
        p.primary(t("sync.take_go"), lambda: ui.run(take) if pin else None),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
