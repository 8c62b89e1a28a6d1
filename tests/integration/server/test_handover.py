"""Hand-over on both databases: who has the customer, what follows, who is paid, and what each device holds (2.5)."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.domain import binding as rules
from app.domain.instants import to_text
from server_stub import audit, jobs
from server_stub import tables as t
from server_stub.db import Actor, Tx
from server_stub.people import customers, handover
from server_stub.sync import projections, pull
from server_stub.trade import coupons, orders
from server_stub.trade.credit import bindings_of
from server_stub.trade.drafts import DraftLine, OrderDraft
from tests.fakes.server import Phone, Server, running

COUNT = itertools.count(1)


@pytest.fixture
async def server(tmp_path: Path, backend: str) -> AsyncIterator[Server]:
    async with running(tmp_path / "home", backend) as made:
        yield made


def fresh() -> str:
    return f"handover-{next(COUNT):06d}"


def rows(server: Server, table: Any, *where: Any) -> list[dict[str, Any]]:
    with server.db.read() as conn:
        return [dict(row) for row in conn.execute(select(table).where(*where)).mappings()]


def customer(server: Server, customer_id: str) -> dict[str, Any]:
    (row,) = rows(server, t.customer, t.customer.c.id == customer_id)
    return row


async def hand(phone: Phone, customer_id: str, to: str, words: str = "") -> dict[str, Any]:
    args = {"handover_id": fresh(), "customer_id": customer_id, "to_guide_id": to, "words": words}
    return await phone.do("hand_over_customer", **args)


def buy(server: Server, key: str, customer_id: str = "c1") -> str:
    with server.db.begin() as tx:
        return orders.place(tx, OrderDraft(key, customer_id, "private", (DraftLine("p1", 1, "S"),)))


def earned(server: Server, order_id: str) -> dict[tuple[str, str], int]:
    found = rows(server, t.commission_entry, t.commission_entry.c.order_id == order_id)
    return {(row["guide_id"], row["role"]): row["amount_fen"] for row in found}


def about(view: dict[str, Any], customer_id: str) -> set[str]:
    """Return the kinds of objects of a view that name a customer anywhere."""
    return {key.partition("/")[0] for key, value in view.items() if f'"{customer_id}"' in json.dumps(value)}


# --- one customer ------------------------------------------------------------------------------------------------


async def test_rule_2_5_a_customer_and_all_that_hangs_on_them_go_to_the_colleague(server: Server) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    await old.pull_all()
    coupon = next(
        value for key, value in old.view.items() if key.startswith("coupon/") and value["state"] == "allotted"
    )
    assert (await old.do("issue_coupon", coupon_id=coupon["id"], customer_id="c1"))["status"] == "applied"
    buy(server, "before")
    with server.db.begin() as tx:
        share = {"code": "x" * 32, "guide_id": "g1", "kind": "product", "created_at": tx.now_text, "customer_id": "c1"}
        tx.conn.execute(insert(t.share).values(id="share-for-c1", **share))
        tx.touch("share", "share-for-c1")
    await old.do("edit_note", customer_id="c1", note="only for me", private=True)
    await old.pull_all()
    assert about(old.view, "c1") >= {"customer", "order", "coupon", "share"}

    assert (await hand(old, "c1", "g2", "likes linen"))["status"] == "applied"
    await old.pull_all()
    await new.pull_all()
    assert about(old.view, "c1") == set(), "nothing on the old guide's phone names the customer"
    assert old.view["share/share-for-c1"]["guide_id"] == "g1", "the share itself stays with who made it"
    assert about(new.view, "c1") >= {"customer", "order", "coupon", "handover"}
    assert new.view["customer/c1"]["guide_id"] == "g2"
    assert new.view["customer/c1"].get("note", "") == "" and not new.view["customer/c1"].get("note_private")
    got = next(value for key, value in new.view.items() if key.startswith("handover/"))
    gave = next(value for key, value in old.view.items() if key.startswith("handed_over/"))
    assert (got["words"], got["from_guide_id"], got["share_bp"]) == ("likes linen", "g1", 3_000)
    assert (gave["to_guide_id"], gave["share_bp"], gave["tail_until"]) == ("g2", 3_000, got["tail_until"])
    assert "customer_id" not in gave and "words" not in gave
    # The coupon given before stays good with the guide who gave it, and the next guide may not take it back.
    assert new.view[f"coupon/{coupon['id']}"]["guide_id"] == "g1"
    assert (await new.do("undo_coupon", coupon_id=coupon["id"]))["code"] == "not_yours"
    with server.db.begin() as tx:
        assert coupons.claim(tx, coupon["code"], "c1", "claim").state == "claimed"
    (actions,) = [row for row in rows(server, t.audit) if row["action"] == "handover"]
    assert actions["fields"] == {"from": "g1", "to": "g2", "cause": "colleague"} and actions["staff_id"] == "g1"


async def test_rule_2_1_and_2_2_intervals_are_added_to_and_the_clocks_run_on(server: Server) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    clocks = [customer(server, "c1")[name] for name in ("protected_until", "bound_until")]
    await hand(old, "c1", "g2")
    server.clock.forward(days=1)
    with server.db.begin() as tx:
        history = bindings_of(tx, "c1")
        rules.check_history(history)
    assert [(one.guide_id, one.reason) for one in history] == [("g1", "handed_over"), ("g2", "")]
    assert [customer(server, "c1")[name] for name in ("protected_until", "bound_until")] == clocks
    with server.db.begin() as tx:
        assert rules.guide_at(bindings_of(tx, "c1"), tx.now) == "g2"
    new.session = (await server.sign_in("G0102", new.session["device"]["id"])).session
    assert (await hand(new, "c1", "g1"))["status"] == "applied"
    with server.db.begin() as tx:
        assert [one.reason for one in bindings_of(tx, "c1")] == ["handed_over", "handed_back", ""]
    assert len(rows(server, t.handover)) == 2


async def test_rule_2_5_at_most_two_transfers_in_90_days_and_who_may_take_a_customer(server: Server) -> None:
    phones = {"g1": await server.sign_in("G0101"), "g2": await server.sign_in("G0102")}
    assert (await hand(phones["g1"], "c1", "g3"))["code"] == "handover_guide", "another store"
    assert (await hand(phones["g1"], "c1", "g1"))["code"] == "handover_guide"
    assert (await hand(phones["g1"], "c1", "m1"))["code"] == "handover_guide", "a manager has no customers"
    assert (await hand(phones["g1"], "c5", "g2"))["code"] == "not_yours"
    assert (await hand(phones["g1"], "c1", "g2", "x" * 201))["code"] == "words_too_long"
    with server.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g2").values(guide_enabled=False))
    assert (await hand(phones["g1"], "c1", "g2"))["code"] == "handover_guide", "a disabled guide never"
    with server.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g2").values(guide_enabled=True))
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c2").values(staff_member=True))
    assert (await hand(phones["g1"], "c2", "g2"))["code"] == "binding_staff"
    assert (await hand(phones["g1"], "c1", "g2"))["status"] == "applied"
    assert (await hand(phones["g2"], "c1", "g1"))["status"] == "applied"
    third = await hand(phones["g1"], "c1", "g2")
    assert third["code"] == "handover_limit"
    assert third["params"] == {"again_at": to_text(server.clock.now() + timedelta(days=90))}
    server.clock.forward(days=90)
    again = await server.sign_in("G0101")
    assert (await hand(again, "c1", "g2"))["status"] == "applied"


async def test_rule_2_4_and_2_5_orders_before_and_after_pay_the_right_guides(server: Server) -> None:
    phone = await server.sign_in("G0101")
    before = buy(server, "before")
    await hand(phone, "c1", "g2")
    server.clock.forward(days=29)
    after = buy(server, "after")
    server.clock.forward(days=1)
    late = buy(server, "late")
    full = sum(earned(server, before).values())
    assert earned(server, before) == {("g1", "sole"): full}
    assert earned(server, after) == {("g2", "sole"): full - full * 3 // 10, ("g1", "tail"): full * 3 // 10}
    assert earned(server, late) == {("g2", "sole"): full}
    with server.db.read() as conn:
        told = conn.execute(select(t.orders.c.evidence).where(t.orders.c.id == after)).scalar_one()
    assert (told["tail"]["guide_id"], told["tail"]["share_bp"]) == ("g1", 3_000)


async def test_work_of_the_old_phone_about_the_customer_is_refused_and_says_who_has_them(server: Server) -> None:
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    coupon = next(v for k, v in phone.view.items() if k.startswith("coupon/") and v["state"] == "allotted")
    await hand(phone, "c1", "g2")
    for done in (
        await phone.do("edit_note", customer_id="c1", note="late"),
        await phone.do("issue_coupon", coupon_id=coupon["id"], customer_id="c1"),
    ):
        assert (done["code"], done["params"]["to"]) == ("handed_over", "周沐")
    assert (await phone.do("edit_note", customer_id="c5", note="never mine"))["code"] == "not_yours"


# --- the customer says no ----------------------------------------------------------------------------------------


async def test_rule_2_5_a_customer_who_refuses_is_the_stores_and_never_that_guides(server: Server) -> None:
    phone = await server.sign_in("G0101")
    await hand(phone, "c1", "g2")
    with server.db.begin() as tx:
        handover.refuse(tx, "c1", no_guide=False)
    row = customer(server, "c1")
    assert (row["guide_id"], row["store_id"], row["bound_until"]) == (None, "s1", None)
    assert rows(server, t.handover, t.handover.c.cause == "refused")[0]["to_kind"] == "store"
    assert not [key for (key, value) in rows_of(server).items() if value and "customer/c1" in key]
    with server.db.begin() as tx:
        assert customers.bind(tx, "c1", "g1") == "bound", "their own choice of a guide is always free"
    assert (await hand(phone, "c1", "g2"))["code"] == "handover_refused"
    with server.db.begin() as tx:  # a customer without a store is the brand's own account's
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c2").values(store_id=None))
        handover.refuse(tx, "c2", no_guide=True)
    last = rows(server, t.handover, t.handover.c.customer_id == "c2")
    assert [(one["to_kind"], one["reason"]) for one in last] == [("ip", "no_guide")] and customer(server, "c2")[
        "no_guide"
    ]


def rows_of(server: Server) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in rows(server, t.sync_row) if row["value"]}


# --- a leaver's book ---------------------------------------------------------------------------------------------


async def test_rule_2_5_a_leavers_book_is_split_and_every_device_of_theirs_wipes(server: Server) -> None:
    manager, leaver, other = [await server.sign_in(one) for one in ("M01", "G0101", "G0102")]
    with server.db.begin() as tx:
        more = {"role": "guide", "store_id": "s1", "pin_hash": "", "created_at": tx.now_text}
        tx.conn.execute(insert(t.staff).values(id="g9", no=19, staff_no="G0109", name="新人", **more))
        tx.touch("staff", "g9")
        tx.conn.execute(insert(t.handover), [past_transfer(n, "c4", tx) for n in range(2)])
    jobs.run_once(server.db)
    await manager.pull_all()
    assert manager.view["guide_book/g1"] | {"id": ""} == {
        "id": "", "guide_id": "g1", "store_id": "s1", "customers": 4, "categories": {"": 4}, "skills": []
    }  # fmt: skip
    done = await manager.do("hand_over_book", guide_id="g1", to_guides=["g2", "g9"], leaves=True)
    assert done["status"] == "applied"
    owners = {one: customer(server, one)["guide_id"] for one in ("c1", "c2", "c3", "c4")}
    assert owners == {"c1": "g9", "c2": "g2", "c3": "g9", "c4": None}, "the least load first; c4 moved twice before"
    refused = await leaver.raw_pull()
    assert (refused.status_code, refused.json()["code"], refused.json()["wipe"]) == (403, "device_revoked", True)
    login = {"staff_no": "G0101", "pin": "246810", "device_id": "another-device"}
    assert (await server.http.post("/api/auth/login", json=login)).json()["code"] == "wrong_pin"
    await manager.pull_all()
    await other.pull_all()
    assert {key for key in other.view if key.startswith("customer/")} == {"customer/c2", "customer/c5"}
    assert manager.view["guide_book/g1"]["customers"] == 0 and manager.view["staff/g1"]["active"] is False
    assert not [one for one in ("c1", "c2", "c3", "c4", "c5") if about(manager.view, one)]
    again = await manager.do("hand_over_book", guide_id="g1", to_guides=["g2"], leaves=True)
    assert again["code"] == "handover_nothing", "a late decision is told so"
    assert (await manager.do("hand_over_book", guide_id="g3", to_guides=[]))["code"] == "not_found"
    assert (await manager.do("hand_over_book", guide_id="g2", to_guides=["g1"]))["code"] == "handover_guide"


def past_transfer(n: int, customer_id: str, tx: Tx) -> dict[str, Any]:
    row = {"customer_id": customer_id, "from_guide_id": "g2", "to_kind": "guide", "to_guide_id": "g1", "store_id": "s1"}
    return row | {"id": f"past-{n}", "at": to_text(tx.now - timedelta(days=n + 1)), "cause": "leaver"}


# --- a part of a book --------------------------------------------------------------------------------------------


async def names(server: Server, phone: Phone, guide_id: str, **body: Any) -> tuple[int, Any]:
    answer = await server.http.post(f"/api/team/books/{guide_id}", json=body, headers=phone.headers)
    return answer.status_code, answer.json()


async def test_rule_2_5_a_part_of_a_book_goes_and_the_rest_stays_with_its_guide(server: Server) -> None:
    manager, leaver, other = [await server.sign_in(one) for one in ("M01", "G0101", "G0102")]
    await leaver.do("edit_note", customer_id="c2", note="only for me", private=True)
    some = ["c3", "c2", "c2", "c5", "nobody"]  # c5 is the taker's already
    done = await manager.do("hand_over_book", guide_id="g1", to_guides=["g2"], customers=some)
    assert done["status"] == "applied"
    owners = {one: customer(server, one)["guide_id"] for one in ("c1", "c2", "c3", "c4", "c5")}
    assert owners == {"c1": "g1", "c2": "g2", "c3": "g2", "c4": "g1", "c5": "g2"}
    await other.pull_all()
    await leaver.pull_all()
    await manager.pull_all()
    assert other.view["customer/c2"].get("note", "") == "", "a private note goes with nobody (2.6)"
    assert {one for one in leaver.view if one.startswith("customer/")} == {"customer/c1", "customer/c4"}
    shares = {one["share_bp"] for key, one in leaver.view.items() if key.startswith("handed_over/")}
    assert shares == {3_000}, "who is still here keeps the tail of those who went"
    assert manager.view["guide_book/g1"]["customers"] == 2 and manager.view["staff/g1"]["active"] is True
    assert not [one for one in ("c1", "c2", "c3", "c4", "c5") if about(manager.view, one)]
    (line,) = rows(server, t.audit, t.audit.c.action == "handover.book")
    assert (line["fields"]["customers"], line["fields"]["some"]) == (2, True)
    assert (await manager.do("hand_over_book", guide_id="g1", to_guides=["g2"], customers=some))[
        "code"
    ] == "handover_nothing", "they are gone already"
    again = await manager.do("hand_over_book", guide_id="g1", to_guides=["g2"], leaves=True)
    assert again["status"] == "applied" and customer(server, "c4")["guide_id"] == "g2", "the rest, another day"


async def test_a_part_ends_no_account_and_is_not_endless(server: Server) -> None:
    manager = await server.sign_in("M01")
    for wrong in ({"customers": ["c1"], "leaves": True}, {"customers": [f"c{n}" for n in range(5_001)]}):
        done = await manager.do("hand_over_book", guide_id="g1", to_guides=["g2"], **wrong)
        assert (done["code"], done["params"]) == ("bad_arguments", {"field": "customers"})
    assert customer(server, "c1")["guide_id"] == "g1"


async def test_the_names_of_a_book_are_the_stores_managers_after_the_pin_and_audited(server: Server) -> None:
    manager, stranger, guide = [await server.sign_in(one) for one in ("M01", "M02", "G0101")]
    with server.db.begin() as tx:
        tx.conn.execute(insert(t.handover), [past_transfer(n, "c4", tx) for n in range(2)])
    buy(server, "bought")
    status, said = await names(server, manager, "g1")
    assert status == 200 and [one["id"] for one in said["customers"]] == ["c1", "c2", "c3", "c4"]
    assert set(said["customers"][0]) == {
        "id", "name", "pinyin", "initials", "level", "category", "last_order_at", "again_at"
    }, "what choosing needs, and no number, note or sum"  # fmt: skip
    again = {one["id"]: one["again_at"] for one in said["customers"]}
    assert again == {"c1": None, "c2": None, "c3": None, "c4": to_text(server.clock.now() + timedelta(days=88))}
    assert said["customers"][0]["last_order_at"] and not said["customers"][1]["last_order_at"]
    assert (await names(server, stranger, "g1")) == (await names(server, stranger, "nobody"))
    assert (await names(server, guide, "g1"))[0] == 403
    server.clock.forward(minutes=6)
    assert (await names(server, manager, "g1"))[1]["code"] == "step_up_needed"
    assert (await names(server, manager, "g1", pin="000000"))[1]["code"] == "wrong_pin"
    assert (await names(server, manager, "g1", pin="246810"))[0] == 200
    with server.db.read() as conn:
        device = conn.execute(select(t.device.c.id).where(t.device.c.staff_id == "m1")).scalar_one()
        now = server.clock.now()
        for hours, seen in ((0, ["c1", "c2", "c3", "c4"]), (73, [])):
            assert audit.who_had(conn, device, now + timedelta(hours=hours)) == seen
    asked = rows(server, t.audit, t.audit.c.action == "book.names")
    assert [(one["staff_id"], one["object"], one["fields"]) for one in asked] == 2 * [
        ("m1", "staff/g1", {"customers": 4})
    ]


# --- the property ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
async def test_random_moves_each_guides_view_is_the_truth_paged_or_not(
    server: Server, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    numbers = {"g1": "G0101", "g2": "G0102", "g3": "G0201"}
    phones = {guide: await server.sign_in(number) for guide, number in numbers.items()}
    for number in range(1, 7):
        buy(server, f"order-{number}", f"c{number}")
    for _ in range(12):
        for _ in range(random.randrange(1, 4)):
            await asyncio.to_thread(random_move, server, random)
        monkeypatch.setattr(pull.pull, "__defaults__", (random.choice((2, 7, 3_000)),))
        looking = random.sample(sorted(phones), random.randrange(1, 4))
        for guide in looking:
            phone = phones[guide]
            phone.session = (await server.sign_in(numbers[guide], phone.session["device"]["id"])).session
            if random.random() < 0.2:
                phone.cookie = None
            await phone.pull_all()
            assert phone.view == truth(server, guide), (seed, guide)
    with server.db.begin() as tx:
        for number in range(1, 7):
            rules.check_history(bindings_of(tx, f"c{number}"))
        assert projections.project_all(tx.conn, now=tx.now) == frozenset(), "every move touched all that it changes"


def random_move(server: Server, random: Random) -> None:
    """Move a customer to a guide, the store, nobody's guide, or to whom they choose themselves."""
    server.clock.forward(days=random.choice((1, 50)))
    row = customer(server, f"c{random.randrange(1, 7)}")
    guide = random.choice(("g1", "g2", "g3"))
    with server.db.begin() as tx:
        if row["guide_id"] is None:
            customers.bind(tx, row["id"], guide)
        elif random.random() < 0.3:
            handover.refuse(tx, row["id"], no_guide=random.random() < 0.5)
        else:
            taker = dict(tx.conn.execute(select(t.staff).where(t.staff.c.id == guide)).mappings().one())
            handover._write(tx, [handover.Move(row, taker, handover.LEAVER)])


