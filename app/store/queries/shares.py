"""Share links and their funnels."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.instants import Instant
from app.protocol.objects import Share
from app.store import kept
from app.store.json_text import dumps
from app.store.read import Read, reads


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far shares got: links made, opened, viewed, coupons claimed, bought."""

    shares: int
    opened: int
    viewed: int
    claimed: int
    bought: int


@reads("share")
def my_shares(read: Read, limit: int = 100, before: Instant = "9999-12-31T23:59:59Z") -> list[Share]:
    """Return my shares with their funnels, newest first."""
    return read.all(Share, "created_at < ? ORDER BY created_at DESC, id DESC LIMIT ?", (before, limit))


@reads("share")
def shares_of_item(read: Read, item_id: str) -> list[Share]:
    """Return my shares of one product, newest first."""
    return read.all(Share, "item_id = ? ORDER BY created_at DESC, id DESC", (item_id,))


@reads("share")
def shares_for(read: Read, customer_id: str) -> list[Share]:
    """Return the shares made for one customer, newest first."""
    return read.all(Share, "customer_id = ? ORDER BY created_at DESC, id DESC", (customer_id,))


@reads("share")
def share_by_id(read: Read, share_id: str) -> Share | None:
    """Return one share, or None."""
    return read.get(Share, share_id)


@reads("share")
def share_funnel(read: Read, since: Instant, until: Instant) -> Funnel:
    """Return the summed funnel of the shares made in [since, until)."""
    sums = (
        "SELECT count(*), coalesce(sum(opened), 0), coalesce(sum(viewed), 0), coalesce(sum(claimed), 0),"
        " coalesce(sum(bought), 0) FROM share WHERE created_at >= ? AND created_at < ?"
    )
    return Funnel(*read.rows(sums, (since, until))[0])


@dataclass(frozen=True, slots=True)
class Sending:
    """One product on its way to several customers, one after another. `form`: poster | link; `done`: how many went."""

    product_id: str
    form: str
    tone: str
    customer_ids: tuple[str, ...]
    done: int = 0


@reads(kept.SENDING, "customer")
def sending(read: Read) -> Sending | None:
    """Return what is being handed out, without whoever is no longer on this device; with nobody left: what went."""
    found = kept.value(read, kept.SENDING)
    if found is None:
        return None
    here = {
        row[0]
        for row in read.rows(
            "SELECT id FROM customer WHERE id IN (SELECT value FROM json_each(?))", (dumps(found["customer_ids"]),)
        )
    }
    ids = tuple(one for one in found["customer_ids"] if one in here)
    return Sending(found["product_id"], found["form"], found["tone"], ids, found["done"])
