"""Today's signals: the rules of `domain.signal` over the rows of this device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from app.domain import contact as contact_rules
from app.domain import signal as rules
from app.domain.instants import to_text
from app.domain.segment import Figures
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, Order, Product, SignalMark
from app.store import Read, reads
from app.store.queries import brand, products

READS = (
    "customer", "browse_event", "order", "coupon", "contact", "signal_mark", "product", "stock", "setting",
)  # fmt: skip
MEMORY_DAYS = 45
UNUSED = ("issued", "claimed", "reserved")


@dataclass(frozen=True, slots=True)
class TodaySignal:
    """One reason to act, with what a card shows; `kind`, `reason` and `params` render the sentence."""

    kind: str
    customer: Customer
    subject: str
    reason: str
    params: Mapping[str, str | int]
    value_fen: int
    product: Product | None = None
    coupon: Coupon | None = None


@reads(*READS)
def signals_for_today(
    read: Read, now: datetime, zone: str, store_id: str | None, limit: int = 50
) -> tuple[TodaySignal, ...]:
    """Return the best signals of all customers, none that is marked, suppressed or out of contact budget."""
    found = _found(read, read.all(Customer), now, ZoneInfo(zone), store_id)
    return _shown(read, found[:limit])


@reads(*READS)
def signals_of_customer(
    read: Read, customer_id: str, now: datetime, zone: str, store_id: str | None
) -> tuple[TodaySignal, ...]:
    """Return one customer's signals, best first."""
    customer = read.get(Customer, customer_id)
    if customer is None:
        return ()
    return _shown(read, _found(read, [customer], now, ZoneInfo(zone), store_id))


def _found(
    read: Read, people: Collection[Customer], now: datetime, zone: tzinfo, store_id: str | None
) -> list[tuple[rules.Signal, Customer]]:
    setting = brand.brand_setting(read)
    policy = rules.SignalPolicy.from_wire(setting.signal, setting.dormant_days) if setting else rules.SignalPolicy()
    context = rules.SignalContext(
        now,
        zone,
        policy,
        in_stock=_in_stock(read, store_id),
        prices={p.id: p.price_fen for p in products.products(read)},
    )
    facts = _Facts(read, people, now, zone, setting.contact if setting else {})
    by_id = {customer.id: customer for customer in people}
    found = [one for customer in people for one in rules.signals(facts.of(customer), context)]
    return [(one, by_id[one.customer_id]) for one in rules.rank(found)]


def _in_stock(read: Read, store_id: str | None) -> frozenset[str] | None:
    if store_id is None:
        return None
    pieces = products.stock_in(read, store_id)
    return frozenset(product for product, count in pieces.items() if count > 0) if pieces else None


def _shown(read: Read, found: Iterable[tuple[rules.Signal, Customer]]) -> tuple[TodaySignal, ...]:
    return tuple(
        TodaySignal(
            kind=one.kind,
            customer=customer,
            subject=one.subject,
            reason=one.reason,
            params=one.params,
            value_fen=one.value_fen,
            product=read.get(Product, one.subject) if one.subject else None,
            coupon=read.get(Coupon, one.subject) if one.subject else None,
        )
        for one, customer in found
    )


class _Facts:
    """What the rules may look at, read in one sweep for many customers."""

    def __init__(
        self, read: Read, people: Collection[Customer], now: datetime, zone: tzinfo, contact: Mapping[str, Any]
    ) -> None:
        self._now, self._zone = now, zone
        self._policy = contact_rules.ContactPolicy.from_wire(contact)
        since = to_text(now - timedelta(days=MEMORY_DAYS))
        one = next(iter(people)).id if len(people) == 1 else None
        mine = "(? IS NULL OR customer_id = ?)"
        self._views = _by_customer(read.all(BrowseEvent, f"{mine} AND at >= ? ORDER BY at", (one, one, since)))
        self._orders = _by_customer(read.all(Order, f"{mine} AND created_at >= ? ORDER BY paid_at", (one, one, since)))
        self._coupons = _by_customer(read.all(Coupon, f"{mine} AND customer_id IS NOT NULL", (one, one)))
        self._contacts = _by_customer(read.all(Contact, f"{mine} AND at >= ?", (one, one, since)))
        self._marks = _by_customer(read.all(SignalMark, mine, (one, one)))

    def of(self, customer: Customer) -> rules.CustomerFacts:
        """Return one customer's facts."""
        return rules.CustomerFacts(
            customer_id=customer.id,
            figures=Figures.from_wire(customer),
            birthday=customer.birthday,
            contact_open=self._contact_open(customer),
            views=[rules.View(e.product_id, e.session_id, e.at, e.dwell_s) for e in self._views[customer.id]],
            orders=[_bought(order) for order in self._orders[customer.id]],
            coupons=[_held(coupon) for coupon in self._coupons[customer.id] if coupon.state != "voided"],
            marks=[rules.Mark(m.signal, m.subject, m.action, m.at, m.until) for m in self._marks[customer.id]],
        )

    def _contact_open(self, customer: Customer) -> bool:
        """Say whether consent and budget are there; quiet hours end by themselves and hide no signal."""
        decision = contact_rules.decide(
            [c.at for c in self._contacts[customer.id] if not c.transactional],
            now=self._now,
            zone=self._zone,
            policy=self._policy,
            consents=customer.consents,
        )
        return isinstance(decision, contact_rules.Allowed) or decision.code == "quiet_hours"


def _by_customer(rows: Iterable[Any]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.customer_id].append(row)
    return grouped


def _bought(order: Order) -> rules.Bought:
    refunded = {line.product_id for line in order.lines if line.product_id and line.refunded_qty}
    return rules.Bought(
        order.paid_at, frozenset(line.product_id for line in order.lines if line.product_id), frozenset(refunded)
    )


def _held(coupon: Coupon) -> rules.HeldCoupon:
    scope = coupon.rules.get("scope") or {}
    return rules.HeldCoupon(
        coupon.id,
        coupon.issued_at or "",
        coupon.valid_until or "",
        frozenset(scope.get("ids", ())) if scope.get("kind") == "products" else None,
        used=coupon.state not in UNUSED,
        face_fen=int(coupon.rules.get("face_fen") or 0),
    )
