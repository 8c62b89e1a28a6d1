"""A message to one customer, alone or with a coupon: three tones, editable, the budget shown before the button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import flet as ft

from app.domain.contact import Denied
from app.domain.errors import GuideError
from app.domain.instants import to_text
from app.mutations import coupon_link, refusal_to_contact, refusal_to_issue, send_coupon
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon, CouponTemplate, Customer
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.deliver import hand_over, record
from app.ui.screens.coupons.words import conditions, gives, name_of
from app.ui.screens.customers.profile import Budget, gone
from app.ui.screens.customers.words import product_name, salutation
from app.ui.screens.today.reasons import Prompt, Prompts
from app.ui.strings import current, error_text, t
from app.ui.theme import Space, Tone, Type

TONES = ("warm", "plain", "lively")
WATCHED = frozenset({"customer", "contact", "contact_holder", "setting", "coupon", "coupon_template"})


def ready_text(customer: Customer, prompt: Prompt | None, tone: str) -> str:
    """Return the ready message for what prompted it; it never says that someone was watched (rule 5.4)."""
    strings, client = current(), sessions.current().client
    kind = prompt.kind if prompt else "general"
    product = product_name(prompt.product) if prompt and prompt.product else ""
    key = f"message.{kind}.{tone}"
    if not strings.has(key) or (not product and "{product}" in strings.t(key, product="{product}", name="", guide="")):
        key = f"message.general.{tone}"
    return strings.t(key, name=salutation(customer, strings), guide=client.staff.name, product=product)


def use_prompt(customer_id: str) -> Prompt | None:
    """Return what prompted a contact with this customer, if a signal did. A hook."""
    found = hooks.use_slice(Prompts).current
    return found if found is not None and found.customer_id == customer_id else None


def use_once() -> tuple[Callable[[Callable[[], Awaitable[None]]], None], bool]:
    """Return `(start, busy)`: runs one coroutine at a time; a refusal is said, a double tap is ignored. A hook."""
    ui = sessions.current()
    busy, set_busy = ft.use_state(False)
    running = ft.use_ref(False)

    def start(job: Callable[[], Awaitable[None]]) -> None:
        if running.current:
            return
        running.current = True
        set_busy(True)

        async def guarded() -> None:
            try:
                await job()
            except GuideError as error:
                p.say(error_text(error), refused=True)
            finally:
                running.current = False
                set_busy(False)

        ui.run(guarded)

    return start, busy


@screen
def SendCouponPage(customer_id: str) -> ft.Control:
    """Choose a coupon for one customer and send it with its message."""
    return Composer(customer_id, True, key=f"{customer_id}/coupon")


@screen
def MessagePage(customer_id: str) -> ft.Control:
    """Write to one customer."""
    return Composer(customer_id, False, key=f"{customer_id}/message")


@screen
def Composer(customer_id: str, with_coupon: bool) -> ft.Control:
    """Compose and hand over; the button explains itself when it may not be pressed."""
    ui, now = hooks.use_session(), hooks.use_now()
    hooks.use_strings()
    client, prompt = ui.client, use_prompt(customer_id)
    customer = hooks.use_query(q.customer_by_id, customer_id)
    options = hooks.use_live(WATCHED, lambda: _options(client, customer_id), customer_id, now.minute)
    chosen, set_chosen = ft.use_state(None)
    tone, set_tone = ft.use_state(TONES[0])
    edited, set_edited = ft.use_state(None)
    start, busy = use_once()
    kept: Any = ft.use_ref(None)  # the coupon that was issued while its message did not go
    denied = hooks.use_live(WATCHED, lambda: refusal_to_contact(client, customer_id), customer_id, now.minute)
    if customer is None:
        return gone()
    picked = chosen or _best(options, prompt)
    text = ready_text(customer, prompt, tone) if edited is None else edited

    def choose_tone(value: str) -> None:
        set_tone(value)
        set_edited(None)

    async def send() -> None:
        if with_coupon:
            set_chosen(picked)  # once it is issued the rules may forbid another of its kind
            await _send_coupon(client, customer, str(picked), text, prompt, kept)
        else:
            await _send_message(client, customer, text, prompt)

    body: list[ft.Control] = []
    if denied is not None:
        body.append(p.notice(t("coupons.blocked"), error_text(denied.code, denied.params), icon=ft.Icons.SCHEDULE))
    if with_coupon:
        body += [p.section(t("coupons.choose")), _templates(options, picked, set_chosen)]
    body += [
        p.section(t("coupons.message")),
        p.segmented([(name, t(f"message.tone_{name}")) for name in TONES], tone, choose_tone),
        p.text_field(t("message.field"), text, set_edited, lines=4),
    ]
    ready = denied is None and bool(text.strip()) and (not with_coupon or picked is not None)
    title = t("coupons.send_to" if with_coupon else "message.title", name=customer.name)
    button = p.primary(
        _send_label(with_coupon), (lambda: start(send)) if ready else None, ft.Icons.SEND_OUTLINED, busy=busy
    )
    foot = ft.Row([ft.Container(Budget(customer_id), expand=True), button], spacing=Space.M)
    return p.frame(title, body, foot=foot)


def _send_label(with_coupon: bool) -> str:
    sheet = not sessions.current().page.web
    if with_coupon:
        return t("coupons.send_share" if sheet else "coupons.send")
    return t("message.send_share" if sheet else "message.send")


Option = tuple[CouponTemplate, int, Denied | None]


def _options(client: Any, customer_id: str) -> list[Option]:
    read = client.store.read
    left = cq.leases_left(read, client.session.device_id, to_text(client.clock.now()))
    found = cq.templates(read)
    return [
        (one, left[one.id].left if one.id in left else 0, refusal_to_issue(client, customer_id, one.id))
        for one in found
    ]


def _best(options: list[Option], prompt: Prompt | None) -> str | None:
    """Return the template to offer first: one made for the occasion, else the first that may go out."""
    open_ones = [one for one, left, denied in options if left and denied is None]
    wanted = prompt.kind if prompt else ""
    fitting = [one for one in open_ones if one.purpose == wanted] or [one for one in open_ones if one.purpose == "gift"]
    first = next(iter(fitting or open_ones), None)
    return first.id if first else None


def _templates(options: list[Option], picked: str | None, choose: Callable[[str], None]) -> ft.Control:
    if not any(left for _, left, _ in options):
        return p.notice(t("coupons.none_title"), t("coupons.none_text"), icon=ft.Icons.CLOUD_OFF_OUTLINED)
    return p.group([_template(option, picked, choose) for option in options])


def _template(option: Option, picked: str | None, choose: Callable[[str], None]) -> ft.Control:
    one, left, denied = option
    rules: Mapping[str, Any] = asdict(one)
    stock = t("coupons.lease_left", n=left) if left else t("coupons.lease_none")
    on = one.id == picked
    blocked = not left or (denied is not None and denied.code.startswith("coupon_limit"))
    icon = ft.Icons.RADIO_BUTTON_CHECKED if on else ft.Icons.RADIO_BUTTON_OFF
    meta = (
        error_text(denied.code, dict(denied.params))
        if denied and blocked and left
        else conditions(rules)
        if left
        else stock
    )
    return p.list_row(
        [
            p.txt(gives(rules), Type.ROW, Tone.QUIET if blocked else None),
            p.txt(name_of(rules), Type.META, lines=1, expand=True),
            *([p.txt(stock, Type.META)] if left else []),
        ],
        meta,
        leading=ft.Icon(icon, color=Tone.ACTION if on else Tone.QUIET),
        on_click=None if blocked else (lambda: choose(one.id)),
        label=t("coupons.template_label", name=name_of(rules), what=gives(rules), left=stock)
        + (f" {t('coupons.chosen')}" if on else ""),
    )


async def _send_coupon(
    client: Any, customer: Customer, template_id: str, text: str, prompt: Prompt | None, kept: Any
) -> None:
    ui = sessions.current()
    product_id = prompt.product.id if prompt and prompt.product else None
    signal = prompt.kind if prompt else None
    coupon = _still_ready(client, kept.current, template_id)
    if coupon is None:
        coupon = await send_coupon(client, template_id, customer.id, signal=signal, product_id=product_id)
        kept.current = coupon.id
    channel = await hand_over(client, customer.id, f"{text}\n{coupon_link(client, coupon)}")
    if channel is None:
        p.say(t("coupons.not_delivered"), refused=True)
        return
    await record(client, customer.id, "coupon", channel, prompt, coupon.id)
    _done(ui)
    key = "coupons.sent" if channel == "copied" else "coupons.sent_shared"
    undo = UndoCoupon(coupon.id)
    p.say(t(key, name=customer.name), on_undo=lambda: ui.run(hooks.run_mutation, undo, "coupons.undone"))


def _still_ready(client: Any, coupon_id: str | None, template_id: str) -> Coupon | None:
    """Return the coupon whose message did not go: trying again sends that one, not one more."""
    found = cq.coupon_by_id(client.store.read, coupon_id) if coupon_id else None
    return found if found is not None and (found.template_id, found.state) == (template_id, "issued") else None


async def _send_message(client: Any, customer: Customer, text: str, prompt: Prompt | None) -> None:
    ui = sessions.current()
    channel = await hand_over(client, customer.id, text)
    if channel is None:
        p.say(t("coupons.not_delivered"), refused=True)
        return
    await record(client, customer.id, "message", channel, prompt)
    _done(ui)
    p.say(t("message.copied"))


def _done(ui: sessions.UiSession) -> None:
    ui.slice(Prompts).current = None
    ui.back()
