"""Customers and everything that hangs on one of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.domain.book import Filter, SavedFilter
from app.domain.contact import things
from app.domain.instants import Instant
from app.protocol.objects import BrowseEvent, Contact, ContactHolder, Coupon, Customer, FollowUp, Order, SignalMark
from app.store import kept
from app.store.read import Read, reads
from app.store.spec import BY_ROW

FAR = "9999-12-31T23:59:59Z"
KINDS = ("order", "browse_event", "coupon", "contact", "follow_up")


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing on a customer's timeline: `kind` is the object's name, `row` its dataclass."""

    kind: str
    at: Instant
    id: str
    row: Order | BrowseEvent | Coupon | Contact | FollowUp


@reads("customer")
def customer_by_id(read: Read, customer_id: str) -> Customer | None:
    """Return one customer, or None."""
    return read.get(Customer, customer_id)


@reads("customer")
def all_customers(read: Read) -> list[Customer]:
    """Return every customer on this device (opens every sealed row: for the index, not for a screen)."""
    return read.all(Customer)


@reads("customer")
def customers_by_ids(read: Read, ids: Collection[str]) -> dict[str, Customer]:
    """Return the customers with these ids, by id."""
    marks = ",".join("?" * len(ids))
    return {c.id: c for c in read.all(Customer, f"id IN ({marks})", tuple(ids))}


@reads("customer")
def bound_since(read: Read, since: Instant, limit: int = 3) -> list[Customer]:
    """Return the customers who became this guide's at `since` or later, the last first."""
    return read.all(Customer, "bound_at >= ? ORDER BY bound_at DESC, id LIMIT ?", (since, limit))


@reads("customer")
def referrals(read: Read) -> dict[str, int]:
    """Return customer id to how many members came by a link made for them, of those with any."""
    return dict(read.rows("SELECT id, referrals FROM customer WHERE referrals > 0"))


@reads(kept.FILTERS)
def saved_filters(read: Read) -> tuple[SavedFilter, ...]:
    """Return the filters this guide named on this device, in their order."""
    found = kept.value(read, kept.FILTERS) or []
    return tuple(SavedFilter(one["id"], one["name"], Filter.from_wire(one["filter"])) for one in found)


def owners_of(read: Read, row: type, ids: Collection[str]) -> set[str]:
    """Return whose these rows of one kind are: orders, events, coupons, contacts or marks."""
    marks = ",".join("?" * len(ids))
    found = read.rows(
        f'SELECT DISTINCT customer_id FROM "{BY_ROW[row].name}" WHERE customer_id IS NOT NULL AND id IN ({marks})',  # noqa: S608 - names from the spec
        tuple(ids),
    )
    return {one[0] for one in found}


@reads("order")
def orders_of(read: Read, customer_id: str, limit: int = 50, before: Instant = FAR) -> list[Order]:
    """Return a customer's orders of all channels, newest first, created before `before`."""
    where = "customer_id = ? AND created_at < ? ORDER BY created_at DESC, id DESC LIMIT ?"
    return read.all(Order, where, (customer_id, before, limit))


@reads("order")
def order_by_id(read: Read, order_id: str) -> Order | None:
    """Return one order, or None."""
    return read.get(Order, order_id)


@reads("browse_event")
def events_of(read: Read, customer_id: str, limit: int = 50, before: Instant = FAR) -> list[BrowseEvent]:
    """Return a customer's consented product views, newest first."""
    return read.all(
        BrowseEvent, "customer_id = ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?", (customer_id, before, limit)
    )


@reads("coupon")
def coupons_of(read: Read, customer_id: str, limit: int = 50, before: Instant = FAR) -> list[Coupon]:
    """Return the coupons handed to a customer, newest first."""
    where = "customer_id = ? AND coalesce(issued_at, '') < ? ORDER BY issued_at DESC, id DESC LIMIT ?"
    return read.all(Coupon, where, (customer_id, before, limit))


@reads("contact")
def contacts_of(read: Read, customer_id: str, limit: int = 50, before: Instant = FAR) -> list[Contact]:
    """Return the contacts with a customer, newest first."""
    return read.all(
        Contact, "customer_id = ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?", (customer_id, before, limit)
    )


@reads("contact", "share")
def carried_between(read: Read, customer_id: str, since: Instant, until: Instant) -> list[frozenset[str]]:
    """Return what each counted contact of [since, until) carried to a customer, as `domain.contact.things`."""
    rows = read.rows(
        "SELECT k.coupon_id, s.item_id FROM contact k LEFT JOIN share s ON s.id = k.share_id"
        " WHERE k.customer_id = ? AND k.at >= ? AND k.at < ? AND NOT k.transactional",
        (customer_id, since, until),
    )
    return [things(*row) for row in rows]


@reads("contact")
def contacted_since(read: Read, since: Instant) -> frozenset[str]:
    """Return the ids of the customers whose contact budget was used since `since`, by whomever (rule 9.2)."""
    rows = read.rows("SELECT DISTINCT customer_id FROM contact WHERE at >= ? AND NOT transactional", (since,))
    return frozenset(row[0] for row in rows)


@reads("contact_holder")
def contact_holder(read: Read, guide_id: str) -> ContactHolder | None:
    """Return which device of the guide may contact offline (rule 9.2), or None."""
    return read.get(ContactHolder, guide_id)


@reads("signal_mark")
def marks_of(read: Read, customer_id: str) -> list[SignalMark]:
    """Return what the guide did with this customer's signals, newest first."""
    return read.all(SignalMark, "customer_id = ? ORDER BY at DESC, id DESC", (customer_id,))


Place = tuple[Instant, str]  # `at` and id of a timeline item
END: Place = (FAR, "~")
_AFTER = "customer_id = ? AND ({at}, id) < (?, ?) ORDER BY {at} DESC, id DESC LIMIT ?"
_PARTS: dict[str, tuple[type[Any], str]] = {
    "order": (Order, "created_at"),
    "browse_event": (BrowseEvent, "at"),
    "coupon": (Coupon, "issued_at"),
    "contact": (Contact, "at"),
    "follow_up": (FollowUp, "closed_at"),  # an open one has no place yet
}


@reads(*KINDS)
def timeline_of(
    read: Read, customer_id: str, kinds: Collection[str] = KINDS, limit: int = 10, after: Place = END
) -> list[TimelineItem]:
    """Return orders, views, coupons, contacts and closed follow-ups merged, newest first; none of one second is lost.

    Args:
        read: The reading connection.
        customer_id: Whose timeline.
        kinds: Which of `KINDS` to show.
        limit: At most so many items.
        after: The place of the last item of the page before.
    """
    items: list[TimelineItem] = []
    for kind in kinds:
        row, at = _PARTS[kind]
        found: list[Any] = read.all(row, _AFTER.format(at=at), (customer_id, *after, limit))
        items += [TimelineItem(kind, getattr(one, at) or "", one.id, one) for one in found]
    items.sort(key=lambda item: (item.at, item.id), reverse=True)
    return items[:limit]


@reads("order")
def recent_orders(read: Read, since: Instant, limit: int = 10) -> list[Order]:
    """Return the orders of all my customers paid since `since`, newest first; imported history is left out."""
    return read.all(Order, "paid_at >= ? AND NOT historic ORDER BY paid_at DESC, id DESC LIMIT ?", (since, limit))
