"""Share codes on the server: believed before the phone has synced, forged ones counted (rule 3.1)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app.domain import instants
from app.protocol.mutations import RecordShare
from server_stub import tables as t
from server_stub.trade import shares
from server_stub.trade.drafts import Person, ShareRef
from server_stub.trade.mutations import HANDLERS
from tests.integration.trade.world import World, refused


def resolve(world: World, text: str) -> ShareRef | None:
    with world.db.begin() as tx:
        return shares.resolve(tx, text)


def forged(world: World) -> int:
    return sum(row["value"] for row in world.rows(t.counter, t.counter.c.name == shares.FORGED))


def push(world: World, code: str, share_id: str = "phone-1", **changes: object) -> None:
    fields = {
        "share_id": share_id, "code": code, "kind": "product", "item_id": "p1", "channel": "chat",
        "created_at": instants.to_text(world.clock.now()), "caption": "新到", "customer_id": "c1", **changes,
    }  # fmt: skip
    with world.db.begin(world.actor()) as tx:
        HANDLERS["record_share"](tx, RecordShare(**fields))  # type: ignore[arg-type]


def test_rule_3_1_a_code_is_credited_before_the_phone_has_synced(world: World) -> None:
    code = world.code()
    share = resolve(world, code)
    assert share is not None
    assert (share.guide_id, share.item_id, share.kind, share.channel) == ("g1", "p1", "product", "chat")
    on_paper = code.lower().replace("0", "o").replace("1", "l")
    assert resolve(world, on_paper) == share
    assert forged(world) == 0


@pytest.mark.parametrize("position", [0, 5, 9, 14, 20, 31])
def test_rule_3_1_a_code_altered_by_one_character_credits_nobody_and_is_counted(world: World, position: int) -> None:
    code = world.code()
    other = "7" if code[position] != "7" else "9"
    assert resolve(world, code[:position] + other + code[position + 1 :]) is None
    assert resolve(world, "nonsense") is None
    assert forged(world) == 2
    assert not world.rows(t.share)


def test_rule_3_1_codes_of_a_retired_key_stay_valid_for_the_window(world: World) -> None:
    before, late = world.code(), world.code()
    world.clock.forward(hours=1)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.device).values(revoked_at=tx.now_text))
    after = world.code(at=world.clock.now().replace(hour=12))
    assert resolve(world, before) is not None
    assert resolve(world, after) is None
    world.clock.forward(days=31)
    assert resolve(world, late) is None


def test_the_push_of_a_share_that_was_opened_before_leaves_one_row(world: World) -> None:
    code = world.code()
    met = resolve(world, code)
    assert met is not None
    with world.db.begin() as tx:
        shares.count(tx, met.share_id, "opened")
        shares.touch(tx, Person("c1"), met, tx.now)
    world.clock.forward(hours=1)
    for _ in range(2):
        push(world, code)
    (row,) = world.rows(t.share)
    assert (row["id"], row["opened"], row["caption"], row["synced"]) == ("phone-1", 1, "新到", True)
    assert [one["share_id"] for one in world.rows(t.touch)] == ["phone-1"]
    assert world.view("share/phone-1") == ["guide:g1"]
    assert world.view(f"share/{met.share_id}") == []
    again = resolve(world, code)
    assert again is not None
    assert again.share_id == "phone-1"
    assert world.rows(t.guide_day)[0]["shares"] == 1


def test_a_pushed_share_must_agree_with_its_code(world: World) -> None:
    world.device("g2")
    with refused("share_code_invalid"):
        push(world, world.code()[:-1] + "!")
    with refused("share_code_invalid"):
        push(world, world.code(), item_id="p2")
    with refused("share_code_invalid"):
        push(world, world.code(), channel="print")
    with refused("not_yours"):
        push(world, world.code("g2"))
    with refused("not_yours"):
        push(world, world.code(), customer_id="c5")
    push(world, code := world.code())
    with refused("bad_arguments"):
        push(world, code, "phone-2")


def test_a_link_opened_again_within_half_an_hour_is_one_touch(world: World) -> None:
    code = world.code()
    world.touch("c1", code)
    world.clock.forward(minutes=20)
    world.touch("c1", code)
    world.clock.forward(minutes=40)
    world.touch("c1", code)
    assert sorted(row["at"] for row in world.rows(t.touch)) == ["2026-11-24T02:50:00Z", "2026-11-24T03:30:00Z"]
