"""Signals in words, and what a signal hands on to the message it prompts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import flet as ft

from app.insight.today import TodaySignal
from app.protocol.objects import Product
from app.ui import session as sessions
from app.ui.screens.customers.words import product_name, template_name
from app.ui.strings import current, money, t

ICONS = {
    "repeated_view": ft.Icons.VISIBILITY_OUTLINED,
    "birthday": ft.Icons.CAKE_OUTLINED,
    "coupon_expiring": ft.Icons.LOCAL_OFFER_OUTLINED,
    "dormant": ft.Icons.BEDTIME_OUTLINED,
    "care_after_purchase": ft.Icons.FAVORITE_BORDER,
    "lapsing": ft.Icons.CALENDAR_MONTH_OUTLINED,
    "welcome": ft.Icons.WAVING_HAND_OUTLINED,
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What prompted a contact: the signal's kind and subject, and the product it is about."""

    customer_id: str
    kind: str
    subject: str
    product: Product | None = None


@ft.observable
@dataclass
class Prompts:
    """The prompt of the message that is being written, if a signal led to it."""

    current: Prompt | None = None


def prompt_of(signal: TodaySignal) -> None:
    """Remember that the next message to this customer is prompted by `signal`."""
    product = signal.product if signal.kind == "repeated_view" else None
    sessions.current().slice(Prompts).current = Prompt(signal.customer.id, signal.kind, signal.subject, product)


def kind_text(kind: str) -> str:
    """Return the name of a kind of signal."""
    return t(f"signal.{kind}")


def reason_text(signal: TodaySignal, now: datetime) -> str:
    """Return why a signal is there, in one line."""
    params = dict(signal.params)
    reason = signal.reason
    if reason == "coupon_expires" and not params.get("days"):
        reason = "coupon_expires_today"
    strings = current()
    product = product_name(signal.product) if signal.product else ""
    coupon = template_name(signal.coupon.rules) if signal.coupon else ""
    spend = money(signal.customer.spend_fen)
    return strings.t(
        f"signal.reason.{reason}", product=product, coupon=coupon, spend=spend, n=params.get("days"), **params
    )
