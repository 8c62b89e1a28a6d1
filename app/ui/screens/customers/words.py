"""Rows of one customer's life in words: what a timeline or an order line says."""

from __future__ import annotations

from datetime import datetime, timedelta

import flet as ft

from app.domain import coupon as rules_of
from app.domain.instants import from_text
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, FollowUp, Order, Product
from app.store.queries.customers import TimelineItem
from app.ui import parts as p
from app.ui import session as sessions
from app.ui.screens.customers.followup_words import icon_of, kind_name
from app.ui.strings import Strings, current, money, t
from app.ui.theme import Space

STATE_TONES = {
    "redeemed": "soft", "claimed": "soft", "reserved": "soft", "expired": "calm", "voided": "calm", "returned": "calm",
}  # fmt: skip


def template_name(rules: dict[str, object]) -> str:
    """Return a coupon's name in the session's language."""
    strings = current()
    return str(rules.get("name") if strings.is_chinese else rules.get("name_en") or rules.get("name") or "")


def product_name(product: Product | None) -> str:
    """Return a product's name and colour in the session's language."""
    if product is None:
        return ""
    if current().is_chinese:
        return f"{product.name} {product.colour}".strip()
    return f"{product.name_en or product.name} {product.colour_en or product.colour}".strip()


def coupon_state(coupon: Coupon, now: datetime) -> str:
    """Return the code of what a coupon is now: `opened` when it was seen, `expired` when its time is over."""
    until = from_text(coupon.valid_until) if coupon.valid_until else None
    stored = rules_of.CouponState(coupon.state, from_text(coupon.lease_until), valid_until=until)
    state = rules_of.effective_state(stored, now)
    return "opened" if state == "issued" and coupon.opened_at else state


def last_moment(until: str, now: datetime | None = None) -> str:
    """Return the last day of what ends at midnight, else day and time; `until` itself is no longer in it."""
    strings = current()
    end = from_text(until)
    here = strings.local(end)
    if isinstance(here, datetime) and (here.hour, here.minute) == (0, 0):
        return strings.date_short(end - timedelta(seconds=1), now)
    return f"{strings.date_short(end, now)} {strings.time_short(end)}"


def day_words(at: str) -> str:
    """Return an instant's day, with the year when it is not this one."""
    return current().date_short(from_text(at), sessions.current().clock.now())


def salutation(customer: Customer, strings: Strings) -> str:
    """Return how a message addresses a customer: 王女士 where the gender is known, else the name."""
    if strings.is_chinese and customer.gender[:1] in ("f", "m") and 2 <= len(customer.name) <= 4:
        return customer.name[0] + ("女士" if customer.gender[0] == "f" else "先生")
    return customer.name


def timeline_row(
    item: TimelineItem, products: dict[str, Product], now: datetime, when: str | None, *, opens: bool = False
) -> ft.Control:
    """Return one item of the timeline as a control; `when` is its day, None on the day of the item above.

    With `opens` an item of a coupon (the coupon itself, the message it went with) leads to its page.
    """
    icon, title, meta, strong = _SAYS[item.kind](item.row, products, now)
    hour = current().time_short(item.at) if item.at else None
    coupon_id = _coupon_of(item) if opens else None
    shown = p.moment(icon, title, p.dots(hour, meta), when or "", strong=strong, leads=coupon_id is not None)
    if coupon_id is None:
        return shown
    inset = ft.Padding.symmetric(vertical=Space.XS)  # 48 high with one line of each text
    return p.tappable(shown, lambda: sessions.current().open(f"/coupons/{coupon_id}"), padding=inset)


def _coupon_of(item: TimelineItem) -> str | None:
    """Return the coupon an item is about, if it knows one."""
    if item.kind == "coupon":
        return item.id
    return item.row.coupon_id if item.kind == "contact" else None


def _order(order: Order, products: dict[str, Product], now: datetime) -> tuple[ft.IconData, str, str, bool]:
    return ft.Icons.SHOPPING_BAG_OUTLINED, order_title(order, products), order_meta(order), True


def order_title(order: Order, products: dict[str, Product]) -> str:
    """Return an order's first piece, and how many there are."""
    pieces = sum(line.qty for line in order.lines)
    first = order.lines[0] if order.lines else None
    known = products.get(first.product_id or "") if first else None
    name = product_name(known) if known else (first.name if first else order.no)
    many = len(order.lines) > 1
    return t("profile.bought_more", product=name, n=pieces) if many else t("profile.bought", product=name)


def order_meta(order: Order) -> str:
    """Return amount and channel, and what was refunded."""
    channel = t(f"profile.channel.{order.channel}")
    amount = money(order.paid_fen)
    if order.refunded_fen:
        return t("profile.refunded_meta", refund=money(order.refunded_fen), amount=amount, channel=channel)
    return t("profile.bought_meta", amount=amount, channel=channel)


def _view(event: BrowseEvent, products: dict[str, Product], now: datetime) -> tuple[ft.IconData, str, str, bool]:
    name = product_name(products.get(event.product_id))
    if event.kind == "checkout":
        return ft.Icons.SHOPPING_CART_OUTLINED, t("signal.checkout_begun", product=name), "", False
    title = t("profile.viewed", product=name)
    key = "profile.viewed_from" if event.share_id else "profile.viewed_meta"
    return ft.Icons.VISIBILITY_OUTLINED, title, t(key, seconds=event.dwell_s), False


def _coupon(coupon: Coupon, products: dict[str, Product], now: datetime) -> tuple[ft.IconData, str, str, bool]:
    title = t("profile.coupon_event", coupon=template_name(coupon.rules))
    state = t(f"coupons.state.{coupon_state(coupon, now)}")
    return ft.Icons.LOCAL_OFFER_OUTLINED, title, t("profile.coupon_meta", state=state), False


def _contact(contact: Contact, products: dict[str, Product], now: datetime) -> tuple[ft.IconData, str, str, bool]:
    strings = current()
    key = f"profile.channel.{contact.channel}"
    channel = t(key) if strings.has(key) else contact.channel
    return (
        ft.Icons.CHAT_OUTLINED,
        t(f"profile.contact_{contact.kind}"),
        t("profile.contact_meta", channel=channel),
        False,
    )


def _follow_up(one: FollowUp, products: dict[str, Product], now: datetime) -> tuple[ft.IconData, str, str, bool]:
    state = t(f"followup.state_{one.state}")
    note = t("profile.private_note", note=one.note) if one.note and one.private else one.note
    return icon_of(one.kind), kind_name(one.kind), p.dots(state, note or None), one.state == "done"


_SAYS = {"order": _order, "browse_event": _view, "coupon": _coupon, "contact": _contact, "follow_up": _follow_up}


def seconds_words(seconds: int) -> str:
    """Return a length of time in the two largest units."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return t("profile.seconds", n=rest)
    hours, left = divmod(minutes, 60)
    return t("profile.hours", h=hours, m=left) if hours else t("profile.minutes", m=minutes, s=rest)
