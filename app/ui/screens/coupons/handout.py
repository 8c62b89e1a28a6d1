"""Handing out what was issued, one customer after the other: a ready message, one button, no hurry.

The list is what is issued here and was never handed over; nothing else is kept, so it goes on tomorrow as well.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import flet as ft

from app.domain.calendar_days import day_of, day_range
from app.domain.contact import Denied
from app.domain.instants import to_text
from app.mutations import coupon_link, refusal_to_contact
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon, Customer
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.again import by_segment
from app.ui.screens.coupons.compose import WATCHED
from app.ui.screens.coupons.deliver import hand_over, record, remember_coupon
from app.ui.screens.coupons.held import use_to_hand_out
from app.ui.screens.coupons.words import gives, last_moment, name_of
from app.ui.screens.today.script import TONES, ready_text
from app.ui.strings import current, limit_text, t
from app.ui.theme import Space, Tone, Type

LOOK_AHEAD = 30  # so many are asked for one who may be contacted now


@screen
def HandOutPage() -> ft.Control:
    """Show the next customer with the message, and who comes after."""
    ui, now = hooks.use_session(), hooks.use_now()
    strings, ids = hooks.use_strings(), use_to_hand_out()
    chosen, set_chosen = ft.use_state("")
    skipped, set_skipped = ft.use_state(())
    done = hooks.use_query(cq.handed_out, _today(now))
    in_turn = tuple(one for one in ids if one not in skipped) + tuple(one for one in ids if one in skipped)
    turn = hooks.use_live(WATCHED, lambda: _next(in_turn), in_turn, now)
    here = chosen if chosen in ids else turn
    rest = tuple(one for one in in_turn if one != here)
    pick = ft.use_callback(set_chosen, [])
    build = ft.use_memo(lambda: partial(_waiting_row, pick), [pick])
    if here is None:
        key = "coupons.hand_out_done" if done else "coupons.hand_out_none"
        title, text = t(key), t(f"{key}_text", n=done) if done else t(f"{key}_text")
        ready = p.empty(ft.Icons.TASK_ALT, title, text, t("coupons.to_sent"), ui.back)
        return p.frame(t("coupons.hand_out"), ready)

    def skip() -> None:
        set_chosen("")
        set_skipped((*(one for one in skipped if one != here), here))

    progress = p.dots(t("coupons.handed_today", n=done), t("coupons.hand_out_left", n=len(ids)))
    side = p.gutter()
    head: list[ft.Control] = [p.txt(progress, Type.META), Now(here, skip if rest else None, key=here)]
    if rest:
        head.append(p.section(t("coupons.after")))
    header = ft.Container(ft.Column(head, spacing=Space.M), padding=ft.Padding.symmetric(horizontal=side))
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    body = p.VirtualList(rest, build, mark=(strings.language, now), padding=inset, header=header)
    return p.frame(t("coupons.hand_out"), body, scroll=False)


def _today(now: datetime) -> str:
    zone = current().zone
    return to_text(day_range(day_of(now, zone), zone)[0])


def _next(ids: tuple[str, ...]) -> str | None:
    """Return the first who may be contacted now, else the first."""
    client = sessions.current().client
    for one in ids[:LOOK_AHEAD]:
        coupon = cq.coupon_by_id(client.store.read, one)
        if coupon and coupon.customer_id and refusal_to_contact(client, coupon.customer_id) is None:
            return one
    return ids[0] if ids else None


@screen
def Now(coupon_id: str, skip: Any) -> ft.Control:
    """Show whose turn it is: the message, the tone, and the three things to do with it."""
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    coupon = hooks.use_query(cq.coupon_by_id, coupon_id)
    owner = coupon.customer_id if coupon and coupon.customer_id else ""
    customer = hooks.use_query(q.customer_by_id, owner)
    denied = hooks.use_live(WATCHED, lambda: refusal_to_contact(ui.client, owner), owner, now)
    tone, set_tone = ft.use_state(TONES[0])
    edited, set_edited = ft.use_state(None)
    start, busy = hooks.use_once()
    submit, taking = hooks.use_mutation()
    if coupon is None or customer is None:
        return p.notice(t("customers.gone_title"), t("customers.gone_text"))
    text = ready_text(customer, by_segment(customer), tone) if edited is None else edited

    def choose_tone(value: str) -> None:
        set_tone(value)
        set_edited(None)

    async def go() -> None:
        await _hand(coupon, customer, text)

    undo = UndoCoupon(coupon.id)
    take = None if taking or busy else (lambda: submit(undo, done="coupons.undone"))
    sheet = not ui.page.web
    send = p.primary(
        t("coupons.share_next" if sheet else "coupons.copy_next"),
        (lambda: start(go)) if denied is None and text.strip() else None,
        ft.Icons.IOS_SHARE if sheet else ft.Icons.CONTENT_COPY,
        busy=busy,
    )
    lines: list[ft.Control] = [_who(customer, coupon, now)]
    if denied is not None:
        lines.append(_denied(denied))
    lines += [
        p.segmented([(name, t(f"message.tone_{name}")) for name in TONES], tone, choose_tone),
        p.text_field(t("message.field"), text, set_edited, lines=2),
        ft.Row(
            [
                p.icon_button(ft.Icons.UNDO, t("coupons.undo_of", name=customer.name), take, color=Tone.QUIET),
                *([p.quiet(t("coupons.skip"), skip)] if skip else []),
                ft.Container(send, expand=True),
            ],
            spacing=Space.XS,
        ),
    ]
    return p.card(ft.Column(lines, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def _who(customer: Customer, coupon: Coupon, now: datetime) -> ft.Control:
    until = t("coupons.valid_until", date=last_moment(coupon.valid_until, now)) if coupon.valid_until else None
    words = ft.Column(
        [p.txt(customer.name, Type.FIGURE, lines=1), p.txt(p.dots(gives(coupon.rules), until), Type.META)],
        spacing=0,
        expand=True,
    )
    return ft.Row([p.avatar(customer.name, customer.id), words], spacing=Space.M)


def _denied(denied: Denied) -> ft.Control:
    return p.txt(limit_text(denied.code, denied.params), Type.META, Tone.LATE)


async def _hand(coupon: Coupon, customer: Customer, text: str) -> None:
    """Hand one message over; only when it went does it count as a contact (rule 9.2)."""
    client = sessions.current().client
    sent = await hand_over(client, customer.id, f"{text}\n{coupon_link(client, coupon)}", coupon_id=coupon.id)
    if sent is None:
        p.say(t("coupons.not_handed"), refused=True)
        return
    await record(client, customer.id, "coupon", sent, None, coupon.id)
    remember_coupon(coupon.id, sent.text)
    p.say(t("coupons.handed_copied" if sent.channel == "copied" else "coupons.handed_shared", name=customer.name))


def _waiting_row(pick: Any, coupon_id: str) -> ft.Control:
    ui = sessions.current()
    coupon = cq.coupon_by_id(ui.client.store.read, coupon_id)
    if coupon is None or coupon.customer_id is None:
        return ft.Container(height=0)
    who = ui.client.index.get(coupon.customer_id)
    name = who.name if who else t("coupons.someone")
    denied = refusal_to_contact(ui.client, coupon.customer_id)
    undo = partial(ui.run, hooks.run_mutation, UndoCoupon(coupon.id), "coupons.undone_of", None, {"name": name})
    row = p.list_row(
        name,
        name_of(coupon.rules) if denied is None else t(f"coupons.out.{denied.code}"),
        leading=p.avatar(name, coupon.customer_id),
        on_click=partial(pick, coupon_id),
    )
    take = p.icon_button(ft.Icons.UNDO, t("coupons.undo_of", name=name), undo, color=Tone.QUIET)
    return ft.Row([ft.Container(row, expand=True), take], spacing=0)
