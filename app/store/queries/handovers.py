"""Customers who came and went: hand-overs, those still waiting to be sent, and the books of the team."""

from __future__ import annotations

from typing import Any

from app.protocol.mutations import HandOverBook, HandOverCustomer
from app.protocol.objects import GuideBook, HandedOver, Handover
from app.store import outbox
from app.store.read import Read, reads


@reads("handover")
def came_to_me(read: Read, customer_id: str) -> Handover | None:
    """Return how this customer came to me from a colleague, or None."""
    return read.one(Handover, "customer_id = ? ORDER BY at DESC, id DESC LIMIT 1", (customer_id,))


@reads("handed_over")
def went_from_me(read: Read, limit: int = 50) -> list[HandedOver]:
    """Return the hand-overs from me, newest first; they name no customer."""
    return read.all(HandedOver, "1 ORDER BY at DESC, id LIMIT ?", (limit,))


@reads("guide_book")
def books(read: Read) -> dict[str, GuideBook]:
    """Return the books of the manager's store by guide."""
    return {book.guide_id: book for book in read.all(GuideBook)}


@reads("outbox")
def waiting_for(read: Read, customer_id: str) -> tuple[int, HandOverCustomer] | None:
    """Return (number, mutation) of this customer's hand-over that has not reached the server, or None."""
    found = _waiting(read, HandOverCustomer.NAME, f"customer/{customer_id}")
    return (found[0], HandOverCustomer(**found[1])) if found else None


@reads("outbox")
def book_waiting(read: Read, guide_id: str) -> tuple[int, HandOverBook] | None:
    """Return (number, mutation) of the split of this guide's book that has not reached the server, or None."""
    found = _waiting(read, HandOverBook.NAME, f"staff/{guide_id}")
    return (found[0], HandOverBook(**found[1])) if found else None


def _waiting(read: Read, name: str, subject: str) -> tuple[int, dict[str, Any]] | None:
    rows = read.rows("SELECT id FROM outbox WHERE name = ? AND subject = ? ORDER BY id DESC LIMIT 1", (name, subject))
    if not rows:
        return None
    (one,) = outbox.pending(read, 1, rows[0][0] - 1)
    return one.id, {field: value for field, value in one.args.items() if field not in ("mid", "at")}
