"""A guide asks about an order, the manager decides with the evidence, and the money moves by the rules."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.commission import recompute
from app.protocol.mutations import AskAboutOrder, DecideDispute
from server_stub import tables as t
from server_stub.db import Actor
from server_stub.trade import commission, disputes, orders, statements
from server_stub.trade.drafts import DraftLine, RefundLine
from tests.integration.trade.world import World, draft, refused

STORE = {"g1": "s1", "g2": "s1", "g3": "s2", "m1": "s1", "m2": "s2"}
numbers = itertools.count(1)


def who(staff: str) -> Actor:
    return Actor(staff, "manager" if staff.startswith("m") else "guide", STORE[staff], f"dev.{staff}")


def place(world: World, event: str = "e1", customer: str = "c1", *lines: DraftLine, **changes: Any) -> dict[str, Any]:
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft(event, customer, *lines, **changes))
    return world.row(t.orders, order_id)


def ask(world: World, guide: str, number: str, **more: Any) -> dict[str, Any]:
    dispute_id = f"dispute-{next(numbers):04d}"
    with world.db.begin(who(guide)) as tx:
        disputes.ask(tx, AskAboutOrder(dispute_id, number, **more))
    return world.row(t.dispute, dispute_id)


def decide(world: World, dispute: dict[str, Any], accept: bool = True, manager: str = "m1") -> None:
    with world.db.begin(who(manager)) as tx:
        disputes.decide(tx, DecideDispute(dispute["id"], accept, "看过了"))


def shown(world: World, key: str) -> dict[str, Any]:
    found = world.rows(t.sync_row, t.sync_row.c.key == key, t.sync_row.c.value.is_not(None))
    return json.loads(found[0]["value"])


def sums(world: World) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in world.rows(t.commission_entry, t.commission_entry.c.kind != "tier"):
        assert recompute(row["steps"]) == row["amount_fen"]
        found[row["guide_id"]] = found.get(row["guide_id"], 0) + row["amount_fen"]
    return {guide: fen for guide, fen in found.items() if fen}


def run_jobs(world: World) -> None:
    for job in (commission.confirm_due, statements.close_due):
        for _ in range(20):
            with world.db.begin() as tx:
                if not job(tx):
                    break


def lost_share(world: World) -> dict[str, Any]:
    """An order of g1's customer that g2's share won; g3's share came too early."""
    world.device("g2")
    world.device("g3")
    world.touch("c1", world.code("g3", channel="chat"))
    world.clock.forward(days=8)
    world.touch("c1", world.code("g2"))
    world.clock.forward(hours=1)
    return place(world)


def test_the_evidence_says_which_rule_decided_and_who_may_know_what(world: World) -> None:
    order = lost_share(world)
    asked = ask(world, "g3", order["no"], text="她先看了我的")
    assert (asked["evidence"]["reason"], asked["evidence"]["rule"], asked["order_id"]) == ("window", "3.2", order["id"])
    [touch] = asked["evidence"]["touches"]
    assert (touch["window_days"], touch["inside"]) == (7, False)
    mine, team = shown(world, f"dispute/{asked['id']}"), shown(world, f"team_dispute/{asked['id']}")
    assert "team" not in mine["evidence"]
    assert team["evidence"]["team"]["blocked"] == "dispute_other_store"
    assert world.view(f"dispute/{asked['id']}") == ["guide:g3"]
    assert world.view(f"team_dispute/{asked['id']}") == ["manager:s2"]
    assert "客人" not in json.dumps(mine, ensure_ascii=False) + json.dumps(team, ensure_ascii=False)
    assert "c1" not in mine["evidence"].values()


def test_an_unknown_number_and_another_guides_customer_look_alike(world: World) -> None:
    order = place(world, "e1", "c6")
    foreign, unknown = ask(world, "g1", order["no"]), ask(world, "g1", "20261124999999")
    same = ("order_id", "state", "evidence", "store_id", "text")
    assert [foreign[name] for name in same] == [unknown[name] for name in same]
    assert foreign["evidence"] == {"reason": "not_seen", "rule": "3.2", "team": {"blocked": "dispute_order_unknown"}}
    for asked in (foreign, unknown):
        with refused("dispute_order_unknown"):
            decide(world, asked)
        decide(world, asked, accept=False)
    guessed = ask(world, "g1", order["no"], order_id="another")
    assert guessed["evidence"]["reason"] == "not_seen"


