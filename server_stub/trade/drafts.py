"""What callers hand to trade and get back: plain frozen rows, money in fen, instants in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Who acted on a page: the member if signed in, else the browser's share session."""

    customer_id: str | None = None
    visitor_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShareRef:
    """A verified share link. `item_id` is the product's or entry's id, for a card the guide's id."""

    share_id: str
    code: str
    guide_id: str
    store_id: str | None
    guide_active: bool
    kind: str
    item_id: str
    channel: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One thing to buy. `price_fen` is the price of a piece; None = the product's price today.

    `paid_fen` is what another system took for all pieces, `discount_fen` what it took off; then `line_no`
    is the line's number there.
    """

    product_id: str | None
    qty: int = 1
    size: str = ""
    price_fen: int | None = None
    name: str | None = None
    line_id: str | None = None
    line_no: int | None = None
    discount_fen: int = 0
    paid_fen: int | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order that is paid at once.

    `event_id` names the event for ever: placing it twice is one order. `created_at` None = now,
    `paid_at` None = at its creation. `visitor_id` is the browser it was placed in, used when the member
    has no touch of their own. An order without a store is that of the nearest one, else of `city`.
    A historic order (imports) earns nothing and moves no stock. Lines with `paid_fen` were paid elsewhere:
    they cost what they cost, and no coupon is taken off again.
    """

    event_id: str
    customer_id: str
    channel: str
    lines: tuple[DraftLine, ...]
    store_id: str | None = None
    coupon_id: str | None = None
    visitor_id: str | None = None
    created_at: datetime | None = None
    paid_at: datetime | None = None
    city: str = ""
    no: str | None = None
    order_id: str | None = None
    historic: bool = False


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a quote; the sums are for all pieces."""

    product_id: str | None
    name: str
    qty: int
    size: str
    price_fen: int
    list_fen: int
    discount_fen: int
    paid_fen: int
    colour: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost. `missing_fen` is what is still needed for the threshold (rule 1.12).

    `problem` is the code of codes.py why the coupon does not apply, with its `params`; then the
    sums are without the coupon.
    """

    lines: tuple[QuoteLine, ...]
    total_fen: int
    discount_fen: int
    payable_fen: int
    coupon_id: str | None = None
    problem: str | None = None
    params: dict[str, str | int] = field(default_factory=dict)
    missing_fen: int = 0


@dataclass(frozen=True, slots=True)
class RefundLine:
    """How many pieces of a line go back; `paid_fen` is what another system gave back for them."""

    line_id: str
    qty: int
    paid_fen: int | None = None


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What a refund would pay back, to be shown before it is confirmed (rule 1.10)."""

    refund_fen: int
    lost_discount_fen: int
    coupon_returned: bool
    lines: dict[str, int]
