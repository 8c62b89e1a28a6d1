"""Orders, attribution, commission and refunds on the server (rules 1.10, 2.4, 3, 4)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from app.domain import instants
from app.domain.commission import recompute
from server_stub import tables as t
from server_stub.trade import commission, coupons, orders
from server_stub.trade.drafts import DraftLine, RefundLine
from tests.integration.trade.world import World, draft, refused


def earned(world: World, guide: str | None = None) -> int:
    """Return the net commission of a guide, or of all."""
    return sum(row["amount_fen"] for row in world.rows(t.commission_entry) if guide in (None, row["guide_id"]))


def place(world: World, *args: object, **changes: object) -> dict:
    with world.db.begin() as tx:
        order_id = orders.place(tx, draft(*args, **changes))
        assert orders.place(tx, draft(*args, **changes)) == order_id, "the same event is the same order"
    return world.row(t.orders, order_id)


def lines_of(world: World, order: dict) -> list[dict]:
    return sorted(world.rows(t.order_line, t.order_line.c.order_id == order["id"]), key=lambda row: row["position"])


def test_an_order_of_the_bound_guide_with_a_coupon_and_all_that_follows(world: World) -> None:
    held = world.claimed()
    order = place(world, "e1", "c1", DraftLine("p1", 1, "S"), DraftLine("p2", 2, "M"), coupon_id=held.id)
    first, second = lines_of(world, order)
    assert order["paid_fen"] == 45_000 + 180_000 - 5_000 == first["paid_fen"] + second["paid_fen"]
    assert (first["discount_fen"], second["discount_fen"]) == (1_000, 4_000)
    assert (order["bound_guide_id"], order["closing_guide_id"], order["reason"]) == ("g1", None, "bound_guide")
    entries = world.rows(t.commission_entry)
    assert [row["amount_fen"] for row in sorted(entries, key=lambda row: row["amount_fen"])] == [2_200, 8_800]
    assert all(recompute(row["steps"]) == row["amount_fen"] and row["state"] == "pending" for row in entries)
    assert world.row(t.stock, "s1.p2")["sizes"] == {"S": 3, "M": 0}
    customer = world.row(t.customer, "c1")
    assert (customer["spend_fen"], customer["order_count"], customer["order_days"]) == (220_000, 1, 1)
    day = world.row(t.guide_day, "g1.2026-11-24")
    assert (day["sales_fen"], day["orders"], day["redeemed"]) == (220_000, 1, 1)
    assert customer["protected_until"] >= "2027-02-22", "a paid order renews the binding (rule 2.2)"
    assert world.view(f"order/{order['id']}") == ["guide:g1"]
    assert world.view("guide_day/g1.2026-11-24") == ["manager:s1"]
    assert order["no"] == "20261124000001"


def test_rule_3_2_the_last_valid_touch_wins_and_3_3_splits_with_the_bound_guide(world: World) -> None:
    world.device("g2")
    world.device("g3")
    world.touch("c1", world.code("g3", channel="print"))
    world.clock.forward(days=1)
    world.touch("c1", world.code("g2", channel="moments"))
    world.clock.forward(hours=1)
    order = place(world)
    assert (order["closing_guide_id"], order["bound_guide_id"], order["reason"]) == ("g2", "g1", "closing_touch")
    assert len(order["evidence"]["touches"]) == 2
    assert (earned(world, "g2"), earned(world, "g1"), earned(world)) == (1_575, 675, 2_250)
    assert order["flags"] == ["moments"]
    won = world.rows(t.share, t.share.c.guide_id == "g2")[0]
    assert (won["bought"], won["synced"]) == (1, False)
    assert world.row(t.guide_day, "g2.2026-11-25")["sales_fen"] == 45_000
    assert not world.rows(t.guide_day, t.guide_day.c.guide_id == "g1")


def test_rule_3_2_a_touch_out_of_its_window_or_of_a_disabled_guide_gets_nothing(world: World) -> None:
    world.device("g2")
    world.device("g3")
    world.touch("c1", world.code("g2"))
    world.clock.forward(days=7, seconds=1)
    world.touch("c1", world.code("g3"))
    with world.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g3").values(guide_enabled=False))
    assert place(world)["reason"] == "bound_guide"


def test_rule_2_4_the_guide_is_frozen_as_of_the_creation(world: World) -> None:
    then = world.clock.now() - timedelta(days=3)
    with world.db.begin() as tx:
        moved = {"until_at": "2026-11-23T00:00:00Z"}
        tx.conn.execute(update(t.binding).where(t.binding.c.id == "b1").values(moved))
        tx.conn.execute(t.binding.insert().values(
            id="b1b", customer_id="c1", guide_id="g2", store_id="s1", from_at=moved["until_at"],
            protected_until="2027-12-31T00:00:00Z", bound_until="2027-12-31T00:00:00Z",
        ))  # fmt: skip
    assert place(world, created_at=then)["bound_guide_id"] == "g1"
    assert place(world, "e2")["bound_guide_id"] == "g2"


def test_rule_3_3_a_purchase_by_staff_earns_nobody(world: World) -> None:
    with world.db.begin() as tx:
        digest = world.row(t.customer, "c1")["phone_hash"]
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g1").values(phone_hash=digest))
    assert place(world)["reason"] == "self_purchase"
    assert earned(world) == 0


def test_flags_for_closed_hours_missing_stock_and_another_city(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.store).where(t.store.c.id == "s2").values(city="杭州"))
    world.clock.forward(hours=13)
    order = place(world, "e1", "c1", DraftLine("p1", 4, "S"), store_id="s2")
    assert order["flags"] == ["no_stock", "cross_city", "closed_hours"]
    assert world.row(t.stock, "s2.p1")["sizes"]["S"] == 0
    assert all(row["sleep"] for row in world.rows(t.commission_entry))


def test_a_quote_says_why_the_coupon_does_not_apply_and_what_is_missing(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(threshold_fen=100_000))
    held = world.claimed()
    with world.db.begin() as tx:
        found = orders.quote(tx, "c1", [DraftLine("p1", 2)], held.id)
        assert (found.problem, found.missing_fen, found.payable_fen) == ("coupon_below_threshold", 10_000, 90_000)
        assert orders.quote(tx, "c2", [DraftLine("p1", 3)], held.id).problem == "coupon_not_available"
        good = orders.quote(tx, "c1", [DraftLine("p1", 3)], held.id)
        assert (good.problem, good.payable_fen, good.discount_fen) == (None, 130_000, 5_000)
    with refused("coupon_below_threshold"), world.db.begin() as tx:
        orders.place(tx, draft("e1", "c1", DraftLine("p1", 2), coupon_id=held.id))
    assert not world.rows(t.orders)


def test_rule_4_6_place_and_refund_nets_to_zero_in_any_parts(world: World) -> None:
    order = place(world, "e1", "c1", DraftLine("p1", 3, "S"), DraftLine("p2", 1, "M"))
    line = lines_of(world, order)[0]
    with world.db.begin() as tx:
        for _ in range(2):
            assert orders.refund(tx, order["id"], [RefundLine(line["id"], 1)], "r1").refund_fen == 45_000
    assert world.row(t.orders, order["id"])["status"] == "part_refunded"
    assert earned(world) == (225_000 - 45_000) * 5 // 100
    with world.db.begin() as tx, refused("refund_too_large"):
        orders.refund(tx, order["id"], [RefundLine(line["id"], 3)], "r2")
    with world.db.begin() as tx:
        orders.refund(tx, order["id"], None, "r3")
        assert commission.post_refund(tx, order["id"], "r3") == 0
        assert commission.post_order(tx, order["id"]) == 0
    row = world.row(t.orders, order["id"])
    assert (row["status"], row["refunded_fen"]) == ("refunded", row["paid_fen"])
    assert earned(world) == 0
    assert world.row(t.guide_day, "g1.2026-11-24")["sales_fen"] == 0
    assert world.row(t.customer, "c1")["order_count"] == 0
    assert world.row(t.stock, "s1.p1")["sizes"] == {"S": 3, "M": 2}
    with world.db.begin() as tx, refused("order_state"):
        orders.refund(tx, order["id"], None, "r4")


def test_rule_1_10_a_whole_refund_returns_the_coupon(world: World) -> None:
    held = world.claimed()
    order = place(world, coupon_id=held.id)
    with world.db.begin() as tx:
        done = orders.refund(tx, order["id"], None, "r1")
        assert (done.refund_fen, done.coupon_returned) == (40_000, True)
        assert coupons.get(tx, held.id).state == "returned"
    again = place(world, "e2", coupon_id=held.id)
    assert again["paid_fen"] == 40_000


def test_rule_1_10_what_is_kept_below_the_threshold_costs_the_discount_and_never_more_than_paid(world: World) -> None:
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(threshold_fen=135_000))
    held = world.claimed()
    order = place(world, "e1", "c1", DraftLine("p1", 1, "S"), DraftLine("p2", 1, "M"), coupon_id=held.id)
    small, large = lines_of(world, order)
    part = [RefundLine(large["id"], 1)]
    with world.db.begin() as tx:
        shown = orders.refund_quote(tx, order["id"], part)
        assert orders.refund(tx, order["id"], part, "r1") == shown
    assert shown.refund_fen == large["paid_fen"] - small["discount_fen"]
    assert coupons_state(world, held.id) == "redeemed"
    with world.db.begin() as tx:
        rest = orders.refund(tx, order["id"], None, "r2")
    assert shown.refund_fen + rest.refund_fen == order["paid_fen"]
    assert coupons_state(world, held.id) == "returned"
    assert earned(world) == 0


def coupons_state(world: World, coupon_id: str) -> str:
    return str(world.row(t.coupon, coupon_id)["state"])


def test_confirm_due_is_safe_to_run_twice(world: World) -> None:
    place(world)
    with world.db.begin() as tx:
        assert commission.confirm_due(tx) == 0
    world.clock.forward(days=7, minutes=1)
    with world.db.begin() as tx:
        assert commission.confirm_due(tx) == 1
        assert commission.confirm_due(tx) == 0
    assert world.rows(t.commission_entry)[0]["state"] == "confirmed"


def test_a_historic_order_earns_nothing_and_moves_nothing(world: World) -> None:
    order = place(world, historic=True, channel="import")
    assert (order["reason"], order["bound_guide_id"]) == ("no_rule_in_force", None)
    assert not world.rows(t.commission_entry)
    assert not world.rows(t.guide_day)
    assert world.row(t.stock, "s1.p1")["sizes"] == {"S": 3, "M": 2}
    assert world.row(t.customer, "c1")["spend_fen"] == 45_000


def test_the_database_takes_one_order_for_one_event(world: World) -> None:
    place(world)
    with world.db.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.orders)).scalar() == 1


def test_rule_1_10_a_refund_is_judged_on_list_prices_as_sold(world: World) -> None:
    rules = {"threshold_fen": 100_000, "threshold_base": "list"}
    with world.db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(rules))
    held = world.claimed()
    order = place(world, "e1", "c1", DraftLine("p1", 3, "S"), coupon_id=held.id)
    (line,) = lines_of(world, order)
    assert (line["list_fen"], line["category"], line["price_fen"]) == (150_000, "coat", 45_000)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.product).where(t.product.c.id == "p1").values(list_price_fen=1, category="gone"))
        kept = orders.refund_quote(tx, order["id"], [RefundLine(line["id"], 1)])
        below = orders.refund_quote(tx, order["id"], [RefundLine(line["id"], 2)])
    assert (kept.lost_discount_fen, below.lost_discount_fen) == (0, 1_666)
    with world.db.begin() as tx:  # a row of before: only today's price is known
        tx.conn.execute(update(t.order_line).values(list_fen=None, category=None))
        old = orders.refund_quote(tx, order["id"], [RefundLine(line["id"], 1)])
    assert old.lost_discount_fen == 3_333


def bound_again(world: World, *rows: dict) -> None:
    """Put these intervals in the place of c1's."""
    clocks = {"protected_until": "2027-12-31T00:00:00Z", "bound_until": "2027-12-31T00:00:00Z"}
    with world.db.begin() as tx:
        tx.conn.execute(t.binding.delete().where(t.binding.c.customer_id == "c1"))
        for n, row in enumerate(rows):
            made = {"id": f"again{n}", "customer_id": "c1", "store_id": "s1", **clocks, **row}
            tx.conn.execute(t.binding.insert().values(made))


