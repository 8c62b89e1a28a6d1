"""A product in a profile: a row with picture and reasons, opened or written about."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from app.protocol.objects import Product
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.customers.words import product_name
from app.ui.screens.today.reasons import Prompt, Prompts
from app.ui.strings import t
from app.ui.theme import Space, Type

THUMB = 64
PROMPT = "product"  # what a message about a chosen product is prompted by


def send_this(customer_id: str, product: Product, *, poster: bool = False) -> None:
    """Write to the customer about this product, which goes along; with its poster where that is wanted."""
    ui = sessions.current()
    ui.slice(Prompts).current = Prompt(customer_id, PROMPT, product.id, product, attach=product, poster=poster)
    ui.open(f"/customers/{customer_id}/message")


def product_row(customer_id: str, product: Product | None, title: str, lines: Sequence[str]) -> ft.Control:
    """Return a product with what is to say of it; a tap opens it, the button at the right writes about it."""
    ui = sessions.current()
    name = product_name(product) or title
    words = ft.Column(
        [p.txt(name, Type.ROW, lines=2), *(p.txt(line, Type.META) for line in lines if line)], spacing=2, expand=True
    )
    face = ft.Row([p.product_thumb(product.picture if product else None, name, THUMB), words], spacing=Space.M)
    if product is None:
        return ft.Container(face, padding=Space.M)
    opened = p.tappable(face, lambda: ui.open(f"/products/{product.id}"), padding=Space.M, expand=True)
    send = p.icon_button(
        ft.Icons.SEND_OUTLINED, t("profile.send_this", product=name), lambda: send_this(customer_id, product)
    )
    return ft.Row([opened, send], spacing=0)


def narrower(found: int) -> ft.Control | None:
    """Return what stands under the first products of a search: how many there are more; None where all are shown."""
    rest = found - p.SLOTS
    return None if rest <= 0 else ft.Container(p.txt(t("profile.share_more", n=rest), Type.META), padding=Space.L)
