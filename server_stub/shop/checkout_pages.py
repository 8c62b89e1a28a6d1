"""From a chosen size to a paid order: the coupons that fit, the sums, and the thank-you."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from fastapi.responses import Response
from sqlalchemy import Connection

from app.domain.errors import Rejected
from app.domain.instants import from_text
from server_stub.db import Tx
from server_stub.people import views
from server_stub.shop import queries
from server_stub.shop.coupon_words import PAYABLE, words
from server_stub.shop.edge import Pages
from server_stub.shop.member_pages import order_label
from server_stub.shop.product_pages import ANY_STOCK, guide_of
from server_stub.shop.visit import ZONE, PageRefused, Visit
from server_stub.trade import coupons, orders, shares
from server_stub.trade.coupons import CouponView
from server_stub.trade.drafts import DraftLine, OrderDraft, Quote

MOST_PIECES = 5
CHANNEL = "private"
page = Pages()


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """One of the member's coupons at the check-out."""

    id: str
    title: str
    hint: str
    saves: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Basket:
    """What is about to be bought; `left` are the pieces of that size."""

    product: queries.ProductRow
    guide: queries.Guide | None
    size: str
    qty: int
    left: int

    @property
    def lines(self) -> tuple[DraftLine, ...]:
        """Return the order's lines."""
        return (DraftLine(self.product.id, self.qty, self.size),)

    @property
    def store_id(self) -> str | None:
        """Return the shop the order counts for: the guide's."""
        return self.guide.store_id if self.guide else None


@page("/checkout")
def checkout(visit: Visit) -> Response:
    """Show what it costs; who is not signed in does that first."""
    if visit.member_id is None:
        return visit.go(visit.signin_url)
    with visit.db.read() as conn:
        basket = _basket(visit, conn)
    if basket is None:
        return visit.message("no_product", 404)
    if not basket.left:
        return _choose_size(visit, basket)
    if visit.is_person and visit.may_record:
        _begun(visit, basket, visit.member_id)
    return _show(visit, basket, visit.member_id)


def _begun(visit: Visit, basket: Basket, member_id: str) -> None:
    """Keep, under consent to `browse`, that this member came so far: their guide may help if they leave."""
    with visit.db.begin() as tx:
        if queries.is_staff_member(tx.conn, member_id):
            return
        share = shares.resolve(tx, visit.via) if visit.via else None
        views.record_checkout(
            tx,
            product_id=basket.product.id,
            session_id=visit.view_session(),
            customer_id=member_id,
            share_id=share.share_id if share else None,
            channel=share.channel if share else "",
        )


@page("/checkout", methods=("POST",))
def place(visit: Visit) -> Response:
    """Place the order as it was shown; the same form twice is one order."""
    visit.check_form()
    if visit.member_id is None:
        return visit.go("/signin?next=/shop")
    basket: Basket | None
    try:
        with visit.db.begin() as tx:
            basket, known = _place(tx, visit, visit.member_id)
    except Rejected as exc:
        if exc.code != "coupon_used":
            raise
        visit.problem = visit.texts("checkout.coupon_used")  # another check-out took it while this one was judged
        with visit.db.read() as conn:
            basket, known = _basket(visit, conn), None
    if known is not None:
        return visit.go(visit.link(f"/order/{known}"))
    if basket is None:
        raise PageRefused("bad_arguments")
    return _show(visit, basket, visit.member_id) if basket.left else _choose_size(visit, basket)


def _place(tx: Tx, visit: Visit, member_id: str) -> tuple[Basket, str | None]:
    """Return the basket as it is now and the order, or no order and why in `visit.problem`."""
    key = visit.asked("key")
    basket = _basket(visit, tx.conn)  # read in the order's transaction: the last piece is sold once
    if basket is None or not re.fullmatch(r"[0-9a-f]{32}", key):
        raise PageRefused("bad_arguments")
    event_id = f"page:{member_id}:{key}"
    known = queries.order_of_event(tx.conn, event_id)
    if known is None and (changed := _changed(tx, visit, basket, member_id)):
        visit.problem = changed
        return basket, None
    return basket, known or orders.place(tx, _draft(visit, basket, member_id, event_id))


@page("/order/{order_id}")
def order(visit: Visit) -> Response:
    """Thank the member, and say what was saved and who is credited."""
    if visit.member_id is None:
        return visit.go(visit.signin_url)
    with visit.reading() as tx:
        found = queries.order(tx.conn, visit.member_id, visit.part("order_id"))
        if found is None:
            return visit.message("no_order", 404, to="/me")
        rows = queries.lines(tx.conn, [found.id]).get(found.id, [])
        guide = queries.guide(tx.conn, found.closing_guide_id or found.bound_guide_id)
        coupon = coupons.get(tx, found.coupon_id) if found.coupon_id else None
    sums = Quote((), found.paid_fen + found.discount_fen, found.discount_fen, found.paid_fen)
    return visit.page(
        "order.html",
        order=found,
        lines=[_line(visit, row) for row in rows],
        label=order_label(visit, rows),
        day=visit.texts.day(from_text(found.paid_at), ZONE),
        guide=guide,
        quote=sums,
        coupon_title=_titles(visit, [coupon])[coupon.id] if coupon else "",
    )


