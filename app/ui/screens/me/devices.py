"""The devices that hold customers' data, and what to do when one is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

import flet as ft

from app.account import KnownDevice, known_devices, revoke_device
from app.domain.errors import GuideError, Unavailable
from app.domain.instants import from_text
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, error_text, t
from app.ui.theme import Space, Tone, Type


@screen
def DevicesScreen() -> ft.Control:
    """List one's own devices, a manager's also those of the store's guides; asked of the server each time."""
    client = hooks.use_client()
    hooks.use_strings()
    asked, set_asked = ft.use_state(0)
    lost, set_lost = ft.use_state("")
    found = hooks.use_task(lambda: known_devices(client.http), asked, keep=True)

    def again() -> None:
        set_asked(asked + 1)

    def close() -> None:
        set_lost("")

    def gone() -> None:
        close()
        again()

    devices = found.value or ()
    one = next((each for each in devices if each.id == lost), None)
    p.use_sheet(Lost(one, gone, key=one.id) if one else None, t("devices.lost"), close)
    body = [_failed(found.error, again)] if found.error is not None else _listed(found.value, client.staff.id, set_lost)
    return p.frame(t("devices.title"), body)


def _failed(error: GuideError, again: Callable[[], None]) -> ft.Control:
    if not isinstance(error, Unavailable):
        return p.error_card(error, again)
    retry = p.secondary(t("common.try_again"), again, ft.Icons.REFRESH)
    return p.notice(t("devices.away"), t("devices.away_why"), icon=ft.Icons.CLOUD_OFF_OUTLINED, action=retry)


def _listed(found: tuple[KnownDevice, ...] | None, mine: str, choose: Callable[[str], None]) -> list[ft.Control]:
    if found is None:
        return [p.Skeleton(3)]
    now = hooks.sessions.current().clock.now()
    body: list[ft.Control] = [p.txt(t("devices.lead"), Type.BODY, Tone.QUIET)]
    for (staff_id, name), some in groupby(found, lambda one: (one.staff_id, one.staff_name)):
        body += [
            p.section(t("devices.mine") if staff_id == mine else name),
            p.group([_row(o, now, choose) for o in some]),
        ]
    return body


def _row(one: KnownDevice, now: datetime, choose: Callable[[str], None]) -> ft.Control:
    """Return a device's row; pressed, it says what to do when it is lost."""
    seen = current().moment(from_text(one.seen_at), now)
    state: str | ft.Control = p.pill(t("devices.here"), "soft") if one.here else ""
    said = t("devices.seen", at=seen)
    if one.wiped_at:
        said = t("devices.wiped", at=current().moment(from_text(one.wiped_at), now))
    elif one.revoked_at:
        said, state = t("devices.waits"), p.pill(t("devices.revoked"), "late")
    icon = ft.Icons.LAPTOP_OUTLINED if one.in_browser else ft.Icons.SMARTPHONE_OUTLINED
    may = not (one.here or one.revoked_at)
    return p.list_row(
        name_of(one), said, leading=ft.Icon(icon, color=Tone.QUIET), fact=state,
        on_click=(lambda: choose(one.id)) if may else None,
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET) if may else None,
    )  # fmt: skip


def name_of(one: KnownDevice) -> str:
    """Return what a device is called: a browser, or the system it told at sign-in."""
    return t("devices.browser") if one.in_browser else one.name or t("devices.phone")


@screen
def Lost(one: KnownDevice, on_gone: Callable[[], None]) -> ft.Control:
    """Say what ending a device does, and do it: with the PIN when the server wants it again."""
    client = hooks.use_client()
    hooks.use_strings()

    async def end(pin: str) -> None:
        await revoke_device(client.http, one.id, pin)
        p.say(t("devices.done", name=name_of(one)))
        on_gone()

    proof, since = p.use_proof(end, _why), current().date_short(from_text(one.created_at))
    rows: list[ft.Control] = [
        p.txt(p.dots(name_of(one), one.staff_name, t("devices.since", at=since)), Type.ROW),
        p.txt(t("devices.lost_why"), Type.BODY),
        p.txt(t("devices.lost_unsent"), Type.BODY, Tone.QUIET),
        *proof.rows,
        p.primary(t("devices.end"), proof.ask if proof.ready else None, ft.Icons.PHONELINK_ERASE, busy=proof.busy),
    ]
    return ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _why(error: GuideError) -> str:
    """Return why it is not ended; nothing of this is kept for later."""
    away = isinstance(error, Unavailable) and error.code not in ("rate_limited", "account_locked")
    return t("devices.away_why") if away else error_text(error)
