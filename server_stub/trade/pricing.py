"""What lines cost with a coupon (rules 1.6 to 1.8, 1.12): prices from the catalogue, decisions by the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.domain import coupon as rules_of
from app.domain import money
from app.domain.coupon import CouponRules, Line
from app.domain.errors import Rejected
from server_stub.db import Tx
from server_stub.tables import customer, product
from server_stub.trade import coupons
from server_stub.trade.coupons import CouponView
from server_stub.trade.drafts import DraftLine, Quote, QuoteLine
from server_stub.trade.rows import Record, every, load

QTY_MAX = 10_000
USABLE = ("issued", "claimed", "returned")


@dataclass(frozen=True, slots=True)
class Item:
    """A draft line with its product's row; `line` is what the domain prices."""

    line: Line
    name: str
    size: str
    colour: str
    price_fen: int


def quote(
    tx: Tx,
    customer_id: str,
    lines: Sequence[DraftLine],
    coupon_id: str | None = None,
    *,
    channel: str = "private",
    store_id: str | None = None,
) -> Quote:
    """Return what these lines cost now with this coupon, discounts allocated by line.

    A coupon that does not apply is no error here: the quote says why and is without it.

    Raises:
        Rejected: `bad_arguments`, `not_found` for lines that cannot be bought.
    """
    items = items_of(tx, lines)
    if coupon_id is None:
        return price(items, None, channel=channel, store_id=store_id)
    store = store_id or load(tx, customer, customer_id)["store_id"]
    try:
        view = usable(tx, coupon_id, customer_id)
        return price(items, view, channel=channel, store_id=store)
    except Rejected as no:
        plain = price(items, None, channel=channel, store_id=store)
        return Quote(
            lines=plain.lines,
            total_fen=plain.total_fen,
            discount_fen=0,
            payable_fen=plain.payable_fen,
            problem=no.code,
            params=no.params,
            missing_fen=int(no.params.get("missing_fen", 0)),
        )


def items_of(tx: Tx, lines: Sequence[DraftLine]) -> list[Item]:
    """Return the lines with names and prices.

    Raises:
        Rejected: `bad_arguments` (no lines, count), `amount_invalid`, `not_found` (product).
    """
    wanted = {line.product_id for line in lines if line.product_id}
    known = {row["id"]: row for row in every(tx, select(product).where(product.c.id.in_(wanted)))} if wanted else {}
    return items_from(lines, known)


def items_from(lines: Sequence[DraftLine], known: dict[str, Record]) -> list[Item]:
    """As `items_of`, with the products (id to row) at hand."""
    if not lines:
        raise Rejected("bad_arguments", "an order needs a line", params={"field": "lines"})
    return [_item(index, line, known) for index, line in enumerate(lines)]


def usable(tx: Tx, coupon_id: str, customer_id: str) -> CouponView:
    """Return the coupon if this customer may use it now.

    Raises:
        Rejected: `not_found`, `coupon_used`, `coupon_expired`, `coupon_not_available`.
    """
    view = coupons.get(tx, coupon_id)
    if view.customer_id != customer_id:
        raise Rejected("coupon_not_available", "another customer's coupon")
    if view.state not in USABLE:
        code = {"redeemed": "coupon_used", "expired": "coupon_expired"}.get(view.state, "coupon_not_available")
        raise Rejected(code, f"coupon is {view.state}")
    if view.valid_from is not None and tx.now < view.valid_from:
        raise Rejected("coupon_not_available", "the coupon is not valid yet")
    return view


def price(items: Sequence[Item], view: CouponView | None, *, channel: str, store_id: str | None) -> Quote:
    """Return the priced lines.

    Raises:
        Rejected: `coupon_out_of_scope`, `coupon_below_threshold`.
    """
    priced = rules_of.price_order(
        [item.line for item in items],
        [CouponRules.from_wire(view.rules)] if view is not None else [],
        store_id=store_id,
        channel="store" if channel == "store" else "online",
    )
    lines = tuple(
        QuoteLine(
            product_id=item.line.product_id,
            name=item.name,
            qty=item.line.qty,
            size=item.size,
            price_fen=item.price_fen,
            list_fen=item.line.list_fen,
            discount_fen=priced.line_discount_fen[item.line.id],
            paid_fen=priced.line_fen[item.line.id],
            colour=item.colour,
            category=item.line.category,
        )
        for item in items
    )
    return Quote(
        lines=lines,
        total_fen=sum(item.line.sale_fen for item in items),
        discount_fen=priced.coupon_fen,
        payable_fen=priced.payable_fen,
        coupon_id=view.id if view is not None else None,
    )


def as_paid(items: Sequence[Item], sold: Sequence[DraftLine]) -> Quote:
    """Return the lines at what another system took for them.

    Raises:
        Rejected: `amount_invalid`: they do not add up.
    """
    lines = []
    for item, line in zip(items, sold, strict=True):
        off, paid = money.amount(line.discount_fen), money.amount(line.paid_fen)
        if item.line.sale_fen - off != paid:
            raise Rejected("amount_invalid", "price, discount and paid amount do not agree")
        lines.append(QuoteLine(
            item.line.product_id, item.name, item.line.qty, item.size, item.price_fen, item.line.list_fen, off, paid,
            item.colour, item.line.category,
        ))  # fmt: skip
    return Quote(
        lines=tuple(lines),
        total_fen=sum(item.line.sale_fen for item in items),
        discount_fen=sum(line.discount_fen for line in lines),
        payable_fen=money.amount(sum(line.paid_fen for line in lines)),
    )


def _item(index: int, line: DraftLine, known: dict[str, Record]) -> Item:
    if not 1 <= line.qty <= QTY_MAX:
        raise Rejected("bad_arguments", "count out of range", params={"field": "qty"})
    row = known.get(line.product_id) if line.product_id else None
    if line.product_id and row is None:
        raise Rejected("not_found", "no such product", params={"object": "product"})
    if row is None and (line.price_fen is None or line.name is None):
        raise Rejected("bad_arguments", "a line without a product needs name and price", params={"field": "price_fen"})
    price_fen = money.amount(line.price_fen if line.price_fen is not None else row["price_fen"] if row else None)
    list_fen = row["list_price_fen"] if row else price_fen
    return Item(
        line=Line(
            id=f"{index:04d}",
            product_id=line.product_id,
            category=row["category"] if row else "",
            qty=line.qty,
            list_fen=list_fen * line.qty,
            sale_fen=price_fen * line.qty,
        ),
        name=line.name or (row["name"] if row else ""),
        size=line.size,
        colour=row["colour"] if row else "",
        price_fen=price_fen,
    )
