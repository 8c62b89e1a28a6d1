"""Coupon templates, the leased block of this device, and coupons that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.batch import Person
from app.domain.instants import Instant
from app.protocol.objects import Coupon, CouponTemplate
from app.store import kept
from app.store.json_text import dumps, loads
from app.store.read import Read, reads

# The state as of a moment (domain.coupon.effective_state), `opened` told apart from `issued`; one parameter: now.
STATE_NOW = """CASE WHEN state IN ('issued', 'claimed', 'returned') AND valid_until <= ? THEN 'expired'
    WHEN state = 'issued' AND opened_at IS NOT NULL THEN 'opened' ELSE state END"""
LIVE = ("issued", "opened", "claimed", "reserved", "returned")


@dataclass(frozen=True, slots=True)
class LeaseLeft:
    """How many coupons of a template this device may still hand out offline, and until when."""

    template_id: str
    left: int
    until: Instant | None


@dataclass(frozen=True, slots=True)
class SentRow:
    """One sent coupon as a list shows it; `state` is that of the moment asked about, `opened` included."""

    id: str
    customer_id: str
    name: str
    name_en: str
    state: str
    valid_until: Instant | None
    issued_at: Instant | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A batch that was stopped half-way: who has not been issued theirs."""

    template_id: str
    customer_ids: tuple[str, ...]


@reads("coupon_template")
def every_template(read: Read) -> list[CouponTemplate]:
    """Return every template, stopped ones last, by number."""
    return read.all(CouponTemplate, "1 ORDER BY stopped, no")


@reads("coupon_template")
def templates(read: Read) -> list[CouponTemplate]:
    """Return every template that is not stopped, by number."""
    return read.all(CouponTemplate, "NOT stopped ORDER BY no")


@reads("coupon_template")
def template_by_id(read: Read, template_id: str) -> CouponTemplate | None:
    """Return one template, or None."""
    return read.get(CouponTemplate, template_id)


@reads("coupon")
def coupon_by_id(read: Read, coupon_id: str) -> Coupon | None:
    """Return one coupon, or None."""
    return read.get(Coupon, coupon_id)


@reads("coupon")
def next_allotted(read: Read, template_id: str, device_id: str, now: Instant) -> Coupon | None:
    """Return the next coupon of this device's open lease, oldest lease first, or None."""
    return read.one(
        Coupon,
        "template_id = ? AND state = 'allotted' AND device_id = ? AND lease_until > ? ORDER BY lease_until, id",
        (template_id, device_id, now),
    )


@reads("coupon")
def leases_left(read: Read, device_id: str, now: Instant) -> dict[str, LeaseLeft]:
    """Return template id to what is left of this device's open leases."""
    rows = read.rows(
        "SELECT template_id, count(*), min(lease_until) FROM coupon"
        " WHERE state = 'allotted' AND device_id = ? AND lease_until > ? GROUP BY template_id",
        (device_id, now),
    )
    return {row[0]: LeaseLeft(*row) for row in rows}


@reads("coupon")
def sent_counts(read: Read, now: Instant) -> dict[str, int]:
    """Return how many coupons stand in each state as of `now`; `all` is their sum."""
    rows = read.rows(
        f"SELECT {STATE_NOW} AS at_now, count(*) FROM coupon WHERE customer_id IS NOT NULL GROUP BY at_now",  # noqa: S608
        (now,),
    )
    counts = {str(row[0]): int(row[1]) for row in rows}
    return {"all": sum(counts.values()), **counts}


@reads("coupon")
def coupons_sent(read: Read, state: str, now: Instant) -> tuple[SentRow, ...]:
    """Return customers' coupons in a state (`all`: in any): the living by their end, then the ended, newest first."""
    live = ", ".join(f"'{one}'" for one in LIVE)
    rows = read.rows(
        "SELECT id, customer_id, coalesce(json_extract(rules, '$.name'), ''),"  # noqa: S608 - constants of this module
        f" coalesce(json_extract(rules, '$.name_en'), ''), {STATE_NOW} AS at_now, valid_until, issued_at FROM coupon"
        f" WHERE customer_id IS NOT NULL AND (?2 = 'all' OR at_now = ?2)"
        f" ORDER BY at_now NOT IN ({live}), CASE WHEN at_now IN ({live}) THEN valid_until END, issued_at DESC, id DESC",
        (now, state),
    )
    return tuple(SentRow(*row) for row in rows)


