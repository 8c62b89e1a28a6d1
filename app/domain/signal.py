"""Signals: reasons to contact a customer today (rules 5.1 to 5.4 and others), found from facts alone.

Instants are text and compared as text, so that 5,000 customers cost no parsing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from app.domain.calendar_days import day_of, days_to_anniversary
from app.domain.instants import Instant, from_text, to_text
from app.domain.money import Fen
from app.domain.segment import Figures, SegmentClock, is_at_risk, is_dormant

KINDS = (
    "cart_left", "repeated_view", "birthday", "important_date", "coupon_expiring", "stored_value_low", "welcome",
    "care_after_purchase", "lapsing", "dormant",
)  # fmt: skip

MARK_DAYS = 14
# How long one that was dealt with rests: what changes slowly is not brought up again every fortnight.
REST_DAYS = {"stored_value_low": 30, "lapsing": 30, "dormant": 60}
TYPICAL_BASKET_FEN = 50_000
REFUND_QUIET_DAYS = 30
STORED_REST_DAYS = 7
CARD_YEAR_DAYS = 365
SAME_VIEW = timedelta(minutes=30)
VIEW, CHECKOUT = "view", "checkout"
# Opt-out and a used budget silence every kind. Beside them (rule 5.3): these are about one product, and end with a sold
# out or refunded one and with an open coupon that fits it; one dealt with answers for the other (rule 5.2). `lapsing`
# and `dormant` end in a coupon: an open one is enough, and `coupon_expiring` brings it up in time.
GOODS = frozenset({"repeated_view", "cart_left"})
# How likely a contact of this kind is answered by an order, in basis points: only the order of the day's list.
VALUE_BP = {
    "cart_left": 3500, "repeated_view": 2500, "birthday": 1200, "important_date": 1100, "coupon_expiring": 1800,
    "stored_value_low": 1500, "welcome": 1000, "care_after_purchase": 600, "lapsing": 900, "dormant": 400,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """One product view, or a check-out that was begun (see `protocol.objects.BrowseEvent`)."""

    product_id: str
    session_id: str
    at: Instant
    dwell_s: int
    kind: str = VIEW


@dataclass(frozen=True, slots=True)
class Bought:
    """One order: its products, those refunded at `refunded_at` (any time of the refund; paid_at if unknown)."""

    paid_at: Instant
    product_ids: frozenset[str]
    refunded_ids: frozenset[str] = frozenset()
    refunded_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon of the customer; `product_ids` None = it fits everything, `sent_for` = the product it was sent for."""

    id: str
    issued_at: Instant
    valid_until: Instant
    product_ids: frozenset[str] | None = None
    sent_for: str | None = None
    used: bool = False
    face_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What the guide did with a signal: done | later (until) | not_interested."""

    signal: str
    subject: str
    action: str
    at: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """All a signal may look at for one customer. `contact_open`: consent given and budget left (rule 5.3).

    `dates`: what else the guide keeps in mind, (label, `MM-DD`).
    """

    customer_id: str
    figures: Figures
    birthday: str | None = None
    contact_open: bool = True
    views: Sequence[View] = ()
    orders: Sequence[Bought] = ()
    coupons: Sequence[HeldCoupon] = ()
    marks: Sequence[Mark] = ()
    dates: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class SignalPolicy:
    """Thresholds of the brand; `from_wire` reads `Setting.signal` and `dormant_days`."""

    views: int = 3
    days: int = 14
    dwell_s: int = 3
    birthday_days: int = 7
    coupon_days: int = 3
    care_days: tuple[int, int] = (3, 5)
    welcome_days: int = 7
    dormant_days: int = 365
    stored_low_fen: Fen = 20_000
    cart_hours: int = 1
    cart_days: int = 3

    @classmethod
    def from_wire(cls, setting: Mapping[str, Any], dormant_days: int = 365) -> SignalPolicy:
        """Return the policy in `Setting.signal`, `{"views": 3, "days": 14, …}`; absent fields keep their default."""
        known: dict[str, Any] = {name: int(setting[name]) for name in _WIRE if setting.get(name) is not None}
        return cls(**known, dormant_days=dormant_days)

    @property
    def view_days(self) -> int:
        """Return how many days back views matter."""
        return max(self.days, self.cart_days)

    @property
    def order_days(self) -> int:
        """Return how many days back orders matter."""
        return max(self.view_days, REFUND_QUIET_DAYS, self.care_days[1] + 1)


_WIRE = ("views", "days", "stored_low_fen", "cart_hours", "cart_days")


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to act. `subject`: product id, coupon id, day or empty. `reason` + `params` render the sentence.

    `value_fen` ranks: what a contact may be worth; higher first.
    """

    kind: str
    customer_id: str
    subject: str
    reason: str
    params: dict[str, str | int] = field(default_factory=dict)
    value_fen: Fen = 0


