"""My card: a code that leads a customer to my page."""

from __future__ import annotations

import asyncio
from typing import Any

import flet as ft

from app.device.ports import COPIED, SAVED
from app.posters.qr import qr_png
from app.store.queries import brand
from app.ui import hooks
from app.ui import parts as p
from app.ui.guards import screen
from app.ui.strings import current, t
from app.ui.theme import Radius, Space, Tone, Type

SIDE = 240


@screen
def CardScreen() -> ft.Control:
    """Show the guide's code, and share or keep it."""
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
    text = t("me.card_text", name=client.staff.name, link=link)

    async def copy() -> None:
        p.say(t("common.copied") if await ui.ports.clipboard.copy(text) else t("common.copy_refused"))

    async def share() -> None:
        how = await ui.ports.share.file("daogou-card.png", picture.value, "image/png", text)
        if how in (SAVED, COPIED):
            p.say(t("common.saved"))

    foot = ft.Row(
        [
            ft.Container(p.secondary(t("me.card_copy"), lambda: ui.run(copy), ft.Icons.COPY), expand=1),
            ft.Container(
                p.primary(t("me.card_share"), lambda: ui.run(share), ft.Icons.IOS_SHARE, busy=picture.running), expand=1
            ),
        ],
        spacing=Space.M,
    )
    where = (store.name if current().is_chinese else store.name_en) if store else ""
    face = _face(client.staff.name, client.staff.id, where, picture.value)
    return p.frame(t("me.card"), [face], foot=foot)


async def _nothing() -> bytes:
    return b""


def _face(name: str, seed: str, where: str, picture: Any) -> ft.Control:
    code = (
        ft.Image(picture, width=SIDE, height=SIDE, semantics_label=t("me.qr_label", name=name))
        if picture
        else ft.Container(width=SIDE, height=SIDE)
    )
    paper = ft.Container(code, bgcolor=ft.Colors.WHITE, border_radius=Radius.L, padding=Space.M)
    rows = [
        p.avatar(name, seed, 64),
        p.txt(name, Type.NAME),
        p.txt(where, Type.META),
        paper,
        p.txt(t("me.card_lead"), Type.BODY, Tone.QUIET),
    ]
    return p.card(ft.Column(rows, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.CENTER), padding=Space.XL)
