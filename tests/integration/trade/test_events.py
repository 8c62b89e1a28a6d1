"""Order events of other systems: signed, each once, in any order, paid, refunded and cancelled (feature G5)."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app.domain import instants
from app.protocol.mutations import RedeemCoupon
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.config import Settings
from server_stub.trade import coupons, events, hooks, redemptions
from tests.fakes.server import NOW, open_world, running
from tests.integration.trade.world import World

AT = "2026-11-24T02:00:00Z"
LATER = "2026-11-24T02:10:00Z"


def line(no: int = 1, **changes: Any) -> dict[str, Any]:
    """Return one piece of p1 for 450.00."""
    return {
        "line_no": no, "product_no": 1, "size": "S", "qty": 1, "price_fen": 45_000, "discount_fen": 0,
        "paid_fen": 45_000, **changes,
    }  # fmt: skip


def paid(event_id: str = "e1", **changes: Any) -> dict[str, Any]:
    return {
        "event_id": event_id, "source": "pos", "kind": "paid", "order_no": "T1001", "at": AT, "currency": "CNY",
        "customer": {"id": "c1"}, "store_no": 1, "channel": "store", "lines": [line()], **changes,
    }  # fmt: skip


def refunded(event_id: str = "r1", **changes: Any) -> dict[str, Any]:
    return {
        "event_id": event_id, "source": "pos", "kind": "refunded", "order_no": "T1001", "at": LATER, "currency": "CNY",
        **changes,
    }  # fmt: skip


def cancelled(event_id: str = "x1", **changes: Any) -> dict[str, Any]:
    return {"event_id": event_id, "source": "pos", "kind": "cancelled", "order_no": "T1001", "at": LATER, **changes}


def take(world: World, *raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [events.take(world.db, one) for one in raw]


def the_order(world: World, no: str = "T1001") -> dict[str, Any]:
    (found,) = world.rows(t.orders, t.orders.c.no == no)
    return found


def earned(world: World) -> int:
    return sum(row["amount_fen"] for row in world.rows(t.commission_entry))


def test_a_paid_event_is_an_order_at_its_own_amounts_of_the_bound_guide(world: World) -> None:
    sold = [line(), line(2, product_no=None, style_no="EY0002", colour="雾蓝", price_fen=90_000, discount_fen=9_999,
                         paid_fen=80_001)]  # fmt: skip
    (answer,) = take(world, paid(customer={"phone": "+86 138-0000-0001"}, lines=sold, channel="marketplace"))
    order = the_order(world)
    assert answer == {"event_id": "e1", "order_no": "T1001", "status": "applied", "order_id": order["id"]}
    assert (order["customer_id"], order["paid_fen"], order["discount_fen"]) == ("c1", 125_001, 9_999)
    assert (order["bound_guide_id"], order["channel"], order["paid_at"]) == ("g1", "marketplace", AT)
    assert world.view(f"order/{order['id']}") == ["guide:g1"], "every channel counts for the bound guide (E5)"
    assert earned(world) == 2_250 + 4_000
    second = world.row(t.order_line, f"{order['id']}.2")
    assert (second["product_id"], second["list_fen"], second["category"]) == ("p2", 100_000, "coat")


def test_the_same_event_is_the_same_answer_and_another_body_is_refused(world: World) -> None:
    first, again, other = take(world, paid(), dict(reversed(paid().items())), paid(lines=[line(size="M")]))
    assert first == again
    assert (other["status"], other["code"], other["place"]) == ("refused", "event_reused", "event_id")
    (double,) = take(world, paid("e2"))
    assert (double["code"], double["place"]) == ("order_exists", "order_no")
    assert len(world.rows(t.orders)) == 1
    assert {row["event_id"]: row["state"] for row in world.rows(t.order_event)} == {
        "pos:e1": "applied", "pos:e2": "refused"
    }  # fmt: skip


def test_refunds_before_their_order_wait_for_it(world: World) -> None:
    part = refunded(lines=[{"line_no": 1, "qty": 1}])
    early = take(world, part, refunded("r2", at="2026-11-24T02:20:00Z"), part)
    assert [one["status"] for one in early] == ["waiting"] * 3
    assert not world.rows(t.refund)
    take(world, paid(lines=[line(), line(2)]))
    assert (the_order(world)["status"], the_order(world)["refunded_fen"]) == ("refunded", 90_000)
    assert earned(world) == 0
    assert [one["status"] for one in take(world, part)] == ["applied"]
    assert {row["state"] for row in world.rows(t.order_event)} == {"applied"}
    assert len(world.rows(t.refund)) == 2


def test_what_waits_and_cannot_be_applied_is_refused_and_the_order_stands(world: World) -> None:
    take(world, refunded(lines=[{"line_no": 1, "qty": 2}]), cancelled("x0", at="2026-11-24T01:00:00Z"))
    take(world, paid())
    assert the_order(world)["status"] == "paid"
    (answer,) = take(world, refunded(lines=[{"line_no": 1, "qty": 2}]))
    assert (answer["status"], answer["code"], answer["place"]) == ("refused", "refund_too_large", "lines[0].qty")


def test_rule_4_6_two_partial_refunds_in_money_make_a_whole(world: World) -> None:
    take(world, paid(lines=[line(qty=3, paid_fen=135_000)]))
    take(world, refunded(lines=[{"line_no": 1, "qty": 0, "paid_fen": 100_001}]))
    assert (the_order(world)["status"], the_order(world)["refunded_fen"]) == ("part_refunded", 100_001)
    assert earned(world) == 6_750 - 5_000, "what is left is floored down (rule 4.3)"
    too_much, rest = take(
        world,
        refunded("r2", lines=[{"line_no": 1, "qty": 3, "paid_fen": 35_000}]),
        refunded("r3", at="2026-11-24T02:05:00Z"),  # done before the first, told after it
    )
    assert (too_much["code"], too_much["place"]) == ("refund_too_large", "lines[0].paid_fen")
    assert rest["status"] == "applied"
    assert (the_order(world)["status"], the_order(world)["refunded_fen"]) == ("refunded", 135_000)
    assert earned(world) == 0


def test_a_cancelled_order_is_refunded_whole_and_says_so(world: World) -> None:
    done, again, late = take(world, paid(), cancelled(), cancelled("x2"))[:3]
    assert again["status"] == "applied"
    assert (late["code"], late["place"]) == ("order_state", "order_no")
    assert done["status"] == "applied"
    order = the_order(world)
    assert (order["status"], order["refunded_fen"], earned(world)) == ("cancelled", 45_000, 0)
    assert world.row(t.customer, "c1")["order_count"] == 0
    assert world.row(t.stock, "s1.p1")["sizes"] == {"S": 3, "M": 2}


BAD = [
    ({"lines": [line(), line(2), line(3, paid_fen=-1)]}, "amount_invalid", "lines[2].paid_fen"),
    ({"lines": [line(paid_fen=45_000.5)]}, "amount_invalid", "lines[0].paid_fen"),
    ({"lines": [line(price_fen="45000")]}, "amount_invalid", "lines[0].price_fen"),
    ({"lines": [line(price_fen=1_000_000_001, paid_fen=1)]}, "amount_invalid", "lines[0].price_fen"),
    ({"lines": [line(discount_fen=True)]}, "amount_invalid", "lines[0].discount_fen"),
    ({"lines": [line(paid_fen=None)]}, "amount_invalid", "lines[0].paid_fen"),
    ({"lines": [line(paid_fen=44_999)]}, "amount_invalid", "lines[0].paid_fen"),
    ({"lines": [line(qty=3, price_fen=400_000_000, paid_fen=0)]}, "amount_invalid", "lines[0].price_fen"),
    ({"lines": [line(n, price_fen=600_000_000, paid_fen=600_000_000) for n in (1, 2)]}, "amount_invalid", "lines"),
    ({"paid_fen": 44_999}, "amount_invalid", "paid_fen"),
    ({"currency": "USD"}, "currency_unknown", "currency"),
    ({"currency": None}, "bad_arguments", "currency"),
    ({"kind": "gift"}, "bad_arguments", "kind"),
    ({"at": "2026-11-24 10:00"}, "bad_arguments", "at"),
    ({"at": "2026-11-24T02:36:00Z"}, "bad_arguments", "at"),
    ({"at": "1999-11-24T02:00:00Z"}, "bad_arguments", "at"),
    ({"created_at": LATER}, "bad_arguments", "created_at"),
    ({"customer": {"phone": "021-5555"}}, "bad_arguments", "customer.phone"),
    ({"customer": {"id": "nobody"}}, "not_found", "customer.id"),
    ({"customer": {}}, "bad_arguments", "customer"),
    ({"store_no": 9}, "not_found", "store_no"),
    ({"channel": "import"}, "bad_arguments", "channel"),
    ({"lines": []}, "bad_arguments", "lines"),
    ({"lines": [line(), line()]}, "bad_arguments", "lines[1].line_no"),
    ({"lines": [line(qty=0)]}, "bad_arguments", "lines[0].qty"),
    ({"lines": [line(product_no=99)]}, "not_found", "lines[0].product_no"),
    ({"lines": [line(product_no=None)]}, "bad_arguments", "lines[0].product_no"),
    ({"lines": [line(payed_fen=1)]}, "bad_arguments", "lines[0].payed_fen"),
    ({"lines": ["x"]}, "bad_arguments", "lines[0].line_no"),
    ({"order_no": "T 1"}, "bad_arguments", "order_no"),
    ({"event_id": ""}, "bad_arguments", "event_id"),
]  # fmt: skip


def test_a_bad_event_is_refused_with_code_and_place_and_nothing_is_applied(world: World) -> None:
    for change, code, at in BAD:
        (answer,) = take(world, paid(**change))
        assert (answer["status"], answer["code"], answer["place"]) == ("refused", code, at), change
    assert not world.rows(t.orders)
    assert not world.rows(t.commission_entry)
    assert len(world.rows(t.customer)) == 6
    (good,) = take(world, paid())
    assert good["status"] == "applied", "a refused event has done nothing and may be sent again, corrected"


def test_zero_is_a_legal_amount_and_a_line_may_have_no_product(world: World) -> None:
    gift = {"line_no": 2, "name": "礼品袋", "qty": 1, "price_fen": 0, "paid_fen": 0}
    free = line(discount_fen=45_000, paid_fen=0)
    assert take(world, paid(lines=[free, gift]))[0]["status"] == "applied"
    assert (the_order(world)["paid_fen"], earned(world)) == (0, 0)
    assert take(world, refunded())[0]["status"] == "applied"
    assert the_order(world)["status"] == "refunded"


def test_a_refund_larger_than_paid_of_an_unknown_line_or_of_another_source_is_refused(world: World) -> None:
    take(world, paid())
    bad = [
        (refunded("a", lines=[{"line_no": 1, "qty": 1, "paid_fen": 45_001}]), "refund_too_large", "lines[0].paid_fen"),
        (refunded("b", lines=[{"line_no": 1, "qty": 2}]), "refund_too_large", "lines[0].qty"),
        (refunded("c", lines=[{"line_no": 2, "qty": 1}]), "not_found", "lines[0].line_no"),
        (refunded("d", lines=[{"line_no": 1, "qty": 0}]), "bad_arguments", "lines[0].qty"),
        (refunded("e", source="mall"), "forbidden", "order_no"),
        (refunded("f", at="2026-11-24T01:59:59Z"), "bad_arguments", "at"),
        (refunded("g", currency="HKD"), "currency_unknown", "currency"),
    ]
    for raw, code, at in bad:
        (answer,) = take(world, raw)
        assert (answer["code"], answer["place"]) == (code, at)
    assert not world.rows(t.refund)
    assert take(world, refunded("h", lines=[{"line_no": 1, "qty": 1, "paid_fen": 45_000}]))[0]["status"] == "applied"


def test_an_unknown_phone_becomes_a_member_of_nobody_and_no_event_keeps_a_phone(world: World) -> None:
    take(world, paid(customer={"phone": "13912345678"}), refunded(order_no="T9"))
    order = the_order(world)
    made = world.row(t.customer, order["customer_id"])
    assert (made["guide_id"], made["name"], made["source"]) == (None, "139****5678", "order")
    assert (order["reason"], order["store_id"]) == ("nearest_store", "s1")
    kept = json.dumps([dict(row) for row in world.rows(t.order_event)])
    assert "139" not in kept


def test_copies_at_the_same_time_are_one_order_on_both_databases(tmp_path: Path, backend: str) -> None:
    db = open_world(tmp_path / "home", FixedClock(NOW), backend)
    sent = [paid(), refunded(lines=[{"line_no": 1, "qty": 1}]), paid(), refunded(lines=[{"line_no": 1, "qty": 1}])]
    sent += [paid(order_no="T2002"), paid("e2"), paid("e3", order_no="T3"), paid("e4", order_no="T4")]
    answers: list[dict[str, Any]] = []
    gate = threading.Barrier(len(sent))

    def send(raw: dict[str, Any]) -> None:
        gate.wait()
        answers.append(events.take(db, raw))

    threads = [threading.Thread(target=send, args=(one,)) for one in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = World(db, FixedClock(NOW))
    assert len(answers) == len(sent)
    orders = {row["no"]: row for row in made.rows(t.orders)}
    assert set(orders) in ({"T1001", "T3", "T4"}, {"T1001", "T2002", "T3", "T4"})
    assert orders["T1001"]["status"] == "refunded"
    assert len(made.rows(t.refund)) == 1
    net = sum(row["paid_fen"] - row["refunded_fen"] for row in orders.values())
    assert made.row(t.customer, "c1")["spend_fen"] == net
    db.close()


# --- coupons -------------------------------------------------------------------------------


def test_rule_1_10_a_till_order_uses_its_coupon_and_a_cancellation_returns_it(world: World) -> None:
    held = world.claimed()
    with_coupon = paid(coupon_code=held.code, lines=[line(discount_fen=5_000, paid_fen=40_000)])
    assert "coupon_problem" not in take(world, with_coupon)[0]
    order, row = the_order(world), world.row(t.coupon, held.id)
    assert (order["coupon_id"], row["state"], row["order_id"]) == (held.id, "redeemed", order["id"])
    take(world, cancelled())
    assert world.row(t.coupon, held.id)["state"] == "returned"


def test_a_coupon_redeemed_in_the_store_before_its_order_came_is_linked(world: World) -> None:
    held = world.claimed()
    with world.db.begin() as tx:
        used = {
            "id": "red1", "by_id": "g1", "store_id": "s1", "at": AT, "decided_at": AT, "form": "typed", "mark": "m",
            "state": "accepted", "coupon_id": held.id, "order_no": "",
        }  # fmt: skip
        row = coupons.by_code(tx, held.code)
        assert row is not None
        coupons.redeem_in_store(tx, row, "redemption:red1", "store:red1", tx.now)
        tx.conn.execute(insert(t.redemption).values(used))
    answer = take(world, paid(coupon_code=held.code, lines=[line(discount_fen=5_000, paid_fen=40_000)]))[0]
    order = the_order(world)
    assert "coupon_problem" not in answer
    assert order["coupon_id"] == held.id == world.row(t.coupon, held.id)["id"]
    assert world.row(t.coupon, held.id)["order_id"] == order["id"]
    used = world.row(t.redemption, "red1")
    assert (used["order_id"], used["order_no"]) == (order["id"], "T1001")
    take(world, refunded())
    assert world.row(t.coupon, held.id)["state"] == "returned"
    assert world.row(t.redemption, "red1")["state"] == "returned"


def test_rule_1_11_a_use_in_the_store_told_after_its_order_is_the_same_use(world: World) -> None:
    held = world.claimed()
    take(world, paid(coupon_code=held.code, lines=[line(discount_fen=5_000, paid_fen=40_000)]))
    for n, order_no in enumerate(("T1001", "T1001", "T9")):
        args = RedeemCoupon(f"redemption-{n}", held.code, "typed", "s1", AT, order_no=order_no)
        with world.db.begin(world.actor()) as tx:
            redemptions.redeem(tx, world.actor(), args)
    rows = sorted(world.rows(t.redemption), key=lambda row: row["id"])
    assert [row["state"] for row in rows] == ["accepted", "refused", "refused"]
    assert rows[0]["order_id"] == the_order(world)["id"]


def test_an_order_from_a_till_counts_whatever_its_coupon_and_the_problem_is_kept(world: World) -> None:
    held, stranger = world.claimed(), world.claimed("c2")
    cases = [
        ("NOSUCHCODE", "coupon_unknown"), (stranger.code, "coupon_not_available"), (held.code, None),
        (held.code, "coupon_used"),
    ]  # fmt: skip
    for n, (code, problem) in enumerate(cases):
        (answer,) = take(world, paid(f"e{n}", order_no=f"N{n}", coupon_code=code))
        order = the_order(world, f"N{n}")
        assert (answer["status"], answer.get("coupon_problem")) == ("applied", problem)
        kept = order["evidence"].get("coupon_problem", {}).get("code")
        assert (order["paid_fen"], kept) == (45_000, problem)
    assert world.row(t.coupon, stranger.id)["state"] == "claimed"


def test_a_coupon_below_its_threshold_was_given_at_the_till_so_it_is_used_and_noted(world: World) -> None:
    held = world.claimed()
    small = line(product_no=None, name="改衣", price_fen=19_999, discount_fen=5_000, paid_fen=14_999)
    (answer,) = take(world, paid(coupon_code=held.code, lines=[small]))
    assert answer["coupon_problem"] == "coupon_below_threshold"
    assert world.row(t.coupon, held.id)["state"] == "redeemed"


def test_a_coupon_good_when_the_order_was_paid_is_used_though_the_event_came_late(world: World) -> None:
    held = world.claimed()
    at = instants.to_text(world.clock.now() + timedelta(hours=1))
    world.clock.forward(days=20)
    assert "coupon_problem" not in take(world, paid(at=at, coupon_code=held.code))[0]
    assert world.row(t.coupon, held.id)["state"] == "redeemed"


def test_rule_1_10_unused_gifts_of_an_order_are_voided_with_its_whole_refund(world: World) -> None:
    unused, used = world.claimed(), world.claimed()
    both = [unused.code, used.code, "NOSUCHCODE"]
    (answer,) = take(world, paid(gift_codes=both, lines=[line(), line(2)]))
    assert answer["gift_problems"] == ["coupon_unknown"]
    take(world, paid("e2", order_no="T2", at=LATER, coupon_code=used.code))
    take(world, refunded(lines=[{"line_no": 2, "qty": 1}]))
    assert world.row(t.coupon, unused.id)["state"] == "claimed", "a part is not the whole"
    take(world, refunded("r2", at=LATER))
    assert (world.row(t.coupon, unused.id)["state"], world.row(t.coupon, used.id)["state"]) == ("voided", "redeemed")


# --- the way in ----------------------------------------------------------------------------


def signed(settings: Settings, raw: bytes, **changes: str) -> dict[str, str]:
    at, body = changes.get("at", instants.to_text(NOW)), changes.get("body", raw.decode()).encode()
    return {
        "X-Daogou-Source": changes.get("source", "demo"),
        "X-Daogou-Time": at,
        "X-Daogou-Signature": hooks.sign(hooks.sources(settings)["demo"], at, body),
    }


async def test_the_webhook_takes_a_signed_batch_and_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        settings = server.db.settings
        batch = [paid(source="demo"), paid("e2", source="pos"), paid("e3", source="demo", currency="EUR"), "x"]
        raw = json.dumps({"events": batch}).encode()
        for wrong in ({"at": "2026-11-24T02:24:59Z"}, {"source": "pos"}, {"body": "{}"}, {"at": "now"}):
            answer = await server.http.post("/api/hook/orders", content=raw, headers=signed(settings, raw, **wrong))
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), wrong
        answer = await server.http.post("/api/hook/orders", content=raw, headers=signed(settings, raw))
        results = answer.json()["results"]
        assert [(one["status"], one.get("place")) for one in results] == [
            ("applied", None), ("refused", "source"), ("refused", "currency"), ("refused", "event")
        ]  # fmt: skip
        again = await server.http.post("/api/hook/orders", content=raw, headers=signed(settings, raw))
        assert again.json() == answer.json()
        for body in (b"[]", b'{"events":[]}', b'{"events":[{"a":1,"a":2}]}'):
            answer = await server.http.post("/api/hook/orders", content=body, headers=signed(settings, body))
            assert answer.status_code in (400, 422), body


def test_in_production_nobody_is_let_in_before_a_secret_was_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, env="production")
    assert hooks.sources(settings) == {}
    secret = hooks.add_source(settings, "pos-1")
    assert hooks.add_source(settings, "pos-1") == secret
    assert hooks.sources(settings) == {"pos-1": secret}
    assert (tmp_path / "server" / "hooks.json").stat().st_mode & 0o077 == 0
