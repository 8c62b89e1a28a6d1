"""Order events of other systems: each once, in a transaction of its own, in whatever order they come (feature G5).

The same event again is the same answer; its id with another body is refused. A refund or cancellation
that comes before its order waits and is applied with it. A refused event has done nothing: sent again,
corrected or not, it is judged again. What is kept of an event holds no phone number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.domain import instants
from app.domain.errors import Rejected, Unavailable
from server_stub.db import Database, Tx, upsert
from server_stub.people import phones
from server_stub.people.customers import create_member
from server_stub.tables import customer, order_event, order_line, orders, product, store
from server_stub.trade import refunds, till_coupons
from server_stub.trade.drafts import DraftLine, OrderDraft, RefundLine
from server_stub.trade.event_body import KINDS, Event, SoldLine, parse, refuse
from server_stub.trade.orders import place
from server_stub.trade.rows import Record, every, first

EVENTS_MAX = 200
AHEAD_MAX = timedelta(minutes=5)
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
TRIES = 5
REPLAY_AT_ONCE = 200
Answer = dict[str, Any]


def take(db: Database, raw: Any, *, source: str | None = None) -> Answer:
    """Judge one event and return what became of it: applied, waiting or refused with code and place.

    `source` is who was let in; an event that names another is refused.

    Raises:
        Unavailable: `server_away`: others were busy with the same rows at every try.
    """
    last: Exception | None = None
    for _ in range(TRIES):
        try:
            return _judged(db, raw, source)
        except (IntegrityError, OperationalError, _Beaten) as exc:  # the same came twice at once: see who was first
            last = exc
    raise Unavailable("server_away", "the same rows are being changed too often") from last


def replay(tx: Tx, order_no: str | None = None) -> list[Answer]:
    """Apply what waits for orders that are here by now, the oldest first, each whole or not at all."""
    ready = select(order_event).join(orders, orders.c.no == order_event.c.order_no)
    ready = ready.where(order_event.c.state == "waiting")
    if order_no is not None:
        ready = ready.where(order_event.c.order_no == order_no)
    oldest = ready.order_by(order_event.c.at, order_event.c.received_at, order_event.c.event_id)
    return [_apply_waiting(tx, row) for row in every(tx, oldest.limit(REPLAY_AT_ONCE))]


class _Beaten(Exception):
    """Another transaction applied the same event id meanwhile."""


def _judged(db: Database, raw: Any, source: str | None) -> Answer:
    digest = _digest(raw)
    try:
        event = parse(raw)
        if source is not None and event.source != source:
            raise refuse("forbidden", "source", "another source than the one that signed")
        with db.begin() as tx:
            return _once(tx, event, digest)
    except Rejected as no:
        return _refused(db, raw, source, digest, no)


def _once(tx: Tx, event: Event, digest: str) -> Answer:
    _queue_up(tx, event)
    known = first(tx, select(order_event).where(order_event.c.event_id == _key(event)))
    if known is not None and known["state"] != "refused":
        if known["body_hash"] != digest:
            raise refuse("event_reused", "event_id")
        return dict(known["answer"])
    if not OLDEST <= event.at <= tx.now + AHEAD_MAX:
        raise refuse("bad_arguments", "at", "in the future, or too long ago")
    answer = {"event_id": event.event_id, "order_no": event.order_no} | _apply(tx, event)
    if not _keep(tx, event, digest, answer, _body(event) if answer["status"] == "waiting" else {}):
        raise _Beaten(event.event_id)
    if event.kind == "paid":
        replay(tx, event.order_no)
    return answer


def _queue_up(tx: Tx, event: Event) -> None:
    """Let one transaction at a time decide on an order; SQLite has one writer anyway."""
    if tx.conn.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(event.order_no.encode()).digest()[:8], "big", signed=True)
        tx.conn.execute(select(func.pg_advisory_xact_lock(number)))


def _apply(tx: Tx, event: Event) -> Answer:
    if event.kind == "paid":
        return _paid(tx, event)
    order = first(tx, select(orders).where(orders.c.no == event.order_no))
    if order is None:
        return {"status": "waiting"}
    return _give_back(tx, event, order)


# --- paid ----------------------------------------------------------------------------------


def _paid(tx: Tx, event: Event) -> Answer:
    if first(tx, select(orders.c.id).where(orders.c.no == event.order_no)) is not None:
        raise refuse("order_exists", "order_no")
    store_id = _store(tx, event)
    order_id = tx.new_id()
    lines = tuple(_line(tx, order_id, line, f"lines[{index}]") for index, line in enumerate(event.sold))
    buyer_id = _customer(tx, event, store_id)
    draft = OrderDraft(
        event_id=f"event:{_key(event)}",
        customer_id=buyer_id,
        channel=event.channel,
        lines=lines,
        store_id=store_id,
        created_at=event.created_at or event.at,
        paid_at=event.at,
        city=event.city,
        no=event.order_no,
        order_id=order_id,
    )
    place(tx, draft)
    answer: Answer = {"status": "applied", "order_id": order_id}
    problem = till_coupons.use(tx, order_id, event.coupon_code)
    gifts = till_coupons.earn(tx, order_id, event.gift_codes)
    if problem is not None:
        answer["coupon_problem"] = problem
    if gifts:
        answer["gift_problems"] = gifts
    return answer


def _store(tx: Tx, event: Event) -> str | None:
    if event.store_no is None:
        return None
    found: str | None = tx.conn.execute(select(store.c.id).where(store.c.no == event.store_no)).scalar()
    if found is None:
        raise refuse("not_found", "store_no", "no store with this number")
    return found


def _customer(tx: Tx, event: Event, store_id: str | None) -> str:
    """Return the buyer; an unknown phone becomes a member without a guide and without any consent."""
    if event.customer_id is not None:
        if first(tx, select(customer.c.id).where(customer.c.id == event.customer_id)) is None:
            raise refuse("not_found", "customer.id", "no such member")
        return event.customer_id
    with _placed("customer.phone"):
        number = phones.normalise(event.phone or "")
    digest = phones.phone_hash(tx.secrets, number)
    known: str | None = tx.conn.execute(select(customer.c.id).where(customer.c.phone_hash == digest)).scalar()
    return known or create_member(tx, number, name=phones.mask(number), source="order", store_id=store_id)


def _line(tx: Tx, order_id: str, line: SoldLine, at: str) -> DraftLine:
    return DraftLine(
        product_id=_product(tx, line, at),
        qty=line.qty,
        size=line.size,
        price_fen=line.price_fen,
        name=line.name,
        line_id=f"{order_id}.{line.line_no}",
        line_no=line.line_no,
        discount_fen=line.discount_fen,
        paid_fen=line.paid_fen,
    )


def _product(tx: Tx, line: SoldLine, at: str) -> str | None:
    """Return the product a line names: by id, number, or style and colour."""
    if line.product_id is not None:
        field, where = "product_id", product.c.id == line.product_id
    elif line.product_no is not None:
        field, where = "product_no", product.c.no == line.product_no
    elif line.style_no is not None:
        field, where = "style_no", product.c.style_no == line.style_no
    else:
        return None
    query = select(product.c.id).where(where)
    if line.colour is not None:
        query = query.where((product.c.colour == line.colour) | (product.c.colour_en == line.colour))
    found = tx.conn.execute(query.limit(2)).scalars().all()
    if not found:
        raise refuse("not_found", f"{at}.{field}", "no such goods")
    if len(found) > 1:
        raise refuse("bad_arguments", f"{at}.colour", "the style has more than one colour")
    return str(found[0])


# --- refunded, cancelled -------------------------------------------------------------------


def _give_back(tx: Tx, event: Event, order: Record) -> Answer:
    _check_source(tx, event, order)
    if order["status"] not in refunds.REFUNDABLE:
        raise refuse("order_state", "order_no", f"the order is {order['status']}")
    if event.at < instants.from_text(order["paid_at"]):
        raise refuse("bad_arguments", "at", "before the order was paid")
    refunds.refund(
        tx,
        order["id"],
        _back(tx, event, order),
        f"event:{_key(event)}",
        at=min(event.at, tx.now),
        cancelled=event.kind == "cancelled",
    )
    return {"status": "applied", "order_id": order["id"]}


def _check_source(tx: Tx, event: Event, order: Record) -> None:
    """Refuse a source that takes back what another one sold; orders of our own pages and files are open to all."""
    key = str(order["idempotency_key"] or "").removeprefix("event:")
    seller = tx.conn.execute(select(order_event.c.source).where(order_event.c.event_id == key)).scalar()
    if seller is not None and seller != event.source:
        raise refuse("forbidden", "order_no", "another source sold this order")


def _back(tx: Tx, event: Event, order: Record) -> list[RefundLine] | None:
    """Return the pieces that come back, none more than are left, in pieces and in money."""
    if event.back is None:
        return None
    rows = every(tx, select(order_line).where(order_line.c.order_id == order["id"]))
    by_no = {row["position"] + 1: row for row in rows}
    made = []
    for index, line in enumerate(event.back):
        at = f"lines[{index}]"
        row = by_no.get(line.line_no)
        if row is None:
            raise refuse("not_found", f"{at}.line_no", "no such line in the order")
        if line.qty > row["qty"] - row["refunded_qty"]:
            raise refuse("refund_too_large", f"{at}.qty", "more pieces than are left")
        if line.paid_fen is not None and line.paid_fen > row["paid_fen"] - row["refunded_fen"]:
            raise refuse("refund_too_large", f"{at}.paid_fen", "more than is left of what was paid")
        made.append(RefundLine(row["id"], line.qty, line.paid_fen))
    return made


def _apply_waiting(tx: Tx, row: Record) -> Answer:
    event = parse(row["body"])
    answer: Answer = {"event_id": event.event_id, "order_no": event.order_no}
    try:
        with tx.conn.begin_nested():
            answer |= _apply(tx, event)
    except Rejected as no:
        answer |= _no(no)
    values = {"state": answer["status"], "code": answer.get("code"), "answer": answer, "body": {}}
    tx.conn.execute(update(order_event).where(order_event.c.event_id == row["event_id"]).values(values))
    return answer


# --- what is kept --------------------------------------------------------------------------


def _key(event: Event) -> str:
    return f"{event.source}:{event.event_id}"


def _digest(raw: Any) -> str:
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _body(event: Event) -> Record:
    """Return what a waiting refund or cancellation needs to be applied later; it names nobody."""
    body: Record = {
        "event_id": event.event_id, "source": event.source, "kind": event.kind, "order_no": event.order_no,
        "at": instants.to_text(event.at), "currency": "CNY",
    }  # fmt: skip
    if event.back is not None:
        lines = [{"line_no": one.line_no, "qty": one.qty, "paid_fen": one.paid_fen} for one in event.back]
        body["lines"] = lines
    if event.kind == "cancelled":
        del body["currency"]
    return body


def _keep(tx: Tx, event: Event, digest: str, answer: Answer, body: Record) -> bool:
    """Keep what became of an event; only a refused one gives way, False if another stands there."""
    row = {
        "event_id": _key(event), "source": event.source, "order_no": event.order_no, "kind": event.kind,
        "body_hash": digest, "at": instants.to_text(event.at), "received_at": tx.now_text, "state": answer["status"],
        "code": answer.get("code"), "answer": answer, "body": body,
    }  # fmt: skip
    gives_way = {"index_elements": ["event_id"], "set_": row, "where": order_event.c.state == "refused"}
    fresh = upsert(tx.conn, order_event).values(row).on_conflict_do_update(**gives_way)
    return tx.conn.execute(fresh.returning(order_event.c.event_id)).first() is not None


def _refused(db: Database, raw: Any, source: str | None, digest: str, no: Rejected) -> Answer:
    """Keep a refusal that can be named, so that it is known later why a sale was not counted."""
    names = raw if isinstance(raw, Mapping) else {}
    event_id, order_no = names.get("event_id"), names.get("order_no")
    answer = {"event_id": event_id, "order_no": order_no} | _no(no)
    event = _named(names)
    if event is not None and no.code != "event_reused" and source in (None, event.source):
        with db.begin() as tx:
            _keep(tx, event, digest, answer, {})
    return answer


def _named(names: Mapping[str, Any]) -> Event | None:
    """Return only the head of an event whose rest cannot be used, None if not even that can be read."""
    head = {name: names.get(name) for name in ("event_id", "source", "order_no", "at")}
    try:
        made = parse(head | {"kind": "cancelled"})
    except Rejected:
        return None
    return replace(made, kind=names["kind"]) if names.get("kind") in KINDS else None


def _no(no: Rejected) -> Answer:
    found = {"status": "refused", "code": no.code, "place": no.params.get("place", "")}
    return found | {"detail": no.detail}


@contextmanager
def _placed(place_of: str) -> Iterator[None]:
    try:
        yield
    except Rejected as no:
        raise refuse(no.code, place_of, no.detail) from no
