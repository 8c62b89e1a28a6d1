"""The words of a coupon that went, given out once more: as they went, else a whole message in the same manner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.contact import store_day
from app.mutations import coupon_link
from app.protocol.objects import Contact, Coupon, Customer
from app.store.queries import coupons as cq
from app.store.queries import customers as q
from app.store.queries import products as pq
from app.ui import session as sessions
from app.ui.screens.coupons.deliver import words_of_today, words_with
from app.ui.screens.coupons.words import name_of
from app.ui.screens.customers.words import coupon_state
from app.ui.screens.today.reasons import ABOUT_GOODS, Prompt, Prompts
from app.ui.screens.today.script import ready_text, with_coupon_said
from app.ui.strings import current

PROMPTS = {"at_risk": "dormant", "dormant": "dormant", "new": "welcome"}
STILL_TO_SEND = ("issued", "opened", "claimed")


def by_segment(customer: Customer) -> Prompt | None:
    """Return what a message without a signal may speak of: that they are new, or were long away."""
    row = sessions.current().client.index.get(customer.id)
    kind = next((PROMPTS[one] for one in (row.segments if row else ()) if one in PROMPTS), None)
    return Prompt(customer.id, kind, "") if kind else None


def words_of_coupon(client: Any, customer: Customer, coupon: Coupon) -> str:
    """Return the message of a coupon to copy again: as it went, else ready words in the guide's tone with its link.

    After a restart the words themselves are gone (they are never kept): the signal that prompted it, or else the
    customer's segment, says what they speak of.
    """
    kept = words_with(coupon.id)
    if kept is not None:
        return kept
    prompt = _prompt(client, customer, coupon)
    ready = ready_text(customer, prompt, sessions.current().slice(Prompts).tone)
    return f"{with_coupon_said(ready, prompt, name_of(coupon.rules))}\n{coupon_link(client, coupon)}"


def words_of_last(client: Any, customer: Customer, now: datetime) -> str | None:
    """Return what went to this customer last today and may be given out again for nothing (rule 9.2); None for nothing.

    A coupon that was taken back, used or is over does not go again.
    """
    plain = words_of_today(client, customer.id)
    begin, end = store_day(now, current().zone)
    read = client.store.read
    for one in q.contacts_of(read, customer.id):  # newest first
        coupon = cq.coupon_by_id(read, one.coupon_id) if one.coupon_id and begin <= one.at < end else None
        if coupon is not None and coupon_state(coupon, now) in STILL_TO_SEND:
            return words_of_coupon(client, customer, coupon)
        if one.at < begin or (plain is not None and one.coupon_id is None):
            break
    return plain


def _prompt(client: Any, customer: Customer, coupon: Coupon) -> Prompt | None:
    read = client.store.read
    handed: list[Contact] = [one for one in q.contacts_of(read, customer.id) if one.coupon_id == coupon.id]
    signal = next((one.signal for one in handed if one.signal), None)
    if signal is None:
        return by_segment(customer)
    about = coupon.product_id if signal in ABOUT_GOODS else None
    return Prompt(customer.id, signal, "", pq.product_by_id(read, about) if about else None)