def test_rule_2_2_an_order_does_not_revive_a_binding_that_is_over(world: World) -> None:
    over = {"guide_id": "g1", "from_at": "2025-06-01T02:00:00Z", "bound_until": "2026-11-24T02:30:00Z"}
    bound_again(world, over)
    order = place(world)
    assert (order["bound_guide_id"], order["reason"], order["store_id"]) == (None, "nearest_store", "s1")
    assert world.row(t.binding, "again0")["bound_until"] == "2026-11-24T02:30:00Z"
    with world.db.begin() as tx:
        orders.place(tx, draft("e0", created_at=world.clock.now() - timedelta(seconds=1)))
    assert world.row(t.binding, "again0")["bound_until"] > "2027-11", "paid while it was valid, it renews"


def test_rule_2_5_who_handed_a_customer_over_gets_the_tail_for_thirty_days(world: World) -> None:
    handed = "2026-11-20T02:00:00Z"
    bound_again(
        world,
        {"guide_id": "g2", "from_at": "2025-06-01T02:00:00Z", "until_at": handed, "end_reason": "handed_over"},
        {"guide_id": "g1", "from_at": handed, "mode": "handed_over"},
    )
    order = place(world)
    assert order["evidence"]["tail"] == {"guide_id": "g2", "left_at": handed, "share_bp": 3_000}
    assert (earned(world, "g1"), earned(world, "g2")) == (1_575, 675)
    roles = {row["guide_id"]: row["role"] for row in world.rows(t.commission_entry)}
    assert roles == {"g1": "sole", "g2": "tail"}
    with world.db.begin() as tx:
        orders.refund(tx, order["id"], None, "r1")
    assert (earned(world, "g1"), earned(world, "g2")) == (0, 0)
    for event, paid_at, tail in (("e2", "2026-12-20T01:59:59Z", 675), ("e3", "2026-12-20T02:00:00Z", 0)):
        world.clock.at = instants.from_text(paid_at)
        before = earned(world, "g2")
        place(world, event, created_at=instants.from_text("2026-12-01T02:00:00Z"), paid_at=instants.from_text(paid_at))
        assert earned(world, "g2") - before == tail, "what counts is when it was paid"
    world.device("g3")
    world.clock.at = instants.from_text("2026-11-25T02:00:00Z")
    world.touch("c1", world.code("g3"))
    gained = {guide: earned(world, guide) for guide in ("g1", "g2", "g3")}
    place(world, "e4")
    gained = {guide: earned(world, guide) - gained[guide] for guide in gained}
    assert gained == {"g3": 1_575, "g1": 473, "g2": 202}, "only the bound guide's part is shared"


