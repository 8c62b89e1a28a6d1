"""How long a product was seen: what the page's script reports, kept only under a recorded consent (rule 5.1)."""

from __future__ import annotations

from fastapi.responses import Response

from server_stub.people import views
from server_stub.shop import queries
from server_stub.shop.edge import Pages
from server_stub.shop.visit import SESSION_GAP, Visit
from server_stub.trade import shares

DWELL_MIN_S = 3
page = Pages()


@page("/shop/view", methods=("POST",))
def view(visit: Visit) -> Response:
    """Keep or lengthen one view; the page's signed token says of what, in which session, through which share."""
    body = visit.signer.read("view", visit.asked("token"), visit.now)
    dwell = visit.asked("dwell_s")
    dwell_s = int(dwell) if dwell.isascii() and dwell.isdigit() and len(dwell) < 7 else 0
    if body is None or not visit.same_origin:
        return visit.empty(403)
    if dwell_s < DWELL_MIN_S or not visit.may_record:
        return visit.empty()
    _record(visit, body, dwell_s)
    visit.keep("dg_visit", visit.signer.sign("visit", {"s": body["s"]}, visit.now, SESSION_GAP), None)
    return visit.empty()


def _record(visit: Visit, body: dict[str, str], dwell_s: int) -> None:
    with visit.db.begin() as tx:
        if queries.is_staff_member(tx.conn, visit.member_id):
            return  # views by staff never count (rule 3.3)
        share = shares.resolve(tx, body["c"]) if body["c"] else None
        first = not queries.view_known(tx.conn, body["s"], body["p"])
        made = views.record_view(
            tx,
            product_id=body["p"],
            session_id=body["s"],
            customer_id=visit.member_id,
            visitor_id=visit.visitor_id,
            dwell_s=dwell_s,
            share_id=share.share_id if share else None,
            channel=share.channel if share else "",
        )
        if made and first and share:
            shares.count(tx, share.share_id, "viewed")
