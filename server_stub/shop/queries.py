"""What the pages read: small frozen rows from the tables, never more of a person than their own page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from server_stub import tables as t
from server_stub.db import Tx


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as customers see them."""

    id: str
    no: int
    name: str
    card_code: str
    active: bool
    store_id: str | None
    store_name: str
    store_name_en: str


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A shop as customers see it."""

    id: str
    name: str
    name_en: str
    address: str
    zone: str
    hours: dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A style in one colour."""

    id: str
    no: int
    style_no: str
    name: str
    name_en: str
    category: str
    colour: str
    colour_en: str
    colour_hex: str
    sizes: list[str]
    list_price_fen: int
    price_fen: int
    picture: str
    description: str
    description_en: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A member's order; `closing_guide_id` is who is credited."""

    id: str
    no: str
    status: str
    paid_at: str
    paid_fen: int
    refunded_fen: int
    discount_fen: int
    coupon_id: str | None
    store_id: str | None
    closing_guide_id: str | None
    bound_guide_id: str | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of an order with its picture of today."""

    order_id: str
    name: str
    name_en: str
    colour: str
    colour_en: str
    size: str
    qty: int
    paid_fen: int
    picture: str


_GUIDE = (
    t.staff.c.id, t.staff.c.no, t.staff.c.name, t.staff.c.card_code, t.staff.c.active, t.staff.c.guide_enabled,
    t.staff.c.store_id, t.store.c.name.label("store_name"), t.store.c.name_en.label("store_name_en"),
)  # fmt: skip
_PRODUCT = tuple(t.product.c[name] for name in ProductRow.__slots__)
_ORDER = tuple(t.orders.c[name] for name in OrderRow.__slots__)


def brand(conn: Connection) -> tuple[str, str]:
    """Return the brand's name in Chinese and English."""
    row = conn.execute(select(t.setting.c.brand, t.setting.c.brand_en)).first()
    return (row.brand, row.brand_en) if row else ("", "")


def contact_rule(conn: Connection) -> dict[str, Any]:
    """Return the figures of the contact budget that stand in the consent's words."""
    rule = conn.execute(select(t.setting.c.contact)).scalar() or {}
    quiet = rule.get("quiet") or ["21:00", "09:00"]
    return {"week": rule.get("week", 2), "quiet_from": quiet[0], "quiet_to": quiet[1]}


def guide(conn: Connection, guide_id: str | None) -> Guide | None:
    """Return a guide by id."""
    return _guide(conn, t.staff.c.id == guide_id) if guide_id else None


def guide_by_card(conn: Connection, code: str) -> Guide | None:
    """Return the guide whose card carries this code, in any case."""
    return _guide(conn, t.staff.c.card_code == code.upper())


def store(conn: Connection, store_id: str | None) -> StoreRow | None:
    """Return a shop by id."""
    columns = (t.store.c[name] for name in StoreRow.__slots__)
    row = conn.execute(select(*columns).where(t.store.c.id == store_id)).mappings().first()
    return StoreRow(**row) if row else None


def product(conn: Connection, no: int) -> ProductRow | None:
    """Return a product on sale by its number."""
    return _first_product(conn, select(*_PRODUCT).where(t.product.c.no == no, t.product.c.active))


def product_by_id(conn: Connection, product_id: str | None) -> ProductRow | None:
    """Return a product on sale by its id."""
    return _first_product(conn, select(*_PRODUCT).where(t.product.c.id == product_id, t.product.c.active))


def colours(conn: Connection, style_no: str) -> list[ProductRow]:
    """Return the products of one style, one a colour."""
    return _products(conn, select(*_PRODUCT).where(t.product.c.style_no == style_no, t.product.c.active))


def products(conn: Connection, limit: int, scope: dict[str, Any] | None = None, from_fen: int = 0) -> list[ProductRow]:
    """Return products on sale, the newest styles first, of a coupon's scope if given; one colour a style."""
    wanted = select(*_PRODUCT).where(t.product.c.active, t.product.c.price_fen >= from_fen)
    ids = (scope or {}).get("ids") or []
    kind = (scope or {}).get("kind")
    if kind == "products":
        wanted = wanted.where(t.product.c.id.in_(ids))
    elif kind == "categories":
        wanted = wanted.where(t.product.c.category.in_(ids))
    elif not scope:
        wanted = wanted.where(~t.product.c.private_only)
    newest = wanted.order_by(t.product.c.released_at.desc().nulls_last(), t.product.c.no).limit(limit * 6)
    styles: dict[str, ProductRow] = {}
    for row in conn.execute(newest).mappings():
        styles.setdefault(row["style_no"], ProductRow(**row))
    return list(styles.values())[:limit]


def stock(conn: Connection, store_id: str | None, product_id: str) -> dict[str, int] | None:
    """Return size to pieces in one shop; None when nobody keeps count there."""
    found = select(t.stock.c.sizes).where(t.stock.c.store_id == store_id, t.stock.c.product_id == product_id)
    sizes = conn.execute(found).scalar()
    return None if sizes is None else {size: int(left) for size, left in sizes.items()}


def share_guide_id(conn: Connection, code: str) -> tuple[str, str] | None:
    """Return (share id, guide id) of a code that was resolved before."""
    row = conn.execute(select(t.share.c.id, t.share.c.guide_id).where(t.share.c.code == code)).first()
    return (row.id, row.guide_id) if row else None


