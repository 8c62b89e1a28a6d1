"""The frame of the first steps: where one is, what to tap, and the way out at any time."""

from __future__ import annotations

from typing import Any

import flet as ft

from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.screens.first.steps import READ_WIDTH, PosterStep, SeeStep, SendStep
from app.ui.strings import t
from app.ui.theme import TOUCH, Radius, Space, Tone, Type, text_width

STEPS = ("see", "send", "poster")
END = len(STEPS)
BAR, BESIDE = 28, 2 * Space.M + 2 * Space.XL  # the gaps of the first line and what a quiet button has around its words
BODIES: dict[str, Any] = {"see": SeeStep, "send": SendStep, "poster": PosterStep}


@screen
def FirstSteps() -> ft.Control:
    """Walk through the three steps; each goes on when its button was tapped, and all can be skipped."""
    ui = hooks.use_session()
    hooks.use_strings()
    at, set_at = ft.use_state(0)
    done, set_done = ft.use_state(False)

    def go(place: int) -> None:
        set_done(False)
        set_at(place)

    def leave() -> None:
        ui.back()

    if at == END:
        return _page(at, _end(), _end_foot(leave, lambda: go(0)), leave)
    name = STEPS[at]
    body = [*_heads(t(f"first.{name}_title"), t(f"first.{name}_lead")), BODIES[name](done, lambda: set_done(True))]
    foot = p.primary(t("first.next"), lambda: go(at + 1)) if done else p.txt(t("first.only_here"), Type.META)
    return _page(at, body, foot, leave)


def _heads(title: str, lead: str) -> list[ft.Control]:
    name = ft.Semantics(heading_level=1, content=p.txt(title, Type.TITLE))
    return [ft.Column([name, p.txt(lead, Type.LEAD, Tone.QUIET)], spacing=Space.XS)]


def _page(at: int, body: list[ft.Control], foot: ft.Control, leave: Any) -> ft.Control:
    """Lay out one step: progress and the way out above, the foot within the thumb's reach."""
    side = p.gutter()
    middle = ft.Column(body, spacing=Space.XL, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    line = ft.Border(top=ft.BorderSide(1, Tone.LINE))
    rows = [
        _narrow(_top(at, leave), ft.Padding.only(left=side, right=side, top=Space.M)),
        ft.ListView([_narrow(middle, ft.Padding.symmetric(horizontal=side, vertical=Space.L))], expand=True),
        ft.Container(
            _narrow(foot, ft.Padding.symmetric(horizontal=side, vertical=Space.M)), bgcolor=Tone.CARD, border=line
        ),
    ]
    return ft.Column(rows, spacing=0, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _top(at: int, leave: Any) -> ft.Control:
    """Show how far it is, that this is practice, and the way out; in two rows where they do not fit in one."""
    dots = [
        ft.Container(width=BAR, height=6, border_radius=3, bgcolor=Tone.ACTION if n <= at else Tone.FILL)
        for n in range(END)
    ]
    where = t("first.of", n=min(at + 1, END), total=END)
    steps = ft.Semantics(label=where, content=ft.Row(dots, spacing=Space.XS))
    practice, skip, layout = t("first.practice"), t("first.skip"), hooks.layout()
    mark = p.pill(practice, "warm", ft.Icons.SCHOOL_OUTLINED)
    out = p.quiet(skip, leave) if at < END else ft.Container(height=TOUCH)
    words = p.pill_width(practice, layout.scale) + text_width(skip, Type.SECTION, layout.scale)
    if END * (BAR + Space.XS) + words + BESIDE > min(layout.width, READ_WIDTH) - 2 * p.gutter():
        line = ft.Row([steps, out], alignment=ft.MainAxisAlignment.SPACE_BETWEEN)
        return ft.Column([line, ft.Row([mark])], spacing=Space.S)
    return ft.Row([steps, mark, ft.Container(expand=True), out], spacing=Space.M)


def _narrow(content: ft.Control, padding: ft.Padding) -> ft.Control:
    """Keep a line at a readable width in the middle of a wide window."""
    if hooks.layout().is_phone:
        return ft.Container(content, padding=padding)
    inner = ft.Container(content, width=READ_WIDTH, padding=padding)
    return ft.Row([inner], alignment=ft.MainAxisAlignment.CENTER)


def _end() -> list[ft.Control]:
    mark = ft.Container(
        ft.Icon(ft.Icons.CHECK, size=40, color=Tone.ON_SOFT), width=88, height=88, bgcolor=Tone.SOFT,
        border_radius=Radius.XL, alignment=ft.Alignment.CENTER,
    )  # fmt: skip
    return [ft.Row([mark]), *_heads(t("first.end_title"), t("first.end_lead"))]


def _end_foot(leave: Any, again: Any) -> ft.Control:
    start = ft.Container(p.primary(t("first.start"), leave, ft.Icons.ARROW_FORWARD), expand=True)
    return ft.Row([p.quiet(t("first.again"), again), start], spacing=Space.M)
