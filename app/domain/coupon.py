"""Coupons: what they promise, how they move, what they take off (rules 1.1 to 1.12).

Intervals are half-open: a coupon is good at `valid_from` and no longer at `valid_until`.
A reserved coupon is honoured even if its time ends before it is redeemed; given back after
that it is expired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from app.domain.calendar_days import day_of, start_of
from app.domain.errors import Rejected
from app.domain.instants import from_text, to_text
from app.domain.money import BP_ONE, Bp, Fen, allocate, amount, pay_of_bp

PAYABLE_FLOOR_FEN = 1
LEASE_GRACE = timedelta(hours=72)
MAX_SKEW = timedelta(minutes=5)
KINDS = ("amount_off", "percent_off", "exchange", "free_shipping")
SCOPES = ("all", "products", "categories", "stores")
STATES = ("allotted", "issued", "claimed", "reserved", "redeemed", "returned", "expired", "voided")
EVENTS = ("issue", "open", "claim", "reserve", "release", "redeem", "give_back", "expire", "undo", "void")

_PLAIN_FIELDS = (
    "kind", "face_fen", "pay_bp", "cap_fen", "threshold_fen", "threshold_base", "channel", "stack_group", "exclusive",
    "total", "per_guide", "per_customer", "per_day", "stopped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CouponRules:
    """A template's rules as snapshot into each coupon (rules 1.1, 1.3); fields as in `protocol.objects.CouponTemplate`.

    exchange: one piece of the cheapest eligible line for `face_fen`. free_shipping takes off the freight.
    `cap_fen` limits percent_off and exchange.
    """

    kind: str
    scope_kind: str = "all"
    scope_ids: frozenset[str] = frozenset()
    validity_kind: str = "days"
    validity_n: int = 7
    validity_from: datetime | None = None
    validity_until: datetime | None = None
    face_fen: Fen = 0
    pay_bp: Bp = 10000
    cap_fen: Fen | None = None
    threshold_fen: Fen = 0
    threshold_base: str = "after_promotions"
    channel: str = "both"
    stack_group: str = "default"
    exclusive: bool = False
    total: int | None = None
    per_guide: int | None = None
    per_customer: int | None = None
    per_day: int | None = None
    stopped: bool = False

    @classmethod
    def from_wire(cls, rules: Mapping[str, Any]) -> CouponRules:
        """Return the rules in a template's (or a coupon's `rules`) dict; unknown fields are ignored.

        Raises:
            Rejected: `bad_arguments` or `amount_invalid`.
        """
        scope = rules.get("scope") or {"kind": "all"}
        validity = rules.get("validity") or {}
        plain = {name: rules[name] for name in _PLAIN_FIELDS if rules.get(name) is not None}
        made = cls(
            **plain,
            scope_kind=scope.get("kind", "all"),
            scope_ids=frozenset(scope.get("ids") or ()),
            validity_kind=validity.get("kind", "days"),
            validity_n=validity.get("n", 7),
            validity_from=_instant(validity.get("from")),
            validity_until=_instant(validity.get("until")),
        )
        made.check()
        return made

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON form that `from_wire` reads."""
        validity: dict[str, Any] = {"kind": self.validity_kind}
        if self.validity_kind == "fixed":
            assert self.validity_from is not None and self.validity_until is not None  # noqa: S101 - held by check()
            validity |= {"from": to_text(self.validity_from), "until": to_text(self.validity_until)}
        else:
            validity["n"] = self.validity_n
        return {
            **{name: getattr(self, name) for name in _PLAIN_FIELDS},
            "scope": {"kind": self.scope_kind, "ids": sorted(self.scope_ids)},
            "validity": validity,
        }

    def check(self) -> None:
        """Check that the rules make sense.

        Raises:
            Rejected: `bad_arguments` or `amount_invalid`.
        """
        for fen in (self.face_fen, self.threshold_fen, self.cap_fen or 0):
            amount(fen)
        wrong = (
            self.kind not in KINDS
            or self.scope_kind not in SCOPES
            or self.threshold_base not in ("list", "after_promotions")
            or self.channel not in ("online", "store", "both")
            or not 0 <= self.pay_bp <= BP_ONE
            or not self._validity_makes_sense()
        )
        if wrong:
            raise Rejected("bad_arguments", "coupon rules do not make sense")

    def _validity_makes_sense(self) -> bool:
        if self.validity_kind == "fixed":
            begins, ends = self.validity_from, self.validity_until
            return begins is not None and ends is not None and begins < ends
        whole_days = self.validity_kind == "days" or (self.validity_kind == "hours" and self.validity_n % 24 == 0)
        return whole_days and self.validity_n > 0