def test_accepting_gives_the_asking_guide_the_order_nobody_earned(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(
            update(t.binding).where(t.binding.c.customer_id == "c1").values(until_at="2026-01-01T00:00:00Z")
        )
        tx.conn.execute(update(t.commission_rule).values(store_share_bp=1_000))
    order = place(world)
    assert order["reason"] == "nearest_store" and not sums(world)
    asked = ask(world, "g1", order["no"], order_id=order["id"])
    assert asked["evidence"]["reason"] == "nearest_store"
    assert asked["evidence"]["team"]["moves"] == [{"guide_id": "g1", "fen": 2_025}]
    decide(world, asked)
    assert sums(world) == {"g1": 2_025}
    of_store = sum(row["amount_fen"] for row in world.rows(t.store_entry))
    assert of_store == 225, "guide and store together have the line's whole 2,250"
    [entry] = world.rows(t.commission_entry)
    assert (entry["event_id"], entry["kind"], entry["reason"]) == (f"dispute:{asked['id']}", "accrual", "dispute")
    after = world.row(t.dispute, asked["id"])
    assert (after["state"], after["decided_by"], after["answer"]) == ("accepted", "m1", "看过了")
    [decision] = world.row(t.orders, order["id"])["evidence"]["decisions"]
    assert (decision["id"], decision["guide_id"], decision["by"]) == (asked["id"], "g1", "m1")


@pytest.mark.parametrize("days", [0, 8, 40])
def test_rule_4_6_what_another_guide_earned_is_reversed_pending_confirmed_or_settled(world: World, days: int) -> None:
    world.device("g2")
    world.touch("c1", world.code("g2"))
    order = place(world, "e1", "c1", DraftLine("p1", 2, "S"))
    assert sums(world) == {"g2": 3_150, "g1": 1_350}
    world.clock.forward(days=days)
    run_jobs(world)
    closed = world.rows(t.statement)
    assert bool(closed) == (days == 40)
    decide(world, ask(world, "g1", order["no"]))
    assert sums(world) == {"g1": 4_500}, "closing and bound are now one: the sole guide"
    assert world.rows(t.statement) == closed
    world.clock.forward(days=70)
    run_jobs(world)
    assert sums(world) == {"g1": 4_500}
    balance = {row["guide_id"]: row["closing_fen"] for row in sorted(world.rows(t.statement), key=lambda r: r["month"])}
    assert (balance["g1"], balance.get("g2", 0)) == (4_500, 0)
    assert not world.rows(t.commission_entry, t.commission_entry.c.state != "settled")


def test_refunds_before_and_after_a_decision_net_to_zero_for_everybody(world: World) -> None:
    world.device("g2")
    world.touch("c1", world.code("g2"))
    order = place(world, "e1", "c1", DraftLine("p1", 3, "S"))
    line = world.rows(t.order_line)[0]["id"]
    with world.db.begin() as tx:
        orders.refund(tx, order["id"], [RefundLine(line, 1)], "r1")
    decide(world, ask(world, "g1", order["no"]))
    assert sums(world) == {"g1": 4_500}
    with world.db.begin() as tx:
        orders.refund(tx, order["id"], None, "r2")
    assert not sums(world)


def test_what_a_decision_cannot_do_is_refused_with_its_reason(world: World) -> None:
    order = place(world)
    own = ask(world, "g1", order["no"])
    assert own["evidence"]["reason"] == "counted"
    assert own["evidence"]["team"]["blocked"] == "dispute_no_gain"
    with refused("dispute_no_gain"):
        decide(world, own)
    with refused("dispute_asked"):
        ask(world, "g1", order["no"])
    with refused("not_found"):
        decide(world, own, manager="m2")
    decide(world, own, accept=False)
    with refused("dispute_decided"):
        decide(world, own)
    for bad in ("", " ", "9" * 65):
        with refused("bad_arguments"):
            ask(world, "g1", bad)
    with refused("bad_arguments"):
        ask(world, "g1", "1", text="长" * 501)
    assert sums(world) == {"g1": 2_250}


def test_a_staff_purchase_stays_uncounted_and_another_stores_money_stays_there(world: World) -> None:
    with world.db.begin() as tx:
        digest = world.row(t.customer, "c1")["phone_hash"]
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g2").values(phone_hash=digest))
    order = place(world)
    asked = ask(world, "g1", order["no"])
    assert asked["evidence"]["reason"] == "staff_purchase"
    with refused("dispute_no_gain"):
        decide(world, asked)
    world.device("g3")
    world.touch("c2", world.code("g3"))
    world.clock.forward(hours=1)
    taken = ask(world, "g1", place(world, "e2", "c2")["no"])
    assert taken["evidence"]["reason"] == "split_bound"
    with refused("dispute_other_store"):
        decide(world, taken)


def test_a_replay_of_the_decision_gives_the_same_entries(world: World) -> None:
    world.device("g2")
    world.touch("c1", world.code("g2"))
    order = place(world)
    before = {row["id"] for row in world.rows(t.commission_entry)}
    world.clock.forward(days=1)
    decide(world, ask(world, "g1", order["no"]))
    placed = world.row(t.orders, order["id"])
    with world.db.begin() as tx:
        rows = [row for row in world.rows(t.commission_entry) if row["id"] in before]
        case = disputes.Case(
            placed, commission.sold_lines(tx, [order["id"]])[order["id"]], [commission.entry_of(row) for row in rows],
            {}, commission.all_rules(tx), 7,
        )  # fmt: skip
        made = disputes.decided(case, placed["evidence"]["decisions"][0])
        assert commission.post(tx, made) == 0
    posted = {row["id"]: row["amount_fen"] for row in world.rows(t.commission_entry) if row["id"] not in before}
    assert {entry.id: entry.amount_fen for entry in made} == posted
