"""Each guide's book in figures: how many customers, what they buy most, what the guide sells most; nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import func, or_, select

from app.domain import instants
from server_stub import tables as t
from server_stub.db import Tx, upsert

RECOUNT = timedelta(days=1)
A_ROUND = 20  # guides counted in one transaction
IN_CHUNK = 500
SKILLS = 2
SKILL_DAYS = timedelta(days=180)


def favourites(tx: Tx, customer_ids: Sequence[str]) -> dict[str, str]:
    """Return the category each customer spent most on, net of refunds; "" for who bought nothing."""
    spent: dict[str, Counter[str]] = {one: Counter() for one in customer_ids}
    category = func.coalesce(t.order_line.c.category, t.product.c.category, "")
    paid = func.sum(t.order_line.c.paid_fen - t.order_line.c.refunded_fen)
    query = (
        select(t.orders.c.customer_id, category.label("category"), paid.label("fen"))
        .join(t.orders, t.orders.c.id == t.order_line.c.order_id)
        .outerjoin(t.product, t.product.c.id == t.order_line.c.product_id)
        .where(t.orders.c.status != "cancelled")
        .group_by(t.orders.c.customer_id, category)
    )
    for start in range(0, len(customer_ids), IN_CHUNK):
        some = query.where(t.orders.c.customer_id.in_(customer_ids[start : start + IN_CHUNK]))
        for row in tx.conn.execute(some):
            spent[row.customer_id][row.category] += row.fen
    return {one: _most(sums, 1)[0] if sums else "" for one, sums in spent.items()}


def skills_of(tx: Tx, guide_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the categories each guide sold most of in half a year, at most two."""
    return {guide_id: frozenset(_skills(tx, guide_id)) for guide_id in guide_ids}


def load_of(tx: Tx, guide_ids: Iterable[str]) -> dict[str, int]:
    """Return how many customers each guide has."""
    wanted = list(guide_ids)
    c = t.customer.c
    counts = select(c.guide_id, func.count()).where(c.guide_id.in_(wanted)).group_by(c.guide_id)
    return dict.fromkeys(wanted, 0) | {row[0]: row[1] for row in tx.conn.execute(counts)}


def recount(tx: Tx, guide_ids: Iterable[str]) -> None:
    """Count the books of these guides anew."""
    wanted = sorted(set(guide_ids))
    stores = select(t.staff.c.id, t.staff.c.store_id).where(t.staff.c.id.in_(wanted), t.staff.c.store_id.is_not(None))
    for guide_id, store_id in tx.conn.execute(stores).all():
        ids = tx.conn.execute(select(t.customer.c.id).where(t.customer.c.guide_id == guide_id)).scalars().all()
        likes = Counter(favourites(tx, ids).values())
        row = {
            "id": guide_id, "guide_id": guide_id, "store_id": store_id, "customers": len(ids),
            "categories": dict(sorted(likes.items())), "skills": _skills(tx, guide_id), "counted_at": tx.now_text,
        }  # fmt: skip
        statement = upsert(tx.conn, t.guide_book).values(row)
        tx.conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
        tx.touch("guide_book", guide_id)


def recount_due(tx: Tx) -> int:
    """Count some of the books that were not counted for a day; return how many."""
    book = t.guide_book.c
    due = (
        select(t.staff.c.id)
        .outerjoin(t.guide_book, book.id == t.staff.c.id)
        .where(t.staff.c.role == "guide", t.staff.c.store_id.is_not(None))
        .where(or_(book.id.is_(None), book.counted_at < instants.to_text(tx.now - RECOUNT)))
        .order_by(t.staff.c.id)
        .limit(A_ROUND)
    )
    ids = tx.conn.execute(due).scalars().all()
    recount(tx, ids)
    return len(ids)


def _skills(tx: Tx, guide_id: str) -> list[str]:
    since = instants.to_text(tx.now - SKILL_DAYS)
    category = func.coalesce(t.order_line.c.category, t.product.c.category, "")
    query = (
        select(category, func.sum(t.order_line.c.paid_fen - t.order_line.c.refunded_fen))
        .join(t.orders, t.orders.c.id == t.order_line.c.order_id)
        .outerjoin(t.product, t.product.c.id == t.order_line.c.product_id)
        .where(t.orders.c.closing_guide_id == guide_id, t.orders.c.paid_at >= since, t.orders.c.status != "cancelled")
        .group_by(category)
    )
    sold: Counter[str] = Counter({name: fen for name, fen in tx.conn.execute(query).all() if name and fen > 0})
    return sorted(_most(sold, SKILLS))


def _most(sums: Counter[str], n: int) -> list[str]:
    """Return the `n` largest; of equal ones the first by name, so that every count gives the same."""
    return [name for name, _ in sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:n]]
