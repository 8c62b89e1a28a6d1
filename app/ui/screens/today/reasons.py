"""Signals in words, and what a signal hands on to the message it prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import flet as ft

from app.insight.today import TodaySignal
from app.protocol.objects import Product
from app.ui import session as sessions
from app.ui.screens.customers.words import product_name, template_name
from app.ui.strings import current, money, t

ICONS = {
    "cart_left": ft.Icons.SHOPPING_CART_OUTLINED,
    "repeated_view": ft.Icons.VISIBILITY_OUTLINED,
    "birthday": ft.Icons.CAKE_OUTLINED,
    "important_date": ft.Icons.EVENT_OUTLINED,
    "coupon_expiring": ft.Icons.LOCAL_OFFER_OUTLINED,
    "stored_value_low": ft.Icons.ACCOUNT_BALANCE_WALLET_OUTLINED,
    "dormant": ft.Icons.BEDTIME_OUTLINED,
    "care_after_purchase": ft.Icons.FAVORITE_BORDER,
    "lapsing": ft.Icons.CALENDAR_MONTH_OUTLINED,
    "welcome": ft.Icons.WAVING_HAND_OUTLINED,
}
WITH_COUPON = frozenset({"repeated_view", "birthday", "lapsing", "dormant"})
ABOUT_GOODS = frozenset({"repeated_view", "cart_left", "care_after_purchase"})
SUGGESTED = frozenset({"repeated_view", "cart_left"})  # what is about buying it; care is about what they have


@dataclass(frozen=True, slots=True)
class Prompt:
    """What prompted a contact: the signal's kind and subject, the product it is about, the product to send along."""

    customer_id: str
    kind: str
    subject: str
    product: Product | None = None
    attach: Product | None = None
    poster: bool = False


@ft.observable
@dataclass
class Prompts:
    """The prompt of the message that is being written, if a signal led to it; and the tone the guide likes."""

    current: Prompt | None = None
    tone: str = "warm"


def prompt_for(signal: TodaySignal) -> Prompt:
    """Return what a message prompted by `signal` is about."""
    product = signal.product if signal.kind in ABOUT_GOODS else None
    attach = product if signal.kind in SUGGESTED else None
    return Prompt(signal.customer.id, signal.kind, signal.subject, product, attach)


def prompt_of(signal: TodaySignal, attach: Product | None = None, *, poster: bool = False) -> None:
    """Remember that the next message to this customer is prompted by `signal`, and what shall go along."""
    prompt = prompt_for(signal)
    prompt = replace(prompt, attach=attach or prompt.attach, poster=poster)
    sessions.current().slice(Prompts).current = prompt


def with_coupon(signal: TodaySignal) -> bool:
    """Say whether its message goes with a coupon: not for a birthday of one who holds one that can be used."""
    return signal.kind in WITH_COUPON and not signal.params.get("holds")


def page_of(signal: TodaySignal) -> str:
    """Return where a signal's message is written."""
    return f"/customers/{signal.customer.id}/{'coupon' if with_coupon(signal) else 'message'}"


def kind_text(kind: str) -> str:
    """Return the name of a kind of signal."""
    return t(f"signal.{kind}")


def reason_text(signal: TodaySignal, now: datetime) -> str:
    """Return why a signal is there, in one line."""
    params = dict(signal.params)
    reason = signal.reason
    if reason in ("coupon_expires", "left_at_checkout") and not params.get("days"):
        reason += "_today"
    if reason == "joined_days_ago" and not params.get("days"):
        reason = "joined_today"
    strings = current()
    if "label" in params:
        params["label"] = strings.day_label(str(params["label"]))
    product = product_name(signal.product) if signal.product else ""
    coupon = template_name(signal.coupon.rules) if signal.coupon else ""
    spend, left = money(signal.customer.spend_fen), money(int(params.get("left_fen", 0)))
    return strings.t(
        f"signal.reason.{reason}", product=product, coupon=coupon, spend=spend, left=left, n=params.get("days"),
        **params,
    )  # fmt: skip
