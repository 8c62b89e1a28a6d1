"""One coupon: what it gives, whose it is, its way so far, and what can still be done."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from app.domain.contact import Denied, store_day
from app.domain.instants import from_text
from app.domain.redemption import USABLE
from app.mutations import refusal_to_contact
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Contact, Coupon, Customer
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.again import STILL_TO_SEND, words_of_coupon
from app.ui.screens.coupons.compose import WATCHED
from app.ui.screens.coupons.deliver import hand_over, record, remember_coupon
from app.ui.screens.coupons.held import ends_words
from app.ui.screens.coupons.redeem import grouped
from app.ui.screens.coupons.words import conditions, gives, name_of
from app.ui.screens.customers.words import STATE_TONES, coupon_state
from app.ui.strings import current, limit_text, t
from app.ui.theme import Space, Tone, Type


@screen
def CouponPage(coupon_id: str) -> ft.Control:
    """Show one coupon and its history; sending again and taking back stand at the foot."""
    ui, now = hooks.use_session(), hooks.use_now()
    strings = hooks.use_strings()
    coupon = hooks.use_query(cq.coupon_by_id, coupon_id)
    owner = coupon.customer_id if coupon and coupon.customer_id else ""
    customer = hooks.use_query(q.customer_by_id, owner)
    contacts = hooks.use_query(q.contacts_of, owner)
    denied = hooks.use_live(WATCHED, lambda: refusal_to_contact(ui.client, owner, coupon_id=coupon_id), owner, now)
    words = hooks.use_live(
        WATCHED, lambda: words_of_coupon(ui.client, customer, coupon) if customer and coupon else "",
        customer, coupon, strings.language,
    )  # fmt: skip
    if coupon is None or coupon.state == "allotted":
        return p.frame(t("coupons.title"), p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.gone")))
    state, counted = coupon_state(coupon, now), _went_today(coupon, contacts, now)
    body: list[ft.Control] = [_face(coupon, state, now)]
    if customer is not None:
        body.append(_owner(customer))
    if coupon.state in USABLE and state != "expired" and coupon.rules.get("channel") != "online":
        body.append(_code(coupon))
    body += [p.section(t("coupons.history")), history(coupon, contacts, state, now)]
    if state not in STILL_TO_SEND or customer is None:
        return p.frame(name_of(coupon.rules), body)
    body[1:1] = [*_before_sending(denied, counted), *_message(words)]
    return p.frame(name_of(coupon.rules), body, foot=Deeds(coupon, words, state, denied is None, counted))


@screen
def Deeds(coupon: Coupon, words: str, state: str, free: bool, counted: bool) -> ft.Control:
    """Show the buttons of a coupon; while one is at work they are drawn again, and not the page.

    Args:
        coupon: The coupon, as it stands.
        words: The message to copy again, with its link.
        state: Its state as shown.
        free: Whether its message may go now.
        counted: Whether it went today, so that once more takes nothing of the budget.
    """
    ui = hooks.use_session()
    hooks.use_strings()
    submit, busy = hooks.use_mutation()
    start, copying = hooks.use_once()
    owner = coupon.customer_id or ""

    async def again() -> None:
        sent = await hand_over(ui.client, owner, words, coupon_id=coupon.id)
        if sent is None:
            p.say(t("coupons.not_delivered"), refused=True)
            return
        await record(ui.client, owner, "coupon", sent, None, coupon.id)
        remember_coupon(coupon.id, words)
        copied = "message.copied_again" if counted else "message.copied"
        p.say(t(copied if sent.channel == "copied" else "message.sent"))

    resend = p.primary(t("coupons.resend"), (lambda: start(again)) if free else None, busy=copying)
    buttons: list[ft.Control] = [ft.Container(resend, expand=True)]
    if state == "issued":
        undo = UndoCoupon(coupon.id)
        buttons.insert(
            0, p.secondary(t("coupons.undo"), None if busy else (lambda: submit(undo, done="coupons.undone")))
        )
    return ft.Row(buttons, spacing=Space.M)


def _before_sending(denied: Denied | None, counted: bool) -> list[ft.Control]:
    """Say why the message may not go now, or that once more takes nothing of the budget."""
    if denied is not None:
        return [p.notice(t("coupons.blocked"), limit_text(denied.code, denied.params), icon=ft.Icons.SCHEDULE)]
    return [p.txt(t("message.again_free"), Type.META)] if counted else []


def _message(words: str) -> list[ft.Control]:
    """Show what will be copied."""
    return [p.section(t("coupons.message")), p.card(p.txt(words, Type.BODY, selectable=True))]


def _code(coupon: Coupon) -> ft.Control:
    """Show the typed code in its groups (rule 1.11): a guide reads it out when the customer's page does not load."""
    ui = sessions.current()

    async def copy() -> None:
        await ui.ports.clipboard.copy(coupon.code)
        p.say(t("coupons.code_copied"))

    shown = p.txt(grouped(coupon.code), Type.FIGURE, selectable=True, expand=True)
    row = ft.Row([shown, p.icon_button(ft.Icons.CONTENT_COPY, t("coupons.code_copy"), lambda: ui.run(copy))])
    lines: list[ft.Control] = [p.txt(t("coupons.redeem_code"), Type.META), row, p.txt(t("coupons.code_why"), Type.META)]
    return p.card(ft.Column(lines, spacing=0))


