"""What a customer looks at: a product opened from a share or from within, the guide's card, all products."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from fastapi.responses import Response
from sqlalchemy import Connection

from app.domain.errors import Rejected
from server_stub.db import Tx
from server_stub.people import customers
from server_stub.shop import queries
from server_stub.shop.coupon_words import PAYABLE, CouponWords, words
from server_stub.shop.edge import Pages
from server_stub.shop.texts import Texts
from server_stub.shop.visit import ZONE, Visit
from server_stub.trade import coupons, orders, rewards, shares
from server_stub.trade.drafts import DraftLine, Person, ShareRef

VIEW_LIFE = timedelta(hours=12)
SHOWN = 24
PICKS = 6
ANY_STOCK = 99
"""Pieces assumed where no shop keeps count, as for a visitor without a guide."""
page = Pages()


@dataclass(frozen=True, slots=True)
class SizeChoice:
    """One size as a button: pieces left in the guide's store."""

    name: str
    label: str
    left: int
    chosen: bool


@page("/s/{code}", "/S/{code}")
def opened_share(visit: Visit) -> Response:
    """Show what a guide shared; a forged or altered code credits nobody."""
    with visit.db.begin() as tx:
        share = shares.resolve(tx, visit.part("code"))
        by_staff = queries.is_staff_member(tx.conn, visit.member_id)  # theirs never count (rule 3.3)
        if share is not None and visit.is_person and not by_staff:
            shares.count(tx, share.share_id, "opened")
            _remember(tx, visit, share)
        found = queries.product_by_id(tx.conn, share.item_id) if share and share.kind == "product" else None
        guide = queries.guide(tx.conn, share.guide_id) if share else None
    if share is None or guide is None:
        return visit.message("bad_share", 404)
    visit.via = share.code
    if found is not None:
        return _product(visit, found, guide)
    return visit.message("no_product", 404) if share.kind == "product" else _card(visit, guide)


@page("/p/{no}", "/P/{no}")
def product(visit: Visit) -> Response:
    """Show a product reached from within, still with the guide whose share it was."""
    with visit.db.read() as conn:
        no = visit.part("no")
        found = queries.product(conn, int(no)) if re.fullmatch(r"[0-9]{1,8}", no) else None
        guide = guide_of(conn, visit)
    return visit.message("no_product", 404) if found is None else _product(visit, found, guide)


@page("/")
def front(visit: Visit) -> Response:
    """Send who comes without a link to the products."""
    return visit.go("/shop")


@page("/shop")
def all_products(visit: Visit) -> Response:
    """Show what is on sale."""
    with visit.db.read() as conn:
        found, guide = queries.products(conn, SHOWN), guide_of(conn, visit)
    return visit.page("shop.html", products=found, guide=guide)


@page("/g/{code}", "/G/{code}")
def card(visit: Visit) -> Response:
    """Show a guide's card."""
    with visit.db.read() as conn:
        guide = queries.guide_by_card(conn, visit.part("code"))
    return visit.message("no_guide", 404) if guide is None else _card(visit, guide)


@page("/g/{code}", "/G/{code}", methods=("POST",))
def add_guide(visit: Visit) -> Response:
    """Bind the member to the guide and note each consent on its own."""
    visit.check_form()
    with visit.db.begin() as tx:
        guide = queries.guide_by_card(tx.conn, visit.part("code"))
        if guide is None or visit.member_id is None:
            raise Rejected("not_found")
        known = customers.consents_of(tx.conn, "customer", visit.member_id)
        new = (
            not queries.orders_of(tx.conn, visit.member_id, 1)
            and customers.open_binding(tx.conn, visit.member_id) is None
        )
        bound = customers.bind(tx, visit.member_id, guide.id, source="card", new_member=new)
        if new and bound == "bound":
            rewards.earn(tx, visit.member_id, guide.id, visitor_id=visit.visitor_id)
        if name := visit.asked("name").strip()[:40]:
            customers.rename(tx, visit.member_id, name)
        for purpose in ("browse", "marketing"):
            granted = visit.asked(purpose) == "yes"
            if granted != known.get(purpose, False):
                customers.record_consent(tx, "customer", visit.member_id, purpose, granted, source="card")
    return visit.go(visit.link(f"/g/{guide.card_code}"))


