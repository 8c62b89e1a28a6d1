"""Rows as plain dicts, so that the services read like the rules and not like the driver."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Tx

Record = dict[str, Any]
DEFAULT_ZONE = "Asia/Shanghai"


def first(tx: Tx, query: Any) -> Record | None:
    """Return the first row, or None."""
    row = tx.conn.execute(query).mappings().first()
    return dict(row) if row is not None else None


def every(tx: Tx, query: Any) -> list[Record]:
    """Return all rows."""
    return [dict(row) for row in tx.conn.execute(query).mappings()]


def load(tx: Tx, table: Any, row_id: str, *, lock: bool = False) -> Record:
    """Return a row by id; locked, nobody else decides on it before this transaction ends.

    Raises:
        Rejected: `not_found`.
    """
    query = select(table).where(table.c.id == row_id)
    row = first(tx, query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise Rejected("not_found", f"no {table.name} with this id", params={"object": table.name})
    return row


def setting(tx: Tx) -> Record:
    """Return the brand's settings; empty tables have the rules' defaults."""
    found = first(tx, select(t.setting))
    return found or {"contact": {}, "attribution": {}, "after_sales_days": 7}


def zone_of(tx: Tx, store_id: str | None) -> ZoneInfo:
    """Return the zone of a store."""
    zone = tx.conn.execute(select(t.store.c.zone).where(t.store.c.id == store_id)).scalar() if store_id else None
    return ZoneInfo(zone or DEFAULT_ZONE)
