"""One product to several customers: whom, what, who is left out and why; then one chat after the other.

What is left is kept on this device, so it goes on after the app was closed; whoever went is recorded and off the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import flet as ft

from app.device.ports import DISMISSED, SHARED
from app.domain.batch import Plan
from app.domain.contact import Denied
from app.domain.errors import Rejected
from app.mutations import make_share, refusal_to_contact
from app.mutations import sending as deeds
from app.mutations.sending import LINK, POSTER, plan_reach
from app.protocol.objects import Customer, Product
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.store.queries import shares
from app.store.queries.shares import Sending
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.batch import Opened, WhoPage, lines_of, preview_line, use_people, use_plan, who_row
from app.ui.screens.coupons.compose import TONES, WATCHED
from app.ui.screens.customers.picking import Picking
from app.ui.screens.customers.words import salutation
from app.ui.screens.share import content
from app.ui.screens.share.poster import Draft, hand_poster, message, record_of
from app.ui.screens.share.view import ShareView, colour_of, matching, name_of, stock_words
from app.ui.strings import current, limit_text, money, t
from app.ui.theme import Space, Tone, Type

LOOK_AHEAD = 30  # so many are asked for one who may be written to now
CHANNEL = "chat"
FORMS = (POSTER, LINK)


@screen
def SendGoodsPage() -> ft.Control:
    """Ask who, then what, then show the preview; with nobody chosen go on with what was begun."""
    hooks.use_strings()
    picking, left = hooks.use_slice(Picking), hooks.use_query(shares.sending)
    if picking.has_people:
        return GoodsPage() if picking.product_id is None else ReachPage(picking.product_id)
    if left is not None:
        return OneByOnePage()
    return WhoPage(t("customers.send_title"))


@screen
def GoodsPage() -> ft.Control:
    """Choose the product."""
    client, picking, strings = hooks.use_client(), hooks.use_slice(Picking), hooks.use_strings()
    everything = hooks.use_query(pq.products)
    stock = hooks.use_query(pq.stock_in, client.staff.store_id or "")
    query, set_query = ft.use_state("")
    found = ft.use_memo(lambda: tuple(matching(everything, query, "")), [everything, query])
    rows = ft.use_memo(lambda: tuple((one, stock.get(one.id)) for one in found), [found, stock])
    ids = use_people()
    build = ft.use_memo(lambda: partial(_goods_row, picking), [picking])
    top = [p.group([who_row(picking, len(ids))]), p.search_field(t("share.search"), query, set_query)]
    title = t("customers.send_what")
    if not rows:
        none = p.empty(ft.Icons.SEARCH_OFF, t("share.none_found"), t("share.none_found_why"))
        return p.frame(title, none, top=top)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    body = p.VirtualList(rows, build, mark=strings.language, padding=inset, bars=2, key=query)
    return p.frame(title, body, top=top, scroll=False)


def _goods_row(picking: Picking, row: tuple[Product, int | None]) -> ft.Control:
    product, pieces = row
    words, tone = stock_words(pieces, current())
    ink = {"late": Tone.LATE, "warm": Tone.ON_WARM}.get(tone)

    def choose() -> None:
        picking.product_id = product.id

    return _product_row(product, choose, p.txt(words, Type.META, ink, no_wrap=True) if words else None)


def _product_row(product: Product, press: Any, end: ft.Control | None) -> ft.Control:
    strings = current()
    name = name_of(product, strings)
    meta = p.dots(money(product.price_fen), colour_of(product, strings))
    return p.list_row(name, meta, leading=p.product_thumb(product.picture, name, 48), trailing=end, on_click=press)


@screen
def ReachPage(product_id: str) -> ft.Control:
    """Show who can be written to, who not and why; the button begins."""
    ui, picking, opened = hooks.use_session(), hooks.use_slice(Picking), hooks.use_slice(Opened)
    strings, ids = hooks.use_strings(), use_people()
    product, left = hooks.use_query(pq.product_by_id, product_id), hooks.use_query(shares.sending)
    plan, error = use_plan(plan_reach, ids)
    form, set_form = ft.use_state(POSTER)
    start, busy = hooks.use_once()
    lines = ft.use_memo(lambda: lines_of(plan, opened.codes), [plan, opened.codes])
    title = t("customers.send_title")
    if error is not None:
        return p.frame(title, p.error_card(error))
    if product is None or plan is None:
        return p.frame(title, p.Skeleton(head=True))

    async def begin() -> None:
        tone = ui.slice(ShareView).tone
        await deeds.start_sending(ui.client, product_id, plan.gets, form, tone if tone in TONES else TONES[0])
        opened.codes = frozenset()
        picking.stop()

    other = partial(setattr, picking, "product_id", None)
    what = _product_row(product, other, p.txt(t("coupons.change"), Type.LABEL, Tone.ACTION))
    head = _reach_head([what, who_row(picking, len(ids))], plan, form, set_form, left)
    words = t("customers.send_begin", n=len(plan.gets)) if plan.gets else t("coupons.nobody")
    button = p.primary(words, (lambda: start(begin)) if plan.gets else None, busy=busy)
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    body = p.VirtualList(lines, preview_line, mark=strings.language, padding=inset, header=head, key=product_id)
    return p.frame(title, body, foot=ft.Row([ft.Container(button, expand=True)]), scroll=False)


def _reach_head(
    rows: list[ft.Control], plan: Plan, form: str, set_form: Callable[[str], None], left: Sending | None
) -> ft.Control:
    figures = p.stat_strip(
        [
            (str(len(plan.gets)), t("coupons.will_get"), Tone.ACTION),
            (str(plan.left_out), t("coupons.left_out"), None),
        ]
    )
    lines = [p.group(rows), p.segmented([(one, t(f"customers.form_{one}")) for one in FORMS], form, set_form), figures]
    if left is not None and left.customer_ids:
        lines.append(p.notice(None, t("customers.sending_over", n=len(left.customer_ids))))
    side = p.gutter()
    inset = ft.Padding.only(left=side, right=side, top=Space.XS, bottom=Space.S)
    return ft.Container(ft.Column(lines, spacing=Space.M), padding=inset)


@screen
def OneByOnePage() -> ft.Control:
    """Show whose turn it is with the message, how far it is, and who comes after."""
    ui, now, strings = hooks.use_session(), hooks.use_now(), hooks.use_strings()
    left = hooks.use_query(shares.sending)
    product = hooks.use_query(pq.product_by_id, left.product_id if left else "")
    picked, pick = ft.use_state("")
    ids = left.customer_ids if left else ()
    turn = hooks.use_live(WATCHED, lambda: _next(ids), ids, now)
    here = picked if picked in ids else turn
    build = ft.use_memo(lambda: partial(_waiting_row, pick), [pick])
    if left is None or here is None or product is None:
        return _all_sent(left, gone=here is not None)
    rest = tuple(one for one in ids if one != here)
    progress = p.dots(t("customers.send_done", n=left.done), t("customers.send_left", n=len(ids)))
    head: list[ft.Control] = [
        p.txt(progress, Type.META),
        p.bar(left.done / (left.done + len(ids))),
        Turn(left, product, here, key=here),
    ]
    if rest:
        head.append(p.section(t("coupons.after")))
    header = ft.Container(ft.Column(head, spacing=Space.M), padding=ft.Padding.symmetric(horizontal=p.gutter()))
    inset = ft.Padding.only(left=Space.S, right=Space.S, bottom=Space.XL)
    body = p.VirtualList(rest, build, mark=(strings.language, now), padding=inset, header=header)

    async def stop() -> None:
        await deeds.stop_sending(ui.client)
        p.say(t("customers.send_stopped"), on_undo=lambda: ui.run(deeds.put_back, ui.client, left))

    actions = [p.icon_button(ft.Icons.PLAYLIST_REMOVE, t("customers.send_stop"), lambda: ui.run(stop))]
    return p.frame(t("customers.send_title"), body, actions=actions, scroll=False)


def _all_sent(left: Sending | None, gone: bool) -> ft.Control:
    """Return the end of it: all sent, or the product is no longer in the shop."""
    ui = sessions.current()
    done = left.done if left else 0

    async def close() -> None:
        await deeds.stop_sending(ui.client)
        ui.back()

    title = t("share.gone" if gone else "customers.send_over")
    icon = ft.Icons.INVENTORY_2_OUTLINED if gone else ft.Icons.TASK_ALT
    text = t("customers.send_over_text", n=done)
    ready = p.empty(icon, title, text, t("customers.send_close"), lambda: ui.run(close))
    return p.frame(t("customers.send_title"), ready)


def _next(ids: tuple[str, ...]) -> str | None:
    """Return the first who may be written to now, else the first."""
    client = sessions.current().client
    for one in ids[:LOOK_AHEAD]:
        if refusal_to_contact(client, one) is None:
            return one
    return ids[0] if ids else None


@screen
def Turn(left: Sending, product: Product, customer_id: str) -> ft.Control:
    """Show one customer with their message, in three tones, and what can be done: send, pass over, leave out."""
    ui, now, strings = hooks.use_session(), hooks.use_now(), hooks.use_strings()
    client = ui.client
    customer = hooks.use_query(q.customer_by_id, customer_id)
    denied = hooks.use_live(WATCHED, lambda: refusal_to_contact(client, customer_id), customer_id, now)
    words = hooks.use_live({"pack"}, lambda: content.captions(client, product, strings), product, strings.language)
    edited, set_edited = ft.use_state(None)
    start, busy = hooks.use_once()
    if customer is None:
        return p.notice(t("customers.gone_title"), t("customers.gone_text"))
    caption = words.of(left.tone)
    greeting = t("customers.send_text", name=salutation(customer, strings), text=caption)
    text = greeting if edited is None else edited

    def speak(tone: str) -> None:
        set_edited(None)
        ui.run(deeds.speak, client, left.form, tone)

    async def send() -> None:
        await _send(left, product, customer, caption, text)

    lines: list[ft.Control] = [_who(customer, product)]
    if denied is not None:
        lines.append(_denied(denied))
    may = denied is None and bool(text.strip())
    lines += [
        p.segmented([(one, t(f"message.tone_{one}")) for one in TONES], left.tone, speak),
        p.text_field(t("message.field"), text, set_edited, lines=2),
        _ways(left, customer, (lambda: start(send)) if may else None, busy),
    ]
    return p.card(ft.Column(lines, spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def _who(customer: Customer, product: Product) -> ft.Control:
    name = p.txt(customer.name, Type.FIGURE, lines=1)
    words = ft.Column([name, p.txt(name_of(product, current()), Type.META, lines=1)], spacing=0, expand=True)
    thumb = p.product_thumb(product.picture, name_of(product, current()), 48)
    return ft.Row([p.avatar(customer.name, customer.id), words, thumb], spacing=Space.M)


def _denied(denied: Denied) -> ft.Control:
    return p.txt(limit_text(denied.code, denied.params), Type.META, Tone.LATE)


def _ways(left: Sending, customer: Customer, send: Any, busy: bool) -> ft.Control:
    ui = sessions.current()
    client, others = ui.client, tuple(one for one in left.customer_ids if one != customer.id)

    async def leave() -> None:
        await deeds.leave_out(client, customer.id)
        p.say(t("customers.left_out", name=customer.name), on_undo=lambda: ui.run(deeds.put_back, client, left))

    async def later() -> None:
        await deeds.put_back(client, replace(left, customer_ids=(*others, customer.id)))

    sheet = not ui.page.web
    key = f"customers.send_{left.form}" if sheet else f"customers.send_{left.form}_web"
    button = p.primary(t(key), send, ft.Icons.IOS_SHARE if sheet else ft.Icons.CONTENT_COPY, busy=busy)
    out = p.icon_button(
        ft.Icons.PERSON_REMOVE_OUTLINED, t("customers.leave_out", name=customer.name), lambda: ui.run(leave),
        color=Tone.QUIET,
    )  # fmt: skip
    skip = [p.quiet(t("coupons.skip"), lambda: ui.run(later))] if others else []
    if hooks.layout().is_large:
        rest = ft.Row([out, *skip], spacing=Space.XS)
        return ft.Column([button, rest], spacing=Space.S, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.Row([out, *skip, ft.Container(button, expand=True)], spacing=Space.XS)


async def _send(left: Sending, product: Product, customer: Customer, caption: str, text: str) -> None:
    """Hand one over; only when it went is it recorded, as a share of theirs and as a contact (rules 3.1 and 9.2)."""
    ui = sessions.current()
    client = ui.client
    denied = refusal_to_contact(client, customer.id)
    if denied is not None:
        raise Rejected(denied.code, params=denied.params)
    draft = Draft(product, content.templates(client)[0], caption, CHANNEL)
    if left.form == POSTER:
        made, how = await hand_poster(ui, draft, text)
    else:
        made = make_share(client, "product", product.no, CHANNEL)
        how = await ui.ports.share.text(message(text, made.link))
    if how == DISMISSED:
        p.say(t("customers.send_not"), refused=True)
        return
    contact = deeds.contact_of(client, customer.id, made.share_id, "share_sheet" if how == SHARED else "copied")
    await deeds.sent_one(client, contact, record_of(replace(draft, caption=text), made, customer.id))
    said = "customers.sent_shared" if how == SHARED else f"customers.sent_{left.form}"
    p.say(t(said, name=customer.name))


def _waiting_row(pick: Any, customer_id: str) -> ft.Control:
    client = sessions.current().client
    who = client.index.get(customer_id)
    name = who.name if who else t("coupons.someone")
    denied = refusal_to_contact(client, customer_id)
    meta = who.phone_masked if who and denied is None else t(f"coupons.out.{denied.code}") if denied else ""
    return p.person_row(
        p.txt(name, Type.ROW, lines=1), p.txt(meta, Type.META, lines=1), leading=p.avatar(name, customer_id),
        on_click=partial(pick, customer_id),
    )  # fmt: skip
