"""The seeded brand: repeatable, safe to repeat, decided by the same rules as everything else."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from app.domain.calendar_days import day_of
from app.domain.commission import recompute
from app.domain.instants import from_text
from server_stub import jobs
from server_stub import tables as t
from server_stub.demo import brand, seed
from server_stub.demo.brand_rows import Book
from server_stub.demo.people import ZONE
from server_stub.people.auth import login
from server_stub.trade import coupons, orders
from server_stub.trade import recompute as recompute_history
from server_stub.trade.drafts import DraftLine, OrderDraft, RefundLine
from tests.integration.demo.conftest import NOW, World, open_world, small_brand

RANDOM_BY_NATURE = {"pin_hash", "phone_sealed"}
HEAD = (
    "id", "no", "customer_id", "store_id", "channel", "status", "created_at", "paid_at", "paid_fen", "refunded_fen",
    "discount_fen", "coupon_id", "closing_guide_id", "bound_guide_id", "reason", "evidence", "idempotency_key",
)  # fmt: skip
LATER = {"state", "confirmed_at", "statement_id"}
FIGURES = ("spend_fen", "order_count", "order_days", "first_order_at", "last_order_at")


def _rows(world: World, table: Any, *where: Any) -> list[dict[str, Any]]:
    with world.db.read() as conn:
        key = list(table.primary_key.columns)
        return [dict(row) for row in conn.execute(select(table).where(*where).order_by(*key)).mappings()]


def test_two_seeds_at_one_time_are_equal(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_brand(monkeypatch)
    other = open_world(tmp_path / "other")
    assert seed.seed(other.db, report=lambda _: None) is not None
    for table in t.metadata.sorted_tables:
        if table.name in ("audit", "meta"):
            continue
        mine, theirs = (
            [{k: v for k, v in row.items() if k not in RANDOM_BY_NATURE} for row in _rows(one, table)]
            for one in (world, other)
        )
        assert mine == theirs, table.name
    other.db.close()


def test_seeding_a_seeded_home_changes_nothing(world: World) -> None:
    before = {table.name: _count(world, table) for table in t.metadata.sorted_tables}
    world.clock.forward(days=1)
    assert seed.seed(world.db) is None
    assert {table.name: _count(world, table) for table in t.metadata.sorted_tables} == before


def _count(world: World, table: Any) -> int:
    with world.db.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_100_random_orders_placed_the_normal_way_give_the_same_lines_figures_and_commission(world: World) -> None:
    chosen = _choose(world)
    ids = [order["id"] for order in chosen]
    lines = _rows(world, t.order_line, t.order_line.c.order_id.in_(ids))
    posted = t.commission_entry.c.order_id.in_(ids), t.commission_entry.c.kind != "tier"
    entries = _rows(world, t.commission_entry, *posted)
    stores = _rows(world, t.store_entry, t.store_entry.c.order_id.in_(ids))
    refunds = _rows(world, t.refund, t.refund.c.order_id.in_(ids))
    held = _rows(world, t.coupon, t.coupon.c.order_id.in_(ids))
    buyers = t.customer.c.id.in_({order["customer_id"] for order in chosen})
    figures = _pick(_rows(world, t.customer, buyers), FIGURES)
    days = _board(world)
    assert len(entries) > 30 and len(refunds) > 5 and len(held) > 5

    _forget(world, ids)
    _place_again(world, chosen, lines, refunds)

    assert _pick(_rows(world, t.orders, t.orders.c.id.in_(ids)), HEAD) == _pick(chosen, HEAD)
    assert _rows(world, t.order_line, t.order_line.c.order_id.in_(ids)) == lines
    assert _without(_rows(world, t.commission_entry, *posted)) == _without(entries)
    assert _rows(world, t.store_entry, t.store_entry.c.order_id.in_(ids)) == stores
    assert _pick(_rows(world, t.customer, buyers), FIGURES) == figures
    used_now = _rows(world, t.coupon, t.coupon.c.order_id.in_(ids))
    assert _pick(used_now, ("id", "state", "redeemed_at")) == _pick(held, ("id", "state", "redeemed_at"))
    # The board counted these orders at the seed and now once more.
    twice = _board(world)
    twice.subtract(days)
    assert {k: v for k, v in twice.items() if v} == _expected_board(chosen, refunds)


def _choose(world: World) -> list[dict[str, Any]]:
    since = t.orders.c.created_at >= "2026-07-01"
    rows = _rows(world, t.orders, since)
    rng = random.Random(7)
    special = [row for row in rows if row["coupon_id"] or row["refunded_fen"]]
    plain = [row for row in rows if not row["coupon_id"] and not row["refunded_fen"]]
    return sorted(rng.sample(special, 40) + rng.sample(plain, 60), key=lambda row: row["id"])


def _pick(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]


def _without(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in LATER} for row in rows]


def _forget(world: World, ids: list[str]) -> None:
    with world.db.begin() as tx:
        used = select(t.coupon.c.id).where(t.coupon.c.order_id.in_(ids))
        again = t.coupon_event.c.coupon_id.in_(used), t.coupon_event.c.event.in_(("redeem", "give_back"))
        tx.conn.execute(delete(t.coupon_event).where(*again))
        unused = {"state": "claimed", "order_id": None, "redeemed_at": None}
        tx.conn.execute(update(t.coupon).where(t.coupon.c.order_id.in_(ids)).values(unused))
        tx.conn.exec_driver_sql("DROP TRIGGER settled_stays_d")  # nobody but this test forgets a settled entry
        for table in (t.commission_entry, t.store_entry, t.refund, t.order_line):
            tx.conn.execute(delete(table).where(table.c.order_id.in_(ids)))
        tx.conn.execute(delete(t.orders).where(t.orders.c.id.in_(ids)))


def _place_again(world: World, chosen: list[Any], lines: list[Any], refunds: list[Any]) -> None:
    steps: list[tuple[str, int, Any]] = [(order["created_at"], 0, order) for order in chosen]
    events = {row["event_id"]: row for row in refunds}
    steps += [(row["at"], 1, row) for row in events.values()]
    for at, kind, row in sorted(steps, key=lambda step: step[:2]):
        world.clock.at = from_text(at)
        with world.db.begin() as tx:
            if kind == 0:
                orders.place(tx, _draft(row, [line for line in lines if line["order_id"] == row["id"]]))
            else:
                back = [one for one in refunds if one["event_id"] == row["event_id"]]
                orders.refund(
                    tx, row["order_id"], [RefundLine(one["line_id"], one["qty"]) for one in back], row["event_id"]
                )
    world.clock.at = NOW


def _draft(order: dict[str, Any], lines: list[dict[str, Any]]) -> OrderDraft:
    ordered = sorted(lines, key=lambda line: line["position"])
    return OrderDraft(
        event_id=order["idempotency_key"], customer_id=order["customer_id"], channel=order["channel"],
        lines=tuple(DraftLine(line["product_id"], line["qty"], line["size"], line_id=line["id"]) for line in ordered),
        store_id=order["store_id"], coupon_id=order["coupon_id"], no=order["no"], order_id=order["id"],
    )  # fmt: skip


def _board(world: World) -> Counter[tuple[str, str]]:
    return Counter(
        {(row["id"], name): row[name] for row in _rows(world, t.guide_day) for name in ("sales_fen", "orders")}
    )


def _expected_board(chosen: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    expected: Counter[tuple[str, str]] = Counter()
    back_at = {row["order_id"]: row["at"] for row in refunds}
    for order in chosen:
        guide = order["closing_guide_id"] or order["bound_guide_id"]
        if guide is None:
            continue
        expected[_day(guide, order["paid_at"]), "sales_fen"] += order["paid_fen"]
        expected[_day(guide, order["paid_at"]), "orders"] += 1
        if order["id"] in back_at:
            expected[_day(guide, back_at[order["id"]]), "sales_fen"] -= order["refunded_fen"]
    return {key: value for key, value in expected.items() if value}


def _day(guide: str, at: str) -> str:
    return f"{guide}.{day_of(from_text(at), ZONE).isoformat()}"


def test_every_guide_has_work_today(world: World) -> None:
    today = f"{NOW.astimezone(ZONE):%m-%d}"
    for guide in _rows(world, t.staff, t.staff.c.role == "guide"):
        mine = t.customer.c.guide_id == guide["id"]
        customers = _rows(world, t.customer, mine)
        assert sum(row["birthday"] == today for row in customers) >= 2
        assert any(row["last_order_at"] and row["last_order_at"] < "2025-11-24" for row in customers), "a dormant one"
        soon = [
            row
            for row in _rows(world, t.coupon, t.coupon.c.guide_id == guide["id"], t.coupon.c.state == "claimed")
            if NOW < from_text(row["valid_until"]) < NOW + timedelta(days=4)
        ]
        assert len(soon) >= 2
        mine = {row["id"] for row in customers}
        assert _seen_three_times(world, mine) == 8
        begun = _rows(world, t.browse_event, t.browse_event.c.kind == "checkout")
        assert any(row["customer_id"] in mine for row in begun)


def _seen_three_times(world: World, customers: set[str]) -> int:
    since = (NOW - timedelta(days=14)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sessions: dict[tuple[str, str], set[str]] = {}
    for row in _rows(world, t.browse_event, t.browse_event.c.at >= since):
        if row["customer_id"] in customers:
            sessions.setdefault((row["customer_id"], row["product_id"]), set()).add(row["session_id"])
    return sum(len(found) >= 3 for found in sessions.values())


def test_the_ledger_explains_itself_and_statements_add_up(world: World) -> None:
    entries = _rows(world, t.commission_entry)
    assert {row["state"] for row in entries} == {"pending", "confirmed", "settled"}
    assert all(recompute(row["steps"]) == row["amount_fen"] for row in entries)
    for row in _rows(world, t.statement):
        settled = sum(one["amount_fen"] for one in entries if one["statement_id"] == row["id"])
        assert row["closing_fen"] - row["opening_fen"] == settled


def test_rule_4_8_the_brand_shows_closed_months_tiers_a_franchise_and_flags_and_recomputes_to_itself(
    world: World,
) -> None:
    with world.db.begin() as tx:
        report = recompute_history.compare(tx)
    assert [str(one) for one in report.differences] == []
    assert report.tiers > 20 and report.store_entries > 20 and report.statements >= 24
    rewards = _rows(world, t.action_reward)
    assert {row["state"] for row in rewards} >= {"held", "payable"}
    assert {flag for row in rewards for flag in row["flags"]} >= {"shared_device"}
    flagged = {row["store_id"] for row in rewards if row["flags"]}
    assert flagged == {row["id"] for row in _rows(world, t.store)}
    assert jobs.run_once(world.db)["statements"] == 0, "the job finds nothing left to close"


def test_the_demo_logins_and_the_named_members_exist(world: World) -> None:
    for person in brand.PEOPLE:
        answer = login(world.db, person.staff_no, brand.PIN, f"install-{person.staff_no}", "test", person.staff_no)
        assert answer["staff"]["name"] == person.name
    from server_stub.people.phones import phone_hash

    for number, name in (("13900001101", "沈若溪"), ("13900001102", "江予安")):
        wanted = t.customer.c.phone_hash == phone_hash(world.db.settings.secrets, number)
        (found,) = _rows(world, t.customer, wanted)
        assert found["name"] == name


def test_a_phone_that_signs_in_gets_coupons_to_send(world: World) -> None:
    answer = login(world.db, "G0101", brand.PIN, "install-new", "test", "here")
    with world.db.begin() as tx:
        assert coupons.ensure_leases(tx, f"{answer['staff']['no']}.install-new") == 20 * len(brand.COUPONS)


def test_what_the_phone_sees_is_what_the_tables_hold(world: World) -> None:
    from server_stub.sync import projections

    with world.db.begin() as tx:
        assert projections.project_all(tx.conn, now=tx.now) == frozenset()


def test_another_number_gives_other_ids() -> None:
    book = Book(3, NOW)
    assert book.id("store", 1) == Book(3, NOW).id("store", 1) != Book(4, NOW).id("store", 1)
