"""A batch of orders is what the same orders are one by one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select, update

from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.trade import orders, recompute, replay
from server_stub.trade.drafts import DraftLine, OrderDraft, RefundLine
from tests.fakes.server import NOW, open_world
from tests.integration.trade.world import World, refused

SAME = (
    t.orders, t.order_line, t.refund, t.commission_entry, t.store_entry, t.guide_day, t.stock, t.share,
    t.binding, t.customer,
)  # fmt: skip
RANDOM = {"id", "share_id", "evidence", "phone_sealed", "synced"}  # what they decide is compared


def _world(home: Path) -> World:
    clock = FixedClock(NOW)
    world = World(open_world(home, clock), clock)
    for guide in ("g1", "g2", "g3"):
        world.device(guide)
    for number, (customer, guide) in enumerate((("c1", "g2"), ("c2", "g3"), ("c5", "g1"), ("c1", "g3"))):
        world.clock.forward(hours=number)
        world.touch(customer, world.code(guide, channel="moments" if number % 2 else "chat"))
    with world.db.begin() as tx:
        tx.conn.execute(update(t.commission_rule).values(store_share_bp=1_500))
        tx.conn.execute(update(t.store).where(t.store.c.id == "s2").values(city="杭州"))
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g3").values(guide_enabled=False))
        digest = tx.conn.execute(select(t.customer.c.phone_hash).where(t.customer.c.id == "c4")).scalar_one()
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g2").values(phone_hash=digest))
    world.clock.at = NOW + timedelta(days=20)
    return world


def _drafts() -> list[OrderDraft]:
    random = Random(5)
    made = []
    for number in range(60):
        lines = tuple(
            DraftLine(f"p{random.randint(1, 4)}", random.randint(1, 2), "S", line_id=f"l{number}-{place}",
                      price_fen=random.choice((None, 1, 99_999)))
            for place in range(random.randint(1, 3))
        )  # fmt: skip
        made.append(OrderDraft(
            f"e{number}", f"c{random.randint(1, 6)}", "private", lines, store_id=random.choice(("s1", "s2", None)),
            order_id=f"o{number}", no=f"N{number}", created_at=NOW + timedelta(hours=7 * number + 1),
        ))  # fmt: skip
    return [*made, made[3]]


def _refunds() -> list[replay.Refund]:
    """Whole ones, single pieces, and one order twice."""
    back = [
        replay.Refund(f"o{number}", f"r{number}", (RefundLine(f"l{number}-0", 1),) if number % 3 else None)
        for number in range(0, 60, 4)
    ]
    return [*back, replay.Refund("o4", "r4-rest")]


def _rows(world: World, table: Any) -> list[dict[str, Any]]:
    without = RANDOM if table in (t.orders, t.share, t.customer) else set()
    rows = [{name: value for name, value in row.items() if name not in without} for row in world.rows(table)]
    return sorted(rows, key=lambda row: str(row.get("id") or row.get("no") or row.get("name") or row))


def test_rule_4_7_a_batch_is_the_same_orders_one_by_one(tmp_path: Path) -> None:
    one, many = _world(tmp_path / "one"), _world(tmp_path / "many")
    drafts = _drafts()
    for draft in drafts:
        with one.db.begin() as tx:
            orders.place(tx, draft)
    for start in range(0, len(drafts), 25):
        for _ in range(2):  # and once more: nothing new
            with many.db.begin() as tx:
                some = drafts[start : start + 25]
                assert replay.place_many(tx, some) == [draft.order_id for draft in some]
    back = _refunds()
    for refund in back:
        with one.db.begin() as tx:
            orders.refund(tx, refund.order_id, refund.lines, refund.event_id)
    for _ in range(2):
        with many.db.begin() as tx:
            replay.refund_many(tx, back)
    for table in SAME:
        shares = {"code"} if table is t.share else set()
        mine, theirs = (
            [{k: v for k, v in row.items() if k not in shares} for row in _rows(world, table)] for world in (one, many)
        )
        assert mine == theirs, table.name
    reasons = {row["reason"] for row in many.rows(t.orders)}
    assert reasons >= {"bound_guide", "closing_touch", "nearest_store", "self_purchase"} or "staff_purchase" in reasons
    with many.db.begin() as tx:
        assert recompute.compare(tx).differences == []
    with many.db.begin() as tx, refused("bad_arguments"):
        replay.place_many(tx, drafts * 9)
    one.db.close()
    many.db.close()
