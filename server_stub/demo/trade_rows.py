"""Rows of the trade of the past: orders, refunds, coupons and commission, decided by the same rules.

Prices come from `trade.pricing`, who gets an order from `domain.attribution`, what it earns from
`domain.commission`; only the writing differs from `trade.orders.place`: all rows at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain import commission as commission_rules
from app.domain import coupon as coupon_rules
from app.domain import segment
from app.domain.attribution import Attribution, AttributionPolicy, OrderPerson, Touch, attribute
from app.domain.binding import Binding, BindingPolicy, guide_at, renew
from app.domain.commission import CommissionRule, Entry, LineRefund, SoldLine, SoldOrder
from app.domain.coupon import CouponRules, RefundEffect
from app.domain.hours import is_sleep_income
from app.domain.instants import from_text, to_text
from server_stub.demo import brand
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life, Order, Refund, UsedCoupon
from server_stub.demo.member_rows import first_binding
from server_stub.demo.people import ZONE
from server_stub.trade import statements, tiers
from server_stub.trade.commission import guide_row, store_row
from server_stub.trade.coupons import CouponView
from server_stub.trade.drafts import Quote
from server_stub.trade.pricing import Item, price

FIGURES = ("order_count", "order_days", "spend_fen", "first_order_at", "last_order_at")


@dataclass(slots=True)
class Placed:
    """One order as it stands now, with all that follows from it."""

    life: Life
    order: Order
    head: Row
    lines: list[Row]
    refunds: list[Row]
    entries: list[Entry]
    winner: str | None
    coupon_effect: str = "keep"


@dataclass(slots=True)
class Ledger:
    """Places the planned orders of members, one after the other."""

    book: Book
    placed: list[Placed] = field(default_factory=list)
    figures: dict[str, Row] = field(default_factory=dict)
    bought: Counter[str] = field(default_factory=Counter)
    _rules: list[CommissionRule] = field(default_factory=list)
    _coupons: list[CouponRules] = field(default_factory=list)
    _policy: AttributionPolicy = field(default_factory=AttributionPolicy)
    _clock: segment.SegmentClock | None = None

    def __post_init__(self) -> None:
        self._rules = [CommissionRule.from_wire(row) for row in self.book.rules]
        self._coupons = [CouponRules.from_wire(row) for row in self.book.templates]
        self._policy = AttributionPolicy.from_wire(brand.ATTRIBUTION)
        self._clock = segment.SegmentClock(self.book.now, ZONE)

    def place_all(self, life: Life) -> None:
        """Place a member's orders and sum up their figures."""
        touches = [
            Touch(view.touch_id, self.book.guides[view.share.guide], view.at, view.share.channel, life.member.id)
            for view in life.views
            if view.share
        ]
        shares = {view.touch_id: view.share.id for view in life.views if view.share}
        policy = BindingPolicy()
        bound = first_binding(self.book, life, policy)
        mine = []
        for order in life.orders:
            placed = self._place(life, order, touches, bound)
            if placed.winner is not None:
                self.bought[shares[placed.winner]] += 1
            if order.at >= bound.from_at:
                bound = renew(bound, order.at, policy)
            mine.append(placed)
        self.placed.extend(mine)
        self.figures[life.member.id] = self._figures(life, mine)

    def _place(self, life: Life, order: Order, touches: Sequence[Touch], bound: Binding) -> Placed:
        shop = self.book.shop_of(life.member.guide)
        priced = self._price(life, order, shop)
        person = OrderPerson(life.member.id, None, order.at, guide_at([bound], order.at), shop)
        attribution = attribute(person, self._recent(touches, order.at), self._policy)
        sleep = is_sleep_income(brand.SHOPS[life.member.guide // 4].hours(), order.at, ZONE)
        winner = attribution.evidence.get("winner")
        channel = next((touch.channel for touch in touches if touch.id == winner), None)
        flags = [name for name, holds in (("moments", channel == "moments"), ("closed_hours", sleep)) if holds]
        at = to_text(order.at)
        head = {
            "id": order.id, "no": order.no, "customer_id": life.member.id, "store_id": shop, "channel": order.channel,
            "status": "paid", "created_at": at, "paid_at": at, "paid_fen": priced.payable_fen, "refunded_fen": 0,
            "discount_fen": priced.discount_fen, "coupon_id": order.coupon.id if order.coupon else None,
            "closing_guide_id": attribution.closing_guide_id, "bound_guide_id": attribution.bound_guide_id,
            "reason": attribution.reason, "evidence": attribution.evidence, "flags": flags, "historic": False,
            "idempotency_key": event_id(order),
        }  # fmt: skip
        lines = self._lines(order, priced)
        entries = self._accrue(head, lines, order, attribution, sleep)
        placed = Placed(life, order, head, lines, [], list(entries), winner)
        if order.refund:
            self._refund(placed, order.refund)
        return placed

    def _recent(self, touches: Sequence[Touch], at: datetime) -> list[Touch]:
        since = at - timedelta(days=max(self._policy.default_days, *self._policy.channel_days.values()))
        return [touch for touch in touches if since <= touch.at <= at]

    def _price(self, life: Life, order: Order, shop: str) -> Quote:
        items = []
        for place, line in enumerate(order.lines):
            product = self.book.products[line.product]
            priced = coupon_rules.Line(
                f"{place:04d}", product["id"], product["category"], line.qty,
                product["list_price_fen"] * line.qty, product["price_fen"] * line.qty,
            )  # fmt: skip
            items.append(Item(priced, product["name"], line.size, product["colour"], product["price_fen"]))
        view = self._view(life, order.coupon) if order.coupon else None
        return price(items, view, channel=order.channel, store_id=shop)

    def _view(self, life: Life, used: UsedCoupon) -> CouponView:
        return CouponView(
            id=used.id, template_id=self.book.templates[used.template]["id"],
            guide_id=self.book.guides[life.member.guide], store_id=None, code="", qr="", state="claimed",
            rules=self.book.templates[used.template], customer_id=life.member.id, valid_from=None, valid_until=None,
            opened_at=None, order_id=None,
        )  # fmt: skip

    def _lines(self, order: Order, priced: Quote) -> list[Row]:
        return [
            {
                "id": line.id, "order_id": order.id, "position": place, "product_id": sold.product_id,
                "name": sold.name, "qty": sold.qty, "price_fen": sold.price_fen, "discount_fen": sold.discount_fen,
                "paid_fen": sold.paid_fen, "size": sold.size, "colour": sold.colour, "refunded_fen": 0,
                "refunded_qty": 0, "list_fen": sold.list_fen, "category": sold.category,
            }
            for place, (line, sold) in enumerate(zip(order.lines, priced.lines, strict=True))
        ]  # fmt: skip

    def _accrue(
        self, head: Row, lines: Sequence[Row], order: Order, attribution: Attribution, sleep: bool
    ) -> tuple[Entry, ...]:
        sold = tuple(
            SoldLine(row["id"], row["product_id"], row["category"], row["qty"], row["paid_fen"], row["name"])
            for row in lines
        )
        # Whole seconds, as the order's row holds them: what `place` reads back.
        at = from_text(head["paid_at"])
        return commission_rules.accrue(
            SoldOrder(order.id, order.no, head["store_id"], at, at, sold, sleep=sleep),
            attribution, self._rules, event_id=event_id(order), after_sales_days=brand.AFTER_SALES_DAYS,
        )  # fmt: skip

    def _refund(self, placed: Placed, refund: Refund) -> None:
        """Give pieces back (rules 1.10, 4.6): always whole lines, once."""
        gross = {placed.lines[place]["id"]: placed.lines[place]["paid_fen"] for place, _ in refund.lines}
        effect = self._coupon_effect(placed, refund)
        total = sum(gross.values())
        lost = total - max(total - effect.deduct_fen, 0)
        placed.coupon_effect = effect.action
        for nth, (place, qty) in enumerate(refund.lines):
            line = placed.lines[place]
            line["refunded_qty"], line["refunded_fen"] = qty, line["paid_fen"]
            placed.refunds.append({
                "id": self.book.id("refund", f"{refund.event_id}/{place}"), "event_id": refund.event_id,
                "order_id": placed.order.id, "line_id": line["id"], "qty": qty, "paid_fen": line["paid_fen"],
                "lost_discount_fen": 0 if nth else lost, "at": to_text(refund.at), "reason": "",
            })  # fmt: skip
        whole = len(gross) == len(placed.lines)
        placed.head |= {"status": "refunded" if whole else "part_refunded", "refunded_fen": total - lost}
        parts = [LineRefund(line_id, 0, fen) for line_id, fen in gross.items()]
        at = from_text(to_text(refund.at))
        placed.entries += commission_rules.refund(placed.entries, parts, event_id=refund.event_id, at=at)

    def _coupon_effect(self, placed: Placed, refund: Refund) -> RefundEffect:
        used = placed.order.coupon
        if used is None:
            return RefundEffect("keep", 0)
        rules = self._coupons[used.template]
        back = {placed.lines[place]["id"]: qty for place, qty in refund.lines}
        sold = [
            coupon_rules.SoldLine(
                row["id"], row["qty"], row["price_fen"] * row["qty"], row["discount_fen"], row["paid_fen"],
                back.get(row["id"], 0),
            )
            for row in placed.lines
        ]  # fmt: skip
        ends = coupon_rules.validity_at_issue(rules, used.issued_at, ZONE)[1]
        return coupon_rules.refund_effect(rules, sold, valid_until=ends, now=refund.at)

    def _figures(self, life: Life, mine: Sequence[Placed]) -> Row:
        purchases = [
            segment.Purchase(
                one.head["paid_at"], one.head["paid_fen"], one.head["refunded_fen"], one.head["status"],
                one.head["channel"],
            )
            for one in mine
        ]  # fmt: skip
        if self._clock is None:
            raise RuntimeError("a ledger is made with its clock")
        figures = segment.figures_of(purchases, self._clock, joined_at=to_text(life.member.joined_at))
        return {name: getattr(figures, name) for name in FIGURES}


def event_id(order: Order) -> str:
    """Return the name of the event that placed a planned order."""
    return f"demo-order/{order.id}"


# --- commission over time ------------------------------------------------------------------


def entry_rows(placed: Sequence[Placed], now: datetime) -> list[Row]:
    """Return the guides' rows as they stand at `now`: pending, or confirmed when after-sales had closed."""
    return [_entry_row(entry, now) for one in placed for entry in one.entries if entry.guide_id is not None]


def store_rows(placed: Sequence[Placed]) -> list[Row]:
    """Return the rows of the stores' own parts."""
    return [store_row(entry) for one in placed for entry in one.entries if entry.guide_id is None]


def _entry_row(entry: Entry, now: datetime) -> Row:
    row = guide_row(entry) | {"state": commission_rules.state_at(entry, now), "statement_id": None}
    return row | {"confirmed_at": row["confirm_at"] if row["state"] == "confirmed" else None}


def tier_rows(book: Book, entries: Sequence[Row]) -> list[Row]:
    """Return what the tiers of every guide's months came to so far (rule 4.4)."""
    rules = {row["id"]: CommissionRule.from_wire(row) for row in book.rules if row["tiers"]}
    moved = [row for row in entries if row["state"] == "confirmed" and row["rule_id"] in rules]
    ordered = sorted(moved, key=lambda row: (row["confirm_at"], row["event_id"], row["id"]))
    zones = dict.fromkeys(book.guides, ZONE)
    return [guide_row(entry) | {"statement_id": None} for entry in tiers.replay(ordered, rules, zones, {})]


def settle(book: Book, entries: Sequence[Row]) -> list[Row]:
    """Close every month before this one, guide by guide (rule 4.8): mark the entries, return the statements."""
    by_guide: dict[str, list[Row]] = defaultdict(list)
    for row in entries:
        if row["state"] == "confirmed":
            by_guide[row["guide_id"]].append(row)
    made: list[Row] = []
    for guide, rows in sorted(by_guide.items()):
        index = {row["id"]: row for row in rows}
        for one in statements.months_closed(guide, rows, None, ZONE, tiers.month_of(book.now, ZONE)):
            made.append(statements.statement_row(one, ZONE))
            for line in one.lines:
                index[line.entry_id] |= {"state": "settled", "statement_id": made[-1]["id"]}
    return made


def order_rows(placed: Sequence[Placed]) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows of orders, their lines and their refunds."""
    heads: list[dict[str, Any]] = [one.head for one in placed]
    return heads, [row for one in placed for row in one.lines], [row for one in placed for row in one.refunds]