class SignalContext:
    """`now`, zone, policy, stock and prices shared by all customers of one run; cuts are computed once.

    `in_stock`: product ids with stock, None = stock unknown (not suppressed). `prices`: product id to fen.
    """

    def __init__(
        self,
        now: datetime,
        zone: tzinfo,
        policy: SignalPolicy | None = None,
        *,
        in_stock: frozenset[str] | None = None,
        prices: Mapping[str, Fen] | None = None,
    ) -> None:
        self.now: Instant = to_text(now)
        self.policy = policy or SignalPolicy()
        self.in_stock = in_stock
        self.prices: Mapping[str, Fen] = prices or {}
        self.clock = SegmentClock(now, zone, dormant_days=self.policy.dormant_days)
        self.today: date = day_of(now, zone)
        self.views_since = to_text(now - timedelta(days=self.policy.days))
        self.marks_since = {kind: to_text(now - timedelta(days=rest_days(kind))) for kind in KINDS}
        self.cart_since = to_text(now - timedelta(days=self.policy.cart_days))
        self.cart_until = to_text(now - timedelta(hours=self.policy.cart_hours))
        self.refund_since = to_text(now - timedelta(days=REFUND_QUIET_DAYS))
        self.coupon_until = to_text(now + timedelta(days=self.policy.coupon_days))
        self._coming: dict[str, int | None] = {}

    def days_until(self, month_day: str) -> int | None:
        """Return the days to the next `MM-DD`, remembered for all customers."""
        if month_day not in self._coming:
            self._coming[month_day] = days_to_anniversary(month_day, self.today)
        return self._coming[month_day]


def rest_days(kind: str) -> int:
    """Return how many days a signal of this kind rests once it was dealt with."""
    return REST_DAYS.get(kind, MARK_DAYS)


def signals(facts: CustomerFacts, context: SignalContext) -> tuple[Signal, ...]:
    """Return the customer's signals, best first; none that is marked, suppressed or out of budget."""
    if not facts.contact_open:
        return ()
    found = [signal for find in _FINDERS for signal in find(facts, context)]
    kept = [signal for signal in found if not _is_put_aside(signal, facts.marks, context)]
    return rank(kept) if len(kept) > 1 else tuple(kept)  # most have none, and there are thousands


def rank(found: Sequence[Signal]) -> tuple[Signal, ...]:
    """Return signals of many customers by value, then kind's order in `KINDS`, then ids."""
    return tuple(sorted(found, key=lambda s: (-s.value_fen, KINDS.index(s.kind), s.customer_id, s.subject)))


def sessions_of(views: Sequence[View], *, since: Instant, until: Instant, dwell_s: int = 3) -> dict[str, int]:
    """Return product id -> number of distinct view sessions in [since, until] (rule 5.1: >= 3 s, 30 minutes apart)."""
    seen: dict[str, dict[str, Instant]] = {}
    for view in sorted(views, key=lambda view: view.at):
        if view.kind == VIEW and view.dwell_s >= dwell_s and since <= view.at <= until:
            seen.setdefault(view.product_id, {}).setdefault(view.session_id, view.at)
    return {product_id: _apart(sorted(sessions.values())) for product_id, sessions in seen.items()}


def _apart(starts: Sequence[Instant]) -> int:
    """Return how many sessions begin at least 30 minutes after the one counted before."""
    if len(starts) < 2:
        return len(starts)
    count, last = 0, datetime.min.replace(tzinfo=UTC)
    for start in (from_text(text) for text in starts):
        if not count or start - last >= SAME_VIEW:
            count, last = count + 1, start
    return count


def _basket(facts: CustomerFacts) -> Fen:
    return facts.figures.spend_fen // max(facts.figures.order_count, 1)


