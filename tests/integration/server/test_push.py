"""Push: order, idempotency, refusals, poison, and faults that consume nothing."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from server_stub import tables as t
from server_stub.people import mutations as people
from server_stub.sync import tombstones
from tests.fakes.server import Phone, Server


def note_of(server: Server, customer: str = "c1") -> str:
    with server.db.read() as conn:
        return conn.execute(select(t.customer.c.note).where(t.customer.c.id == customer)).scalar_one()


def count(server: Server, table: Any) -> int:
    with server.db.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


async def guide(server: Server) -> Phone:
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    return phone


async def test_a_push_is_applied_in_order_and_a_repeat_changes_nothing(server: Server) -> None:
    phone = await guide(server)
    sent = [phone.mutation("edit_note", customer_id="c1", note=f"{n}") for n in range(3)]
    assert [one["status"] for one in await phone.push(*sent)] == ["applied"] * 3
    with server.db.read() as conn:
        head = conn.execute(select(t.bucket.c.ver).where(t.bucket.c.id == "guide:g1")).scalar_one()
    assert [one["status"] for one in await phone.push(*sent)] == ["skipped"] * 3
    assert note_of(server) == "2"
    with server.db.read() as conn:
        assert conn.execute(select(t.bucket.c.ver).where(t.bucket.c.id == "guide:g1")).scalar_one() == head
    view = await phone.pull_all()
    assert view["customer/c1"]["note"] == "2" and phone.lmids == {phone.client: 3}


async def test_the_same_push_twice_at_once_has_one_effect(server: Server) -> None:
    phone = await guide(server)
    sent = [phone.mutation("add_tag", customer_id="c1", tag=f"tag {n}") for n in range(5)]
    sent.append(phone.mutation("add_tag", customer_id="c1", tag=""))
    answers = await asyncio.gather(*(phone.push(*sent) for _ in range(4)))
    for n in range(5):
        assert sorted(one[n]["status"] for one in answers) == ["applied", "skipped", "skipped", "skipped"]
    assert {one[5]["status"] for one in answers} == {"rejected"} and count(server, t.rejected) == 1
    assert len((await phone.pull_all())["customer/c1"]["tags"]) == 5


async def test_a_gap_refuses_the_push_and_consumes_nothing(server: Server) -> None:
    phone = await guide(server)
    phone.next_id = 2
    answer = await phone.raw_push(phone.mutation("edit_note", customer_id="c1", note="x"))
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["params"]) == ("mutation_gap", {"expected": 1, "got": 2})
    assert note_of(server) == ""


async def test_an_id_used_for_other_arguments_is_a_reused_mutation(server: Server) -> None:
    phone = await guide(server)
    first = phone.mutation("edit_note", customer_id="c1", note="mine")
    await phone.push(first)
    other = copy.deepcopy(first)
    other["args"]["note"] = "another"
    answer = await phone.raw_push(other)
    assert answer.status_code == 409 and answer.json()["code"] == "mutation_reused"
    assert note_of(server) == "mine"


async def test_the_same_mutation_from_a_new_installation_has_one_effect(server: Server) -> None:
    phone, again = await guide(server), await guide(server)
    tag = phone.mutation("edit_note", customer_id="c1", note="once")
    await phone.push(tag)
    await phone.do("edit_note", customer_id="c1", note="later")
    copied = {**tag, "clientID": again.client}
    assert (await again.push(copied))[0]["status"] == "duplicate"
    assert note_of(server) == "later"


async def test_a_refused_mutation_sent_again_by_a_renewed_client_is_not_judged_twice(server: Server) -> None:
    phone, again = await guide(server), await guide(server)
    sent = phone.mutation("edit_note", customer_id="c5", note="a colleague's")
    assert (await phone.push(sent))[0]["status"] == "rejected"
    copied = {**sent, "clientID": again.client}
    assert (await again.push(copied))[0]["status"] == "duplicate"
    assert count(server, t.rejected) == 1


async def test_a_refusal_consumes_its_id_and_stands_as_a_row_until_dismissed(server: Server) -> None:
    phone = await guide(server)
    results = await phone.push(
        phone.mutation("edit_note", customer_id="c1", note="a"),
        phone.mutation("add_tag", customer_id="c1", tag="长" * 21),
        phone.mutation("edit_note", customer_id="c5", note="not mine"),
        phone.mutation("edit_note", customer_id="c2", note="b"),
    )
    assert [one.get("code", one["status"]) for one in results] == ["applied", "tag_invalid", "not_yours", "applied"]
    view = await phone.pull_all()
    key = f"rejected/{phone.client}/2"
    assert {name: view[key][name] for name in ("code", "params", "subject", "name")} == {
        "code": "tag_invalid", "params": {"max": 20}, "subject": "customer/c1", "name": "add_tag",
    }  # fmt: skip
    assert phone.lmids == {phone.client: 4} and note_of(server, "c5") == ""
    await phone.do("dismiss_rejected", rejected_id=f"{phone.client}/2")
    assert key not in await phone.pull_all()
    assert f"rejected/{phone.client}/3" in phone.view


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("edit_note", {"customer_id": "c1", "note": "x", "guide_id": "g2"}, "bad_arguments"),
        ("edit_note", {"customer_id": "c1"}, "bad_arguments"),
        ("edit_note", {"customer_id": "c1", "note": 5}, "bad_arguments"),
        ("edit_note", {"customer_id": "c1", "note": "x", "mid": "no"}, "bad_arguments"),
        ("edit_note", {"customer_id": "c1", "note": "x", "at": "yesterday"}, "bad_arguments"),
        ("edit_note", {"customer_id": "c1", "note": "\ud800"}, "bad_arguments"),
        ("drop_table", {}, "mutation_unknown"),
        ("edit_note", {"customer_id": "' OR 1=1 --", "note": "x"}, "not_yours"),
    ],
)
async def test_bad_arguments_are_refused_by_name(server: Server, name: str, args: dict, code: str) -> None:
    phone = await guide(server)
    result = await phone.do(name, **args)
    assert (result["status"], result["code"]) == ("rejected", code)


async def test_a_poison_mutation_is_consumed_and_the_next_one_works(server: Server, monkeypatch) -> None:
    phone = await guide(server)

    def explode(tx: Any, args: Any) -> None:
        tx.conn.execute(t.customer.update().values(note="half done"))
        raise ZeroDivisionError

    monkeypatch.setitem(people.HANDLERS, "add_tag", explode)
    results = await phone.push(
        phone.mutation("add_tag", customer_id="c1", tag="x"), phone.mutation("edit_note", customer_id="c2", note="ok")
    )
    assert [one.get("code", one["status"]) for one in results] == ["internal", "applied"]
    assert note_of(server) == "" and note_of(server, "c2") == "ok"


async def test_a_fault_of_the_database_consumes_nothing(server: Server, monkeypatch) -> None:
    phone = await guide(server)
    sent = phone.mutation("add_tag", customer_id="c1", tag="x")
    with monkeypatch.context() as broken:

        def away(tx: Any, args: Any) -> None:
            raise OperationalError("x", {}, Exception("server closed the connection"))

        broken.setitem(people.HANDLERS, "add_tag", away)
        answer = await phone.raw_push(sent)
        assert answer.status_code == 503 and answer.json()["code"] == "server_fault"
    assert count(server, t.rejected) == 0
    assert (await phone.push(sent))[0]["status"] == "applied"


async def test_groups_and_clients_belong_to_one_member_of_staff(server: Server) -> None:
    phone, other = await guide(server), await server.sign_in("G0102")
    await phone.do("edit_note", customer_id="c1", note="mine")
    other.group, mine = phone.group, other.group
    assert (await other.raw_push(other.mutation("edit_note", customer_id="c5", note="x"))).status_code == 403
    assert (await other.raw_pull()).status_code == 403
    other.group, other.client, other.next_id = mine, phone.client, 2
    assert (await other.raw_push(other.mutation("edit_note", customer_id="c5", note="x"))).status_code == 403


async def test_rule_1_4_an_ended_block_goes_back_after_the_next_push_and_a_new_one_comes(server: Server) -> None:
    phone = await guide(server)
    first = {key for key, row in phone.view.items() if key.startswith("coupon/") and row["state"] == "allotted"}
    assert len(first) == 5
    coupon = min(first).removeprefix("coupon/")
    server.clock.forward(days=7, minutes=1)
    await refreshed(server, phone)
    sent = phone.mutation("issue_coupon", coupon_id=coupon, customer_id="c1")
    sent["args"]["at"] = "2026-11-24T02:40:00Z"  # handed out offline while the lease ran
    assert (await phone.push(sent))[0]["status"] == "applied"
    view = await phone.pull_all()
    assert view[f"coupon/{coupon}"]["customer_id"] == "c1"
    assert {view[key]["state"] for key in first - {f"coupon/{coupon}"}} == {"voided"}
    assert sum(key.startswith("coupon/") and row["state"] == "allotted" for key, row in view.items()) == 5


async def test_a_manager_may_not_write_a_guides_note(server: Server) -> None:
    manager = await server.sign_in("M01")
    await manager.pull_all()
    assert (await manager.do("edit_note", customer_id="c1", note="x"))["code"] == "forbidden"
    assert any(key.startswith("rejected/") for key in await manager.pull_all())


async def test_rule_9_2_the_budget_is_shared_and_the_holder_is_the_last_to_pull(server: Server) -> None:
    phone, tablet = await guide(server), await guide(server)
    args = {"customer_id": "c1", "kind": "message", "channel": "copied"}
    held = await phone.do("record_contact", contact_id="contact-0001", **args)
    assert held["code"] == "contact_other_device"
    await tablet.pull()
    assert (await tablet.do("record_contact", contact_id="contact-0002", **args))["status"] == "applied"
    assert (await tablet.do("record_contact", contact_id="contact-0003", **args))["code"] == "contact_budget_used"
    no_consent = await tablet.do("record_contact", contact_id="contact-0004", **{**args, "customer_id": "c4"})
    assert no_consent["code"] == "no_marketing_consent"


async def test_quiet_hours_are_judged_by_when_it_was_done(server: Server) -> None:
    phone = await guide(server)
    sent = phone.mutation(
        "record_contact", contact_id="contact-0001", customer_id="c1", kind="message", channel="copied"
    )
    server.clock.forward(hours=12)  # 22:30 in the store, the phone comes back; it pulls before it pushes
    await refreshed(server, phone)
    await phone.pull()
    assert (await phone.push(sent))[0]["status"] == "applied"
    late = phone.mutation(
        "record_contact", contact_id="contact-0002", customer_id="c2", kind="message", channel="copied"
    )
    assert (await phone.push(late))[0]["code"] == "quiet_hours"


async def refreshed(server: Server, phone: Phone) -> None:
    body = {"refresh_token": phone.session["refresh_token"], "device_id": phone.session["device"]["id"]}
    phone.session |= (await server.http.post("/api/auth/refresh", json=body)).json()


@pytest.mark.parametrize(
    "args", [{"customer_id": "\ud800", "note": "x"}, {"customer_id": "c1", "note": "x", "\udfff": 1}]
)
async def test_a_refused_text_that_cannot_be_stored_does_not_hold_up_the_queue(
    server: Server, args: dict[str, Any]
) -> None:
    phone = await guide(server)
    bad = phone.mutation("edit_note", **args)
    good = phone.mutation("edit_note", customer_id="c1", note="after")
    results = await phone.push(bad, good)
    assert [(one["status"], one.get("code")) for one in results] == [("rejected", "bad_arguments"), ("applied", None)]
    assert note_of(server) == "after" and f"rejected/{phone.client}/1" in await phone.pull_all()


async def test_rule_9_2_the_same_coupon_again_counts_once_a_day(server: Server) -> None:
    phone = await guide(server)
    args = {"customer_id": "c1", "kind": "coupon", "channel": "copied", "coupon_id": "coupon-0001"}
    assert (await phone.do("record_contact", contact_id="contact-0001", **args))["status"] == "applied"
    assert (await phone.do("record_contact", contact_id="contact-0002", **args))["status"] == "applied"
    assert count(server, t.contact) == 1
    other = {**args, "coupon_id": "coupon-0002"}
    assert (await phone.do("record_contact", contact_id="contact-0004", **other))["code"] == "contact_budget_used"
    server.clock.forward(days=1)
    await refreshed(server, phone)
    assert (await phone.do("record_contact", contact_id="contact-0003", **args))["status"] == "applied"
    assert count(server, t.contact) == 2


async def test_all_that_waits_may_come_in_one_push(server: Server) -> None:
    """The npm client never splits its queue: what no push may hold would never be sent."""
    phone = await server.sign_in("G0101")
    results = await phone.push(*(phone.mutation("edit_note", customer_id="c1", note=str(n)) for n in range(205)))
    assert {one["status"] for one in results} == {"applied"}
    assert (await phone.pull_all())["customer/c1"]["note"] == "204"


async def test_what_an_id_stood_for_is_forgotten_after_90_days_and_the_id_stays_used(server: Server) -> None:
    phone = await server.sign_in("G0101")
    first = phone.mutation("edit_note", customer_id="c1", note="first")
    await phone.push(first)
    server.clock.forward(days=89)
    with server.db.begin() as tx:
        assert tombstones.forget_seen(tx) == 0
    server.clock.forward(days=2)
    phone.session = (await server.sign_in("G0101", phone.session["device"]["id"])).session
    await phone.do("edit_note", customer_id="c1", note="second")
    with server.db.begin() as tx:
        assert (tombstones.forget_seen(tx), tombstones.forget_seen(tx)) == (1, 0)
    assert [one["status"] for one in await phone.push(first)] == ["skipped"]
    assert (await phone.pull_all())["customer/c1"]["note"] == "second"


async def test_what_depends_on_a_refused_mutation_is_refused_with_a_cause_and_the_rest_goes_on(server: Server) -> None:
    """Hazard 14: a coupon for somebody who agreed to nothing, taken back and used in the same push."""
    phone = await guide(server)
    coupon = next(v for k, v in phone.view.items() if k.startswith("coupon/") and v["state"] == "allotted")
    sent = [
        phone.mutation("issue_coupon", coupon_id=coupon["id"], customer_id="c4"),
        phone.mutation("undo_coupon", coupon_id=coupon["id"]),
        phone.mutation("record_contact", contact_id="contact-0001", customer_id="c4", kind="message", channel="copied"),
        phone.mutation("edit_note", customer_id="c4", note="geht"),
    ]
    results = await phone.push(*sent)
    assert [one["status"] for one in results] == ["rejected", "rejected", "rejected", "applied"], results
    assert results[0]["code"] == results[2]["code"] == "no_marketing_consent"
    assert results[1]["code"] not in ("internal", "bad_arguments")
    assert note_of(server, "c4") == "geht"
    view = await phone.pull_all()
    assert view[f"coupon/{coupon['id']}"]["state"] == "allotted"
