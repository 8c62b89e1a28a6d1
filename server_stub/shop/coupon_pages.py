"""A coupon's page: what it promises, claiming it, and its two forms once it is claimed."""

from __future__ import annotations

from fastapi.responses import Response

from server_stub.shop import queries
from server_stub.shop.coupon_words import OPEN, USABLE, action, sentence, used_words, words
from server_stub.shop.edge import Pages
from server_stub.shop.qr import draw
from server_stub.shop.visit import ZONE, Visit
from server_stub.trade import coupons, redemptions
from server_stub.trade.coupons import CouponView

FITTING = 4
page = Pages()


@page("/c/{code}", "/C/{code}")
def coupon(visit: Visit) -> Response:
    """Show a coupon; a person who looks at it has opened it."""
    with visit.reading() as tx:
        found = coupons.find(tx, visit.part("code"))
    if found is None:
        return visit.message("no_coupon", 404)
    if visit.is_person and found.opened_at is None and found.state in OPEN:
        with visit.db.begin() as tx:
            found = coupons.mark_opened(tx, found.code)
    return _show(visit, found)


@page("/c/{code}/claim", "/C/{code}/claim", methods=("POST",))
def claim(visit: Visit) -> Response:
    """Put the coupon into the member's account; claiming twice is the same claim."""
    visit.check_form()
    code = visit.part("code")
    if visit.member_id is None:
        return visit.go(f"/signin?next=/c/{code}")
    with visit.db.begin() as tx:
        found = coupons.claim(tx, code, visit.member_id, f"page-claim:{code}:{visit.member_id}")
    return visit.go(visit.link(f"/c/{found.code}"))


def _show(visit: Visit, found: CouponView) -> Response:
    t = visit.texts
    mine = visit.member_id is not None and found.customer_id == visit.member_id
    with visit.reading() as tx:
        guide = queries.guide(tx.conn, found.guide_id)
        name = t.pick(*queries.template_names(tx.conn, [found.template_id])[found.template_id])
        about = queries.product_by_id(tx.conn, queries.coupon_product_id(tx.conn, found.id)) if mine else None
        fitting = queries.products(
            tx.conn, FITTING, found.rules.get("scope") or {"kind": "all"}, found.rules.get("threshold_fen") or 0
        )
        used = redemptions.last_use(tx, found.id) if mine and found.state == "redeemed" else None
    shown = words(t, found, name, ZONE)
    return visit.page(
        "coupon.html",
        coupon=shown,
        guide=guide,
        alive=shown.alive,
        used=used_words(t, used, ZONE) if used else None,
        sentence=sentence(t, found, visit.member_id),
        action=action(found, visit.member_id),
        qr=draw(found.qr) if mine and found.state in USABLE and found.qr else None,
        shop_url=visit.link(f"/p/{about.no}" if about else "/shop"),
        products=fitting if shown.alive else [],
    )
