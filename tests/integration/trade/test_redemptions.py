"""Coupons used in a store: who wins, what both sides and their managers hear (rules 1.9 to 1.11)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.domain import instants
from app.domain.errors import Refused
from app.protocol import coupon_code
from app.protocol.mutations import RedeemCoupon
from server_stub import tables as t
from server_stub.db import Actor
from server_stub.trade import coupons, orders, redemptions, refunds
from server_stub.trade.routes import DEVICE_TRIES_A_MINUTE, STORE_TRIES_A_MINUTE
from tests.fakes.server import running
from tests.integration.trade.world import World, draft, refused

FIRST = Actor("g1", "guide", "s1", "11.dev1")
SECOND = Actor("g3", "guide", "s2", "21.dev1")
MANAGER = Actor("m2", "manager", "s2", "2.dev1")


def use(world: World, actor: Actor, code: str, name: str, form: str = "typed", **changes: Any) -> dict[str, Any]:
    """Try to use a coupon as a push does, and return the row of the try."""
    at = changes.pop("at", world.clock.now())
    args = RedeemCoupon(f"redemption-{name}", code, form, "s1", instants.to_text(at), **changes)
    with world.db.begin(actor) as tx:
        tx.at = at
        redemptions.redeem(tx, actor, args)
    return world.row(t.redemption, args.redemption_id)


def shown(world: World, key: str) -> dict[str, Any]:
    """Return what phones see of a key, with its bucket."""
    rows = world.rows(t.sync_row, t.sync_row.c.key == key, t.sync_row.c.value.is_not(None))
    return {row["bucket"]: json.loads(row["value"]) for row in rows}


def test_rule_1_11_the_first_to_arrive_wins_and_both_sides_and_managers_hear_of_the_second(world: World) -> None:
    coupon = world.claimed()
    won = use(world, FIRST, coupon.code, "a", order_no="SO-1")
    assert (won["state"], won["coupon_id"], won["face_fen"], won["code_tail"]) == (
        "accepted", coupon.id, 5_000, coupon.code[-5:],
    )  # fmt: skip
    assert world.row(t.coupon, coupon.id)["state"] == "redeemed"
    assert not shown(world, "team_redemption/redemption-a"), "nothing to report yet"
    world.clock.forward(minutes=3)
    lost = use(world, SECOND, coupon.qr, "b", "qr")
    assert (lost["state"], lost["reason"]) == ("refused", "coupon_used")
    assert lost["params"] == {"by": "林知夏", "store": "1 号店", "store_en": "Store 1", "at": won["at"]}
    assert shown(world, "redemption/redemption-b")["guide:g3"]["params"]["by"] == "林知夏"
    mine = shown(world, "redemption/redemption-a")["guide:g1"]
    assert mine["contested"] == 1
    assert mine["contest"] == {"by": "许念", "store": "2 号店", "store_en": "Store 2", "at": lost["at"]}
    assert shown(world, "team_redemption/redemption-a").keys() == {"manager:s1"}
    assert shown(world, "team_redemption/redemption-b").keys() == {"manager:s2"}
    use(world, MANAGER, coupon.code, "c")
    assert world.row(t.redemption, "redemption-a")["contested"] == 2


def test_rule_1_11_the_same_try_again_is_the_same_answer_and_no_contest(world: World) -> None:
    coupon = world.claimed()
    before = use(world, FIRST, coupon.code, "a")
    assert use(world, FIRST, coupon.code, "a") == before
    assert before["contested"] == 0
    with refused("bad_arguments"):
        use(world, SECOND, coupon.code, "a")
    redeemed = world.rows(t.guide_day, t.guide_day.c.guide_id == "g1")[0]["redeemed"]
    assert redeemed == 1


def test_rule_1_9_expiry_is_judged_at_the_time_of_the_use_not_of_its_arrival(world: World) -> None:
    in_time, late = world.claimed("c1"), world.claimed("c2")
    ends = in_time.valid_until
    world.clock.at = ends + timedelta(days=2)
    assert use(world, FIRST, in_time.code, "a", at=ends - timedelta(seconds=1))["state"] == "accepted"
    row = use(world, FIRST, late.code, "b", at=ends)
    assert (row["state"], row["reason"]) == ("refused", "coupon_expired")


def test_rule_1_9_a_time_the_server_cannot_believe_is_bounded_and_flagged_for_the_manager(world: World) -> None:
    coupon = world.claimed()
    wild = instants.to_text(world.clock.now() - timedelta(days=3))
    with world.db.begin(FIRST) as tx:
        redemptions.redeem(tx, FIRST, RedeemCoupon("redemption-a", coupon.code, "typed", "s1", wild))
    row = world.row(t.redemption, "redemption-a")
    assert (row["at"], row["skewed"], row["state"]) == (instants.to_text(world.clock.now()), True, "accepted")
    assert shown(world, "team_redemption/redemption-a").keys() == {"manager:s1"}


def test_a_use_seconds_before_the_issue_by_another_clock_is_at_the_issue(world: World) -> None:
    coupon = world.claimed()
    row = use(world, SECOND, coupon.code, "a", at=world.clock.now() - timedelta(seconds=4))
    assert (row["state"], row["at"]) == ("accepted", instants.to_text(coupon.valid_from))


def test_an_issued_coupon_is_claimed_by_its_use_and_an_allotted_one_is_not_usable(world: World) -> None:
    first, second = world.lease()[:2]
    code = world.issue(first).code
    assert use(world, FIRST, code, "a")["state"] == "accepted"
    events = [row["event"] for row in world.rows(t.coupon_event, t.coupon_event.c.coupon_id == first)]
    assert events == ["issue", "claim", "redeem"]
    row = use(world, FIRST, world.row(t.coupon, second)["code"], "b")
    assert (row["state"], row["reason"]) == ("refused", "coupon_not_issued")


def test_a_coupon_held_by_an_open_order_is_refused_with_its_reason(world: World) -> None:
    coupon = world.claimed()
    with world.db.begin() as tx:
        coupons.reserve(tx, coupon.id, "order-1", "r")
    assert use(world, FIRST, coupon.code, "a")["reason"] == "coupon_reserved"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"channel": "online"}, "coupon_online_only"),
        ({"scope": {"kind": "stores", "ids": ["s1"]}}, "coupon_out_of_scope"),
    ],
)
def test_rule_1_1_channel_and_store_of_the_coupon_are_kept(world: World, rules: dict[str, Any], reason: str) -> None:
    coupon = world.claimed()
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon).values(rules=coupon.rules | rules))
    assert use(world, SECOND, coupon.code, "a")["reason"] == reason


def test_a_code_nobody_has_and_a_forged_qr(world: World) -> None:
    unknown = coupon_code.new_code(b"12345678")
    row = use(world, FIRST, unknown, "a")
    assert (row["state"], row["reason"], row["coupon_id"]) == ("refused", "coupon_unknown", None)
    with pytest.raises(Refused) as no:
        use(world, FIRST, world.claimed().qr[:-3] + "000", "b", "qr")
    assert no.value.code in ("coupon_code_forged", "coupon_code_invalid")


def test_rule_1_10_a_whole_refund_of_its_order_gives_a_coupon_used_in_the_store_back(world: World) -> None:
    coupon = world.claimed()
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft("e1", "c1"))
    number = world.row(t.orders, order_id)["no"]
    assert use(world, FIRST, coupon.code, "a", order_no=number)["order_id"] == order_id
    with world.db.begin() as tx:
        refunds.refund(tx, order_id, None, "refund-1")
    assert world.row(t.coupon, coupon.id)["state"] == "returned"
    assert shown(world, "redemption/redemption-a")["guide:g1"]["state"] == "returned"
    assert use(world, SECOND, coupon.code, "b")["state"] == "accepted", "a returned coupon may be used again"


def test_rule_1_10_an_order_number_that_came_later_or_is_another_customers(world: World) -> None:
    mine, other = world.claimed("c1"), world.claimed("c2")
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft("e1", "c1"))
    number = world.row(t.orders, order_id)["no"]
    with world.db.begin() as tx:
        tx.conn.execute(update(t.orders).where(t.orders.c.id == order_id).values(no="later"))
    use(world, FIRST, mine.code, "a", order_no=number)
    use(world, FIRST, other.code, "b", order_no=number)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.orders).where(t.orders.c.id == order_id).values(no=number))
        refunds.refund(tx, order_id, None, "refund-1")
    assert world.row(t.coupon, mine.id)["state"] == "returned"
    assert world.row(t.coupon, other.id)["state"] == "redeemed"


async def test_a_coupon_is_asked_about_without_using_it_and_tries_are_limited(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        phone = await server.sign_in("G0101")
        row = next(v for k, v in (await phone.pull_all()).items() if k.startswith("coupon/"))
        await phone.do("issue_coupon", coupon_id=row["id"], customer_id="c1")
        other = await server.sign_in("M02")

        async def ask(code: str, who: Any = other) -> Any:
            return await server.http.post("/api/coupon/check", json={"code": code}, headers=who.headers)

        said = (await ask(row["qr"])).json()
        assert (said["usable"], said["reason"], said["guide"], said["code"]) == (True, None, "林知夏", row["code"])
        assert said["rules"]["face_fen"] == 5_000 and said["valid_until"]
        assert not {"customer_id", "customer", "phone"} & said.keys()
        now = instants.to_text(server.clock.now())
        done = await phone.do(
            "redeem_coupon", redemption_id="redemption-1", code=row["qr"], form="qr", store_id="s1", redeemed_at=now
        )
        assert done["status"] == "applied"
        said = (await ask(coupon_code.display(row["code"]).lower())).json()
        assert (said["usable"], said["reason"], said["params"]["store"]) == (False, "coupon_used", "1 号店")
        typo = row["code"][:-1] + ("0" if row["code"][-1] != "0" else "1")
        assert (await ask(typo)).json()["code"] == "coupon_code_invalid"
        assert (await ask(coupon_code.new_code(b"87654321"))).json()["reason"] == "coupon_unknown"
        for _ in range(DEVICE_TRIES_A_MINUTE - 3):  # a wrong check symbol cost no try
            assert (await ask(row["code"])).status_code == 200
        late = await ask(row["code"])
        assert (late.status_code, late.json()["code"]) == (429, "rate_limited")
        assert (await ask(row["code"], phone)).status_code == 200, "another store is not held up"
        for n in range(2):
            peer = await server.sign_in("M02", f"another-device-{n}")
            for _ in range(DEVICE_TRIES_A_MINUTE):
                assert (await ask(row["code"], peer)).status_code == 200
        assert STORE_TRIES_A_MINUTE == 3 * DEVICE_TRIES_A_MINUTE
        last = await server.sign_in("M02", "another-device-9")
        assert (await ask(row["code"], last)).json()["code"] == "rate_limited", "nor is the store as a whole"
        hq = await server.sign_in("H01")
        assert (await ask(row["code"], hq)).status_code == 403
