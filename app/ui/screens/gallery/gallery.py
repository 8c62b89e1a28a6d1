"""All parts of the look on one page, by kind; the five states of a list on the last."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from app.domain.errors import GuideError
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import t
from app.ui.theme import NARROW, Space, Type

KINDS = ("buttons", "rows", "cards", "fields", "progress", "states")
NAME = "李".ljust(3, "静")
LONG = "Aleksandra-Konstantinopolitanska " * 6  # a name of 198 letters
RTL = "نورا القحطاني"
EMOJI = "👩🏻‍💼 小美 ✨"


def _nothing() -> None:
    """Do nothing: here a button is only looked at."""


@screen
def GalleryScreen(kind: str = KINDS[0]) -> ft.Control:
    """Show the parts of one kind."""
    ui = hooks.use_session()
    kinds = [(one, t(f"look.kind_{one}")) for one in KINDS]
    chips = p.filter_chips(kinds, kind, lambda one: ui.replace(f"/gallery/{one}"))
    return p.frame(t("look.gallery"), [_KINDS[kind](key=kind)], top=[chips], badge=True)


def _column(*controls: ft.Control) -> ft.Control:
    return ft.Column(list(controls), spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@screen
def Buttons() -> ft.Control:
    """Show what can be pressed, also what cannot."""
    words = t("look.sample_action")
    tiles = [(icon, words, press) for icon, press in _TILES]
    return _column(
        p.section(t("look.kind_buttons"), t("look.sample_note")),
        p.primary(words, _nothing, ft.Icons.SEND), p.primary(words, None), p.primary(words, _nothing, busy=True),
        p.secondary(words, _nothing, ft.Icons.SHARE), p.secondary(words, None),
        p.quiet(words, _nothing), p.quiet(words, None),
        ft.Row([p.icon_button(icon, words, _nothing) for icon in _ICONS]),
        p.tile_row(tiles),
        p.tappable(p.txt(t("look.sample_text"), Type.BODY), _nothing, padding=Space.M),
    )  # fmt: skip


_TILES = (
    (ft.Icons.EDIT_NOTE, _nothing), (ft.Icons.SHARE, _nothing), (ft.Icons.CALL, _nothing), (ft.Icons.MORE_HORIZ, None),
)  # fmt: skip
_ICONS = (ft.Icons.EDIT_NOTE, ft.Icons.SHARE, ft.Icons.CALL, ft.Icons.MORE_HORIZ)


@screen
def Rows() -> ft.Control:
    """Show rows with the names that hurt: long, right to left, of pictures."""
    days = t("common.days_ago", n=3)
    level = p.level_pill("gold") if hooks.use_layout().pane > NARROW else None  # as in the list: where it fits
    people = [
        p.list_row(
            [p.txt(name, Type.ROW, lines=1), *([level] if level and index == 0 else [])], p.dots("¥28,460", name),
            leading=p.avatar(name, str(index)), fact=days, on_click=_nothing, selected=index == 1,
        )
        for index, name in enumerate((NAME, LONG, RTL, EMOJI))
    ]  # fmt: skip
    found = [
        p.person_row(
            p.marked(name, ((0, 2),), Type.ROW), p.marked(p.dots("¥28,460", name), ((0, 4),), Type.META),
            leading=p.avatar(name, str(index)), fact=days, on_click=_nothing, selected=index == 1,
        )
        for index, name in enumerate((NAME, LONG, RTL, EMOJI))
    ]  # fmt: skip
    settings = [
        p.setting_row(ft.Icons.SYNC, t("look.sample_action"), t("look.sample_note"), _nothing),
        p.setting_row(ft.Icons.TRANSLATE, t("look.sample_text"), t("look.sample_text"), _nothing),
        p.setting_row(ft.Icons.INFO_OUTLINE, t("look.sample_action")),
    ]
    moments = [
        p.timeline_item(ft.Icons.SHOPPING_BAG, LONG.strip(), t("look.sample_note"), days, strong=True),
        p.timeline_item(ft.Icons.VISIBILITY, t("look.sample_text"), "", days, last=True),
    ]
    return _column(p.group(people), p.group(found), p.group(settings), ft.Column(moments, spacing=0))


@screen
def Cards() -> ft.Control:
    """Show cards, notices of every tone, figures, facts and pills."""
    title, text = t("look.sample_action"), t("look.sample_text")
    tones = ("warm", "soft", "late")
    return _column(
        p.stat_strip([("¥28,460", text), ("11", text), ("¥1,240", text), ("42", text)]),
        p.stat_strip([("¥1,234,567.89", text), ("¥1,234,567.89", text), ("−¥1,234.00", text)]),
        p.card(_column(p.fact(title, text), p.fact(text, "¥1,234.56", strong=True), p.fact(title, p.pill(title)))),
        p.card(p.txt(LONG, Type.NAME, lines=1), chosen=True), p.card(p.txt(text), on_click=_nothing),
        *[p.notice(title, text, tone=tone, action=p.quiet(title, _nothing)) for tone in tones],
        *[p.notice(None, text, tone=tone) for tone in tones],
        ft.Row([p.pill(title, tone) for tone in ("warm", "soft", "calm", "late")], wrap=True),
        ft.Row([p.product_thumb(None, name) for name in (NAME, LONG, RTL, EMOJI, "")], wrap=True),
        ft.Row([p.avatar(name, name, badge=ft.Icons.CAKE) for name in (NAME, LONG, RTL, EMOJI)], spacing=Space.L),
    )  # fmt: skip


@screen
def Fields() -> ft.Control:
    """Show fields, tabs, chips and switches, and the sheet that is a panel on tablets."""
    text, set_text = ft.use_state("")
    tab, set_tab = ft.use_state("0")
    on, set_on = ft.use_state(True)
    is_open, set_open = ft.use_state(False)
    tabs = [(str(n), t("look.sample_action")) for n in range(4)]
    sheet = _column(p.txt(t("look.sample_text")), p.text_field(t("look.sample_action"), text, set_text))
    p.use_sheet(sheet if is_open else None, t("look.sample_action"), lambda: set_open(False))
    return _column(
        p.search_field(t("look.sample_note"), text, set_text),
        p.text_field(t("look.sample_action"), text, set_text),
        p.text_field(t("look.sample_action"), text, set_text, lines=3, error=t("look.sample_text")),
        p.segmented(tabs[:2], tab, set_tab), p.segmented(tabs, tab, set_tab), p.filter_chips(tabs, tab, set_tab),
        p.switch_row(t("look.sample_action"), t("look.sample_text"), on, set_on),
        p.secondary(t("look.open_sheet"), lambda: set_open(True)),
    )  # fmt: skip


@screen
def Progress() -> ft.Control:
    """Show rings, bars and every kind of text."""
    kinds = [kind for name, kind in vars(Type).items() if not name.startswith("_")]
    return _column(
        ft.Row([p.ring(0, 14, "0 / 14"), p.ring(6, 14, "6 / 14"), p.ring(140, 140, "140 / 140")], wrap=True),
        p.bar(0.0), p.bar(0.7), p.bar(2.0),
        *[p.txt(t("look.sample_action"), kind) for kind in kinds],
        p.money_text(123_456_789, exact=True), p.money_text(-50),
    )  # fmt: skip


@screen
def States() -> ft.Control:
    """Show the five states of a list: empty, loading, offline, refused, error."""
    again = p.secondary(t("common.try_again"), _nothing)
    title, why = t("look.sample_action"), t("look.sample_text")
    return _column(
        p.empty(ft.Icons.PEOPLE_OUTLINE, title, why, t("look.open_sheet"), _nothing),
        p.unfinished(),
        p.Skeleton(2, head=True),
        p.offline_note(),
        p.refused_note("coupon_expired"), p.refused_note("internal", action=again),
        p.error_card(GuideError("internal"), _nothing),
        p.clock_note(3 * 86_400), p.clock_note(-400),
    )  # fmt: skip


_KINDS: dict[str, Callable[..., ft.Control]] = {
    "buttons": Buttons, "rows": Rows, "cards": Cards, "fields": Fields, "progress": Progress, "states": States,
}  # fmt: skip
