"""Coupons on the server: leases, issuing, claiming, using (rules 1.2 to 1.5, 1.11, 9)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from app.domain import instants
from app.protocol import coupon_code
from app.protocol.mutations import IssueCoupon, UndoCoupon
from server_stub import tables as t
from server_stub.config import public_bytes
from server_stub.trade import coupons, orders
from server_stub.trade.mutations import HANDLERS
from tests.fakes.server import running
from tests.integration.trade.world import World, draft, refused


def test_rule_1_4_repeated_top_ups_never_give_out_more_than_the_total(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).values(total=12, per_customer=None))
        tx.conn.execute(update(t.setting).values(contact={"day": 9, "week": 99, "month": 99}))
    devices = [world.device("g1", f"phone{n}", n) for n in range(2, 6)]
    for day in range(4):
        for device in devices:
            world.lease(device)
        now = instants.to_text(world.clock.now())
        live = t.coupon.c.lease_until > instants.to_text(world.clock.now() - timedelta(hours=72))
        out = world.rows(t.coupon, (t.coupon.c.issued_at.is_not(None)) | ((t.coupon.c.state == "allotted") & live))
        assert len(out) == 12, f"round {day}"
        one = world.rows(t.coupon, t.coupon.c.state == "allotted", t.coupon.c.lease_until > now)[0]
        with world.db.begin() as tx:
            coupons.issue(
                tx, coupon_id=one["id"], customer_id="c1", guide_id="g1", key="k", at=tx.now, device_id=one["device_id"]
            )  # fmt: skip
        world.clock.forward(days=5)  # blocks near their end are renewed, old ones stay counted
    assert not world.rows(t.coupon, t.coupon.c.template_id == "t2"), "a stopped template is not leased"


def test_rule_1_4_an_issue_that_arrives_after_the_grace_is_refused_however_early_it_was_made(world: World) -> None:
    coupon_id = world.lease()[0]
    made_at = world.clock.now()
    world.clock.forward(days=7, hours=72)
    with refused("lease_over"):
        world.issue(coupon_id, at=made_at)


def test_rule_1_2_a_step_is_kept_from_the_state_that_time_had_made(world: World) -> None:
    """An undo that arrives after the grace: time had voided the coupon, nothing changes any more."""
    coupon_id = world.lease()[0]
    world.clock.forward(days=7, hours=72)
    with world.db.begin() as tx:
        taken_back = coupons.undo(tx, coupon_id=coupon_id, guide_id="g1", key="k1", at=world.clock.now())
    assert taken_back.state == "voided"
    with world.db.read() as conn:
        step = conn.execute(select(t.coupon_event).where(t.coupon_event.c.coupon_id == coupon_id)).mappings().one()
    assert (step["event"], step["from_state"], step["to_state"]) == ("undo", "voided", "voided")


def test_rule_1_4_what_an_ended_lease_holds_goes_back_and_may_be_leased_again(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(total=5))
    first = world.lease()
    world.issue(first[0])
    world.clock.forward(days=8)
    assert world.lease("11.dev1") == first[1:], "within the grace they still count as used"
    with world.db.begin() as tx:
        assert coupons.release_leases(tx, "11.dev1") == 1, "one block"
        assert coupons.release_leases(tx, "11.dev1") == 0
    assert len(world.lease()) == 4
    with refused("lease_over"):
        world.issue(first[1], "c2")


def test_rule_1_11_the_signed_form_of_a_minted_coupon_is_verified_offline(world: World) -> None:
    row = world.row(t.coupon, world.lease()[0])
    secrets = world.db.settings.secrets
    qr = coupon_code.verify(
        row["qr"], {int(secrets.coupon_kid): public_bytes(secrets.coupon_key())}, now=world.clock.now()
    )
    assert coupon_code.code_of(qr.short_id) == row["code"]
    assert (qr.fen, qr.guide_no) == (5_000, 11)
    assert world.view(f"coupon/{row['id']}") == ["guide:g1"]


def test_issue_open_claim_and_the_same_key_again(world: World) -> None:
    coupon_id = world.lease()[0]
    view = world.issue(coupon_id)
    assert (view.state, view.customer_id) == ("issued", "c1")
    assert world.issue(coupon_id) == view
    with world.db.begin() as tx:
        assert coupons.mark_opened(tx, view.code.lower()).opened_at == tx.now
        for _ in range(2):
            assert coupons.claim(tx, view.code, "c1", "k1").state == "claimed"
        with refused("coupon_not_available"):
            coupons.claim(tx, view.code, "c2", "k2")
    assert len(world.rows(t.coupon_event, t.coupon_event.c.coupon_id == coupon_id)) == 3


def test_undo_works_until_the_customer_has_opened_it(world: World) -> None:
    unseen, seen = world.lease()[:2]
    world.issue(unseen)
    code = world.issue(seen, "c2").code
    with world.db.begin() as tx:
        coupons.mark_opened(tx, code)
    with world.db.begin(world.actor()) as tx:
        tx.mid = "m1"
        HANDLERS["undo_coupon"](tx, UndoCoupon(unseen))
        with refused("coupon_opened"):
            HANDLERS["undo_coupon"](tx, UndoCoupon(seen))
    assert world.row(t.coupon, unseen)["state"] == "voided"
    with world.db.begin() as tx:
        view = coupons.find(tx, world.row(t.coupon, unseen)["code"])
        assert view is not None
        with refused("coupon_not_available"):
            coupons.claim(tx, view.code, "c1", "late")


def test_rule_1_4_a_claim_before_the_push_marks_it_issued_and_the_push_agrees(world: World) -> None:
    coupon_id, other = world.lease()[:2]
    code = world.row(t.coupon, coupon_id)["code"]
    with world.db.begin() as tx:
        coupons.mark_opened(tx, code)
        with refused("coupon_not_available"):
            coupons.claim(tx, code, "c5", "colleague's customer")
        assert coupons.claim(tx, code, "c1", "early").state == "claimed"
    with world.db.begin(world.actor()) as tx:
        tx.mid, tx.at = "m1", tx.now - timedelta(minutes=5)
        HANDLERS["issue_coupon"](tx, IssueCoupon(coupon_id, "c1", signal="views", product_id="p1"))
    row = world.row(t.coupon, coupon_id)
    assert (row["state"], row["customer_id"], row["signal"]) == ("claimed", "c1", "views")
    with refused("coupon_not_available"):
        world.issue(coupon_id, "c2", key="another")
    assert world.row(t.coupon, other)["state"] == "allotted"


def test_issue_is_for_this_device_and_this_guides_customers_only(world: World) -> None:
    coupon_id = world.lease()[0]
    with refused("not_yours"):
        world.issue(coupon_id, "c5")
    with refused("not_yours"):
        world.issue("no such coupon", "c1")
    with world.db.begin() as tx, refused("no_lease"):
        coupons.issue(
            tx, coupon_id=coupon_id, customer_id="c1", guide_id="g1", key="k", at=tx.now, device_id="11.other"
        )


def test_rule_9_consent_quiet_hours_and_budget_are_judged_at_the_time_of_the_act(world: World) -> None:
    first, second = world.lease()[:2]
    with refused("no_marketing_consent"):
        world.issue(first, "c4")
    with refused("quiet_hours"):
        world.issue(first, "c1", at=world.clock.now() + timedelta(hours=12))
    contact = {"customer_id": "c1", "guide_id": "g1", "kind": "message", "channel": "wechat"}
    at = "2026-11-24T01:30:00Z"
    with world.db.begin() as tx:
        tx.conn.execute(t.contact.insert().values(id="k1", at=at, coupon_id=first, **contact))
    assert world.issue(first, "c1").state == "issued", "the message that carried this coupon is not counted twice"
    with refused("contact_budget_used"):
        world.issue(second, "c1")


def test_rule_9_2_another_device_that_holds_the_slot_refuses_only_what_came_after(world: World) -> None:
    coupon_id = world.lease()[0]
    world.device("g1", "tablet", 2)
    world.clock.forward(hours=2)
    with world.db.begin() as tx:
        tx.conn.execute(t.contact_holder.insert().values(id="g1", device_id="11.tablet", since="2026-11-24T03:45:00Z"))
    with refused("contact_other_device"):
        world.issue(coupon_id, key="after")
    assert world.issue(coupon_id, key="before", at=world.clock.now() - timedelta(hours=1)).state == "issued"


def test_rule_1_5_the_limit_per_customer_counts_every_coupon_ever_issued(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).values(per_customer=1))
    first, second = world.lease()[:2]
    world.issue(first)
    with world.db.begin() as tx:
        coupons.undo(tx, coupon_id=first, guide_id="g1", key="u", at=tx.now)
    with refused("coupon_limit_customer"):
        world.issue(second)


def test_a_coupon_is_used_once_whoever_comes_second(world: World) -> None:
    held = world.claimed()
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft(coupon_id=held.id))
    for again in ("coupon_used",):
        with refused(again), world.db.begin() as tx:
            orders.place(tx, draft("e2", coupon_id=held.id))
        with refused(again), world.db.begin() as tx:
            coupons.redeem(tx, held.id, "another order", "till 2")
    row = world.row(t.coupon, held.id)
    assert (row["state"], row["order_id"]) == ("redeemed", order_id)
    assert len(world.rows(t.orders)) == 1
    assert world.row(t.guide_day, "g1.2026-11-24")["redeemed"] == 1


def test_a_coupon_past_its_time_is_expired_without_any_job(world: World) -> None:
    held = world.claimed()
    world.clock.forward(days=14)
    with world.db.begin() as tx:
        assert coupons.get(tx, held.id).state == "expired"
        assert [one.state for one in coupons.of_customer(tx, "c1")] == ["expired"]
    with refused("coupon_expired"), world.db.begin() as tx:
        orders.place(tx, draft(coupon_id=held.id))


async def test_rule_1_4_unused_coupons_go_back_when_the_push_after_the_leases_end_is_processed(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        phone = await server.sign_in("G0101", "till-phone-1")
        view = await phone.pull_all()
        block = sorted(one["id"] for key, one in view.items() if key.startswith("coupon/"))
        assert len(block) == 5
        waiting = phone.mutation("issue_coupon", coupon_id=block[0], customer_id="c1")
        server.clock.forward(days=8)
        phone.session = (await server.sign_in("G0101", "till-phone-1")).session
        (result,) = await phone.push(waiting)
        assert result["status"] == "applied"
        view = await phone.pull_all()
        states = [view[f"coupon/{one}"]["state"] for one in block]
        assert states == ["issued", *["voided"] * 4]
        fresh = [one for key, one in view.items() if key.startswith("coupon/") and one["state"] == "allotted"]
        assert len(fresh) == 5


def test_rule_1_1_a_coupon_whose_interval_has_not_begun_is_not_offered_at_the_check_out(world: World) -> None:
    begins, ends = (instants.to_text(world.clock.now() + timedelta(days=n)) for n in (2, 9))
    with world.db.begin() as tx:
        fixed = {"kind": "fixed", "from": begins, "until": ends}
        tx.conn.execute(update(t.coupon_template).values(validity=fixed))
    held = world.claimed()
    with world.db.begin() as tx:
        early = orders.quote(tx, "c1", draft().lines, held.id)
    assert (early.problem, early.discount_fen) == ("coupon_not_available", 0)
    world.clock.forward(days=2)
    with world.db.begin() as tx:
        assert orders.quote(tx, "c1", draft().lines, held.id).discount_fen == 5_000


def test_rule_1_5_an_issue_dated_before_its_coupon_was_minted_counts_on_the_day_of_the_lease(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).values(per_day=1))
    first, second, *_ = world.lease()
    world.issue(first, "c1")
    with refused("coupon_limit_day"):
        world.issue(second, "c2", at=world.clock.now() - timedelta(days=3))
