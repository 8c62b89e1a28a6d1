"""Follow-ups, stage and facts on both databases: what the server decides, what moves, what is forgotten."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from server_stub import tables as t
from server_stub.people import customers, erase, handover
from server_stub.sync import projections
from tests.fakes.server import Phone, Server

COUNT = itertools.count(1)
SOON = "2026-11-25T02:30:00Z"


def fresh() -> str:
    return f"care-{next(COUNT):06d}"


async def plan(phone: Phone, customer_id: str = "c1", kind: str = "visit", **more: Any) -> str:
    one = fresh()
    made = await phone.do("plan_follow_up", follow_up_id=one, customer_id=customer_id, kind=kind, due_at=SOON, **more)
    assert made["status"] == "applied", made
    return one


async def of(phone: Phone, one: str) -> dict[str, Any]:
    found: dict[str, Any] = (await phone.pull_all())[f"follow_up/{one}"]
    return found


async def test_a_visit_from_its_plan_to_what_was_kept(server: Server) -> None:
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    one = await plan(phone, pieces=[["p1", "M"]], note="换季")
    about = {"follow_up_id": one, "customer_id": "c1"}
    assert (await phone.do("take_piece", **about, product_id="p2", size="S"))["status"] == "applied"
    assert (await phone.do("take_piece", **about, product_id="p1", size="M", taken=False))["status"] == "applied"
    assert (await phone.do("take_piece", **about, product_id="p3"))["status"] == "applied"
    later = "2026-11-26T06:00:00Z"
    assert (await phone.do("move_follow_up", **about, due_at=later))["status"] == "applied"
    assert (await phone.do("close_follow_up", **about, kept=[["p2", "S"]]))["status"] == "applied"
    found = await of(phone, one)
    assert found["pieces"] == [
        {"product_id": "p2", "size": "S", "kept": True}, {"product_id": "p3", "size": "", "kept": False}
    ]  # fmt: skip
    assert (found["state"], found["at"], found["closed_at"]) == ("done", later, "2026-11-24T02:30:00Z")
    server.clock.forward(minutes=5)
    assert (await phone.do("close_follow_up", **about, kept=[]))["status"] == "applied", "a correction"
    found = await of(phone, one)
    assert found["closed_at"] == "2026-11-24T02:30:00Z" and not any(piece["kept"] for piece in found["pieces"])
    assert (await phone.do("move_follow_up", **about, due_at=SOON))["code"] == "follow_up_closed"
    assert (await phone.do("reopen_follow_up", **about))["status"] == "applied"
    assert (await of(phone, one))["state"] == "open" and "closed_at" not in await of(phone, one)


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("plan_follow_up", {"kind": "party", "due_at": SOON}, "bad_arguments"),
        ("plan_follow_up", {"kind": "visit", "due_at": "2029-01-01T00:00:00Z"}, "follow_up_time"),
        ("plan_follow_up", {"kind": "reminder", "due_at": SOON, "pieces": [["p1", "M"]]}, "follow_up_pieces"),
        ("plan_follow_up", {"kind": "visit", "due_at": SOON, "pieces": [["p1"]]}, "follow_up_pieces"),
        ("plan_follow_up", {"kind": "visit", "due_at": SOON, "pieces": [{"product_id": "p1"}]}, "bad_arguments"),
        ("plan_follow_up", {"kind": "visit", "due_at": SOON, "note": "x" * 2_001}, "bad_arguments"),
        ("set_stage", {"stage": "married"}, "bad_arguments"),
        ("set_fact", {"kind": "income", "value": "9"}, "bad_arguments"),
        ("set_fact", {"kind": "size", "name": "hat", "value": "9"}, "fact_invalid"),
        ("set_fact", {"kind": "birthday", "value": "05-24"}, "birthday_known"),
    ],
)
async def test_what_the_rules_refuse_changes_nothing(
    server: Server, name: str, args: dict[str, Any], code: str
) -> None:
    phone = await server.sign_in("G0101")
    before = dict(await phone.pull_all())
    more = {"follow_up_id": fresh()} if name == "plan_follow_up" else {}
    made = phone.mutation(name, customer_id="c1", **args, **more)
    (done,) = await phone.push(made)
    assert done["code"] == code
    after = {key: value for key, value in (await phone.pull_all()).items() if not key.startswith("rejected/")}
    assert after == before


async def test_an_id_is_used_once_and_a_follow_up_of_another_customer_is_none(server: Server) -> None:
    phone = await server.sign_in("G0101")
    one = await plan(phone)
    again = await phone.do("plan_follow_up", follow_up_id=one, customer_id="c2", kind="visit", due_at=SOON)
    assert again["code"] == "bad_arguments"
    wrong = await phone.do("cancel_follow_up", follow_up_id=one, customer_id="c2")
    assert wrong["code"] == "not_yours"
    for _ in range(2):
        assert (await phone.do("cancel_follow_up", follow_up_id=one, customer_id="c1"))["status"] == "applied"
    closed = await phone.do("close_follow_up", follow_up_id=one, customer_id="c1")
    assert closed["code"] == "follow_up_closed"


async def test_two_devices_that_write_different_facts_lose_none_and_of_the_same_the_last_stands(server: Server) -> None:
    a, b = await server.sign_in("G0101"), await server.sign_in("G0101")
    for phone in (a, b):
        await phone.pull_all()
    for phone, kind, name, value in (
        (a, "size", "top", "M"), (b, "size", "shoe", "37"), (a, "like", "亚麻", ""), (b, "date", "孩子生日", "05-24"),
        (a, "manner", "", "quiet"), (b, "size", "top", "L"),
    ):  # fmt: skip
        made = await phone.do("set_fact", customer_id="c1", kind=kind, name=name, value=value)
        assert made["status"] == "applied"
        server.clock.forward(seconds=1)
    for kind, name in (("like", "亚麻"), ("price", "")):
        assert (await a.do("remove_fact", customer_id="c1", kind=kind, name=name))["status"] == "applied"
    facts = (await b.pull_all())["customer/c1"]["facts"]
    assert [(one["kind"], one["name"], one["value"]) for one in facts] == [
        ("size", "shoe", "37"), ("date", "孩子生日", "05-24"), ("manner", "", "quiet"), ("size", "top", "L")
    ]  # fmt: skip
    assert {one["source"] for one in facts} == {"guide"} and all(one["at"] for one in facts)
    assert "facts" not in b.view["customer/c2"]


async def test_a_birthday_the_guide_wrote_can_be_changed_and_goes_with_its_fact(server: Server) -> None:
    phone = await server.sign_in("G0101")
    with server.db.begin() as tx:
        tx.conn.execute(t.customer.update().where(t.customer.c.id == "c2").values(birthday=None))
        tx.touch("customer", "c2")
    for day in ("05-24", "05-25"):
        assert (await phone.do("set_fact", customer_id="c2", kind="birthday", value=day))["status"] == "applied"
        assert (await phone.pull_all())["customer/c2"]["birthday"] == day
    assert (await phone.do("remove_fact", customer_id="c2", kind="birthday"))["status"] == "applied"
    assert "birthday" not in (await phone.pull_all())["customer/c2"]
    assert (await phone.do("remove_fact", customer_id="c1", kind="birthday"))["status"] == "applied"
    assert (await phone.pull_all())["customer/c1"]["birthday"] == "11-26", "the member's own stays"


async def test_rule_2_6_open_follow_ups_go_to_the_colleague_and_private_notes_stay_out(server: Server) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    await old.pull_all()
    shared = await plan(old, kind="appointment", note="试大衣")
    secret = await plan(old, kind="reminder", note="只有我知道", private=True)
    done = await plan(old, pieces=[["p1", "M"]])
    await old.do("close_follow_up", follow_up_id=done, customer_id="c1", kept=[["p1", "M"]])
    await old.do("set_stage", customer_id="c1", stage="considering")
    args = {"handover_id": fresh(), "customer_id": "c1", "to_guide_id": "g2", "words": ""}
    assert (await old.do("hand_over_customer", **args))["status"] == "applied"
    mine, theirs = await old.pull_all(), await new.pull_all()
    assert not [key for key in mine if key.startswith("follow_up/")]
    found = {key.partition("/")[2]: value for key, value in theirs.items() if key.startswith("follow_up/")}
    assert found.keys() == {shared, secret, done} and theirs["customer/c1"]["stage"] == "considering"
    assert {one: value["guide_id"] for one, value in found.items()} == {shared: "g2", secret: "g2", done: "g1"}
    assert (found[shared]["note"], found[secret]["note"], found[secret]["private"]) == ("试大衣", "", False)
    refused = await old.do("move_follow_up", follow_up_id=shared, customer_id="c1", due_at=SOON)
    assert refused["code"] == "handed_over"
    assert (await new.do("close_follow_up", follow_up_id=shared, customer_id="c1"))["status"] == "applied"


async def test_a_customer_who_scans_another_card_takes_the_plans_along_and_one_who_leaves_hides_them(
    server: Server,
) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    one = await plan(old, note="只有我知道", private=True)
    with server.db.begin() as tx:
        handover.refuse(tx, "c1", no_guide=False)
    assert f"follow_up/{one}" not in await old.pull_all()
    with server.db.begin() as tx:
        customers.bind(tx, "c1", "g2")
    await new.pull_all()
    assert new.view[f"follow_up/{one}"]["note"] == ""


async def test_erasing_a_customer_leaves_no_follow_up_and_no_fact(server: Server) -> None:
    phone = await server.sign_in("G0101")
    one = await plan(phone, note="金丝雀")
    await phone.do("set_fact", customer_id="c1", kind="like", name="金丝雀")
    await phone.pull_all()
    erase.erase_for(server.db, None, "c1", "asked")
    assert f"follow_up/{one}" not in await phone.pull_all()
    with server.db.read() as conn:
        for table in (t.follow_up, t.customer_fact):
            assert conn.execute(select(func.count()).select_from(table)).scalar() == 0


async def test_a_database_from_before_gets_the_tables_and_keeps_what_it_had(server: Server) -> None:
    from server_stub import migrations

    with server.db.begin() as tx:
        for table in (t.follow_up, t.customer_fact):
            table.drop(tx.conn)
        tx.conn.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    migrations.upgrade(server.db)
    phone = await server.sign_in("G0101")
    one = await plan(phone, note="搬家之后")
    assert (await of(phone, one))["note"] == "搬家之后" and phone.view["customer/c1"]["name"] == "客人1"


async def test_a_manager_sees_when_and_what_came_of_it_and_neither_whom_nor_words(server: Server) -> None:
    phone, manager = await server.sign_in("G0101"), await server.sign_in("M01")
    one = await plan(phone, pieces=[["p1", "M"], ["p2", "S"]], note="换季")
    shop = await plan(phone, kind="appointment", note="试衣")
    await plan(phone, kind="reminder")
    view = await manager.pull_all()
    assert {key for key in view if key.startswith("team_visit/")} == {f"team_visit/{one}", f"team_visit/{shop}"}
    assert view[f"team_visit/{one}"] == {
        "id": one, "guide_id": "g1", "store_id": "s1", "kind": "visit", "at": SOON, "state": "open", "taken": 2,
        "kept": 0,
    }  # fmt: skip
    about = {"follow_up_id": one, "customer_id": "c1"}
    await phone.do("close_follow_up", **about, kept=[["p2", "S"]])
    await phone.do("cancel_follow_up", follow_up_id=shop, customer_id="c1")
    view = await manager.pull_all()
    done = view[f"team_visit/{one}"]
    assert (done["state"], done["taken"], done["kept"]) == ("done", 2, 1) and done["closed_at"]
    assert view[f"team_visit/{shop}"]["state"] == "cancelled"
    other = await (await server.sign_in("M02")).pull_all()
    assert not [key for key in other if key.startswith("team_visit/")], "another store's"


async def test_what_managers_see_of_visits_follows_customer_and_guide(server: Server) -> None:
    phone, manager, other = [await server.sign_in(one) for one in ("G0101", "M01", "M02")]
    past, one = await plan(phone), await plan(phone)
    await phone.do("close_follow_up", follow_up_id=past, customer_id="c1", kept=[])
    args = {"handover_id": fresh(), "customer_id": "c1", "to_guide_id": "g2"}
    assert (await phone.do("hand_over_customer", **args))["status"] == "applied"
    view = await manager.pull_all()
    assert view[f"team_visit/{one}"]["guide_id"] == "g2", "who is to do it now"
    assert view[f"team_visit/{past}"]["guide_id"] == "g1", "who did it"
    with server.db.begin() as tx:
        handover.refuse(tx, "c1", no_guide=False)
    view = await manager.pull_all()
    assert f"team_visit/{one}" not in view and f"team_visit/{past}" in view, "nobody is to do it"
    with server.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g1").values(store_id="s2"))
        tx.touch("staff", "g1")
    assert f"team_visit/{past}" not in await manager.pull_all() and f"team_visit/{past}" in await other.pull_all()
    erase.erase_for(server.db, None, "c1", "asked")
    assert f"team_visit/{past}" not in await other.pull_all()
    with server.db.begin() as tx:
        assert projections.project_all(tx.conn, now=tx.now) == frozenset(), "every change touched all that it changes"
