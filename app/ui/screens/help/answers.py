"""The page of questions: search, one answer open at a time, a button that goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from app.store.queries import brand
from app.ui import hooks, seen
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.help.topics import Topic, answer, found, policy_params
from app.ui.strings import current, t
from app.ui.theme import Space, Tone, Type


@screen
def HelpScreen(topic: str = "") -> ft.Control:
    """Show the questions; `topic` stands open."""
    ui, strings = hooks.use_session(), hooks.use_strings()
    text, set_text = ft.use_state("")
    shown, set_shown = ft.use_state(topic)
    params = policy_params(hooks.use_query(brand.brand_setting))
    topics = found(text, ui.role, strings, params)

    def press(name: str) -> None:
        set_shown("" if name == shown else name)

    search = p.search_field(t("help.search"), text, set_text)
    if not topics:
        body: list[ft.Control] = [
            p.empty(ft.Icons.SEARCH_OFF, t("help.nothing", text=text.strip()), t("help.nothing_why"))
        ]
    else:
        only = topics[0].id if text.strip() and len(topics) == 1 else shown
        body = [p.group([_entry(one, one.id == only, params, lambda name=one.id: press(name)) for one in topics])]
    if not text.strip():
        body.append(_again(ui))
    body += [p.section(t("help.more")), _report_row(ui)]
    return p.frame(t("help.title"), body, top=[search])


def _entry(topic: Topic, is_open: bool, params: dict[str, Any], on_press: Callable[[], None]) -> ft.Control:
    question = t(f"help.q_{topic.id}")
    icon = ft.Icons.EXPAND_LESS if is_open else ft.Icons.EXPAND_MORE
    head = p.tappable(
        ft.Row([p.txt(question, Type.ROW, expand=True), ft.Icon(icon, size=20, color=Tone.QUIET)], spacing=Space.M),
        on_press, label=t("help.shut" if is_open else "help.open", question=question), selected=is_open,
        padding=ft.Padding.symmetric(horizontal=Space.L, vertical=14),
    )  # fmt: skip
    if not is_open:
        return head
    ui = hooks.use_session()
    go = p.secondary(t(f"help.go_{topic.id}"), lambda: ui.open(topic.path), ft.Icons.ARROW_FORWARD)
    words = ft.Column(
        [p.txt(answer(topic, current(), params), Type.BODY), ft.Row([go], wrap=True)], spacing=Space.M,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip
    inside = ft.Padding.only(left=Space.L, right=Space.L, bottom=Space.L)
    return ft.Column([head, ft.Container(words, padding=inside)], spacing=0)


def _again(ui: Any) -> ft.Control:
    """Offer what is otherwise shown once."""

    async def tips() -> None:
        await seen.forget_tips(ui)
        p.say(t("help.tips_done"))

    rows = [p.setting_row(ft.Icons.LIGHTBULB_OUTLINED, t("help.tips_again"), on_click=lambda: ui.run(tips))]
    if ui.role == "guide":
        rows.insert(
            0, p.setting_row(ft.Icons.SCHOOL_OUTLINED, t("help.first_again"), on_click=lambda: ui.open("/first"))
        )
    return p.group(rows)


def _report_row(ui: Any) -> ft.Control:
    row = p.list_row(
        t("help.report"), "", leading=ft.Icon(ft.Icons.BUG_REPORT_OUTLINED, color=Tone.QUIET), height=56,
        on_click=lambda: ui.open("/help/report"), trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )  # fmt: skip
    return ft.Column([p.group([row]), p.txt(t("help.report_lead"), Type.META)], spacing=Space.S)
