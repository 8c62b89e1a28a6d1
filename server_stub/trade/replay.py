"""Many orders at once, for imports and replays: what `orders.place` does one by one, with the reading done first.

The rules are the same functions; only their facts come from a few queries for a whole batch, and rows are
written together. What the batch itself changes (stock, the clocks of bindings) is carried along in memory. An
order that needs more (a coupon, a browser, a receipt number, a store to be found) goes through `orders.place`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select, update

from app.domain import dispute, instants
from app.domain.attribution import Attribution, AttributionPolicy
from app.domain.binding import Binding, BindingPolicy, guide_at, renew
from app.domain.commission import CommissionRule, Entry
from app.domain.errors import Rejected
from app.domain.hours import is_sleep_income
from server_stub.db import Tx
from server_stub.people.customers import binding_policy
from server_stub.tables import (
    binding,
    commission_entry,
    coupon,
    customer,
    order_line,
    orders,
    product,
    redemption,
    refund,
    share,
    staff,
    stock,
    store,
    store_entry,
    touch,
)
from server_stub.trade import commission, credit
from server_stub.trade import orders as one_by_one
from server_stub.trade import stock as shelves
from server_stub.trade.drafts import OrderDraft, Quote, RefundLine
from server_stub.trade.figures import bump_many, refresh_customers
from server_stub.trade.pricing import as_paid, items_from, price
from server_stub.trade.refunds import gross_of, pieces_of
from server_stub.trade.rows import Record, every, setting

BATCH_MAX = 500
IN_CHUNK = 500
Bump = tuple[str, datetime, str, int]


def place_many(tx: Tx, drafts: Sequence[OrderDraft]) -> list[str]:
    """Place up to 500 orders in their order and return their ids; an event that is known is its order.

    Raises:
        Rejected: as `orders.place`, and `bad_arguments` for a larger batch; nothing of the batch is to be kept then.
    """
    if len(drafts) > BATCH_MAX:
        raise Rejected("bad_arguments", "too many orders at once", params={"max": BATCH_MAX})
    placed: dict[str, str] = {}
    run: list[OrderDraft] = []
    for draft in drafts:
        if _is_plain(draft):
            run.append(draft)
            continue
        placed |= _place(tx, run)
        placed[draft.event_id] = one_by_one.place(tx, draft)
        run = []
    placed |= _place(tx, run)
    return [placed[draft.event_id] for draft in drafts]


def _is_plain(draft: OrderDraft) -> bool:
    named = draft.no is not None and draft.store_id is not None
    return named and draft.coupon_id is None and draft.visitor_id is None and not draft.historic


@dataclass(slots=True)
class _Facts:
    """What the orders of a batch rest on, read once, and what they change."""

    at: datetime
    policy: AttributionPolicy
    binding_rules: BindingPolicy
    rules: list[CommissionRule]
    after_sales_days: int
    known: dict[str, str] = field(default_factory=dict)
    buyers: dict[str, Record] = field(default_factory=dict)
    products: dict[str, Record] = field(default_factory=dict)
    stores: dict[str, Record] = field(default_factory=dict)
    guides: dict[str, Record] = field(default_factory=dict)
    staff_by_phone: dict[str, str] = field(default_factory=dict)
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    touches: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    shelf: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Made:
    """Rows to be written, and what they add to."""

    heads: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    bumps: list[Bump] = field(default_factory=list)
    bought: Counter[str] = field(default_factory=Counter)
    shelves: set[str] = field(default_factory=set)
    renewed: set[str] = field(default_factory=set)


def _place(tx: Tx, drafts: Sequence[OrderDraft]) -> dict[str, str]:
    if not drafts:
        return {}
    facts, made = _read(tx, drafts), _Made()
    for draft in drafts:
        if draft.event_id not in facts.known:
            facts.known[draft.event_id] = _one(tx, facts, made, draft)
    _write(tx, facts, made)
    return {draft.event_id: facts.known[draft.event_id] for draft in drafts}


def _one(tx: Tx, facts: _Facts, made: _Made, draft: OrderDraft) -> str:
    """Decide one order as `orders.place` does and remember its rows."""
    if draft.channel not in one_by_one.CHANNELS or not 0 < len(draft.event_id) <= one_by_one.KEY_MAX:
        raise Rejected("bad_arguments", "channel or event id", params={"field": "channel"})
    buyer = facts.buyers.get(draft.customer_id)
    if buyer is None:
        raise Rejected("not_found", params={"object": "customer"})
    at = draft.created_at or facts.at
    priced = _priced(facts, draft)
    attribution = _judge(facts, buyer, draft, at)
    head = one_by_one.head_of(tx, draft, priced, attribution, at, draft.store_id)
    won_by = _winner(facts, draft.customer_id, attribution)
    head["flags"] = _flags(facts, made, head, draft, won_by)
    lines = one_by_one.line_rows(tx, head["id"], draft, priced)
    made.heads.append(head)
    made.lines += lines
    made.entries += commission.accruals(head, lines, facts.rules, facts.after_sales_days)
    _credit(facts, made, head, won_by)
    return str(head["id"])


def _priced(facts: _Facts, draft: OrderDraft) -> Quote:
    items = items_from(draft.lines, facts.products)
    if any(line.paid_fen is not None for line in draft.lines):
        return as_paid(items, draft.lines)
    return price(items, None, channel=draft.channel, store_id=draft.store_id)


def _judge(facts: _Facts, buyer: Record, draft: OrderDraft, at: datetime) -> Attribution:
    history = facts.bindings[buyer["id"]]
    bound = guide_at(history, at)
    since = instants.to_text(at - _window(facts.policy))
    until = instants.to_text(at)
    known = credit.Facts(
        buyer=buyer,
        own_staff_id=facts.staff_by_phone.get(buyer["phone_hash"] or ""),
        history=history,
        touches=[credit.touch_of(row) for row in facts.touches[buyer["id"]] if since <= row["at"] <= until],
        bound_earns=bound is not None and _earns(facts, bound),
    )
    return credit.judge(known, at, draft.store_id, facts.policy, facts.binding_rules, paid_at=draft.paid_at)


def _earns(facts: _Facts, guide_id: str) -> bool:
    return bool(facts.guides[guide_id]["active"] and facts.guides[guide_id]["guide_enabled"])


def _winner(facts: _Facts, customer_id: str, attribution: Attribution) -> Record | None:
    winner = attribution.evidence.get("winner")
    return next((row for row in facts.touches[customer_id] if row["id"] == winner), None) if winner else None


def _flags(facts: _Facts, made: _Made, head: Record, draft: OrderDraft, won_by: Record | None) -> list[str]:
    """Take the stock and return what `orders.place` flags, in its order."""
    in_stock = [
        _take(facts, made, f"{draft.store_id}.{line.product_id}", line.size, line.qty)
        for line in draft.lines
        if line.product_id
    ]
    shop = facts.stores.get(head["store_id"])
    guide_id = head["closing_guide_id"] or head["bound_guide_id"]
    home = facts.stores.get(facts.guides[guide_id]["store_id"] or "") if guide_id else None
    paid_at = instants.from_text(head["paid_at"])
    found = {
        "moments": won_by is not None and won_by["share_channel"] == "moments",
        "no_stock": not all(in_stock),
        "cross_city": shop is not None and home is not None and home["city"] != shop["city"],
        commission.CLOSED_HOURS: shop is not None and is_sleep_income(shop["hours"], paid_at, ZoneInfo(shop["zone"])),
    }
    return [name for name, holds in found.items() if holds]


def _take(facts: _Facts, made: _Made, row_id: str, size: str, qty: int) -> bool:
    if row_id not in facts.shelf:
        return False
    sizes, had_all = shelves.taken(facts.shelf[row_id], size, qty)
    if sizes != facts.shelf[row_id]:
        facts.shelf[row_id] = sizes
        made.shelves.add(row_id)
    return had_all


def _credit(facts: _Facts, made: _Made, head: Record, won_by: Record | None) -> None:
    at = instants.from_text(head["paid_at"])
    guide_id = head["closing_guide_id"] or head["bound_guide_id"]
    if guide_id is not None:
        made.bumps += [(guide_id, at, "sales_fen", head["paid_fen"]), (guide_id, at, "orders", 1)]
    if won_by is not None:
        made.bought[won_by["share_id"]] += 1
    history = facts.bindings[head["customer_id"]]
    for place, one in enumerate(history):
        if one.until_at is None:
            history[place] = renew(one, at, facts.binding_rules)
            made.renewed.add(head["customer_id"])


# --- refunds -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refund:
    """Pieces of an order that come back, once per event; `lines` None = all that is left."""

    order_id: str
    event_id: str
    lines: tuple[RefundLine, ...] | None = None


def refund_many(tx: Tx, wanted: Sequence[Refund]) -> None:
    """Refund up to 500 events, each as `orders.refund` does now; what is more than plain goes through it.

    Raises:
        Rejected: as `orders.refund`, and `bad_arguments` for a larger batch; nothing of the batch is to be kept then.
    """
    if len(wanted) > BATCH_MAX:
        raise Rejected("bad_arguments", "too many refunds at once", params={"max": BATCH_MAX})
    ids = {one.order_id for one in wanted}
    heads = {row["id"]: row for row in _some(tx, select(orders).with_for_update(), orders.c.id, ids)}
    touched = {row["order_id"] for row in _some(tx, select(refund.c.order_id), refund.c.order_id, ids)}
    touched |= {row["order_id"] for row in _some(tx, select(coupon.c.order_id), coupon.c.order_id, ids)}
    touched |= {row["order_id"] for row in _some(tx, select(redemption.c.order_id), redemption.c.order_id, ids)}
    events = Counter(one.event_id for one in wanted)
    events.update(row["event_id"] for row in _some(tx, select(refund.c.event_id), refund.c.event_id, list(events)))
    often = {order_id for order_id, n in Counter(one.order_id for one in wanted).items() if n > 1}
    plain = [
        one
        for one in wanted
        if (head := heads.get(one.order_id)) is not None
        and (head["status"], head["coupon_id"], head["historic"]) == ("paid", None, False)
        and one.order_id not in touched | often
        and events[one.event_id] == 1
        and all(line.paid_fen is None for line in one.lines or ())
    ]
    _refund(tx, plain, heads)
    done = set(plain)
    for one in wanted:
        if one not in done:
            one_by_one.refund(tx, one.order_id, one.lines, one.event_id)


def _refund(tx: Tx, wanted: Sequence[Refund], heads: dict[str, Record]) -> None:
    """Write first refunds of orders without a coupon: in proportion, nothing lost, nothing given back but money."""
    ids = {one.order_id for one in wanted}
    lines: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in _some(tx, select(order_line).order_by(order_line.c.position), order_line.c.order_id, ids):
        lines[row["order_id"]][row["id"]] = row
    posted: dict[str, list[Entry]] = defaultdict(list)
    for table in (commission_entry, store_entry):
        known = select(table).where(table.c.kind.in_(("accrual", "reversal")))
        for row in _some(tx, known, table.c.order_id, ids):
            posted[row["order_id"]].append(commission.entry_of(row))
    rows: list[Record] = []
    entries: list[Entry] = []
    bumps: list[Bump] = []
    for one in wanted:
        made = _refund_rows(tx, one, lines[one.order_id])
        entries += commission.refunds(dispute.active(posted[one.order_id]), made, one.event_id)
        head = heads[one.order_id]
        guide_id = head["closing_guide_id"] or head["bound_guide_id"]
        bumps += [(guide_id, tx.now, "sales_fen", -row["paid_fen"]) for row in made if guide_id]
        rows += made
    _write_refunds(tx, rows, lines, heads)
    commission.post(tx, entries)
    bump_many(tx, bumps, _places(tx))
    refresh_customers(tx, {heads[order_id]["customer_id"] for order_id in ids})


def _refund_rows(tx: Tx, one: Refund, lines: dict[str, Record]) -> list[Record]:
    pieces = pieces_of(lines, one.lines)
    return [
        {
            "id": f"{one.order_id}.{place:04d}", "event_id": one.event_id, "order_id": one.order_id, "line_id": line_id,
            "qty": qty, "paid_fen": gross_of(lines[line_id], qty, None), "lost_discount_fen": 0, "at": tx.now_text,
        }
        for place, (line_id, qty) in enumerate(pieces.items())
    ]  # fmt: skip


def _write_refunds(
    tx: Tx, rows: Sequence[Record], lines: dict[str, dict[str, Record]], heads: dict[str, Record]
) -> None:
    if not rows:
        return
    tx.conn.execute(insert(refund), rows)
    for row in rows:
        line = lines[row["order_id"]][row["line_id"]]
        line["refunded_qty"] += row["qty"]
        line["refunded_fen"] += row["paid_fen"]
        shelves.put_back(tx, heads[row["order_id"]]["store_id"], line["product_id"], line["size"], row["qty"])
    given = [lines[row["order_id"]][row["line_id"]] for row in rows]
    changed = [{"b_id": one["id"], **{name: one[name] for name in ("refunded_qty", "refunded_fen")}} for one in given]
    values: dict[str, Any] = {name: bindparam(name) for name in ("refunded_qty", "refunded_fen")}
    tx.conn.execute(update(order_line).where(order_line.c.id == bindparam("b_id")).values(values), changed)
    ended = []
    for order_id in sorted({row["order_id"] for row in rows}):
        mine = lines[order_id].values()
        whole = all(one["refunded_qty"] >= one["qty"] and one["refunded_fen"] >= one["paid_fen"] for one in mine)
        fen = sum(one["refunded_fen"] for one in mine)
        ended.append({"b_id": order_id, "status": "refunded" if whole else "part_refunded", "refunded_fen": fen})
    _update(tx, orders, "order", ended)


def _places(tx: Tx) -> dict[str, tuple[str, str]]:
    """Return store and zone of every guide with a store."""
    query = select(staff.c.id, staff.c.store_id, store.c.zone).join(store, store.c.id == staff.c.store_id)
    return {row["id"]: (row["store_id"], row["zone"]) for row in every(tx, query)}


# --- reading -------------------------------------------------------------------------------


def _read(tx: Tx, drafts: Sequence[OrderDraft]) -> _Facts:
    brand = setting(tx)
    facts = _Facts(
        tx.now, AttributionPolicy.from_wire(brand["attribution"]), binding_policy(tx.conn), commission.all_rules(tx),
        brand["after_sales_days"],
    )  # fmt: skip
    events = {draft.event_id for draft in drafts}
    for row in _some(tx, select(orders.c.idempotency_key, orders.c.id), orders.c.idempotency_key, events):
        facts.known[row["idempotency_key"]] = row["id"]
    places = {row["id"]: row for row in every(tx, select(store))}
    facts.stores = places
    for row in every(tx, select(staff)):
        facts.guides[row["id"]] = row
        if row["phone_hash"]:
            facts.staff_by_phone[row["phone_hash"]] = row["id"]
    wanted = {line.product_id for draft in drafts for line in draft.lines if line.product_id}
    facts.products = {row["id"]: row for row in _some(tx, select(product), product.c.id, wanted)}
    on = {f"{draft.store_id}.{line.product_id}" for draft in drafts for line in draft.lines}
    facts.shelf = {row["id"]: row["sizes"] for row in _some(tx, select(stock).with_for_update(), stock.c.id, on)}
    _read_buyers(tx, facts, drafts)
    return facts


def _read_buyers(tx: Tx, facts: _Facts, drafts: Sequence[OrderDraft]) -> None:
    people = {draft.customer_id for draft in drafts}
    columns = (customer.c.id, customer.c.phone_hash, customer.c.staff_member)
    facts.buyers = {row["id"]: row for row in _some(tx, select(*columns).with_for_update(), customer.c.id, people)}
    for row in _some(tx, select(binding).order_by(binding.c.from_at), binding.c.customer_id, people):
        facts.bindings[row["customer_id"]].append(credit.binding_of(row))
    times = [draft.created_at or facts.at for draft in drafts]
    joined = (
        select(touch, staff.c.active, staff.c.guide_enabled, share.c.code, share.c.channel.label("share_channel"))
        .join(staff, staff.c.id == touch.c.guide_id)
        .join(share, share.c.id == touch.c.share_id)
        .where(
            touch.c.person_kind == "customer",
            touch.c.at >= instants.to_text(min(times) - _window(facts.policy)),
            touch.c.at <= instants.to_text(max(times)),
        )
    )
    for row in _some(tx, joined, touch.c.person_id, people):
        facts.touches[row["person_id"]].append(row)


def _window(policy: AttributionPolicy) -> timedelta:
    return timedelta(days=max(policy.default_days, *policy.channel_days.values(), 0))


def _some(tx: Tx, query: Any, column: Any, wanted: Iterable[str]) -> Iterator[Record]:
    ordered = sorted(wanted)
    for start in range(0, len(ordered), IN_CHUNK):
        yield from every(tx, query.where(column.in_(ordered[start : start + IN_CHUNK])))


# --- writing -------------------------------------------------------------------------------


def _write(tx: Tx, facts: _Facts, made: _Made) -> None:
    if not made.heads:
        return
    tx.conn.execute(insert(orders), made.heads)
    tx.conn.execute(insert(order_line), made.lines)
    tx.touch("order", *(head["id"] for head in made.heads))
    commission.post(tx, made.entries)
    bump_many(tx, made.bumps, _places(tx))
    _update(tx, stock, "stock", [{"sizes": facts.shelf[row_id], "b_id": row_id} for row_id in sorted(made.shelves)])
    funnel = [{"n": n, "b_id": share_id} for share_id, n in sorted(made.bought.items())]
    if funnel:
        more = update(share).where(share.c.id == bindparam("b_id")).values(bought=share.c.bought + bindparam("n"))
        tx.conn.execute(more, funnel)
        tx.touch("share", *made.bought)
    _renew(tx, facts, made)
    refresh_customers(tx, {head["customer_id"] for head in made.heads})


def _renew(tx: Tx, facts: _Facts, made: _Made) -> None:
    clocks = [
        {
            "protected_until": instants.to_text(one.protected_until),
            "bound_until": instants.to_text(one.valid_until),
            "b_id": customer_id,
        }
        for customer_id in sorted(made.renewed)
        for one in facts.bindings[customer_id]
        if one.until_at is None
    ]
    if clocks:
        still_open = binding.c.customer_id == bindparam("b_id"), binding.c.until_at.is_(None)
        values: dict[str, Any] = {name: bindparam(name) for name in ("protected_until", "bound_until")}
        tx.conn.execute(update(binding).where(*still_open).values(values), clocks)
    _update(tx, customer, "customer", clocks)


def _update(tx: Tx, table: Any, kind: str, rows: Sequence[Record]) -> None:
    """Write columns of rows named by `b_id`."""
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "b_id"}
        tx.conn.execute(update(table).where(table.c.id == bindparam("b_id")).values(values), rows)
        tx.touch(kind, *(row["b_id"] for row in rows))
