"""The first page of Me."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.store.queries import brand
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.parts.sync_badge import words
from app.ui.screens.me.card import CardScreen
from app.ui.screens.me.leave import use_leaving
from app.ui.strings import t
from app.ui.theme import Space, Tone, Type

LANGUAGES = ("system", "zh_CN", "en")
THEMES = ("system", "light", "dark")


@screen
def MeScreen() -> ft.Control:
    """Show who is signed in, the settings, and sign-out."""
    ui, client, status = hooks.use_session(), hooks.use_client(), hooks.use_sync()
    prefs = hooks.observe(ui.prefs)
    staff = client.staff
    store = hooks.use_query(brand.store_by_id, staff.store_id or "")
    strings, is_phone = hooks.use_strings(), hooks.use_layout().is_phone
    choosing, set_choosing = ft.use_state("")
    leave, leaving = use_leaving()
    sheet = _text_size() if choosing == "text_size" else _choices(ui, choosing, set_choosing)
    p.use_sheet(sheet, t(f"me.{choosing or 'language'}"), lambda: set_choosing(""))
    where = p.dots(
        staff.staff_no,
        t(f"common.role_{staff.role}"),
        (store.name if strings.is_chinese else store.name_en) if store else None,
    )
    state = words(ui.sync.settled, status.waiting, status.refused, status.problems)
    settings = [
        _leads(ft.Icons.SYNC, "sync", "/sync", state),
        p.setting_row(
            ft.Icons.TRANSLATE, t("me.language"), t(f"me.language_{prefs.language}"), lambda: set_choosing("language")
        ),
        p.setting_row(ft.Icons.CONTRAST, t("me.theme"), t(f"me.theme_{prefs.theme}"), lambda: set_choosing("theme")),
        p.setting_row(
            ft.Icons.TEXT_FIELDS, t("me.text_size"), t("me.text_size_system"), lambda: set_choosing("text_size")
        ),
    ]
    about = [
        _leads(ft.Icons.HELP_OUTLINE, "help", "/help"),
        _leads(ft.Icons.BUG_REPORT_OUTLINED, "report", "/help/report"),
        _leads(ft.Icons.DEVICES_OUTLINED, "devices", "/devices"),
        _leads(ft.Icons.SHIELD_OUTLINED, "privacy", "/privacy"),
        _leads(ft.Icons.INFO_OUTLINE, "about", "/about"),
    ]
    out = p.secondary(t("me.leaving") if leaving else t("me.sign_out"), None if leaving else leave, ft.Icons.LOGOUT)
    body = [_who(staff.name, staff.id, where), *([_card_row(ui.select)] if ui.role == "guide" else [])]
    if ui.role == "guide":
        held = _leads(ft.Icons.LOCAL_OFFER_OUTLINED, "coupons", "/coupons")  # wider windows have them in the rail
        mine = [*([held] if is_phone else []), _leads(ft.Icons.SWAP_HORIZ, "handed", "/handed")]
        body.append(p.group(mine))
    body += [p.group(settings), p.group(about), out]
    return p.frame(t("me.title"), body)


def _leads(icon: ft.IconData, name: str, path: str, value: str = "") -> ft.Control:
    """Return a row that opens a page; beside it, the row of the page that is open is marked."""
    ui = hooks.use_session()
    here = hooks.use_chosen() == (path,)
    return p.setting_row(icon, t(f"me.{name}"), value, lambda: ui.select(path), selected=here)


@screen
def MeBeside() -> ft.Control:
    """Stand at the right of Me while nothing is chosen: a guide's card is worth seeing, others have none."""
    if hooks.use_session().role == "guide":
        return CardScreen()
    return p.empty(ft.Icons.PERSON_OUTLINE, t("common.pick_me"))


def _who(name: str, seed: str, where: str) -> ft.Control:
    lines = ft.Column([p.txt(name, Type.NAME), p.txt(where, Type.META)], spacing=2, expand=True)
    return ft.Row([p.avatar(name, seed, 64), lines], spacing=Space.L)


def _card_row(select: Callable[[str], None]) -> ft.Control:
    inner = ft.Row(
        [
            ft.Icon(ft.Icons.QR_CODE_2, size=32, color=Tone.ON_SOFT),
            ft.Column(
                [p.txt(t("me.card"), Type.ROW, Tone.ON_SOFT), p.txt(t("me.card_lead"), Type.META, Tone.ON_SOFT)],
                spacing=2, expand=True,
            ),
            ft.Icon(ft.Icons.CHEVRON_RIGHT, color=Tone.ON_SOFT),
        ],
        spacing=Space.L,
    )  # fmt: skip
    return p.tappable(inner, lambda: select("/card"), bgcolor=Tone.SOFT, radius=16, padding=Space.L)


def _text_size() -> ft.Control:
    return ft.Column([p.txt(t("me.text_size_how"), Type.LEAD)], spacing=0)


def _choices(ui: hooks.sessions.UiSession, what: str, close: Callable[[str], None]) -> ft.Control | None:
    if not what:
        return None
    present = getattr(ui.prefs, what)

    def choose(value: str) -> None:
        close("")
        ui.run(ui.ports.prefs.set, what, value)
        if what == "theme":
            ui.dress(value)
        else:
            ui.speak(value)

    rows = [
        p.list_row(
            t(f"me.{what}_{value}"), "", height=56, bold=value == present, on_click=lambda value=value: choose(value),
            fact=ft.Icon(ft.Icons.CHECK, size=20, color=Tone.ACTION) if value == present else "",
        )
        for value in (LANGUAGES if what == "language" else THEMES)
    ]  # fmt: skip
    return ft.Column(rows, spacing=0)
