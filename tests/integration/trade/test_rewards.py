"""Action rewards on the server: made, held, judged by the job, answered and decided (rules 4.10, 8.1, 8.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from app.protocol.mutations import AnswerFlag, DecideReward
from server_stub import jobs
from server_stub import tables as t
from server_stub.db import Actor
from server_stub.people import customers
from server_stub.trade import orders, rewards
from tests.integration.trade.world import World, draft, refused

MANAGER = Actor("m1", "manager", "s1", "dev")


def join(world: World, phone: str, guide: str = "g1", browser: str | None = None) -> tuple[str, str]:
    """Let somebody become a member by a guide's card; return their id and the reward's."""
    with world.db.begin() as tx:
        person = customers.create_member(tx, phone, name="新客", source="page")
        customers.bind(tx, person, guide, new_member=True)
        return person, rewards.earn(tx, person, guide, visitor_id=browser)


def reward(world: World, reward_id: str) -> dict[str, Any]:
    return world.row(t.action_reward, reward_id)


def judged(world: World, days: int) -> None:
    world.clock.forward(days=days)
    jobs.run_once(world.db)
    assert jobs.run_once(world.db)["rewards"] == 0, "safe to run twice"


def flagged(world: World) -> str:
    """Return a reward that is held because two people came from one browser."""
    join(world, "13811110001", browser="one-browser")
    _, second = join(world, "13811110002", browser="one-browser")
    judged(world, 1)
    assert reward(world, second)["flags"] == ["shared_device"]
    return second


def test_rule_8_1_a_new_member_who_buys_is_paid_for_after_the_hold(world: World) -> None:
    person, made = join(world, "13811110001", browser="b1")
    assert (reward(world, made)["state"], reward(world, made)["amount_fen"]) == ("pending", 500)
    assert world.view(f"action_reward/{made}") == ["guide:g1"]
    world.clock.forward(hours=2)
    with world.db.begin() as tx:
        orders.place(tx, draft("e1", person))
    judged(world, 1)
    assert (reward(world, made)["state"], reward(world, made)["reason"]) == ("held", "holding")
    judged(world, 30)
    found = reward(world, made)
    assert (found["state"], found["reason"]) == ("payable", "proven")
    assert found["decided_at"] == found["held_until"] == "2026-12-08T02:30:00Z", "whenever the job ran"
    assert world.view(f"team_reward/{made}") == [], "nothing for a manager to judge"


def test_rule_8_1_a_referral_came_through_a_link_made_for_another_customer(world: World) -> None:
    world.touch("c2", world.code())
    (link,) = world.rows(t.share)
    with world.db.begin() as tx:
        tx.conn.execute(t.share.update().values(customer_id="c1"))
        person = customers.create_member(tx, "13811110003", name="朋友", source="page")
        tx.conn.execute(insert(t.touch).values(
            id="touch-friend", person_kind="customer", person_id=person, share_id=link["id"], guide_id="g1",
            channel="chat", at=tx.now_text,
        ))  # fmt: skip
        customers.bind(tx, person, "g1", new_member=True)
        made = rewards.earn(tx, person, "g1")
    assert (reward(world, made)["kind"], reward(world, made)["amount_fen"]) == ("referral", 1_000)
    assert world.row(t.customer, "c1")["referrals"] == 1, "who brought them is known to be a super user (rule 6.4)"
    assert world.row(t.customer, "c2")["referrals"] == 0


def test_rule_8_2_a_week_without_a_sign_of_life_and_a_colleague_who_takes_over_are_flagged(world: World) -> None:
    _, silent = join(world, "13811110001")
    person, taken = join(world, "13811110002")
    judged(world, 8)
    assert reward(world, silent)["flags"] == ["zero_activity"]
    with world.db.begin() as tx:
        tx.conn.execute(t.binding.update().where(t.binding.c.customer_id == person).values(
            until_at=tx.now_text, end_reason="rebound"
        ))  # fmt: skip
        tx.conn.execute(insert(t.binding).values(
            id="b-new", customer_id=person, guide_id="g2", store_id="s1", from_at=tx.now_text,
            bound_until="2030-01-01T00:00:00Z",
        ))  # fmt: skip
    judged(world, 30)
    assert "readd_by_colleague" in reward(world, taken)["flags"]
    assert {reward(world, one)["state"] for one in (silent, taken)} == {"held"}, "held, never deleted"


def test_rule_8_2_the_guide_answers_once_and_the_manager_decides_once(world: World) -> None:
    made = flagged(world)
    assert world.view(f"team_reward/{made}") == ["manager:s1"]
    with world.db.begin(world.actor("g2")) as tx, refused("not_yours"):
        rewards.answer_flag(tx, AnswerFlag(made, "是我的"))
    with world.db.begin(world.actor()) as tx, refused("answer_invalid"):
        rewards.answer_flag(tx, AnswerFlag(made, "   "))
    with world.db.begin(world.actor()) as tx:
        rewards.answer_flag(tx, AnswerFlag(made, " 两位是夫妻，用同一部手机 "))
    with world.db.begin(world.actor()) as tx, refused("reward_answered"):
        rewards.answer_flag(tx, AnswerFlag(made, "再说一次"))
    assert reward(world, made)["answer"] == "两位是夫妻，用同一部手机"
    other = Actor("m2", "manager", "s2", "dev")
    with world.db.begin(other) as tx, refused("not_found"):
        rewards.decide_reward(tx, DecideReward(made, True))
    with world.db.begin(MANAGER) as tx:
        rewards.decide_reward(tx, DecideReward(made, True))
    found = reward(world, made)
    assert (found["state"], found["reason"], found["decided_by"]) == ("payable", "manager", "m1")
    with world.db.begin(MANAGER) as tx, refused("reward_decided"):
        rewards.decide_reward(tx, DecideReward(made, False))
    judged(world, 30)
    assert reward(world, made)["state"] == "payable", "the job leaves it as decided"


def test_rule_8_2_what_is_not_flagged_is_nobodys_to_decide(world: World) -> None:
    _, made = join(world, "13811110009")
    with world.db.begin(MANAGER) as tx, refused("reward_not_flagged"):
        rewards.decide_reward(tx, DecideReward(made, True))
    with world.db.begin(world.actor()) as tx, refused("reward_not_flagged"):
        rewards.answer_flag(tx, AnswerFlag(made, "？"))