@dataclass(frozen=True, slots=True)
class Line:
    """One order line before the coupon: totals over all pieces, at list price and after promotions."""

    id: str
    product_id: str | None
    category: str
    qty: int
    list_fen: Fen
    sale_fen: Fen


@dataclass(frozen=True, slots=True)
class Discount:
    """What a coupon takes off: `fen` in all, `shares` per line id (0 for lines out of scope), `freight_fen`."""

    fen: Fen
    shares: dict[str, Fen]
    freight_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order after all discounts (rule 1.6); `line_fen` and `line_discount_fen` by line id."""

    payable_fen: Fen
    coupon_fen: Fen
    points_fen: Fen
    freight_fen: Fen
    line_fen: dict[str, Fen]
    line_discount_fen: dict[str, Fen]


@dataclass(frozen=True, slots=True)
class CouponState:
    """Where one coupon stands; `keys` are the idempotency keys already applied."""

    state: str
    lease_until: datetime
    customer_id: str | None = None
    order_id: str | None = None
    opened: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CouponEvent:
    """Something that happens to a coupon at `at`; `kind` is one of `EVENTS`.

    `issue` and a `claim` of an allotted coupon need `valid_from`/`valid_until` (see `validity_at_issue`).
    """

    kind: str
    key: str
    at: datetime
    customer_id: str | None = None
    order_id: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A paid line as the refund rule sees it: `base_fen` in the threshold's base, `discount_fen` the coupon's share.

    `returned_qty` counts all pieces given back so far, this refund included.
    """

    id: str
    qty: int
    base_fen: Fen
    discount_fen: Fen
    paid_fen: Fen
    returned_qty: int
    eligible: bool = True


@dataclass(frozen=True, slots=True)
class RefundEffect:
    """What a refund does to the coupon (rule 1.10): action return | expire | keep, and what the refund loses.

    `deduct_fen` is negative when a later refund gives back what an earlier one deducted.
    """

    action: str
    deduct_fen: Fen


