"""Today's signals: the rules of `domain.signal` over the rows of this device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from app.domain import contact as contact_rules
from app.domain import signal as rules
from app.domain.instants import Instant, to_text
from app.domain.portrait import DATE
from app.domain.segment import CELLS, Figures
from app.protocol.objects import BrowseEvent, Contact, Coupon, Customer, Order, Product, SignalMark
from app.store import Read, reads
from app.store.json_text import loads
from app.store.queries import brand, customers, products

READS = (
    "customer", "browse_event", "order", "coupon", "contact", "signal_mark", "product", "stock", "setting",
)  # fmt: skip
MOST = 120  # how many Today asks for
PURPOSE = "marketing"
T = TypeVar("T")
Cells = tuple[Any, ...]
UNUSED = ("issued", "claimed", "reserved", "returned")


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
    found = _found(read, None, now, ZoneInfo(zone), store_id)
    return shown(read, found[:limit])


@reads(*READS)
def signals_of_customer(
    read: Read, customer_id: str, now: datetime, zone: str, store_id: str | None
) -> tuple[TodaySignal, ...]:
    """Return one customer's signals, best first."""
    return shown(read, _found(read, (customer_id,), now, ZoneInfo(zone), store_id))


@reads(*READS)
def signals_of_some(
    read: Read, ids: Sequence[str], now: datetime, zone: tzinfo, store_id: str | None
) -> tuple[TodaySignal, ...]:
    """Return what Today would show were there only these customers."""
    return shown(read, _found(read, ids, now, zone, store_id)[:MOST])


def _found(
    read: Read, ids: Sequence[str] | None, now: datetime, zone: tzinfo, store_id: str | None
) -> Sequence[rules.Signal]:
    ground = Ground.of(read, store_id)
    context = ground.context(now, zone)
    open_ = ContactGate(ground.contact, now, zone)
    known = read_known(read, ids, now, ground.policy)
    return rules.rank([one for k in known if open_(k) for one in rules.signals(k.facts, context)])


@dataclass(frozen=True, slots=True)
class Ground:
    """What is the same for all customers: the brand's thresholds, prices and what is in stock."""

    policy: rules.SignalPolicy
    contact: contact_rules.ContactPolicy
    in_stock: frozenset[str] | None
    prices: Mapping[str, int]

    @classmethod
    def of(cls, read: Read, store_id: str | None) -> Ground:
        """Read it."""
        setting = brand.brand_setting(read)
        return cls(
            rules.SignalPolicy.from_wire(setting.signal, setting.dormant_days) if setting else rules.SignalPolicy(),
            contact_rules.ContactPolicy.from_wire(setting.contact if setting else {}),
            _in_stock(read, store_id),
            {p.id: p.price_fen for p in products.products(read)},
        )

    def context(self, now: datetime, zone: tzinfo) -> rules.SignalContext:
        """Return the context of one run."""
        return rules.SignalContext(now, zone, self.policy, in_stock=self.in_stock, prices=self.prices)


@dataclass(frozen=True, slots=True)
class Known:
    """One customer as the rules see them, and what says whether they may be contacted. No name, no note."""

    facts: rules.CustomerFacts
    consents: Mapping[str, bool]
    contacts: tuple[Instant, ...]
    rows: tuple[tuple[str, str], ...]  # object and id of every row the facts were read from


class ContactGate:
    """Say whether consent and budget are there; quiet hours end by themselves and hide no signal.

    Most customers were not contacted lately: equal questions are asked once a run.
    """

    def __init__(self, policy: contact_rules.ContactPolicy, now: datetime, zone: tzinfo) -> None:
        self._policy, self._now, self._zone = policy, now, zone
        self._answers: dict[tuple[bool, tuple[Instant, ...]], bool] = {}

    def __call__(self, known: Known) -> bool:
        """Return whether this customer may be contacted today."""
        question = (bool(known.consents.get(PURPOSE, False)), known.contacts)
        if question not in self._answers:
            decision = contact_rules.decide(
                known.contacts, now=self._now, zone=self._zone, policy=self._policy, consents=known.consents,
                purpose=PURPOSE,
            )  # fmt: skip
            self._answers[question] = isinstance(decision, contact_rules.Allowed) or decision.code == "quiet_hours"
        return self._answers[question]


def _in_stock(read: Read, store_id: str | None) -> frozenset[str] | None:
    if store_id is None:
        return None
    pieces = products.stock_in(read, store_id)
    return frozenset(product for product, count in pieces.items() if count > 0) if pieces else None