def test_rule_2_5_a_disabled_bound_guide_earns_no_new_orders_the_store_does(world: World) -> None:
    before = place(world)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g1").values(active=False))
    after = place(world, "e2")
    assert (before["bound_guide_id"], after["bound_guide_id"]) == ("g1", None)
    assert (after["reason"], after["evidence"]["disabled_guide_id"]) == ("nearest_store", "g1")
    assert earned(world, "g1") == 2_250, "what was earned before stays"


def test_rule_3_2_without_guides_an_order_is_the_nearest_stores(world: World) -> None:
    bound_again(world)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c1").values(store_id=None))
    nobodys = place(world)
    assert (nobodys["reason"], nobodys["store_id"]) == ("nobody", None)
    with world.db.begin() as tx:
        tx.conn.execute(update(t.store).where(t.store.c.id == "s2").values(city="杭州"))
    assert place(world, "e2", city="杭州")["store_id"] == "s2"
    assert place(world, "e3")["store_id"] == "s2", "where they bought last"
    assert place(world, "e4", store_id="s1")["reason"] == "nearest_store"


def test_rule_3_3_views_and_purchases_of_colleagues_count_for_nobody(world: World) -> None:
    world.device("g2")
    world.touch("c1", world.code("g2"))
    with world.db.begin() as tx:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c1").values(staff_member=True))
    order = place(world)
    assert (order["reason"], order["closing_guide_id"]) == ("staff_purchase", None)
    assert earned(world) == 0
