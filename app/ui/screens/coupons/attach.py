"""What goes along with a message: a coupon of this device's blocks, a product with its link, its poster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import flet as ft

from app.domain.contact import Denied
from app.domain.instants import to_text
from app.mutations import refusal_to_issue
from app.protocol.objects import CouponTemplate, Product
from app.store.queries import coupons as cq
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.words import conditions, gives, heads, name_of
from app.ui.screens.customers.words import product_name
from app.ui.screens.today.reasons import Prompt
from app.ui.strings import limit_text, money, t
from app.ui.theme import NARROW, Radius, Space, Tone, Type

Option = tuple[CouponTemplate, int, Denied | None]
OF_TEMPLATE = "coupon_limit"
TILE_HEIGHT, TILE_HEIGHT_WIDE = 96, 160


def options_of(client: Any, customer_id: str) -> list[Option]:
    """Return every template with what this device holds of it, and why it may not go out to this customer."""
    read = client.store.read
    left = cq.leases_left(read, client.session.device_id, to_text(client.clock.now()))
    return [
        (one, left[one.id].left if one.id in left else 0, refusal_to_issue(client, customer_id, one.id))
        for one in cq.templates(read)
    ]


def is_blocked(option: Option) -> bool:
    """Say whether the coupon itself cannot go out, whatever the contact budget says."""
    _, left, denied = option
    return not left or (denied is not None and denied.code.startswith(OF_TEMPLATE))


def best(options: Sequence[Option], prompt: Prompt | None) -> str | None:
    """Return the template to offer first: one made for the occasion, else a gift, else the first that may go out."""
    open_ones = [option[0] for option in options if not is_blocked(option)]
    wanted = prompt.kind if prompt else ""
    fitting = [one for one in open_ones if one.purpose == wanted] or [one for one in open_ones if one.purpose == "gift"]
    first = next(iter(fitting or open_ones), None)
    return first.id if first else None


@screen
def CouponRow(option: Option | None, change: Callable[[], None], drop: Callable[[], None] | None) -> ft.Control:
    """Show the coupon that goes along in one line, a press changes it; or the way to add one."""
    if option is None:
        return ft.Row([p.quiet(t("message.coupon_add"), change, ft.Icons.LOCAL_OFFER_OUTLINED)])
    one, left, _ = option
    rules: Mapping[str, Any] = asdict(one)
    first, second = heads(rules)
    row = p.list_row(
        [p.txt(first, Type.ROW), *([p.txt(second, Type.META, lines=1)] if second else [])],
        p.dots(t("coupons.lease_left", n=left), conditions(rules, named=True)),
        leading=ft.Icon(ft.Icons.LOCAL_OFFER_OUTLINED, color=Tone.ACTION),
        trailing=None if hooks.layout().pane < NARROW else p.txt(t("message.coupon_change"), Type.LABEL, Tone.ACTION),
        on_click=change,
        label=p.dots(t("message.coupon_change"), name_of(rules), gives(rules)),
    )
    cells: list[ft.Control] = [ft.Container(row, expand=True)]
    if drop is not None:
        cells.append(p.icon_button(ft.Icons.CLOSE, t("message.coupon_none"), drop, color=Tone.QUIET))
    return p.card(ft.Row(cells, spacing=0), padding=0)


@screen
def CouponChoices(options: Sequence[Option], picked: str | None, choose: Callable[[str], None]) -> ft.Control:
    """Show every coupon to choose from; one that may not go out says why."""
    return p.group([_choice(option, picked, choose) for option in options])


def _choice(option: Option, picked: str | None, choose: Callable[[str], None]) -> ft.Control:
    one, left, denied = option
    rules: Mapping[str, Any] = asdict(one)
    first, second = heads(rules)
    stock = t("coupons.lease_left", n=left) if left else t("coupons.lease_none")
    on, blocked = one.id == picked, is_blocked(option)
    icon = ft.Icons.RADIO_BUTTON_CHECKED if on else ft.Icons.RADIO_BUTTON_OFF
    why = limit_text(denied.code, denied.params) if denied and blocked and left else None
    return p.list_row(
        [
            p.txt(first, Type.ROW, Tone.QUIET if blocked else None),
            p.txt(second, Type.META, lines=1, expand=True),
            *([p.txt(stock, Type.META)] if left else []),
        ],
        why or (conditions(rules, named=True) if left else stock),
        leading=ft.Icon(icon, color=Tone.ACTION if on else Tone.QUIET),
        on_click=None if blocked else (lambda: choose(one.id)),
        label=t("coupons.template_label", name=name_of(rules), what=gives(rules), left=stock)
        + (f" {t('coupons.chosen')}" if on else ""),
    )


@screen
def Goods(goods: Sequence[Product], chosen: str, choose: Callable[[str], None]) -> ft.Control:
    """Show the products that fit as tiles; a press adds one's link to the message, another press leaves it out."""
    tiles = [_tile(one, one.id == chosen, choose) for one in goods]
    return ft.Row(tiles, spacing=Space.S, vertical_alignment=ft.CrossAxisAlignment.START)


def _tile(product: Product, on: bool, choose: Callable[[str], None]) -> ft.Control:
    name = product_name(product)
    height = TILE_HEIGHT_WIDE if sessions.current().layout.is_wide else TILE_HEIGHT
    picture = ft.Stack(
        [
            ft.Row([ft.Container(p.product_thumb(product.picture, name, None, height), expand=True)], spacing=0),
            *([_tick()] if on else []),
        ],
        height=height,
    )
    words = ft.Column(
        [p.txt(name, Type.META, lines=1), p.txt(money(product.price_fen), Type.LABEL)], spacing=0,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip
    face = ft.Column(
        [picture, ft.Container(words, padding=ft.Padding.symmetric(horizontal=Space.XS))], spacing=Space.XS,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip
    return p.tappable(
        face, lambda: choose("" if on else product.id), selected=on, radius=Radius.M, padding=Space.XS, expand=1,
        border=ft.Border.all(2, Tone.ACTION if on else ft.Colors.TRANSPARENT),
        label=t("message.attached_label" if on else "message.attach_label", product=name),
    )  # fmt: skip


def _tick() -> ft.Control:
    return ft.Container(
        ft.Icon(ft.Icons.CHECK, size=16, color=Tone.ON_ACTION), width=24, height=24, bgcolor=Tone.ACTION,
        border_radius=12, alignment=ft.Alignment.CENTER, right=Space.XS, top=Space.XS,
    )  # fmt: skip