def shown(read: Read, found: Sequence[rules.Signal]) -> tuple[TodaySignal, ...]:
    """Return signals with what their cards show; one of a customer who just left is left out."""
    people = customers.customers_by_ids(read, {one.customer_id for one in found})
    return tuple(
        TodaySignal(
            kind=one.kind,
            customer=people[one.customer_id],
            subject=one.subject,
            reason=one.reason,
            params=one.params,
            value_fen=one.value_fen,
            product=_product(read, one),
            coupon=read.get(Coupon, one.subject) if one.subject else None,
        )
        for one in found
        if one.customer_id in people
    )


def _product(read: Read, one: rules.Signal) -> Product | None:
    known = one.params.get("product_id") or one.subject
    return read.get(Product, str(known)) if known else None


def read_known(read: Read, ids: Sequence[str] | None, now: datetime, policy: rules.SignalPolicy) -> list[Known]:
    """Return what the rules may look at of some customers (None: of all), read in one sweep per object.

    Only what these rules look at until midnight, and no whole objects: 5,000 customers are read so at a day's start.
    """
    some = f"IN ({','.join('?' * len(ids))})" if ids is not None else "IS NOT NULL"
    marks = f"customer_id {some}"

    def rows(row: type[T], where: str = "1", *params: str) -> dict[str, list[T]]:
        return _by_customer(read.all(row, f"{marks} AND {where}", (*(ids or ()), *params)))

    def cells(row: type, names: tuple[str, ...], days: int) -> dict[str, list[Cells]]:
        grouped: dict[str, list[Cells]] = defaultdict(list)
        where, params = f"{marks} AND {names[0]} >= ? ORDER BY {names[0]}", (*(ids or ()), _ago(now, days))
        for one in read.cells(row, ("customer_id", "id", *names), where, params):
            grouped[one[0]].append(one)
        return grouped

    views = cells(BrowseEvent, ("at", "product_id", "session_id", "dwell_s", "kind"), policy.view_days + 1)
    orders = cells(Order, ("paid_at", "lines"), policy.order_days + 1)
    contacts = rows(Contact, "at >= ?", _ago(now, contact_rules.LOOK_BACK_DAYS))
    coupons, held = rows(Coupon), rows(SignalMark)
    people = read.opened(Customer, ("id", "consents", *CELLS), ("birthday", "facts"), f"id {some}", ids or ())
    grouped: tuple[Mapping[str, Sequence[Any]], ...] = (views, orders, coupons, contacts, held)
    return [_known(one, *(group.get(one[0], ()) for group in grouped)) for one in people]


def _ago(now: datetime, days: int) -> Instant:
    return to_text(now - timedelta(days=days))


def _known(
    customer: Cells,
    views: Sequence[Cells],
    orders: Sequence[Cells],
    coupons: Sequence[Coupon],
    contacts: Sequence[Contact],
    marks: Sequence[SignalMark],
) -> Known:
    customer_id, consents, *figures, birthday, dates = customer
    facts = rules.CustomerFacts(
        customer_id=customer_id,
        figures=Figures.of(figures),
        birthday=birthday,
        views=[rules.View(one[3], one[4], one[2], one[5] or 0, one[6] or rules.VIEW) for one in views],
        orders=[_bought(paid_at, loads(lines)) for _, _, paid_at, lines in orders],
        coupons=[_held(coupon) for coupon in coupons if coupon.state != "voided"],
        marks=[rules.Mark(m.signal, m.subject, m.action, m.at, m.until) for m in marks],
        dates=[(fact["name"], fact["value"]) for fact in dates or () if fact["kind"] == DATE],
    )
    rows = [(kind.OBJECT, one[1]) for kind, group in ((BrowseEvent, views), (Order, orders)) for one in group]
    rows += [(one.OBJECT, one.id) for group in (coupons, contacts, marks) for one in group]
    return Known(
        facts, loads(consents) if consents else {}, tuple(c.at for c in contacts if not c.transactional), tuple(rows)
    )


def _by_customer(rows: Iterable[Any]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.customer_id].append(row)
    return grouped


def _bought(paid_at: Instant, lines: Sequence[Mapping[str, Any]]) -> rules.Bought:
    products = [(line["product_id"], line.get("refunded_qty")) for line in lines if line.get("product_id")]
    return rules.Bought(paid_at, frozenset(p for p, _ in products), frozenset(p for p, back in products if back))


def _held(coupon: Coupon) -> rules.HeldCoupon:
    scope = coupon.rules.get("scope") or {}
    return rules.HeldCoupon(
        coupon.id,
        coupon.issued_at or "",
        coupon.valid_until or "",
        frozenset(scope.get("ids", ())) if scope.get("kind") == "products" else None,
        sent_for=coupon.product_id,
        used=coupon.state not in UNUSED,
        face_fen=int(coupon.rules.get("face_fen") or 0),
    )