def orders_of(conn: Connection, customer_id: str, limit: int) -> list[OrderRow]:
    """Return a member's latest orders."""
    mine = select(*_ORDER).where(t.orders.c.customer_id == customer_id)
    latest = mine.order_by(t.orders.c.paid_at.desc(), t.orders.c.id.desc()).limit(limit)
    return [OrderRow(**row) for row in conn.execute(latest).mappings()]


def order(conn: Connection, customer_id: str, order_id: str) -> OrderRow | None:
    """Return one of a member's own orders."""
    mine = select(*_ORDER).where(t.orders.c.id == order_id, t.orders.c.customer_id == customer_id)
    row = conn.execute(mine).mappings().first()
    return OrderRow(**row) if row else None


def order_of_event(conn: Connection, event_id: str) -> str | None:
    """Return the order an event made before, so that a form sent twice shows it again."""
    return conn.execute(select(t.orders.c.id).where(t.orders.c.idempotency_key == event_id)).scalar()


def lines(conn: Connection, order_ids: Iterable[str]) -> dict[str, list[LineRow]]:
    """Return order id to its lines, in their order."""
    line, item = t.order_line.c, t.product.c
    joined = t.order_line.outerjoin(t.product, line.product_id == item.id)
    columns = (line.order_id, line.name, item.name_en, line.colour, item.colour_en, line.size, line.qty, line.paid_fen)
    wanted = select(*columns, item.picture).select_from(joined).where(line.order_id.in_(list(order_ids)))
    found: dict[str, list[LineRow]] = {}
    for row in conn.execute(wanted.order_by(line.order_id, line.position)).mappings():
        full: dict[str, Any] = {key: "" if value is None else value for key, value in row.items()}
        found.setdefault(row["order_id"], []).append(LineRow(**full))
    return found


def coupon_code(conn: Connection, coupon_id: str | None) -> str | None:
    """Return the typed code of a coupon."""
    return conn.execute(select(t.coupon.c.code).where(t.coupon.c.id == coupon_id)).scalar() if coupon_id else None


def coupon_product_id(conn: Connection, coupon_id: str) -> str | None:
    """Return the product a coupon was sent about, if any."""
    return conn.execute(select(t.coupon.c.product_id).where(t.coupon.c.id == coupon_id)).scalar()


def template_names(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return template id to its name in Chinese and English."""
    names = select(t.coupon_template.c.id, t.coupon_template.c.name, t.coupon_template.c.name_en)
    return {row.id: (row.name, row.name_en) for row in conn.execute(names.where(t.coupon_template.c.id.in_(ids)))}


def is_product_picture(conn: Connection, digest: str) -> bool:
    """Say whether a blob is a product's picture: nothing else is public."""
    return conn.execute(select(t.product.c.id).where(t.product.c.picture == digest).limit(1)).first() is not None


def is_staff_member(conn: Connection, customer_id: str | None) -> bool:
    """Say whether a member is staff, also one hired or imported since: their views never count (rule 3.3)."""
    same_phone = select(t.staff.c.id).where(t.staff.c.phone_hash == t.customer.c.phone_hash).exists()
    staff = select(t.customer.c.id).where(t.customer.c.id == customer_id, t.customer.c.staff_member | same_phone)
    return conn.execute(staff).first() is not None


def view_known(conn: Connection, session_id: str, product_id: str) -> bool:
    """Say whether this session's view of the product is recorded already."""
    event = t.browse_event.c
    same = select(event.id).where(event.session_id == session_id, event.product_id == product_id, event.kind == "view")
    return conn.execute(same.limit(1)).first() is not None


def session_member(conn: Connection, token_hash: str, now: str) -> tuple[str, str] | None:
    """Return (session id, customer id) of an open sign-in session."""
    session = t.member_session.c
    open_now = (session.token_hash == token_hash, session.ended_at.is_(None), session.until > now)
    row = conn.execute(select(session.id, session.customer_id).where(*open_now)).first()
    return (row.id, row.customer_id) if row else None


def open_session(tx: Tx, customer_id: str, token_hash: str, until: str) -> None:
    """Remember a sign-in; only the hash of its token is kept."""
    row = {"id": tx.new_id(), "token_hash": token_hash, "customer_id": customer_id}
    tx.conn.execute(insert(t.member_session).values(**row, created_at=tx.now_text, until=until))


def end_session(tx: Tx, session_id: str) -> None:
    """End one sign-in session."""
    ended = update(t.member_session).where(t.member_session.c.id == session_id)
    tx.conn.execute(ended.values(ended_at=tx.now_text))


def _guide(conn: Connection, condition: Any) -> Guide | None:
    joined = t.staff.outerjoin(t.store, t.staff.c.store_id == t.store.c.id)
    row = conn.execute(select(*_GUIDE).select_from(joined).where(condition)).mappings().first()
    if row is None:
        return None
    return Guide(
        id=row["id"],
        no=row["no"],
        name=row["name"],
        card_code=row["card_code"] or "",
        active=bool(row["active"] and row["guide_enabled"]),
        store_id=row["store_id"],
        store_name=row["store_name"] or "",
        store_name_en=row["store_name_en"] or "",
    )


def _first_product(conn: Connection, wanted: Select[Any]) -> ProductRow | None:
    row = conn.execute(wanted).mappings().first()
    return ProductRow(**row) if row else None


def _products(conn: Connection, wanted: Select[Any]) -> list[ProductRow]:
    return [ProductRow(**row) for row in conn.execute(wanted.order_by(t.product.c.no)).mappings()]