@reads("coupon", "contact")
def to_hand_out(read: Read, device_id: str, since: Instant, now: Instant) -> tuple[str, ...]:
    """Return the ids of coupons issued on this device since `since` whose message was never handed over, oldest first.

    Nothing else is kept of a batch: a contact that names the coupon is what takes it off the list (rule 9.2).
    """
    rows = read.rows(
        "SELECT id FROM coupon c WHERE state = 'issued' AND opened_at IS NULL AND device_id = ? AND issued_at >= ?"
        " AND valid_until > ? AND NOT EXISTS (SELECT 1 FROM contact k WHERE k.customer_id = c.customer_id"
        " AND k.coupon_id = c.id) ORDER BY issued_at, id",
        (device_id, since, now),
    )
    return tuple(row[0] for row in rows)


@reads("contact")
def handed_out(read: Read, since: Instant) -> int:
    """Return how many coupons were handed to a messenger since `since`."""
    return int(
        read.value("SELECT count(DISTINCT coupon_id) FROM contact WHERE at >= ? AND coupon_id IS NOT NULL", (since,))
    )


@reads("meta")
def unfinished_batch(read: Read) -> Unfinished | None:
    """Return the batch that was stopped half-way, or None."""
    found = read.meta(kept.BATCH)
    return Unfinished(found["template_id"], tuple(found["customer_ids"])) if found else None


@reads("customer", "contact", "contact_holder", "coupon")
def batch_people(
    read: Read, template_id: str, customer_ids: Sequence[str], since: Instant, now: Instant
) -> list[Person]:
    """Return what a batch looks at of these customers, in their order; those not on this device are left out.

    Opens no sealed row: five thousand take some tens of milliseconds. `since`: from when contacts may count.
    """
    wanted = dumps(list(customer_ids))
    here = "IN (SELECT value FROM json_each(?))"
    holders = dict(read.rows("SELECT id, device_id FROM contact_holder"))
    contacts: dict[str, list[Instant]] = {}
    for customer_id, at in read.rows(
        f"SELECT customer_id, at FROM contact WHERE customer_id {here} AND at >= ? AND NOT transactional ORDER BY at",  # noqa: S608
        (wanted, since),
    ):
        contacts.setdefault(customer_id, []).append(at)
    had = {row[0]: row[1:] for row in read.rows(_HAD, (now, template_id))}
    people = {}
    for customer_id, guide_id, store_id, consents in read.rows(
        f"SELECT id, guide_id, store_id, consents FROM customer WHERE id {here}",  # noqa: S608 - a constant
        (wanted,),
    ):
        count, holds = had.get(customer_id, (0, 0))
        counted = tuple(contacts.get(customer_id, ()))
        people[customer_id] = Person(
            customer_id, loads(consents), counted, store_id, count, bool(holds), holders.get(guide_id)
        )
    return [people[one] for one in customer_ids if one in people]


_HAD = """SELECT customer_id, count(*), max(state IN ('issued', 'claimed', 'reserved', 'returned')
    AND (valid_until IS NULL OR valid_until > ?)) FROM coupon
    WHERE template_id = ? AND customer_id IS NOT NULL GROUP BY customer_id"""


@reads("coupon")
def holders(read: Read, now: Instant) -> frozenset[str]:
    """Return the ids of the customers who hold a coupon that is still good at `now`."""
    live = "state IN ('issued', 'claimed', 'reserved', 'returned') AND (valid_until IS NULL OR valid_until > ?)"
    rows = read.rows(f"SELECT DISTINCT customer_id FROM coupon WHERE customer_id IS NOT NULL AND {live}", (now,))  # noqa: S608 - a constant
    return frozenset(row[0] for row in rows)


@reads("coupon")
def issued_count(read: Read, template_id: str, customer_id: str) -> int:
    """Return how many coupons of a template this customer was ever handed, used or not (rule 1.5)."""
    return int(
        read.value(
            "SELECT count(*) FROM coupon WHERE template_id = ? AND customer_id = ?",
            (template_id, customer_id),
        )
    )


@reads("coupon")
def issued_between(read: Read, template_id: str, since: Instant, until: Instant, guide_id: str | None = None) -> int:
    """Return how many coupons of a template were handed out in [since, until), by anybody or by one guide."""
    return int(
        read.value(
            "SELECT count(*) FROM coupon WHERE template_id = ?1 AND issued_at >= ?2 AND issued_at < ?3"
            " AND (?4 IS NULL OR guide_id = ?4)",
            (template_id, since, until, guide_id),
        )
    )
