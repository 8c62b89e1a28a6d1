"""A small world with a guide's device, coupons leased to it and shares signed by its key."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.domain.errors import Rejected
from app.protocol import share_code
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Actor, Database
from server_stub.trade import coupons, shares
from server_stub.trade.drafts import DraftLine, OrderDraft, Person
from tests.fakes.server import SECRETS, START

GUIDE_NO = {"g1": 11, "g2": 12, "g3": 21}


class World:
    """The database and short words for what the tests do in it."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        self._draws = itertools.count(1)

    def device(self, guide: str = "g1", name: str = "dev1", key_no: int = 1) -> str:
        device_id = f"{GUIDE_NO[guide]}.{name}"
        with self.db.begin() as tx:
            tx.conn.execute(insert(t.device).values(
                id=device_id, staff_id=guide, install_id=name, share_key_no=key_no, created_at=START
            ))  # fmt: skip
        return device_id

    def actor(self, guide: str = "g1", device_id: str = "11.dev1") -> Actor:
        return Actor(guide, "guide", "s2" if guide == "g3" else "s1", device_id)

    def code(self, guide: str = "g1", name: str = "dev1", **changes: Any) -> str:
        """Make a share code as the phone does, without the server."""
        fields = {
            "key_no": 1, "guide_no": GUIDE_NO[guide], "kind": "product", "item_no": 1, "channel": "chat",
            "at": self.clock.now(), "random20": next(self._draws),
        }  # fmt: skip
        fields |= changes
        key = share_code.derive_share_key(SECRETS.share_master, f"{GUIDE_NO[guide]}.{name}", fields["key_no"])
        return share_code.encode(key, **fields)

    def lease(self, device_id: str = "11.dev1") -> list[str]:
        """Top up the device's block and return the ids of what it may issue."""
        with self.db.begin() as tx:
            coupons.ensure_leases(tx, device_id)
            query = select(t.coupon.c.id).where(t.coupon.c.device_id == device_id, t.coupon.c.state == "allotted")
            return list(tx.conn.execute(query.order_by(t.coupon.c.id)).scalars())

    def issue(self, coupon_id: str, customer: str = "c1", *, key: str = "", at: datetime | None = None) -> Any:
        with self.db.begin(self.actor()) as tx:
            return coupons.issue(
                tx, coupon_id=coupon_id, customer_id=customer, guide_id="g1", key=key or f"issue-{coupon_id}",
                at=at or tx.now, device_id="11.dev1",
            )  # fmt: skip

    def claimed(self, customer: str = "c1") -> Any:
        """Return a coupon that the customer holds."""
        coupon_id = self.lease()[0]
        code = self.issue(coupon_id, customer).code
        with self.db.begin() as tx:
            return coupons.claim(tx, code, customer, f"claim-{code}")

    def touch(self, customer: str, code: str) -> None:
        with self.db.begin() as tx:
            share = shares.resolve(tx, code)
            assert share is not None
            shares.touch(tx, Person(customer), share, tx.now)

    def row(self, table: Any, row_id: str) -> dict[str, Any]:
        with self.db.read() as conn:
            return dict(conn.execute(select(table).where(table.c.id == row_id)).mappings().one())

    def rows(self, table: Any, *where: Any) -> list[dict[str, Any]]:
        with self.db.read() as conn:
            return [dict(row) for row in conn.execute(select(table).where(*where)).mappings()]

    def view(self, key: str) -> list[str]:
        """Return the buckets in which the client view holds this key."""
        found = self.rows(t.sync_row, t.sync_row.c.key == key, t.sync_row.c.value.is_not(None))
        return [row["bucket"] for row in found]


def draft(event: str = "e1", customer: str = "c1", *lines: DraftLine, **changes: Any) -> OrderDraft:
    """Return an order of one piece of p1 (450.00) unless lines are given."""
    return OrderDraft(
        event, customer, changes.pop("channel", "private"), lines or (DraftLine("p1", 1, "S"),), **changes
    )


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect the rules to say no with this code."""
    with pytest.raises(Rejected) as no:
        yield
    assert no.value.code == code
