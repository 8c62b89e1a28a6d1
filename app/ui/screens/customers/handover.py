"""Giving a customer to a colleague: choose, a word of context, and where it stands until the server has decided."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

import flet as ft

from app.domain.errors import GuideError
from app.domain.handover import WORDS_MAX
from app.domain.ids import UUID7_RANDOM_BYTES, uuid7
from app.domain.instants import from_text
from app.mutations.withdraw import withdraw
from app.protocol.mutations import HandOverCustomer
from app.protocol.objects import HandedOver, Staff
from app.store.queries import brand, handovers, work
from app.store.queries import customers as q
from app.ui import hooks
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.guards import screen
from app.ui.strings import date_short, error_text, percent, t
from app.ui.theme import Tone, Type

BP_ONE = 10_000


@screen
def HandOverPage(customer_id: str) -> ft.Control:
    """Choose the colleague who takes this customer over, and say a word about them."""
    return _HandOver(customer_id, key=customer_id)


@screen
def _HandOver(customer_id: str) -> ft.Control:
    ui, client = hooks.use_session(), hooks.use_client()
    customer = hooks.use_query(q.customer_by_id, customer_id)
    guides = hooks.use_query(brand.guides_of, client.staff.store_id or "")
    refused = hooks.use_query(work.rejected_about, f"customer/{customer_id}")
    chosen, choose = hooks.use_kept("chosen", "")
    words, set_words = hooks.use_kept("words", "")
    new_id = ft.use_memo(lambda: uuid7(ui.clock.now(), os.urandom(UUID7_RANDOM_BYTES)), [customer_id])
    submit, busy = hooks.use_mutation()
    title = t("handover.give")
    if customer is None:
        gone = p.empty(ft.Icons.PERSON_OFF_OUTLINED, t("customers.gone_title"), t("customers.gone_text"))
        return p.frame(title, gone)
    others = [one for one in guides if one.id != client.staff.id]
    if not others:
        return p.frame(title, p.empty(ft.Icons.GROUP_OFF, t("handover.nobody"), t("handover.nobody_why")))

    def give() -> None:
        made = HandOverCustomer(new_id, customer_id, chosen, words.strip())
        to = next((one.name for one in others if one.id == chosen), "")
        submit(made, then=lambda: _leave(customer_id, t("handover.given", customer=customer.name, name=to)))

    field = p.text_field(t("handover.words"), words, set_words, lines=3, max_length=WORDS_MAX)
    body: list[ft.Control] = [
        *(p.refused_note(row.code, dict(row.params)) for row in refused if row.name == HandOverCustomer.NAME),
        p.txt(t("handover.to", name=customer.name), Type.SECTION),
        p.group([_colleague(one, chosen == one.id, choose) for one in others]),
        field,
        p.notice(t("handover.what"), t("handover.what_text"), icon=ft.Icons.INFO_OUTLINE),
    ]
    able = give if chosen and not busy else None
    foot = ft.Row([p.primary(title, able, ft.Icons.SWAP_HORIZ, busy=busy, expand=1)])
    return p.frame(title, body, foot=foot)


def _leave(customer_id: str, said: str) -> None:
    """Go back to the list: online the customer is a colleague's within a second, and their pages would stand empty."""
    ui = sessions.current()
    ui.go(ui.nav.root)
    p.say(said, on_undo=lambda: ui.run(_take_back, customer_id))


async def _take_back(customer_id: str) -> None:
    """Take back a hand-over that has not left yet; say so when it has."""
    ui = sessions.current()
    waiting = handovers.waiting_for(ui.client.store.read, customer_id)
    try:
        done = waiting is not None and await withdraw(ui.client, waiting[0])
    except GuideError as error:
        p.say(error_text(error), refused=True)
        return
    p.say(t("handover.taken_back" if done else "handover.too_late"), refused=not done)


def _colleague(one: Staff, on: bool, choose: Callable[[str], None]) -> ft.Control:
    mark = ft.Icon(
        ft.Icons.RADIO_BUTTON_CHECKED if on else ft.Icons.RADIO_BUTTON_OFF, color=Tone.ACTION if on else Tone.QUIET
    )
    return p.list_row(
        one.name, one.staff_no, leading=p.avatar(one.name, one.id, 40), trailing=mark, selected=on,
        on_click=lambda: choose(one.id),
    )  # fmt: skip


@screen
def Leaving(customer_id: str) -> ft.Control:
    """Say on the profile that a hand-over waits to be sent, with the way to take it back."""
    ui = hooks.use_session()
    waiting = hooks.use_query(handovers.waiting_for, customer_id)
    names = hooks.use_query(brand.staff_names, (waiting[1].to_guide_id,) if waiting else ())
    if waiting is None:
        return ft.Container(visible=False)
    undo = p.secondary(t("common.undo"), lambda: ui.run(_take_back, customer_id), ft.Icons.UNDO)
    who = names.get(waiting[1].to_guide_id, "")
    return p.notice(t("handover.waiting", name=who), t("handover.waiting_text"), icon=ft.Icons.SWAP_HORIZ, action=undo)


@screen
def Came(customer_id: str) -> ft.Control:
    """Say on the profile from whom the customer came, what they wrote, and whose share runs until when."""
    now = hooks.use_now()
    came = hooks.use_query(handovers.came_to_me, customer_id)
    names = hooks.use_query(brand.staff_names, (came.from_guide_id,) if came and came.from_guide_id else ())
    if came is None:
        return ft.Container(visible=False)
    who = names.get(came.from_guide_id or "") or t("handover.somebody")
    lines = [came.words] if came.words else []
    if came.tail_until and from_text(came.tail_until) > now:
        lines.append(
            t("handover.tail_to", name=who, share=percent(came.share_bp / BP_ONE), day=date_short(came.tail_until))
        )
    if not lines:
        return ft.Container(visible=False)
    return p.notice(
        t("handover.came", name=who, day=date_short(came.at)), "\n".join(lines), tone="soft", icon=ft.Icons.SWAP_HORIZ
    )


@screen
def HandedPage() -> ft.Control:
    """List the customers who went from me, without naming them, and what I still get of each."""
    rows = hooks.use_query(handovers.went_from_me)
    now = hooks.use_now()
    names = hooks.use_query(brand.staff_names, tuple(sorted({one.to_guide_id for one in rows if one.to_guide_id})))
    if not rows:
        none = p.empty(ft.Icons.SWAP_HORIZ, t("handover.none"), t("handover.none_why"))
        return p.frame(t("me.handed"), p.unfinished() if p.is_partial() else none)
    lines = [_handed(one, names.get(one.to_guide_id or "") or t(f"handover.to_{one.to_kind}"), now) for one in rows]
    return p.frame(t("me.handed"), [p.txt(t("handover.handed_why"), Type.BODY, Tone.QUIET), p.group(lines)])


def _handed(one: HandedOver, who: str, now: datetime) -> ft.Control:
    runs = one.tail_until is not None and from_text(one.tail_until) > now
    meta = p.dots(date_short(one.at), t(f"handover.cause_{one.cause}"))
    if runs and one.tail_until:
        share = t("handover.share_until", share=percent(one.share_bp / BP_ONE), day=date_short(one.tail_until))
        return p.list_row(who, p.dots(meta, share), leading=p.avatar(who, one.to_guide_id or who, 40))
    return p.list_row(who, meta, leading=p.avatar(who, one.to_guide_id or who, 40))
