"""My card: one big code that leads a customer to my page, with or without a network; who just came by it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import flet as ft

from app.device.ports import COPIED, DISMISSED, SAVED
from app.domain.errors import GuideError
from app.domain.instants import to_text
from app.posters.card import CardSpec, make_card
from app.posters.qr import qr_png
from app.protocol.objects import Customer
from app.store.queries import brand, customers
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, error_text, moment, t
from app.ui.theme import Radius, Space, Tone, Type

SIDE = 318
FILE = "daogou-card.png"
MIME = "image/png"
JUST_NOW = timedelta(minutes=10)


@screen
def CardScreen() -> ft.Control:
    """Show the guide's code, say what a scan does, and share or keep the card."""
    ui, client = hooks.use_session(), hooks.use_client()
    me = hooks.use_query(brand.staff_by_id, client.staff.id)
    store = hooks.use_query(brand.store_by_id, client.staff.store_id or "")
    code = me.card_code if me else None
    link = f"{client.session.public_url}/g/{code}" if code else ""
    picture = hooks.use_task(lambda: asyncio.to_thread(qr_png, link) if link else _nothing(), link)
    if not link:
        return p.frame(t("me.card"), p.empty(ft.Icons.QR_CODE_2, t("me.card_missing"), t("me.card_missing_why")))
    if picture.error is not None:
        return p.frame(t("me.card"), p.error_card(picture.error))
    where = (store.name if current().is_chinese else store.name_en) if store else ""
    name = client.staff.name
    spec = CardSpec(name, where, t("me.card_lead"), link)

    async def copy() -> None:
        text = t("me.card_text", name=name, link=link)
        p.say(t("common.copied") if await ui.ports.clipboard.copy(text) else t("common.copy_refused"))

    foot = ft.Row(
        [
            ft.Container(p.secondary(t("me.card_save"), lambda: ui.run(_save, ui, spec), ft.Icons.SAVE_ALT), expand=1),
            ft.Container(p.primary(t("me.card_share"), lambda: ui.run(_share, ui, spec), ft.Icons.IOS_SHARE), expand=1),
        ],
        spacing=Space.M,
    )
    copying = p.icon_button(ft.Icons.LINK, t("me.card_copy"), lambda: ui.run(copy))
    body = [JustCame(), _face(name, where, picture.value), Reach()]
    return p.frame(t("me.card"), body, actions=[copying], foot=foot, tips=["card"])


async def _nothing() -> bytes:
    return b""


async def _share(ui: Any, spec: CardSpec) -> None:
    """Hand the card over as a picture, with the words and the link beside it."""
    text = t("me.card_text", name=spec.name, link=spec.link)
    try:
        how = await ui.ports.share.file(FILE, await asyncio.to_thread(make_card, spec), MIME, text)
    except GuideError as error:
        p.say(error_text(error), refused=True)
        return
    if how in (SAVED, COPIED):
        p.say(t("me.card_saved"))
    elif how != DISMISSED:
        p.say(t("common.shared"))


async def _save(ui: Any, spec: CardSpec) -> None:
    try:
        if await ui.ports.files.save(FILE, await asyncio.to_thread(make_card, spec)):
            p.say(t("common.saved"))
    except GuideError as error:
        p.say(error_text(error), refused=True)


def _face(name: str, where: str, picture: Any) -> ft.Control:
    code = (
        ft.Image(picture, width=SIDE, height=SIDE, semantics_label=t("me.qr_label", name=name))
        if picture
        else ft.Container(width=SIDE, height=SIDE)
    )
    paper = ft.Container(code, bgcolor=ft.Colors.WHITE, border_radius=Radius.L, padding=Space.XS)
    rows = [
        p.txt(name, Type.NAME, lines=2, text_align=ft.TextAlign.CENTER),
        p.txt(where, Type.META, text_align=ft.TextAlign.CENTER),
        paper,
        p.txt(t("me.card_what"), Type.BODY, Tone.QUIET, text_align=ft.TextAlign.CENTER),
    ]
    column = ft.Column(rows, spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    return p.card(column, padding=Space.L, alignment=ft.Alignment.CENTER)


@screen
def JustCame() -> ft.Control:
    """Name who became this guide's customer in the last minutes; nothing otherwise."""
    ui, now = hooks.use_session(), hooks.use_now()
    since = to_text((now - JUST_NOW).replace(second=0, microsecond=0))
    came: list[Customer] = hooks.use_query(customers.bound_since, since)
    if not came:
        return ft.Container(visible=False)
    rows = [
        p.list_row(
            t("me.card_came", name=one.name or t("me.card_nameless")),
            p.dots(one.phone_masked, moment(one.bound_at or one.joined_at, now)),
            leading=p.avatar(one.name or "·", one.id), on_click=lambda who=one.id: ui.open(f"/customers/{who}"),
            trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
        )
        for one in came
    ]  # fmt: skip
    return ft.Semantics(live_region=True, content=p.group(rows))


@screen
def Reach() -> ft.Control:
    """Say where a scan shows up: at once while online, after the next sync without a network."""
    ui, _ = hooks.use_session(), hooks.use_sync()
    away = ui.sync.settled == "offline"
    icon = ft.Icons.CLOUD_OFF_OUTLINED if away else ft.Icons.BOLT_OUTLINED
    words = p.txt(t("me.card_offline" if away else "me.card_online"), Type.META, expand=True)
    return ft.Row([ft.Icon(icon, size=16, color=Tone.QUIET), words], spacing=Space.S)
