"""A message to one customer: three tones, editable, with a coupon, a product or its poster; its cost said before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import flet as ft

from app.domain.contact import Denied, things
from app.domain.errors import GuideError
from app.domain.instants import from_text
from app.mutations import coupon_link, refusal_to_contact, send_coupon
from app.mutations.contacting import was_carried
from app.mutations.mutate import call_of
from app.protocol.mutations import UndoCoupon
from app.protocol.objects import Coupon, Customer, Product
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.screens.coupons.again import words_of_last
from app.ui.screens.coupons.attach import CouponChoices, CouponRow, Goods, Option, best, is_blocked, options_of
from app.ui.screens.coupons.deliver import give_again, hand_over, record, remember, remember_coupon, words_of_today
from app.ui.screens.coupons.lately import MemoLately
from app.ui.screens.coupons.words import name_of
from app.ui.screens.customers.profile import gone
from app.ui.screens.today.budget import Cost
from app.ui.screens.today.marking import put_off
from app.ui.screens.today.reasons import SUGGESTED, Prompt, Prompts
from app.ui.screens.today.script import TONES, ready_texts, use_goods, with_coupon_said
from app.ui.strings import error_text, limit_text, t
from app.ui.theme import BUTTON, Space, text_width

WATCHED = frozenset({"customer", "contact", "contact_holder", "setting", "coupon", "coupon_template"})
BUTTON_INSET = 64
BEST = "best"  # the coupon that fits the occasion, until another is chosen


def use_prompt(customer_id: str) -> Prompt | None:
    """Return what prompted a contact with this customer, if a signal did. A hook."""
    found = hooks.use_slice(Prompts).current
    return found if found is not None and found.customer_id == customer_id else None


@screen
def SendCouponPage(customer_id: str) -> ft.Control:
    """Send one customer a coupon with its message."""
    return Composer(customer_id, True, use_prompt(customer_id), key=f"{customer_id}/coupon")


@screen
def MessagePage(customer_id: str) -> ft.Control:
    """Write to one customer."""
    return Composer(customer_id, False, use_prompt(customer_id), key=f"{customer_id}/message")


def use_way_out() -> tuple[Callable[[Callable[[], Awaitable[bool]]], None], bool]:
    """Return `(start, going)`: as `hooks.use_once`; a job that says it left stays going until the page is gone. A hook.

    The contact that a page records would deny it another one, while it is still to be seen.
    """
    start, busy = hooks.use_once()
    going: Any = ft.use_ref(False)

    def begin(job: Callable[[], Awaitable[bool]]) -> None:
        async def run() -> None:
            left = False
            try:
                left = await job()
            finally:
                going.current = left

        going.current = True
        start(run)

    return begin, busy or going.current


@dataclass(frozen=True, slots=True)
class Letter:
    """What is about to go out."""

    customer: Customer
    text: str
    prompt: Prompt | None
    template_id: str | None
    product: Product | None
    poster: bool


@screen
def Composer(customer_id: str, with_coupon: bool, prompt: Prompt | None) -> ft.Control:
    """Compose and hand over; the button explains itself when it may not be pressed.

    Args:
        customer_id: To whom.
        with_coupon: Whether the best coupon goes along at first.
        prompt: What prompted it, as it stood when the page opened.
    """
    ui, now, prompts = hooks.use_session(), hooks.use_now(), hooks.use_slice(Prompts)
    hooks.use_strings()
    client, asked, wide = ui.client, ft.use_ref(prompt), hooks.use_wide()
    prompt = asked.current
    customer = hooks.use_query(q.customer_by_id, customer_id)
    options = hooks.use_live(WATCHED, lambda: options_of(client, customer_id), customer_id, now)
    goods = use_goods(customer_id, prompt.attach if prompt else None)
    coupon, set_coupon = hooks.use_kept("coupon", BEST if with_coupon else "")
    attached, set_attached = hooks.use_kept("attached", prompt.attach.id if prompt and prompt.attach else "")
    poster, set_poster = hooks.use_kept("poster", bool(prompt and prompt.poster))
    edited, set_edited = hooks.use_kept("edited", None)
    turn, set_turn = hooks.use_kept("turn", 0)  # which of the ready texts
    choosing, set_choosing = ft.use_state(False)
    start, going = use_way_out()
    kept: Any = ft.use_ref(None)  # the coupon that was issued while its message did not go

    def choose_coupon(template_id: str) -> None:
        set_coupon(template_id)
        set_choosing(False)

    def choose_tone(value: str) -> None:
        prompts.tone = value
        show_ready(0)

    def show_ready(which: int) -> None:
        set_turn(which)
        set_edited(None)

    picked = _picked(options, prompt, coupon)
    sheet = CouponChoices(options, picked[0].id if picked else None, choose_coupon) if choosing else None
    p.use_sheet(sheet, t("coupons.choose"), lambda: set_choosing(False))
    product = next((one for one in goods or () if one.id == attached), None)
    item = product.id if product and not picked else None
    asked_now = hooks.use_live(
        WATCHED, lambda: refusal_to_contact(client, customer_id, item_id=item), customer_id, now, item
    )
    denied = None if going else asked_now
    along = hooks.use_same(  # a letter of the message draws none of it
        lambda: ft.Column(
            [
                *_coupon(options, picked, lambda: set_choosing(True), lambda: set_coupon("")),
                *_goods(goods, product, set_attached, poster, set_poster),
            ],
            spacing=Space.M, horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        options, picked, goods, product, poster,
    )  # fmt: skip
    if customer is None:
        return gone()
    texts = _ready_texts(customer, prompt, prompts.tone, picked)
    text = texts[turn % len(texts)] if edited is None else edited
    letter = Letter(customer, text, prompt, picked[0].id if picked else None, product, poster and product is not None)

    async def send() -> bool:
        if letter.template_id is not None:
            set_coupon(letter.template_id)  # once it is issued the rules may forbid another of its kind
        return await _send(client, letter, kept)

    more = p.quiet(t("message.another"), lambda: show_ready(turn + 1 if edited is None else 0), ft.Icons.REFRESH)
    body: list[ft.Control] = [
        *([_blocked(denied, customer, prompt, now)] if denied is not None else []),
        p.section(t("coupons.message"), more if len(texts) > 1 else None),
        p.segmented([(name, t(f"message.tone_{name}")) for name in TONES], prompts.tone, choose_tone),
        p.text_field(t("message.field"), text, set_edited, lines=3),
        along,  # one control: what comes to it later moves nothing below
        *([MemoLately(customer_id)] if wide else []),
    ]
    ready = denied is None and bool(text.strip())
    again = denied is None and not going and went_today(client, letter)
    foot = _foot(customer_id, _send_label(letter), (lambda: start(send)) if ready else None, busy=going, again=again)
    title = t("coupons.send_to" if picked else "message.title", name=customer.name)
    return p.frame(title, body, foot=foot, actions=_actions(customer_id))


def _ready_texts(customer: Customer, prompt: Prompt | None, tone: str, picked: Option | None) -> list[str]:
    """Return the ready texts, which say so when a coupon goes along."""
    texts = ready_texts(customer, prompt, tone, coupon=picked is not None)
    return [with_coupon_said(one, prompt, name_of(asdict(picked[0]))) if picked else one for one in texts]


def went_today(client: Any, letter: Letter) -> bool:
    """Say whether all of it went to this customer today: the same product, or the very words (rule 9.2)."""
    if letter.template_id is not None:
        return False
    if letter.product is None:
        return words_of_today(client, letter.customer.id) == letter.text
    carries = things(None, letter.product.id)
    return was_carried(client.store.read, letter.customer.id, call_of(client), carries)


def _foot(customer_id: str, label: str, send: Callable[[], None] | None, *, busy: bool, again: bool) -> ft.Control:
    """Return what sending costs and the button: side by side where both have room, else one over the other."""
    layout = sessions.current().layout
    need = text_width(label, BUTTON, layout.scale) + BUTTON_INSET
    side_by_side = need <= layout.pane / 2
    button = p.primary(label, send, ft.Icons.SEND_OUTLINED, busy=busy, expand=None if side_by_side else True)
    cost = Cost(customer_id, again=again, going=busy)
    if side_by_side:
        return ft.Row([ft.Container(cost, expand=True), button], spacing=Space.M)
    return ft.Column([cost, ft.Row([button])], spacing=Space.S)


def _actions(customer_id: str) -> list[ft.Control]:
    ui = sessions.current()
    path = f"/customers/{customer_id}"
    if path in ui.nav.stack():  # not observed: what lies below a page does not change while it is there
        return []
    return [p.icon_button(ft.Icons.PERSON_OUTLINE, t("message.profile"), lambda: ui.open(path))]


def _picked(options: list[Option], prompt: Prompt | None, coupon: str) -> Option | None:
    wanted = best(options, prompt) if coupon == BEST else coupon
    return next((option for option in options if option[0].id == wanted), None)


def _blocked(denied: Denied, customer: Customer, prompt: Prompt | None, now: datetime) -> ft.Control:
    """Return why nothing may go out now (rule 9.3: no way around it), and the reminder for the next polite time."""
    at = denied.params.get("next_at")
    remind = None
    if prompt is not None and isinstance(at, str) and from_text(at) > now:
        remind = p.quiet(t("message.remind"), lambda: _remind(customer.id, prompt, at, now), ft.Icons.ALARM)
    ways = [way for way in (_once_more(customer, denied, now), remind) if way is not None]
    words = limit_text(denied.code, denied.params)
    action = ft.Row(ways, wrap=True, spacing=Space.XS) if ways else None
    return p.notice(t("coupons.blocked"), words, icon=ft.Icons.SCHEDULE, action=action)


def _once_more(customer: Customer, denied: Denied, now: datetime) -> ft.Control | None:
    """Return the way to give out again what went last today, which is no contact more (rule 9.2)."""
    ui = sessions.current()
    text = words_of_last(ui.client, customer, now) if denied.code == "contact_budget_used" else None
    if text is None:
        return None

    async def give() -> None:
        try:
            await give_again(ui.client, customer.id, text)
        except GuideError as error:
            p.say(error_text(error), refused=True)

    return p.quiet(t("message.once_more"), lambda: ui.run(give), ft.Icons.CONTENT_COPY)


def _remind(customer_id: str, prompt: Prompt, at: str, now: datetime) -> None:
    put_off(customer_id, prompt.kind, prompt.subject, at, now)
    _done(sessions.current())


def _coupon(
    options: list[Option], picked: Option | None, change: Callable[[], None], drop: Callable[[], None]
) -> list[ft.Control]:
    if all(is_blocked(option) for option in options) and picked is None:
        return [p.notice(t("coupons.none_title"), t("coupons.none_text"), icon=ft.Icons.CLOUD_OFF_OUTLINED)]
    title = [p.section(t("message.coupon"))] if picked else []
    return [*title, CouponRow(picked, change, drop)]


def _goods(
    goods: tuple[Product, ...] | None, product: Product | None, choose: Callable[[str], None], poster: bool,
    set_poster: Callable[[bool], None],
) -> list[ft.Control]:  # fmt: skip
    if not goods:
        return []
    rows: list[ft.Control] = [p.section(t("message.attach")), Goods(goods, product.id if product else "", choose)]
    if product is not None:
        rows.append(p.switch_row(t("message.poster"), t("message.link_text"), poster, set_poster))
    return rows


def _send_label(letter: Letter) -> str:
    sheet = not sessions.current().page.web
    if letter.template_id is not None:
        return t("coupons.send_share" if sheet else "coupons.send")
    return t("message.send_share" if sheet else "message.send")


async def _send(client: Any, letter: Letter, kept: Any) -> bool:
    """Issue the coupon, hand the message over, record what went and leave; say whether it did.

    A coupon whose message did not go is kept for the next try.
    """
    ui, customer, prompt = sessions.current(), letter.customer, letter.prompt
    coupon = None if letter.template_id is None else await _coupon_of(client, letter, letter.template_id, kept)
    text = letter.text if coupon is None else f"{letter.text}\n{coupon_link(client, coupon)}"
    if letter.product is None and went_today(client, letter):
        await give_again(client, customer.id, text)
        _done(ui)
        return True
    coupon_id = coupon.id if coupon else None
    sent = await hand_over(client, customer.id, text, letter.product, poster=letter.poster, coupon_id=coupon_id)
    if sent is None:
        p.say(t("coupons.not_delivered"), refused=True)
        return False
    kind = "coupon" if coupon else "poster" if letter.poster else "message"
    await record(client, customer.id, kind, sent, prompt, coupon_id)
    if coupon_id is not None:
        remember_coupon(coupon_id, sent.text)
    elif kind == "message" and letter.product is None:
        remember(client, customer.id, text)
    _done(ui)
    copied = sent.channel == "copied"
    if coupon is None:
        p.say(t(("message.shared_poster" if letter.poster else "message.copied") if copied else "message.sent"))
        return True
    undo = UndoCoupon(coupon.id)
    p.say(
        t("coupons.sent" if copied else "coupons.sent_shared", name=customer.name),
        on_undo=lambda: ui.run(hooks.run_mutation, undo, "coupons.undone_of", None, {"name": customer.name}),
    )
    return True


async def _coupon_of(client: Any, letter: Letter, template_id: str, kept: Any) -> Coupon:
    """Return the coupon whose message did not go before (trying again is not one more), else the template's next."""
    found = cq.coupon_by_id(client.store.read, kept.current) if kept.current else None
    if found is not None and (found.template_id, found.state) == (template_id, "issued"):
        return found
    prompt = letter.prompt
    about = prompt.product if prompt and prompt.kind in SUGGESTED else letter.product
    made = await send_coupon(
        client, template_id, letter.customer.id, signal=prompt.kind if prompt else None,
        product_id=about.id if about else None,
    )  # fmt: skip
    kept.current = made.id
    return made


def _done(ui: sessions.UiSession) -> None:
    ui.slice(Prompts).current = None
    ui.back()