def _went_today(coupon: Coupon, contacts: list[Contact], now: datetime) -> bool:
    """Say whether its message went today: copying it again is no contact more (rule 9.2)."""
    begin, end = store_day(now, current().zone)
    return any(begin <= one.at < end for one in contacts if one.coupon_id == coupon.id)


def _face(coupon: Coupon, state: str, now: datetime) -> ft.Control:
    mark = p.pill(t(f"coupons.state.{state}"), STATE_TONES.get(state, "warm"))
    head = p.ends(p.txt(gives(coupon.rules), Type.TITLE), mark)
    ends = ends_words(state, coupon.valid_until, now)
    rules = {name: value for name, value in coupon.rules.items() if name != "validity"}  # its own dates are known
    lines: list[ft.Control] = [head, p.txt(p.dots(conditions(rules), ends), Type.META)]
    return p.card(ft.Column(lines, spacing=Space.S))


def _owner(customer: Customer) -> ft.Control:
    ui = sessions.current()
    row = p.list_row(
        customer.name,
        customer.phone_masked,
        leading=p.avatar(customer.name, customer.id),
        on_click=lambda: ui.open(f"/customers/{customer.id}"),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=Tone.QUIET),
    )
    return p.group([row])


def history(coupon: Coupon, contacts: list[Contact], state: str, now: datetime) -> ft.Control:
    """Return what happened to a coupon, oldest first; what has not happened yet is not drawn."""
    handed = [c for c in contacts if c.coupon_id == coupon.id]
    steps: list[tuple[str | None, str, ft.IconData]] = [
        (coupon.issued_at, t("coupons.step_issued"), ft.Icons.LOCAL_OFFER_OUTLINED),
        *((c.at, _handed(c), ft.Icons.CHAT_OUTLINED) for c in handed),
        (coupon.opened_at, t("coupons.step_opened"), ft.Icons.VISIBILITY_OUTLINED),
        (coupon.claimed_at, t("coupons.step_claimed"), ft.Icons.CARD_GIFTCARD),
        (coupon.redeemed_at, t("coupons.step_used"), ft.Icons.SHOPPING_BAG_OUTLINED),
        (coupon.voided_at, t("coupons.state.voided"), ft.Icons.UNDO),
        (coupon.valid_until if state == "expired" else None, t("coupons.state.expired"), ft.Icons.EVENT_BUSY_OUTLINED),
    ]
    found = sorted([(at, title, icon) for at, title, icon in steps if at], key=lambda step: step[0] or "")
    if state in ("reserved", "returned"):
        found.append(("", t(f"coupons.step_{state}"), ft.Icons.SHOPPING_CART_OUTLINED))
    if state == "issued" and not handed:
        found.append(("", t("coupons.step_not_handed"), ft.Icons.HOURGLASS_EMPTY))
    last = len(found) - 1
    rows = [
        p.timeline_item(icon, title, "", current().moment(from_text(at), now) if at else "", last=i == last)
        for i, (at, title, icon) in enumerate(found)
    ]
    return p.card(ft.Column(rows, spacing=0))


def _handed(contact: Contact) -> str:
    key = f"profile.channel.{contact.channel}"
    return t("coupons.step_handed", channel=t(key) if current().has(key) else contact.channel)