def guide_of(conn: Connection, visit: Visit) -> queries.Guide | None:
    """Return who looks after this visit: the guide of the share it came through, else the member's own."""
    share = queries.share_guide_id(conn, visit.via) if visit.via else None
    if share is not None:
        return queries.guide(conn, share[1])
    visit.via = ""
    member = customers.member(conn, visit.member_id) if visit.member_id else None
    return queries.guide(conn, member.guide_id) if member else None


def hours_of_day(hours: dict[str, list[list[str]]], weekday: int) -> str:
    """Return `10:00–22:00` of a weekday (Monday 0), empty when closed."""
    return " ".join("–".join(pair) for pair in hours.get(str(weekday), []))


def _remember(tx: Tx, visit: Visit, share: ShareRef) -> None:
    person = Person(visit.member_id, visit.visitor_id)
    if person.customer_id or person.visitor_id:
        shares.touch(tx, person, share, visit.now)


def _product(visit: Visit, found: queries.ProductRow, guide: queries.Guide | None) -> Response:
    t = visit.texts
    with visit.reading() as tx:
        store = queries.store(tx.conn, guide.store_id) if guide else None
        left = queries.stock(tx.conn, store.id, found.id) if store else None
        colours = queries.colours(tx.conn, found.style_no)
        fitting = fitting_coupons(visit, found)
    sizes = _sizes(t, found, left, visit.asked("size"))
    return visit.page(
        "product.html",
        product=found,
        guide=guide,
        colours=colours,
        sizes=sizes,
        coupons=fitting[:2],
        in_stock=any(size.left for size in sizes),
        store_name=t.pick(store.name, store.name_en) if store else "",
        hours_today=hours_of_day(store.hours, visit.now.astimezone(ZoneInfo(store.zone)).weekday()) if store else "",
        view_token=_view_token(visit, found),
    )


def fitting_coupons(visit: Visit, found: queries.ProductRow) -> list[CouponWords]:
    """Return the member's coupons that apply to one piece of this product."""
    if visit.member_id is None:
        return []
    line = (DraftLine(found.id),)
    with visit.reading() as tx:
        mine = [one for one in coupons.of_customer(tx, visit.member_id) if one.state in PAYABLE]
        fits = [one for one in mine if orders.quote(tx, visit.member_id, line, one.id).problem is None]
        names = queries.template_names(tx.conn, [one.template_id for one in fits])
    return [words(visit.texts, one, visit.texts.pick(*names[one.template_id]), ZONE) for one in fits]


def _sizes(t: Texts, found: queries.ProductRow, left: dict[str, int] | None, asked: str) -> list[SizeChoice]:
    single = len(found.sizes) == 1
    rows = []
    for size in found.sizes:
        label = t("product.one_size") if size in ("均码", "ONE", "OS", "F") else size
        pieces = ANY_STOCK if left is None else left.get(size, 0)
        rows.append(SizeChoice(size, label, pieces, bool(pieces) and (single or size == asked)))
    return rows


def _view_token(visit: Visit, found: queries.ProductRow) -> str:
    if not visit.may_record:
        return ""
    body = {"p": found.id, "s": visit.view_session(), "c": visit.via}
    return visit.signer.sign("view", body, visit.now, VIEW_LIFE)


def _card(visit: Visit, guide: queries.Guide) -> Response:
    t = visit.texts
    with visit.db.read() as conn:
        store = queries.store(conn, guide.store_id)
        member = customers.member(conn, visit.member_id) if visit.member_id else None
        consents = customers.consents_of(conn, "customer", visit.member_id) if visit.member_id else {}
        picks = queries.products(conn, PICKS)
        contact = queries.contact_rule(conn)
    hours = store.hours if store else {}
    names = get_day_names("wide", locale=t.language)
    today = visit.now.astimezone(ZoneInfo(store.zone if store else ZONE)).weekday()
    return visit.page(
        "guide.html",
        guide=guide,
        store=store,
        mine=member is not None and member.guide_id == guide.id,
        nameless=member is not None and not member.name,
        consents={purpose: consents.get(purpose, False) for purpose in ("browse", "marketing")},
        contact=contact,
        products=picks,
        week=[(names[day], hours_of_day(hours, day)) for day in range(7)],
        hours_today=hours_of_day(hours, today),
    )
