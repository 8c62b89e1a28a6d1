"""Action rewards have a ledger of their own (rule 4.10)."""

from __future__ import annotations

from sqlalchemy import insert

from server_stub import tables as t
from server_stub.trade import orders
from tests.integration.trade.world import World, draft


def test_rule_4_10_a_reward_is_in_its_own_ledger_and_never_in_the_commission(world: World) -> None:
    with world.db.begin() as tx:
        orders.place(tx, draft())
    before = world.rows(t.commission_entry)
    reward = {
        "id": "reward-1", "guide_id": "g1", "store_id": "s1", "kind": "new_member", "amount_fen": 500,
        "state": "payable", "made_at": "2026-11-01T02:00:00Z", "customer_id": "c1", "phone_key": "k",
    }  # fmt: skip
    with world.db.begin() as tx:
        tx.conn.execute(insert(t.action_reward).values(**reward))
        tx.touch("action_reward", "reward-1")
    assert world.view("action_reward/reward-1") == ["guide:g1"]
    assert world.rows(t.commission_entry) == before
    assert world.view("commission_entry/reward-1") == []
