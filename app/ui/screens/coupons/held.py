"""The coupons I hold and those I sent, and the way of one coupon."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import flet as ft

from app.domain.instants import from_text, to_text
from app.mutations import coupon_link, refusal_to_contact
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.compose import WATCHED, use_once
from app.ui.screens.coupons.deliver import hand_over, record
from app.ui.screens.coupons.words import conditions, gives, name_of
from app.ui.screens.customers.tabs import coupon_row
from app.ui.screens.customers.words import coupon_state
from app.ui.strings import current, error_text, t
from app.ui.theme import Space, Tone, Type

FILTERS: dict[str, tuple[str, ...]] = {
    "all": (),
    "issued": ("issued",),
    "claimed": ("claimed", "reserved"),
    "redeemed": ("redeemed",),
}
STEPS = ("issued", "opened", "claimed", "used")


@ft.observable
@dataclass
class Sent:
    """Which of the sent coupons are listed; survives a change of tab."""

    state: str = "all"


@screen
def CouponsScreen() -> ft.Control:
    """Show what I may send and what I sent."""
    hooks.use_strings()
    view, now = hooks.use_slice(Sent), hooks.use_now()
    sent = hooks.use_query(cq.coupons_sent, FILTERS[view.state], 60)
    client = hooks.use_client()
    names = hooks.use_live(
        {"customer", "coupon"},
        lambda: q.customers_by_ids(client.store.read, tuple(sorted({c.customer_id for c in sent if c.customer_id}))),
        sent,
    )
    rows = [coupon_row(c, now, names[c.customer_id].name if c.customer_id in names else "") for c in sent]
    chips = [(s, t("today.chip_all") if s == "all" else t(f"coupons.state.{s}")) for s in FILTERS]
    listed = (
        p.group(rows)
        if rows
        else p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.sent_empty"), t("coupons.sent_empty_text"))
    )
    return p.frame(
        t("coupons.title"),
        [
            p.section(t("coupons.mine")),
            Lease(),
            p.section(t("coupons.sent_title")),
            p.filter_chips(chips, view.state, lambda s: setattr(view, "state", s)),
            listed,
        ],
    )


@screen
def Lease() -> ft.Control:
    """Show each template with how many are in hand on this device."""
    client, now = hooks.use_client(), hooks.use_now()
    templates = hooks.use_query(cq.templates)
    left = hooks.use_query(cq.leases_left, client.session.device_id, to_text(now))
    if not templates:
        return p.empty(ft.Icons.CLOUD_OFF_OUTLINED, t("coupons.none_title"), t("coupons.none_text"))
    rows = []
    for one in templates:
        rules = asdict(one)
        count = left[one.id].left if one.id in left else 0
        heads = [
            p.txt(gives(rules), Type.ROW),
            p.txt(name_of(rules), Type.META, lines=1, expand=True),
            p.txt(t("coupons.lease_left", n=count), Type.META),
        ]
        rows.append(p.list_row(heads, conditions(rules) if count else t("coupons.lease_none")))
    return p.group(rows)


@screen
def CouponPage(coupon_id: str) -> ft.Control:
    """Show one coupon: what it gives, how far it got, and what can still be done."""
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    coupon = hooks.use_query(cq.coupon_by_id, coupon_id)
    owner = coupon.customer_id if coupon and coupon.customer_id else ""
    customer = hooks.use_query(q.customer_by_id, owner)
    submit, busy = hooks.use_mutation()
    start, copying = use_once()
    denied = hooks.use_live(WATCHED, lambda: refusal_to_contact(ui.client, owner), owner, now)
    if coupon is None:
        return p.frame(t("coupons.title"), p.empty(ft.Icons.LOCAL_OFFER_OUTLINED, t("coupons.sent_empty")))
    state = coupon_state(coupon, now)

    async def again() -> None:
        channel = await hand_over(ui.client, owner, f"{name_of(coupon.rules)}\n{coupon_link(ui.client, coupon)}")
        if channel is None:
            p.say(t("coupons.not_delivered"), refused=True)
            return
        await record(ui.client, owner, "coupon", channel, None, coupon.id)
        p.say(t("message.copied"))

    body: list[ft.Control] = [_face(coupon, state), _way(coupon, now)]
    if customer is not None:
        body.append(
            p.group(
                [
                    p.list_row(
                        customer.name,
                        customer.phone_masked,
                        leading=p.avatar(customer.name, customer.id),
                        on_click=lambda: ui.open(f"/customers/{customer.id}"),
                    )
                ]
            )
        )
    foot = None
    if state in ("issued", "opened", "claimed"):
        if denied is not None:
            body.append(p.notice(t("coupons.blocked"), error_text(denied.code, denied.params), icon=ft.Icons.SCHEDULE))
        resend = p.primary(t("coupons.resend"), None if denied else (lambda: start(again)), busy=copying)
        buttons: list[ft.Control] = [ft.Container(resend, expand=True)]
        if state == "issued":
            take = p.secondary(
                t("coupons.undo"), None if busy else (lambda: submit(UndoCoupon(coupon.id), done="coupons.undone"))
            )
            buttons.insert(0, take)
        foot = ft.Row(buttons, spacing=Space.M)
    return p.frame(name_of(coupon.rules), body, foot=foot)


def _face(coupon: Coupon, state: str) -> ft.Control:
    until = t("coupons.valid_until", date=_moment(coupon.valid_until)) if coupon.valid_until else None
    tone = {"redeemed": "soft", "claimed": "soft", "voided": "calm", "expired": "calm"}.get(state, "warm")
    head = ft.Row([p.txt(gives(coupon.rules), Type.TITLE, expand=True), p.pill(t(f"coupons.state.{state}"), tone)])
    return p.card(ft.Column([head, p.txt(p.dots(conditions(coupon.rules), until), Type.META)], spacing=Space.S))


def _way(coupon: Coupon, now: datetime) -> ft.Control:
    """Draw issued → opened → claimed → used with the times that are known."""
    times = dict(zip(STEPS, (coupon.issued_at, coupon.opened_at, coupon.claimed_at, coupon.redeemed_at), strict=True))
    cells: list[ft.Control] = []
    for step in STEPS:
        done = times[step] is not None
        icon = ft.Icons.CHECK_CIRCLE if done else ft.Icons.RADIO_BUTTON_UNCHECKED
        when = current().moment(from_text(str(times[step])), now) if done else "—"
        cells.append(
            ft.Column(
                [
                    ft.Icon(icon, size=22, color=Tone.ACTION if done else Tone.QUIET),
                    p.txt(t(f"coupons.step_{step}"), Type.LABEL),
                    p.txt(when, Type.META, no_wrap=True),
                ],
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
                spacing=Space.XS,
                expand=1,
            )
        )
    return p.card(ft.Row(cells))


def _moment(at: str) -> str:
    return current().date_short(from_text(at), sessions.current().clock.now())
