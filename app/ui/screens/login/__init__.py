"""The way in: staff number and PIN once online, then the PIN alone, with or without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.domain.errors import GuideError, LocalFault, Unavailable
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.login.warm import Warm
from app.ui.strings import error_text, t
from app.ui.theme import Radius, Space, Tone, Type

WIDTH = 400
LONG_S = 0.3  # a way in that is quicker changes nothing on this page: it would be drawn before Today
LOCKED = ("account_locked", "rate_limited")
SERVER_OPENS = ("key_lost", "offline_too_long", "clock_set_back")  # what an online sign-in mends


@screen
def LoginScreen() -> ft.Control:
    """Show who is known on this device, or the form for somebody new."""
    ui = hooks.use_session()
    why = hooks.observe(ui.gate).why
    helping, set_helping = ft.use_state(False)
    p.use_sheet(_ways() if helping else None, t("login.help"), lambda: set_helping(False))
    known = ft.use_memo(ui.installation.known_staff, [why])  # a wipe took people away
    chosen, set_chosen = ft.use_state(known[0].staff_no if known else "")
    person = next((one for one in known if one.staff_no == chosen), None)
    if person is None:
        form = SignInForm(lambda: set_chosen(known[0].staff_no) if known else None, bool(known))
    else:
        form = UnlockForm(known, person, set_chosen, key=person.staff_no)
    said = [p.notice(None, error_text(why), tone="late", icon=ft.Icons.LOCK_CLOCK_OUTLINED)] if why else []
    ways = p.quiet(t("login.help"), lambda: set_helping(True), ft.Icons.HELP_OUTLINE)
    column = ft.Column(
        [_mark(), *said, form, ways], spacing=Space.XL, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )
    above = max(Space.XXL, int(ui.layout.height * 0.12))
    room = min(WIDTH, ui.layout.width or WIDTH)
    inner = ft.Container(
        column, width=room, padding=ft.Padding.only(left=Space.XL, top=above, right=Space.XL, bottom=Space.XXL)
    )
    page = ft.Column([ft.Row([inner], alignment=ft.MainAxisAlignment.CENTER)], scroll=ft.ScrollMode.AUTO)
    # round, as a full rectangle makes the painter leave out what lies under it
    over = ft.Container(page, bgcolor=Tone.SURFACE, border_radius=Radius.S)
    # a first sign-in waits for the network, and its fields are typed in at once: nothing is drawn beside that
    behind = hooks.use_same(lambda: ft.Container() if person is None else Warm(), person is None)
    return ft.Stack([behind, over], fit=ft.StackFit.EXPAND, expand=True)


WAYS = ("pin", "locked", "new", "away", "revoked")


def _ways() -> ft.Control:
    """Say what to do for each way not to get in; it needs nobody signed in and no network."""
    rows: list[ft.Control] = [
        ft.Column(
            [p.txt(t(f"login.{one}_title"), Type.ROW), p.txt(t(f"login.{one}_do"), Type.BODY, Tone.QUIET)], spacing=2
        )
        for one in WAYS
    ]
    return ft.Column(rows, spacing=Space.L)


def _mark() -> ft.Control:
    icon = ft.Icon(ft.Icons.STOREFRONT_OUTLINED, size=32, color=Tone.ON_SOFT)
    tile = ft.Container(
        icon, width=64, height=64, bgcolor=Tone.SOFT, border_radius=Radius.XL, alignment=ft.Alignment.CENTER
    )  # fmt: skip
    return ft.Row([tile])


def _use_entry(enter: Callable[[str], Any]) -> tuple[str, Callable[[str], None], str, bool, Callable[[], None]]:
    """Keep a PIN, its error and whether we are on our way in; `enter(pin)` opens the client. A hook."""
    ui = hooks.use_session()
    pin, set_pin = ft.use_state("")
    problem, set_problem = ft.use_state("")

    def typed(text: str) -> None:
        set_pin(text)
        set_problem("")

    async def go() -> None:
        try:
            client = await enter(pin)
        except GuideError as error:
            set_pin("")
            set_problem(error_text(error))
            return
        except OSError as error:
            set_problem(error_text(LocalFault("disk_full", type(error).__name__)))
            return
        ui.enter(client)

    start, busy = hooks.use_once(LONG_S)

    def submit() -> None:
        if pin:
            start(go)
        else:
            set_problem(t("login.fill_pin"))

    return pin, typed, problem, busy, submit


def _pin_field(pin: str, typed: Callable[[str], None], submit: Callable[[], None], autofocus: bool) -> ft.Control:
    return p.text_field(
        t("login.pin"), pin, typed, password=True, keyboard_type=ft.KeyboardType.NUMBER, on_submit=submit,
        autofocus=autofocus, autocorrect=False, enable_suggestions=False,
    )  # fmt: skip


def _problem(text: str) -> list[ft.Control]:
    return [p.notice(None, text, tone="late", icon=ft.Icons.ERROR_OUTLINE)] if text else []


def _heads(title: str, lead: str) -> list[ft.Control]:
    words = [p.txt(title, Type.TITLE), p.txt(lead, Type.BODY, Tone.QUIET)]
    return [ft.Column(words, spacing=Space.XS)]


@screen
def SignInForm(on_back: Callable[[], None], has_known: bool) -> ft.Control:
    """Ask for staff number and PIN, and go to the server."""
    ui = hooks.use_session()
    staff_no, set_staff_no = ft.use_state("")
    pin, typed, problem, busy, submit = _use_entry(lambda pin: ui.installation.sign_in(staff_no, pin))
    missing, set_missing = ft.use_state(False)

    def go() -> None:
        set_missing(not staff_no.strip() or not pin)
        if staff_no.strip() and pin:
            submit()

    rows: list[ft.Control] = [
        *_heads(t("login.hello"), t("login.lead_first")),
        p.text_field(
            t("login.staff_no"), staff_no, set_staff_no, autofocus=True, autocorrect=False, enable_suggestions=False,
            capitalization=ft.TextCapitalization.CHARACTERS,
        ),
        _pin_field(pin, typed, go, autofocus=False),
        *_problem(t("login.fill_both") if missing and not (staff_no.strip() and pin) else problem),
        p.primary(t("login.sign_in"), go, busy=busy),
    ]  # fmt: skip
    if has_known:
        rows.append(p.quiet(t("login.back_to_known"), on_back))
    return ft.Column(rows, spacing=Space.L, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@screen
def UnlockForm(known: tuple[Any, ...], person: Any, on_choose: Callable[[str], None]) -> ft.Control:
    """Ask the PIN of somebody known here."""
    ui = hooks.use_session()
    pin, typed, problem, busy, submit = _use_entry(lambda pin: _unlock(ui, person.staff_no, pin))
    rows = [
        *_heads(t("login.welcome"), t("login.lead_known")),
        _people(known, person.staff_no, on_choose),
        _pin_field(pin, typed, submit, autofocus=True),
        *_problem(problem),
        p.primary(t("login.unlock"), submit, ft.Icons.LOCK_OPEN_OUTLINED, busy=busy),
        p.quiet(t("login.other"), lambda: on_choose("")),
    ]
    return ft.Column(rows, spacing=Space.L, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


async def _unlock(ui: Any, staff_no: str, pin: str) -> Any:
    """Unlock here; when the key of this device is gone, the server's sign-in brings it back.

    A session that the server ended is asked for there first: the PIN alone would open the same dead session again.
    """
    installation = ui.installation
    if ui.ended == staff_no:
        try:
            return await installation.sign_in(staff_no, pin)
        except Unavailable as away:
            if away.code in LOCKED:
                raise
    try:
        return await installation.unlock(staff_no, pin)
    except LocalFault as error:
        if error.code not in SERVER_OPENS:
            raise
        try:
            return await installation.sign_in(staff_no, pin)
        except Unavailable as away:
            raise (away if away.code in LOCKED else error) from away


def _people(known: tuple[Any, ...], chosen: str, on_choose: Callable[[str], None]) -> ft.Control:
    rows = [
        p.list_row(
            one.name, p.dots(one.staff_no, t(f"common.role_{one.role}")), leading=p.avatar(one.name, one.staff_id),
            on_click=lambda staff_no=one.staff_no: on_choose(staff_no),
            selected=len(known) > 1 and one.staff_no == chosen,
        )
        for one in known
    ]  # fmt: skip
    return p.group(rows)