def truth(server: Server, guide: str) -> dict[str, Any]:
    """Return what the projectors say this guide sees now, from the business tables alone."""
    with server.db.read() as conn:
        store = conn.execute(select(t.staff.c.store_id).where(t.staff.c.id == guide)).scalar_one()
        buckets = {"brand", f"store:{store}", f"guide:{guide}"}
        found: dict[str, Any] = {}
        for kind, project in projections.PROJECTORS.items():
            for object_id, (bucket, value) in project(conn, None).items():
                if bucket in buckets:
                    found[f"{kind}/{object_id}"] = json.loads(projections.encode(value))
    return found


ACTOR = Actor("m1", "manager", "s1", "device")


def test_two_managers_and_two_guides_hand_over_at_once_without_a_deadlock(tmp_path: Path, backend: str) -> None:
    """Hazard 3: whoever comes first wins, the others are told; nobody's customer is lost."""
    from concurrent.futures import ThreadPoolExecutor

    from app.domain.errors import Rejected
    from app.protocol.mutations import HandOverBook
    from server_stub.faults import retrying
    from tests.fakes.server import open_database

    db = open_database(backend, tmp_path / "home")

    def split(n: int) -> str:
        leaver, taker = ("g1", "g2") if n % 2 else ("g2", "g1")

        def once() -> str:
            with db.begin(ACTOR) as tx:
                handover.hand_over_book(tx, ACTOR, HandOverBook(leaver, [taker]))
            return "applied"

        try:
            return retrying(once)
        except Rejected as no:
            return no.code

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(split, range(8)))
    assert set(done) <= {"applied", "handover_nothing"} and "applied" in done
    with db.begin() as tx:
        for number in range(1, 6):
            rules.check_history(bindings_of(tx, f"c{number}"))
        assert projections.project_all(tx.conn, now=tx.now) == frozenset()
    db.close()