def quote_of(tx: Tx, basket: Basket, member_id: str, coupon_id: str | None) -> Quote:
    """Return what the basket costs in the guide's shop with this coupon."""
    return orders.quote(tx, member_id, basket.lines, coupon_id, channel=CHANNEL, store_id=basket.store_id)


def _basket(visit: Visit, conn: Connection) -> Basket | None:
    no, size, qty = visit.asked("product"), visit.asked("size"), visit.asked("qty", "1")
    found = queries.product(conn, int(no)) if re.fullmatch(r"[0-9]{1,8}", no) else None
    if found is None:
        return None
    guide = guide_of(conn, visit)
    stock = queries.stock(conn, guide.store_id, found.id) if guide else None
    left = 0
    if size in found.sizes:
        left = ANY_STOCK if stock is None else stock.get(size, 0)
    wanted = int(qty) if re.fullmatch(r"[1-9]", qty) else 1
    return Basket(found, guide, size, max(1, min(wanted, MOST_PIECES, left)), left)


def _changed(tx: Tx, visit: Visit, basket: Basket, member_id: str) -> str:
    """Return the sentence why what was shown no longer holds, or nothing."""
    if not basket.left:
        return visit.texts("checkout.size_needed")
    if visit.asked("qty") != str(basket.qty):
        return visit.texts("checkout.few_left", n=basket.left)
    quote = quote_of(tx, basket, member_id, _asked_coupon(visit))
    if quote.problem == "coupon_used":
        return visit.texts("checkout.coupon_used")
    if quote.problem is not None or str(quote.payable_fen) != visit.asked("expect"):
        return visit.texts("checkout.changed")
    return ""


def _draft(visit: Visit, basket: Basket, member_id: str, event_id: str) -> OrderDraft:
    return OrderDraft(
        event_id=event_id,
        customer_id=member_id,
        channel=CHANNEL,
        lines=basket.lines,
        store_id=basket.store_id,
        coupon_id=_asked_coupon(visit),
        visitor_id=visit.visitor_id,
    )


def _asked_coupon(visit: Visit) -> str | None:
    asked = visit.asked("coupon", "none")
    return None if asked == "none" else asked


def _show(visit: Visit, basket: Basket, member_id: str) -> Response:
    choices = _choices(visit, basket, member_id)
    usable = [one.id for one in choices if one.problem is None]
    asked = visit.asked("coupon")
    chosen = asked if asked in usable else None if asked == "none" or not usable else usable[0]
    with visit.reading() as tx:
        quote = quote_of(tx, basket, member_id, chosen)
    size_label = visit.texts("product.one_size") if basket.size == "均码" else basket.size
    return visit.page(
        "checkout.html",
        409 if visit.problem else 200,
        product=basket.product,
        guide=basket.guide,
        size=basket.size,
        size_label=size_label,
        qty=basket.qty,
        quantities=range(1, min(MOST_PIECES, basket.left) + 1),
        coupons=choices,
        chosen=chosen,
        quote=quote,
        key=secrets.token_hex(16),
    )


def _choices(visit: Visit, basket: Basket, member_id: str) -> list[CouponChoice]:
    """Return the member's coupons, the one that saves most first; those out of reach say what is missing."""
    t = visit.texts
    with visit.reading() as tx:
        mine = [one for one in coupons.of_customer(tx, member_id) if one.state in PAYABLE]
        quotes = {one.id: quote_of(tx, basket, member_id, one.id) for one in mine}
    titles = _titles(visit, mine)
    rows = []
    for one in mine:
        quote = quotes[one.id]
        if quote.problem not in (None, "coupon_below_threshold"):
            continue
        until = words(t, one, "", ZONE).valid
        hint = until if quote.problem is None else t("checkout.missing", amount=t.money(quote.missing_fen))
        rows.append(CouponChoice(one.id, titles[one.id], hint, quote.discount_fen, quote.problem))
    return sorted(rows, key=lambda row: (row.problem is not None, -row.saves))


def _titles(visit: Visit, rows: list[CouponView]) -> dict[str, str]:
    with visit.db.read() as conn:
        names = queries.template_names(conn, [row.template_id for row in rows])
    return {row.id: words(visit.texts, row, visit.texts.pick(*names[row.template_id]), ZONE).title for row in rows}


def _line(visit: Visit, row: queries.LineRow) -> dict[str, object]:
    t = visit.texts
    size = t("product.one_size") if row.size == "均码" else row.size
    parts = [part for part in (t.pick(row.colour, row.colour_en), size) if part]
    return {
        "label": t.pick(row.name, row.name_en),
        "detail": "\u200a·\u200a".join([*parts, f"×{row.qty}"]),
        "paid_fen": row.paid_fen,
        "picture": row.picture,
    }


def _choose_size(visit: Visit, basket: Basket) -> Response:
    return visit.message("refused", 409, sentence=visit.texts("checkout.size_needed"), to=f"/p/{basket.product.no}")
