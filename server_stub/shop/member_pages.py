"""The member's own page: coupons, orders, and each consent with one tap to take it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from sqlalchemy import Connection

from app.domain.errors import Rejected
from app.domain.instants import from_text
from server_stub.people import customers, handover
from server_stub.shop import queries
from server_stub.shop.coupon_words import CouponWords, words
from server_stub.shop.edge import Pages
from server_stub.shop.visit import VISITOR_LIFE, ZONE, Visit
from server_stub.trade import coupons

SHOWN = 20
ALWAYS = ("browse", "personal", "marketing")
UNTIL_NO = frozenset({"personal"})  # holds until the member says no; the others need a yes
page = Pages()


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One purpose in words and how it stands."""

    purpose: str
    name: str
    why: str
    granted: bool


@dataclass(frozen=True, slots=True)
class OrderWords:
    """One order in a list."""

    id: str
    label: str
    day: str
    status_name: str
    paid_fen: int
    refunded_fen: int


@page("/me")
def me(visit: Visit) -> Response:
    """Show the member's page; others sign in first."""
    if visit.member_id is None:
        return visit.go("/signin?next=/me")
    if visit.request.query_params.get("changed"):
        visit.notice = visit.texts("consent.changed")
    if visit.request.query_params.get("left"):
        visit.notice = visit.texts("me.guide_left")
    with visit.db.read() as conn:
        member = customers.member(conn, visit.member_id)
        if member is None:
            raise Rejected("not_found")
        values: dict[str, Any] = {
            "member": member,
            "guide": queries.guide(conn, member.guide_id),
            "orders": _orders(conn, visit, visit.member_id),
            "consents": _consents(conn, visit, visit.member_id),
        }
    return visit.page("me.html", coupons=_coupons(visit, visit.member_id), **values)


@page("/me/consent", methods=("POST",))
def change_consent(visit: Visit) -> Response:
    """Give or withdraw one consent, with effect at once."""
    visit.check_form()
    if visit.member_id is None:
        return visit.go("/signin?next=/me")
    purpose, granted = visit.asked("purpose"), visit.asked("answer") == "yes"
    with visit.db.begin() as tx:
        customers.record_consent(tx, "customer", visit.member_id, purpose, granted, source="me")
        if purpose == "browse" and not granted and visit.visitor_id:
            customers.record_consent(tx, "visitor", visit.visitor_id, purpose, False, source="me")
    if purpose == "browse" and granted:
        visit.forget("dg_declined")
    elif purpose == "browse":
        visit.keep("dg_declined", "1", VISITOR_LIFE)
        visit.forget("dg_visitor")
        visit.forget("dg_visit")
    return visit.go("/me?changed=1")


@page("/me/guide", methods=("POST",))
def leave_guide(visit: Visit) -> Response:
    """Take the member from their guide, to the store or to nobody's care, because they say so (rule 2.5)."""
    visit.check_form()
    if visit.member_id is None:
        return visit.go("/signin?next=/me")
    with visit.db.begin() as tx:
        handover.refuse(tx, visit.member_id, no_guide=visit.asked("answer") == "none")
    return visit.go("/me?left=1")


def order_label(visit: Visit, lines: list[queries.LineRow]) -> str:
    """Return the first product's name, and how many pieces in all if there are more."""
    if not lines:
        return visit.texts("order.title")
    first, pieces = visit.texts.pick(lines[0].name, lines[0].name_en), sum(line.qty for line in lines)
    return first if len(lines) == 1 else visit.texts("order.and_more", name=first, n=pieces)


def _coupons(visit: Visit, member_id: str) -> list[CouponWords]:
    with visit.reading() as tx:
        mine = coupons.of_customer(tx, member_id)[:SHOWN]
        names = queries.template_names(tx.conn, [one.template_id for one in mine])
    return [words(visit.texts, one, visit.texts.pick(*names[one.template_id]), ZONE) for one in mine]


def _orders(conn: Connection, visit: Visit, member_id: str) -> list[OrderWords]:
    rows = queries.orders_of(conn, member_id, SHOWN)
    lines = queries.lines(conn, [row.id for row in rows])
    return [
        OrderWords(
            row.id,
            order_label(visit, lines.get(row.id, [])),
            visit.texts.day(from_text(row.paid_at), ZONE),
            visit.texts(f"order.status_{row.status}"),
            row.paid_fen,
            row.refunded_fen,
        )
        for row in rows
    ]


def _consents(conn: Connection, visit: Visit, member_id: str) -> list[ConsentRow]:
    t, answers = visit.texts, customers.consents_of(conn, "customer", member_id)
    figures = queries.contact_rule(conn)
    rows = []
    for purpose in customers.PURPOSES:
        if purpose in ALWAYS or purpose in answers:
            name = t("consent.marketing_short") if purpose == "marketing" else t(f"consent.{purpose}")
            rows.append(
                ConsentRow(
                    purpose, name, t(f"consent.{purpose}_why", **figures), answers.get(purpose, purpose in UNTIL_NO)
                )
            )
    return rows
