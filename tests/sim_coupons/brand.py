"""The server of the simulation: the real database and services, put back to the same start for every seed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.domain import instants
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.db import Database
from server_stub.sync import projections
from server_stub.trade import leases
from tests.fakes.memory import place
from tests.fakes.server import NOW, START, open_world

TEMPLATE = "t1"
STATES = 24
GUIDE_DEVICES = ("11.a", "11.b", "21.a")


class Brand:
    """One database for many seeds: `begin` copies a first state back, a page copy of some milliseconds."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"coupons-{os.getpid()}-", dir=place()))
        self.clock = FixedClock(NOW)
        self.db: Database = open_world(self.folder / "home", self.clock)
        with self.db.begin() as tx:
            for no, (device, staff) in enumerate({"11.a": "g1", "11.b": "g1", "21.a": "g3", "2.a": "m2"}.items()):
                tx.conn.execute(insert(t.device).values(
                    id=device, staff_id=staff, install_id=device.partition(".")[2], share_key_no=no, created_at=START
                ))  # fmt: skip
            contact = {"day": 999, "week": 999, "month": 999, "quiet": ["03:00", "03:01"]}
            tx.conn.execute(update(t.setting).values(contact=contact))
            projections.project_all(tx.conn, ["setting"], now=tx.now)
        self._firsts = [self._state(Random(number)) for number in range(STATES)]

    def _copy(self, *, to: Any = None, of: Any = None) -> None:
        raw = self.db.engine.raw_connection()
        try:
            live: Any = raw.driver_connection
            if to is not None:
                live.backup(to)
            else:
                of.backup(live)
        finally:
            raw.close()

    def begin(self, random: Random) -> dict[str, int]:
        """Start anew from one of the first states; return its quotas."""
        quota, kept = random.choice(self._firsts)
        self._copy(of=kept)
        self.clock.at = NOW
        return quota

    def _state(self, random: Random) -> tuple[dict[str, int], sqlite3.Connection]:
        """Return a first state: quotas of its own, and a block for every phone of a guide that gets one."""
        quota = {
            "total": random.randrange(3, 10), "per_customer": random.randrange(1, 4), "per_day": random.randrange(2, 6),
            "per_guide": random.randrange(3, 8), "lease_size": random.randrange(1, 5),
        }  # fmt: skip
        validity = {"kind": "days", "n": random.randrange(1, 5)}
        with self.db.begin() as tx:
            for table in (t.coupon, t.lease):
                tx.touch("coupon", *tx.conn.execute(select(t.coupon.c.id)).scalars())
                tx.conn.execute(delete(table))
            mine = t.coupon_template.c.id == TEMPLATE
            tx.conn.execute(update(t.coupon_template).where(mine).values(**quota, validity=validity))
            tx.touch("coupon_template", TEMPLATE)
        for device in GUIDE_DEVICES:
            with self.db.begin() as tx:
                leases.ensure_leases(tx, device)
        kept = sqlite3.connect(":memory:")
        self._copy(to=kept)
        return quota, kept

    def rows(self, table: Any, *where: Any, order: Any = None) -> list[dict[str, Any]]:
        with self.db.read() as conn:
            query = select(table).where(*where)
            found = conn.execute(query if order is None else query.order_by(*order))
            return [dict(row) for row in found.mappings()]

    def now(self) -> str:
        return instants.to_text(self.clock.now())

    def close(self) -> None:
        for _, kept in self._firsts:
            kept.close()
        self.db.close()
        shutil.rmtree(self.folder)