def _worth(kind: str, fen: Fen) -> Fen:
    return fen * VALUE_BP[kind] // 10_000


def _is_put_aside(signal: Signal, marks: Sequence[Mark], context: SignalContext) -> bool:
    """Say whether the guide dealt with it: done or not interested for its rest days, later until its time."""
    for mark in marks:
        if not _is_about(mark, signal.kind, signal.subject):
            continue
        if mark.action == "later" and mark.until is not None:
            if context.now < mark.until:
                return True
        elif mark.at >= context.marks_since[signal.kind]:
            return True
    return False


def _is_about(mark: Mark, kind: str, subject: str) -> bool:
    return mark.subject == subject and (mark.signal == kind or {mark.signal, kind} <= GOODS)


def _repeated_view(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    policy = context.policy
    if len(facts.views) < policy.views:
        return
    counts = sessions_of(facts.views, since=context.views_since, until=context.now, dwell_s=policy.dwell_s)
    for product_id, found in counts.items():
        if found < policy.views or _is_suppressed(product_id, facts, context):
            continue
        count = _since_reset(product_id, found, facts, context)
        if count >= policy.views:
            value = _worth("repeated_view", context.prices.get(product_id, 0) or _basket(facts))
            params: dict[str, str | int] = {"views": count, "days": policy.days, "product_id": product_id}
            yield Signal("repeated_view", facts.customer_id, product_id, "seen_n_times", params, value)


def _cart_left(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    """Find check-outs begun and not finished: an hour must pass, as one may still be looking for the card."""
    begun: dict[str, Instant] = {}
    for view in facts.views:
        if view.kind == CHECKOUT and context.cart_since <= view.at <= context.now:
            begun[view.product_id] = max(view.at, begun.get(view.product_id, ""))
    for product_id, at in begun.items():
        if at > context.cart_until or at <= _reset_at(product_id, facts) or _is_suppressed(product_id, facts, context):
            continue
        days = context.clock.today - context.clock.day_of(at)
        value = _worth("cart_left", context.prices.get(product_id, 0) or _basket(facts))
        params: dict[str, str | int] = {"days": days, "product_id": product_id, "begun_at": at}
        yield Signal("cart_left", facts.customer_id, product_id, "left_at_checkout", params, value)


def _since_reset(product_id: str, found: int, facts: CustomerFacts, context: SignalContext) -> int:
    """Return the sessions after the last reset; `found` are all in the window."""
    since = _reset_at(product_id, facts)
    if since < context.views_since:
        return found
    later = [view for view in facts.views if view.product_id == product_id and view.at > since]
    counts = sessions_of(later, since=since, until=context.now, dwell_s=context.policy.dwell_s)
    return counts.get(product_id, 0)


def _is_suppressed(product_id: str, facts: CustomerFacts, context: SignalContext) -> bool:
    """Say whether rule 5.3 silences the product; consent and budget are in `contact_open` already."""
    if context.in_stock is not None and product_id not in context.in_stock:
        return True
    if any(coupon.product_ids is None or product_id in coupon.product_ids for coupon in _open(facts, context)):
        return True
    return any(
        product_id in order.refunded_ids and (order.refunded_at or order.paid_at) >= context.refund_since
        for order in facts.orders
    )


def _open(facts: CustomerFacts, context: SignalContext) -> list[HeldCoupon]:
    """Return the coupons the customer can use now."""
    return [coupon for coupon in facts.coupons if not coupon.used and context.now < coupon.valid_until]


def _reset_at(product_id: str, facts: CustomerFacts) -> Instant:
    """Return when the counting last began anew: an order, a coupon sent for it, "not interested" (rule 5.2)."""
    times = [order.paid_at for order in facts.orders if product_id in order.product_ids]
    times += [coupon.issued_at for coupon in facts.coupons if coupon.sent_for == product_id]
    times += [
        mark.at for mark in facts.marks if _is_about(mark, "repeated_view", product_id) and mark.action != "later"
    ]
    return max(times, default="")


def _birthday(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    days = context.days_until(facts.birthday) if facts.birthday else None
    if days is not None and days <= context.policy.birthday_days:
        reason = "birthday_today" if days == 0 else "birthday_soon"
        subject = str((context.today + timedelta(days=days)).year)
        params: dict[str, str | int] = {"days": days, "holds": len(_open(facts, context))}
        yield Signal("birthday", facts.customer_id, subject, reason, params, _worth("birthday", _basket(facts)))


def _important_date(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    """Find the dates that come near; two on one day are one reason. The mark names the day, never the label."""
    near: dict[int, str] = {}
    for label, month_day in sorted(facts.dates):
        days = context.days_until(month_day)
        if days is not None and days <= context.policy.birthday_days:
            near.setdefault(days, label)
    for days, label in near.items():
        subject = (context.today + timedelta(days=days)).isoformat()
        reason = "date_today" if days == 0 else "date_soon"
        value = _worth("important_date", _basket(facts))
        yield Signal("important_date", facts.customer_id, subject, reason, {"days": days, "label": label}, value)


def _coupon_expiring(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    for coupon in facts.coupons:
        if not coupon.used and context.now < coupon.valid_until <= context.coupon_until:
            days = context.clock.day_of(coupon.valid_until) - context.clock.today
            value = _worth("coupon_expiring", _basket(facts)) + coupon.face_fen
            params: dict[str, str | int] = {"days": days, "until": coupon.valid_until, "face_fen": coupon.face_fen}
            yield Signal("coupon_expiring", facts.customer_id, coupon.id, "coupon_expires", params, value)


def _stored_value(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    """Find cards that run low, or ran empty within a year of their last top-up (renewal)."""
    left, topped = facts.figures.stored_value_fen, facts.figures.topped_up_at
    since = None if topped is None else context.clock.today - context.clock.day_of(topped)
    if left > context.policy.stored_low_fen or (since is not None and since < STORED_REST_DAYS):
        return
    if left <= 0 and (since is None or since > CARD_YEAR_DAYS):
        return
    reason = "stored_value_low" if left > 0 else "stored_value_empty"
    params: dict[str, str | int] = {"left_fen": max(left, 0)}
    value = _worth("stored_value_low", _basket(facts) or TYPICAL_BASKET_FEN)
    yield Signal("stored_value_low", facts.customer_id, topped or "", reason, params, value)


def _welcome(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    if not facts.figures.joined_at or facts.figures.order_count:
        return
    days = context.clock.today - context.clock.day_of(facts.figures.joined_at)
    if 0 <= days <= context.policy.welcome_days:
        value = _worth("welcome", TYPICAL_BASKET_FEN)
        yield Signal("welcome", facts.customer_id, "", "joined_days_ago", {"days": days}, value)


def _silence(facts: CustomerFacts, context: SignalContext) -> int | None:
    last = facts.figures.last_order_at
    return None if last is None else context.clock.today - context.clock.day_of(last)


def _care(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    first, until = context.policy.care_days
    # two orders of one moment: by their products, so that the same facts in another order give the same signal
    for order in sorted(facts.orders, key=lambda order: (order.paid_at, _kept(order)), reverse=True):
        days = context.clock.today - context.clock.day_of(order.paid_at)
        if first <= days <= until and (kept := _kept(order)):
            params: dict[str, str | int] = {"days": days, "product_id": kept[0]}
            value = _worth("care_after_purchase", _basket(facts))
            yield Signal("care_after_purchase", facts.customer_id, order.paid_at, "bought_days_ago", params, value)
            return


def _kept(order: Bought) -> list[str]:
    return sorted(order.product_ids - order.refunded_ids)


def _lapsing(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    days = _silence(facts, context)
    if days is not None and is_at_risk(facts.figures, context.clock) and not _open(facts, context):
        value = _worth("lapsing", _basket(facts))
        yield Signal("lapsing", facts.customer_id, "", "silent_longer_than_usual", {"days": days}, value)


def _dormant(facts: CustomerFacts, context: SignalContext) -> Iterable[Signal]:
    days = _silence(facts, context)
    if days is not None and is_dormant(facts.figures, context.clock) and not _open(facts, context):
        value = _worth("dormant", _basket(facts))
        yield Signal("dormant", facts.customer_id, "", "no_order_for_days", {"days": days}, value)


_FINDERS: tuple[Callable[[CustomerFacts, SignalContext], Iterable[Signal]], ...] = (
    _cart_left, _repeated_view, _birthday, _important_date, _coupon_expiring, _stored_value, _welcome, _care, _lapsing,
    _dormant,
)  # fmt: skip
