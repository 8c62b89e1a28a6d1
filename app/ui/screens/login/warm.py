"""What Today's first frame is made of, drawn once behind the way in while a hand types the PIN.

Shapes, letters and the code of widgets are compiled when they are first drawn: here nobody waits for it, and Today's
first frame takes Flutter half as long. Nothing of it can be read, focused or pressed, and it is taken away again.
"""

from __future__ import annotations

import asyncio

import flet as ft

from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import money, t
from app.ui.theme import Space, Tone, Type

GONE_S = 1.0
FEN, PART = 1_234_567_890, 0.4  # every digit


@screen
def Warm() -> ft.Control:
    """Draw the parts of Today once, under whatever lies over this."""
    drawn, (gone, set_gone) = hooks.use_drawn(), ft.use_state(False)

    async def leave() -> None:
        await asyncio.sleep(hooks.DRAWN_S and GONE_S)
        set_gone(True)

    ft.use_effect(leave, [], cleanup=lambda: None)
    if gone or not drawn:
        return ft.Container()
    column = ft.Column([_summary(), _chips(), _card(), _bar()], spacing=Space.M, scroll=ft.ScrollMode.HIDDEN)
    return ft.Semantics(exclude_semantics=True, content=ft.Container(column, disabled=True, padding=Space.L))


def _summary() -> ft.Control:
    words = ft.Column(
        [
            p.ends(p.txt(t("today.sales"), Type.META), p.txt(t("today.goal", amount=money(FEN)), Type.META)),
            ft.Row([p.money_text(FEN, Type.NAME), p.pill(t("common.root_today"), "soft")], spacing=Space.S),
            p.bar(PART),
        ],
        spacing=Space.S,
        expand=True,
    )
    return p.card(ft.Row([p.ring(1, 2, "", caption=t("today.reached_short")), words], spacing=Space.L))


def _chips() -> ft.Control:
    words = [(one, t(f"common.root_{one}")) for one in ("today", "customers")]
    return p.filter_chips(words, "today", lambda _value: None)


def _card() -> ft.Control:
    face = ft.Row(
        [
            p.avatar(t("today.now"), "", 48, ft.Icons.CAKE_OUTLINED),
            ft.Column(
                [p.txt(t("today.now"), Type.FIGURE), p.txt(t("today.script"), Type.META)], spacing=0, expand=True
            ),
            p.icon_button(ft.Icons.NOTIFICATIONS_OFF_OUTLINED, t("today.now"), None, color=Tone.QUIET),
        ],
        spacing=Space.M,
    )
    script = ft.Container(p.txt(t("today.empty_text"), Type.BODY, max_lines=3), bgcolor=Tone.FILL, border_radius=8)
    buttons = ft.Row(
        [
            ft.Container(p.primary(t("today.send_coupon"), None, ft.Icons.LOCAL_OFFER_OUTLINED), expand=True),
            p.secondary(t("today.later_action"), None),
            p.icon_button(ft.Icons.CHECK_CIRCLE_OUTLINE, t("today.now"), None, color=Tone.ACTION),
        ],
        spacing=Space.S,
    )
    rows: list[ft.Control] = [p.section(t("today.now")), face, p.txt(t("today.script"), Type.LEAD), script, buttons]
    return p.card(ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def _bar() -> ft.Control:
    places = [
        ft.NavigationBarDestination(icon=icon, label=t(f"common.root_{name}"))
        for name, icon in (("today", ft.Icons.TODAY), ("customers", ft.Icons.PEOPLE_OUTLINE))
    ]
    return ft.NavigationBar(places, selected_index=0, bgcolor=Tone.CARD)
