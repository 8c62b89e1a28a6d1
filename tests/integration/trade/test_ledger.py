"""Tiers, stores' parts, confirmation, statements and the recompute, on the server (rules 4.4 to 4.8)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from server_stub import jobs
from server_stub import tables as t
from server_stub.trade import orders, recompute
from server_stub.trade.drafts import DraftLine, RefundLine
from tests.integration.trade.world import World, draft


def place(world: World, event: str, customer: str = "c1", **more: Any) -> str:
    """Place an order of one p1 (450.00) and return its id."""
    with world.db.begin() as tx:
        return orders.place(tx, draft(event, customer, DraftLine("p1", 1, "S"), no=f"NO-{event}", **more))


def refund(world: World, order_id: str, event: str) -> None:
    with world.db.begin() as tx:
        orders.refund(tx, order_id, None, event)


def rule(world: World, **values: Any) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.commission_rule).where(t.commission_rule.c.id == "r1").values(values))


def differences(world: World) -> list[str]:
    with world.db.begin() as tx:
        return [str(one) for one in recompute.compare(tx).differences]


def tiers(world: World) -> list[int]:
    rows = world.rows(t.commission_entry, t.commission_entry.c.kind == "tier")
    return [row["amount_fen"] for row in sorted(rows, key=lambda row: row["confirmed_at"])]


def test_rule_4_4_tiers_follow_the_confirmed_base_and_a_refund_takes_them_back(world: World) -> None:
    rule(world, tiers=[[40_000, 1_000]])
    for event in ("e1", "e2"):
        place(world, event)
        world.clock.forward(hours=1)
    second = world.rows(t.orders, t.orders.c.no == "NO-e2")[0]["id"]
    assert tiers(world) == [], "nothing is confirmed yet"
    world.clock.at = world.clock.now().replace(month=12, day=2)
    jobs.run_once(world.db)
    assert tiers(world) == [500, 4_500]
    world.clock.forward(days=1)
    refund(world, second, "back")
    world.clock.forward(minutes=1)
    assert jobs.run_once(world.db)["commission"] == 1
    assert jobs.run_once(world.db)["commission"] == 0
    assert tiers(world) == [500, 4_500, -4_500]
    assert differences(world) == []


def test_rule_4_4_two_guides_of_one_line_share_its_base_for_the_tiers(world: World) -> None:
    rule(world, tiers=[[0, 1_000]])
    world.device("g2")
    world.touch("c1", world.code("g2"))
    world.clock.forward(hours=1)
    place(world, "e1")
    world.clock.forward(days=8)
    jobs.run_once(world.db)
    paid = {row["guide_id"]: row["amount_fen"] for row in world.rows(t.commission_entry) if row["kind"] == "tier"}
    assert paid == {"g2": 3_150, "g1": 1_350}, "10 % of 70 and of 30 in a hundred of 450.00, never twice the whole"


def test_rule_3_3_the_store_has_its_part_and_nobodys_order_is_the_stores(world: World) -> None:
    rule(world, store_share_bp=2_000)
    order_id = place(world, "e1")
    (entry,) = world.rows(t.commission_entry)
    (part,) = world.rows(t.store_entry)
    assert (entry["amount_fen"], part["amount_fen"], part["store_id"]) == (1_800, 450, "s1")
    assert world.view(f"store_entry/{part['id']}") == [], "no phone sees it"
    refund(world, order_id, "back")
    assert sum(row["amount_fen"] for row in world.rows(t.store_entry)) == 0
    with world.db.begin() as tx:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c2").values(guide_id=None))
        tx.conn.execute(delete(t.binding).where(t.binding.c.customer_id == "c2"))
    nobodys = place(world, "e2", "c2")
    assert world.row(t.orders, nobodys)["reason"] == "nearest_store"
    assert [row["amount_fen"] for row in world.rows(t.store_entry, t.store_entry.c.order_id == nobodys)] == [2_250]
    assert differences(world) == []


def test_rule_4_5_confirmed_as_of_its_time_and_late_news_as_of_its_arrival(world: World) -> None:
    at = world.clock.now()
    place(world, "e1")
    place(world, "late", created_at=at.replace(day=2))
    world.clock.forward(days=20)
    jobs.run_once(world.db)
    when = {row["order_no"]: row["confirmed_at"] for row in world.rows(t.commission_entry)}
    assert when == {"NO-e1": "2026-12-01T02:30:00Z", "NO-late": "2026-11-24T02:30:00Z"}


def test_rule_4_8_a_month_is_closed_once_and_the_database_keeps_it(world: World) -> None:
    world.clock.at = world.clock.now().replace(day=10)
    order_id = place(world, "e1")
    world.clock.at = world.clock.now().replace(month=12, day=5)
    assert jobs.run_once(world.db)["statements"] == 1
    assert jobs.run_once(world.db)["statements"] == 0
    (closed,) = world.rows(t.statement)
    assert (closed["id"], closed["closed_at"]) == ("g1.2026-11", "2026-11-30T16:00:00Z")
    assert (closed["opening_fen"], closed["closing_fen"], closed["entries"]) == (0, 2_250, 1)
    assert world.view("statement/g1.2026-11") == ["guide:g1"]
    settled = t.commission_entry.c.state == "settled"
    for change in (
        update(t.statement).values(closing_fen=1),
        delete(t.statement),
        update(t.commission_entry).where(settled).values(amount_fen=1),
        delete(t.commission_entry).where(settled),
    ):
        with pytest.raises(IntegrityError), world.db.begin() as tx:
            tx.conn.execute(change)
    refund(world, order_id, "back")
    world.clock.at = world.clock.now().replace(year=2027, month=1, day=3)
    assert jobs.run_once(world.db)["statements"] == 1
    after = world.row(t.statement, "g1.2026-12")
    assert (after["opening_fen"], after["closing_fen"]) == (2_250, 0), "the next one carries it"
    assert world.row(t.statement, "g1.2026-11") == closed
    assert differences(world) == []


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        (t.commission_entry, {"amount_fen": 1_801}, "amount_fen is 1801, should be 1800"),
        (t.commission_entry, {"guide_id": "g2"}, "guide_id is g2, should be g1"),
        (t.store_entry, {"amount_fen": 449}, "amount_fen is 449, should be 450"),
        (t.orders, {"bound_guide_id": "g2"}, "bound_guide_id is g2, should be g1"),
        (t.order_line, {"paid_fen": 45_100}, "base_fen is 45000, should be 45100"),
        (t.commission_entry, None, "row is missing"),
    ],
)
def test_a_planted_fen_is_found_with_its_place(
    world: World, table: Any, change: dict[str, Any] | None, said: str
) -> None:
    rule(world, store_share_bp=2_000)
    place(world, "e1")
    assert differences(world) == []
    with world.db.begin() as tx:
        tx.conn.execute(delete(table) if change is None else update(table).values(change))
    found = differences(world)
    assert any(said in one and "NO-e1" in one for one in found), found


def test_a_planted_fen_in_a_statement_is_found(world: World) -> None:
    world.clock.at = world.clock.now().replace(day=10)
    place(world, "e1")
    world.clock.at = world.clock.now().replace(month=12, day=5)
    jobs.run_once(world.db)
    (closed,) = world.rows(t.statement)
    with world.db.begin() as tx:
        name = "statement_stays_d" if world.db.is_sqlite else "statement_stays ON statement"
        tx.conn.exec_driver_sql(f"DROP TRIGGER {name}")
        tx.conn.execute(delete(t.statement))
        tx.conn.execute(insert(t.statement).values(closed | {"closing_fen": closed["closing_fen"] + 1}))
    assert differences(world) == ["statement/g1.2026-11: closing_fen is 2251, should be 2250"]


def test_rule_4_6_parts_of_three_lose_together_what_the_line_loses(world: World) -> None:
    rule(world, store_share_bp=3_333, rate_bp=777)
    world.device("g2")
    world.touch("c1", world.code("g2"))
    world.clock.forward(hours=1)
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft("e1", "c1", DraftLine("p1", 7, "S", price_fen=1_001)))
    line = world.rows(t.order_line)[0]
    whole = line["paid_fen"] * 777 // 10_000
    for piece in range(7):
        with world.db.begin() as tx:
            orders.refund(tx, order_id, [RefundLine(line["id"], 1)], f"back-{piece}")
        got = sum(row["amount_fen"] for table in (t.commission_entry, t.store_entry) for row in world.rows(table))
        back = sum(row["paid_fen"] for row in world.rows(t.refund))
        assert got == whole - whole * back // line["paid_fen"]
    assert all(row["amount_fen"] <= 0 for row in world.rows(t.commission_entry) if row["kind"] == "refund")
    assert differences(world) == []