def validity_at_issue(rules: CouponRules, issued_at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the UTC interval of a coupon issued at `issued_at` (rule 1.1).

    `days`: the day of issue is the first of N natural days. `hours`: N hours, a multiple of 24.

    Raises:
        Rejected: `coupon_expired` when a fixed interval is over.
    """
    if rules.validity_kind == "fixed":
        begins, ends = rules.validity_from, rules.validity_until
        if begins is None or ends is None or issued_at >= ends:
            raise Rejected("coupon_expired", "the template's interval is over")
        return max(begins, issued_at), ends
    if rules.validity_kind == "days":
        return issued_at, start_of(day_of(issued_at, zone) + timedelta(days=rules.validity_n), zone)
    return issued_at, issued_at + timedelta(hours=rules.validity_n)


def effective_state(coupon: CouponState, now: datetime) -> str:
    """Return the state at `now` without any job having run: `expired` by time, `voided` 72 h after the lease's end."""
    if coupon.state == "allotted" and now >= coupon.lease_until + LEASE_GRACE:
        return "voided"
    timed = coupon.state in ("issued", "claimed", "returned")
    if timed and coupon.valid_until is not None and now >= coupon.valid_until:
        return "expired"
    return coupon.state


def apply(coupon: CouponState, event: CouponEvent) -> CouponState:
    """Return the coupon after `event` (rule 1.2); an event whose key was applied before changes nothing.

    Raises:
        Rejected: `coupon_not_available`, `coupon_expired`, `coupon_used`, `coupon_opened` or `lease_over`.
    """
    if event.key in coupon.keys:
        return coupon
    move = _MOVES.get(event.kind)
    if move is None:
        raise Rejected("bad_arguments", f"no coupon event {event.kind}")
    after = move(replace(coupon, state=effective_state(coupon, event.at)), event)
    return replace(after, keys=coupon.keys | {event.key})


def available(total: int | None, issued: int, open_leases: int) -> int | None:
    """Return how many more coupons may be leased (rule 1.4); None = without limit.

    `open_leases` counts the unissued coupons of leases not yet returned or void.
    """
    return None if total is None else max(total - issued - open_leases, 0)


def check_limits(rules: CouponRules, *, to_customer: int, by_guide: int, today: int, leased: bool = True) -> None:
    """Check the quotas of one more issue (rule 1.5); the counts are coupons of the template ever issued.

    A stopped template refuses only what was not leased before (`leased=False`).

    Raises:
        Rejected: `template_stopped`, `coupon_limit_customer`, `coupon_limit_guide` or `coupon_limit_day`.
    """
    if rules.stopped and not leased:
        raise Rejected("template_stopped")
    limits = (
        ("coupon_limit_customer", rules.per_customer, to_customer),
        ("coupon_limit_guide", rules.per_guide, by_guide),
        ("coupon_limit_day", rules.per_day, today),
    )
    for code, limit, count in limits:
        if limit is not None and count >= limit:
            raise Rejected(code, params={"limit": limit})


def is_eligible(rules: CouponRules, line: Line, store_id: str | None) -> bool:
    """Say whether the line counts for the coupon's scope."""
    if rules.scope_kind == "products":
        return line.product_id in rules.scope_ids
    if rules.scope_kind == "categories":
        return line.category in rules.scope_ids
    if rules.scope_kind == "stores":
        return store_id in rules.scope_ids
    return True


def missing_fen(rules: CouponRules, lines: Sequence[Line], store_id: str | None) -> Fen:
    """Return how much more of eligible lines the threshold needs, 0 when met (rule 1.12)."""
    base = sum(_base_of(rules, line) for line in lines if is_eligible(rules, line, store_id))
    return max(rules.threshold_fen - base, 0)


def discount(
    rules: CouponRules,
    lines: Sequence[Line],
    *,
    store_id: str | None,
    channel: str,
    freight_fen: Fen = 0,
    floor_fen: Fen = PAYABLE_FLOOR_FEN,
) -> Discount:
    """Return what the coupon takes off these lines (rules 1.6 to 1.8); `channel` is online or store.

    Raises:
        Rejected: `coupon_out_of_scope`, or `coupon_below_threshold` with `missing_fen`.
    """
    _check_usable(rules, lines, store_id, channel)
    return _take(rules, lines, store_id, freight_fen, floor_fen)


def check_stack(chosen: Sequence[CouponRules]) -> None:
    """Check that the coupons may stand together on one order (rule 1.6).

    Raises:
        Rejected: `coupon_not_stackable`.
    """
    if len(chosen) > 1 and any(rules.exclusive for rules in chosen):
        raise Rejected("coupon_not_stackable", "an exclusive coupon stands alone")
    groups = [rules.stack_group for rules in chosen]
    if len(set(groups)) < len(groups):
        raise Rejected("coupon_not_stackable", "two coupons of one stack group")


def price_order(
    lines: Sequence[Line],
    coupons: Sequence[CouponRules] = (),
    *,
    store_id: str | None,
    channel: str,
    points_fen: Fen = 0,
    freight_fen: Fen = 0,
    floor_fen: Fen = PAYABLE_FLOOR_FEN,
) -> PricedOrder:
    """Return the order after coupon and points (rule 1.6: `sale_fen` already holds member price and campaign)."""
    check_stack(coupons)
    for rules in coupons:
        _check_usable(rules, lines, store_id, channel)
    left = list(lines)
    freight = freight_fen
    for rules in coupons:
        taken = _take(rules, left, store_id, freight, floor_fen)
        freight -= taken.freight_fen
        left = [replace(line, sale_fen=line.sale_fen - taken.shares[line.id]) for line in left]
    before = sum(line.sale_fen for line in lines)
    after_coupons = sum(line.sale_fen for line in left)
    points = min(amount(points_fen), _most_off(left, floor_fen))
    shares = allocate(points, [line.sale_fen for line in left], [line.id for line in left])
    line_fen = {line.id: line.sale_fen - share for line, share in zip(left, shares, strict=True)}
    return PricedOrder(
        payable_fen=after_coupons - points + freight,
        coupon_fen=before - after_coupons,
        points_fen=points,
        freight_fen=freight,
        line_fen=line_fen,
        line_discount_fen={line.id: line.sale_fen - line_fen[line.id] for line in lines},
    )


def refund_effect(
    rules: CouponRules, lines: Sequence[SoldLine], *, valid_until: datetime, now: datetime, deducted_fen: Fen = 0
) -> RefundEffect:
    """Return what giving back pieces does to the coupon and to the refund (rule 1.10).

    `deducted_fen` is what earlier refunds of the order already lost, so that it is taken once.
    """
    if all(line.returned_qty >= line.qty for line in lines):
        return RefundEffect("return" if now < valid_until else "expire", -deducted_fen)
    kept_base = sum(_part(line.base_fen, line.qty - line.returned_qty, line.qty) for line in lines if line.eligible)
    lost = 0
    if kept_base < rules.threshold_fen:
        kept_discount = sum(_part(line.discount_fen, line.qty - line.returned_qty, line.qty) for line in lines)
        lost = min(kept_discount, sum(_part(line.paid_fen, line.returned_qty, line.qty) for line in lines))
    return RefundEffect("keep", lost - deducted_fen)


def take_back_gift(gift: CouponState, event: CouponEvent) -> CouponState:
    """Return a coupon that came as a gift with an order, after its refund: void unless it was used (rule 1.10)."""
    return gift if gift.state == "redeemed" else apply(gift, replace(event, kind="void"))


def bounded_device_time(
    device_at: datetime, last_server_at: datetime, monotonic_s: float | None
) -> tuple[datetime, bool]:
    """Return the redemption's time and whether the device's clock is off by more than 5 minutes (rule 1.9).

    `monotonic_s` is what the device's monotonic clock counted since `last_server_at`; None after a restart.
    """
    if monotonic_s is None:
        return max(device_at, last_server_at), last_server_at - device_at > MAX_SKEW
    expected = last_server_at + timedelta(seconds=max(monotonic_s, 0.0))
    if abs(device_at - expected) > MAX_SKEW:
        return expected, True
    return max(device_at, last_server_at), False


def _instant(value: Any) -> datetime | None:
    return from_text(value) if isinstance(value, str) else value


def _part(whole: Fen, qty: int, of: int) -> Fen:
    return whole * qty // of


def _base_of(rules: CouponRules, line: Line) -> Fen:
    return line.list_fen if rules.threshold_base == "list" else line.sale_fen


def _most_off(lines: Sequence[Line], floor_fen: Fen) -> Fen:
    return max(sum(line.sale_fen for line in lines) - floor_fen, 0)


def _check_usable(rules: CouponRules, lines: Sequence[Line], store_id: str | None, channel: str) -> None:
    fits = rules.channel in ("both", channel) and any(is_eligible(rules, line, store_id) for line in lines)
    if not fits:
        raise Rejected("coupon_out_of_scope")
    missing = missing_fen(rules, lines, store_id)
    if missing:
        raise Rejected("coupon_below_threshold", params={"missing_fen": missing})


def _take(
    rules: CouponRules, lines: Sequence[Line], store_id: str | None, freight_fen: Fen, floor_fen: Fen
) -> Discount:
    """Return the discount over lines already known to be usable."""
    shares = {line.id: 0 for line in lines}
    if rules.kind == "free_shipping":
        return Discount(0, shares, freight_fen)
    eligible = [line for line in lines if is_eligible(rules, line, store_id)]
    if rules.kind == "exchange":
        eligible = [min(eligible, key=lambda line: (line.sale_fen // max(line.qty, 1), line.id))]
    base = sum(line.sale_fen for line in eligible)
    off = min(_face(rules, eligible, base), base, _most_off(lines, floor_fen))
    ids = [line.id for line in eligible]
    shares |= dict(zip(ids, allocate(off, [line.sale_fen for line in eligible], ids), strict=True))
    return Discount(off, shares)


def _face(rules: CouponRules, eligible: Sequence[Line], base: Fen) -> Fen:
    if rules.kind == "amount_off":
        return rules.face_fen
    if rules.kind == "percent_off":
        off = base - pay_of_bp(base, rules.pay_bp)
    else:
        off = max(base // max(eligible[0].qty, 1) - rules.face_fen, 0)
    return off if rules.cap_fen is None else min(off, rules.cap_fen)


_WHY_NOT = {"redeemed": "coupon_used", "expired": "coupon_expired"}


def _refuse(coupon: CouponState) -> Rejected:
    return Rejected(_WHY_NOT.get(coupon.state, "coupon_not_available"), f"coupon is {coupon.state}")


def _issue(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.customer_id is not None and coupon.customer_id == event.customer_id and coupon.state != "voided":
        return coupon  # its claim, or another copy of this event, came first
    if coupon.customer_id is None and (coupon.state == "voided" or event.at >= coupon.lease_until):
        raise Rejected("lease_over")
    if coupon.state != "allotted":
        raise _refuse(coupon)
    return _given(coupon, event, "issued")


def _given(coupon: CouponState, event: CouponEvent, state: str) -> CouponState:
    if event.customer_id is None or event.valid_from is None or event.valid_until is None:
        raise Rejected("bad_arguments", "giving a coupon needs a customer and its validity")
    return replace(
        coupon,
        state=state,
        customer_id=event.customer_id,
        valid_from=event.valid_from,
        valid_until=event.valid_until,
    )


def _open(coupon: CouponState, event: CouponEvent) -> CouponState:
    return replace(coupon, opened=True)


def _claim(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state == "allotted":
        return replace(_given(coupon, event, "claimed"), opened=True)
    if coupon.state == "issued" and event.customer_id == coupon.customer_id:
        return replace(coupon, state="claimed", opened=True)
    held = coupon.state in ("claimed", "reserved", "returned", "redeemed")
    if held and event.customer_id == coupon.customer_id:
        return coupon
    raise _refuse(coupon)


def _reserve(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state == "reserved" and coupon.order_id == event.order_id:
        return coupon
    return replace(_usable(coupon, event), state="reserved", order_id=event.order_id)


def _usable(coupon: CouponState, event: CouponEvent) -> CouponState:
    early = coupon.valid_from is not None and event.at < coupon.valid_from
    if coupon.state not in ("claimed", "returned") or early:
        raise _refuse(coupon)
    if event.order_id is None:
        raise Rejected("bad_arguments", "using a coupon needs an order")
    return coupon


def _release(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state in ("claimed", "expired"):
        return coupon
    if coupon.state != "reserved" or coupon.order_id != event.order_id:
        raise _refuse(coupon)
    back = replace(coupon, state="claimed", order_id=None)
    return replace(back, state=effective_state(back, event.at))


def _redeem(coupon: CouponState, event: CouponEvent) -> CouponState:
    mine = coupon.order_id is not None and coupon.order_id == event.order_id
    if mine and coupon.state == "redeemed":
        return coupon
    if mine and coupon.state == "reserved":
        return replace(coupon, state="redeemed")
    return replace(_usable(coupon, event), state="redeemed", order_id=event.order_id)


def _give_back(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.order_id is None or coupon.order_id != event.order_id:
        raise _refuse(coupon)
    if coupon.state in ("returned", "expired"):
        return coupon
    if coupon.state != "redeemed":
        raise _refuse(coupon)
    back = replace(coupon, state="returned")
    return replace(back, state=effective_state(back, event.at))


def _expire(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state in ("expired", "voided"):
        return coupon  # time alone has done it
    raise _refuse(coupon)


def _undo(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state == "voided":
        return coupon
    if coupon.opened or coupon.state in ("claimed", "reserved"):
        raise Rejected("coupon_opened")
    if coupon.state != "issued":
        raise _refuse(coupon)
    return replace(coupon, state="voided")


def _void(coupon: CouponState, event: CouponEvent) -> CouponState:
    if coupon.state == "redeemed":
        raise _refuse(coupon)
    return replace(coupon, state="voided")


_MOVES: dict[str, Callable[[CouponState, CouponEvent], CouponState]] = {
    "issue": _issue,
    "open": _open,
    "claim": _claim,
    "reserve": _reserve,
    "release": _release,
    "redeem": _redeem,
    "give_back": _give_back,
    "expire": _expire,
    "undo": _undo,
    "void": _void,
}
