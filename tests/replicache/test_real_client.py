"""The npm package `replicache` against our server: what it shows equals what our own client and the server hold.

Numbers in brackets are the scenarios of the design that were first driven by hand.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from app.mutations import make_share, mutate, send_coupon
from app.protocol.mutations import AddTag, EditNote, MarkSignal, RecordContact, RecordShare, RemoveTag
from server_stub import tables as t
from server_stub.people import auth
from server_stub.people import mutations as people
from server_stub.sync import pull as pulls
from server_stub.sync import routes
from tests.replicache.lab import Lab, view_of, waiting

CONTACT = "01a20b63-8040-7000-8000-000000000001"
MARK = "01a20b63-8040-7000-8000-000000000002"


def small_pages(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    real = pulls.pull
    monkeypatch.setattr(pulls, "pull", lambda *args: real(*args, page_rows=rows))


def count(lab: Lab, table: Any, *where: Any) -> int:
    with lab.server.db.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def note_of(view: dict[str, Any], customer: str = "c1") -> str:
    return str(view[f"customer/{customer}"]["note"])


def tags_of(view: dict[str, Any], customer: str = "c1") -> list[str]:
    return [one["name"] for one in view[f"customer/{customer}"]["tags"]]


async def test_initial_sync_page_by_page_04(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch, 7)
    real = await lab.real()
    await real.do("edit_note", customer_id="c1", note="written before the first page")
    await real.call("push")
    await real.pull()
    assert len(await real.statuses("pull")) > 4
    view = await lab.same(real, await lab.twin(real))
    assert note_of(view) == "written before the first page" and len(view) > 25
    assert await real.call("pending") == []


async def test_every_kind_of_work_and_the_same_work_again_from_another_client(lab: Lab) -> None:
    """What our client queued goes out through the real one; ours then sends the same `mid`s: nothing happens twice."""
    real = await lab.real()
    await real.pull()
    ours = await lab.twin(real)
    await ours.sync()
    await mutate(ours, EditNote("c1", "喜欢驼色"))
    await mutate(ours, AddTag("c1", "通勤"))
    await mutate(ours, AddTag("c2", "送礼"))
    await mutate(ours, RemoveTag("c2", "送礼"))
    await mutate(ours, MarkSignal(MARK, "c2", "birthday", "11-26", "done"))
    coupon = await send_coupon(ours, "t1", "c1")
    await mutate(ours, RecordContact(CONTACT, "c1", "coupon", "chat", coupon_id=coupon.id))
    share = make_share(ours, "product", 1, "chat")
    await mutate(ours, RecordShare(share.share_id, share.code, "product", "p1", "chat", share.created_at))
    queued = waiting(ours)
    for name, args in queued:
        await real.call("mutate", name=name, args=args)
    assert tags_of(await real.view()) == ["通勤"], "the local effect shows before any push"
    await real.sync()
    assert set(await real.statuses("push")) <= {"applied", "skipped"}
    view = await lab.same(real, ours)
    assert waiting(ours) == [] and note_of(view) == "喜欢驼色" and tags_of(view) == ["通勤"]
    assert view[f"coupon/{coupon.id}"]["state"] == "issued" and view[f"contact/{CONTACT}"]["coupon_id"] == coupon.id
    assert {f"share/{share.share_id}", f"signal_mark/{MARK}"} <= view.keys() and tags_of(view, "c2") == []
    assert count(lab, t.contact) == 1 and not any(key.startswith("rejected/") for key in view)


async def test_an_offline_queue_survives_kill_9_01(lab: Lab) -> None:
    real = await lab.real(files=True)
    await real.pull()
    await real.call("line", **{"is": "cut"})
    await real.do("add_tag", customer_id="c1", tag="一")
    await real.do("edit_note", customer_id="c1", note="in the lift")
    last = await real.do("remove_tag", customer_id="c1", tag="一")
    assert await real.call("kept", text=last["mid"])
    await lab.node.kill()
    again = await lab.restarted(real)
    assert await again.call("answered", like={"kind": "push", "status": 200}), "it sends the dead client's queue itself"
    await again.sync()
    assert (await again.statuses("push")).count("applied") == 3 and again.client != real.client
    view = await lab.same(again, await lab.twin(again))
    assert note_of(view) == "in the lift" and tags_of(view) == []


async def test_a_lost_answer_is_sent_again_and_applied_once_02(lab: Lab) -> None:
    real = await lab.real()
    await real.pull()
    await real.call("line", **{"is": "lose push"})
    await real.do("record_contact", contact_id=CONTACT, customer_id="c1", kind="message", channel="chat")
    await real.do("add_tag", customer_id="c1", tag="once")
    assert await real.call("answered", like={"kind": "push", "status": 200})
    await real.call("line", **{"is": "open"})
    await real.sync()
    said = await real.statuses("push")
    assert said.count("applied") == 2 and "skipped" in said
    view = await lab.same(real, await lab.twin(real))
    assert count(lab, t.contact) == 1 and tags_of(view) == ["once"]


async def test_two_devices_of_one_guide_07(lab: Lab) -> None:
    one, two = await lab.real(), await lab.real()
    await one.pull()
    await two.pull()
    await one.do("add_tag", customer_id="c1", tag="one")
    await two.do("add_tag", customer_id="c1", tag="two")
    await two.do("add_tag", customer_id="c1", tag="x" * 21)
    await one.sync()
    await two.sync()
    await one.pull()
    view = await lab.same(one, await lab.twin(one))
    assert tags_of(view) == ["one", "two"] and await two.view() == await one.view()
    assert view[f"rejected/{two.client}/2"]["code"] == "tag_invalid", "the refusal reaches both devices"


async def test_two_devices_left_alone_come_to_rest(lab: Lab) -> None:
    """Each pull once took the contact slot from the other device, which woke it, for ever."""
    one, two = await lab.real(), await lab.real()
    for real in (one, two, one, two, one, two):
        await real.pull()
    for real in (one, two):
        last = [request for request in (await real.call("seen"))["requests"] if request["kind"] == "pull"][-1]
        assert last["ops"] == 0, last


async def test_a_hand_over_there_and_back_08(lab: Lab) -> None:
    giver, taker = await lab.real("G0101"), await lab.real("G0102")
    ours, theirs = await lab.twin(giver), await lab.twin(taker)
    await giver.pull()
    await giver.do("record_contact", contact_id=CONTACT, customer_id="c1", kind="message", channel="chat")
    await giver.sync()
    for guide, has in (("g2", taker), ("g1", giver), ("g2", taker)):
        lab.hand_over("c1", guide)
        for real, twin in ((giver, ours), (taker, theirs)):
            view = await lab.same(real, twin)
            assert (real is has) is ("customer/c1" in view) is (f"contact/{CONTACT}" in view)


async def test_a_row_that_moves_between_two_visible_buckets_never_vanishes_18(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await lab.same(real, ours)
    small_pages(monkeypatch, 1)
    for store, role in (("s1", "guide"), (None, "hq"), ("s1", "guide")):
        lab.staff("h1", store_id=store, role=role)
        assert (await lab.same(real, ours))["staff/h1"]["role"] == role


async def test_an_expired_token_is_renewed_and_the_queue_goes_on_09(lab: Lab) -> None:
    real = await lab.real()
    await real.pull()
    lab.server.clock.forward(minutes=16)
    await real.do("edit_note", customer_id="c1", note="after sixteen minutes")
    await real.sync()
    assert 401 in await real.statuses("pull") or "session_expired" in str(await real.call("seen"))
    assert await real.statuses("refresh") == [200]
    assert note_of(await lab.same(real, await lab.twin(real))) == "after sixteen minutes"


async def test_a_revoked_device_is_told_so_and_sees_nothing_new(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    before = await lab.same(real, ours)
    with lab.server.db.begin() as tx:
        auth.revoke_device(tx, real.device_id)
    with lab.server.db.begin() as tx:
        people_note = t.customer.update().where(t.customer.c.id == "c1").values(note="not for lost phones")
        tx.conn.execute(people_note)
        tx.touch("customer", "c1")
    await real.do("edit_note", customer_id="c2", note="kept in the queue")
    assert await real.call("answered", like={"kind": "push", "status": 403, "error": "DeviceRevoked"})
    await real.call("pull", pages=1)
    assert set(await real.statuses("pull")) == {200, 403}
    assert note_of(await real.view()) == note_of(before) and len(await real.call("pending")) == 1
    assert count(lab, t.customer, t.customer.c.note == "kept in the queue") == 0
    with pytest.raises(Exception, match="device_revoked"):
        await ours.sync()


async def test_a_new_epoch_sends_everything_again_and_keeps_the_queue_10(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await lab.same(real, ours)
    with lab.server.db.begin() as tx:
        tx.conn.execute(t.meta.update().where(t.meta.c.name == "epoch").values(value="another history"))
    await real.call("line", **{"is": "cut"})
    await real.do("edit_note", customer_id="c1", note="queued over the reset")
    await real.call("line", **{"is": "open"})
    await real.sync()
    assert any(one.get("cleared") for one in (await real.call("seen"))["requests"][1:])
    assert note_of(await lab.same(real, ours)) == "queued over the reset"


async def test_a_server_restored_from_a_backup_goes_on_with_both_11(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await real.do("edit_note", customer_id="c1", note="in the backup")
    await real.sync()
    await lab.same(real, ours)
    lab.server.stop()
    backup = lab.server.backup()
    lab.server.start()
    for n in range(3):
        await real.do("edit_note", customer_id="c1", note=f"lost {n}")
        await real.sync()
    await lab.same(real, ours)
    lab.server.stop()
    lab.server.restore(backup)
    lab.server.start()
    # New rows take the versions that the lost ones had (10b): without an epoch they would never arrive.
    for n, customer in enumerate(("c2", "c3", "c2", "c3")):
        with lab.server.db.begin() as tx:
            tx.conn.execute(t.customer.update().where(t.customer.c.id == customer).values(note=f"new {n}"))
            tx.touch("customer", customer)
    await real.do("edit_note", customer_id="c4", note="after the restore")
    real.session = await lab.sign_in(real)
    await real.pull()
    await real.sync()
    view = await lab.same(real, ours)
    assert [note_of(view, one) for one in ("c1", "c2", "c3", "c4")] == [
        "in the backup", "new 2", "new 3", "after the restore",
    ]  # fmt: skip


async def test_a_queue_of_an_older_schema_arrives_after_the_update_14b(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await lab.real(files=True)
    await real.pull()
    await real.call("line", **{"is": "cut"})
    last = await real.do("edit_note", customer_id="c1", note="written by version 1")
    assert await real.call("kept", text=last["mid"])
    await lab.node.kill()
    monkeypatch.setattr(routes, "SCHEMA_VERSION", "2")
    monkeypatch.setattr(routes, "PUSH_SCHEMAS", frozenset({"1", "2"}))
    again = await lab.restarted(real, schema="2")
    assert again.group != real.group, "another schema is another client group"
    assert await again.call("answered", like={"kind": "push", "status": 200})
    for _ in range(10):  # a pull that was on its way when the push ended may be answered without it
        await again.pull()
        view = await again.view()
        if note_of(view):
            break
    assert note_of(view) == "written by version 1" and await again.call("pending") == []
    assert view == lab.server.truth("g1", "s1")


async def test_an_older_schema_may_push_but_is_told_to_update_when_it_pulls_14(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await lab.same(real, ours)
    monkeypatch.setattr(routes, "SCHEMA_VERSION", "2")
    monkeypatch.setattr(routes, "PUSH_SCHEMAS", frozenset({"1", "2"}))
    await real.do("edit_note", customer_id="c1", note="from the old version")
    assert await real.call("answered", like={"kind": "push", "status": 200})
    await real.call("pull", pages=1)
    assert "update needed: VersionNotSupported" in (await real.call("seen"))["log"]
    assert count(lab, t.customer, t.customer.c.note == "from the old version") == 1


async def test_a_refusal_becomes_a_row_on_both_and_can_be_dismissed(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await lab.same(real, ours)
    await real.do("edit_note", customer_id="c5", note="another guide's customer")
    await real.sync()
    view = await lab.same(real, ours)
    (refused,) = [value for key, value in view.items() if key.startswith("rejected/")]
    assert (refused["code"], refused["subject"], refused["name"]) == ("not_yours", "customer/c5", "edit_note")
    await real.do("dismiss_rejected", rejected_id=refused["id"])
    await real.sync()
    assert not any(key.startswith("rejected/") for key in await lab.same(real, ours))


async def test_poison_in_a_queue_does_not_hold_up_the_rest_03(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: Any) -> None:
        raise RuntimeError("a bug in one mutation")

    monkeypatch.setitem(people.HANDLERS, "mark_signal", crash)
    real = await lab.real(names=["edit_note", "add_tag", "mark_signal", "no_such_mutation"])
    ours = await lab.twin(real)
    await lab.same(real, ours)
    await real.call("line", **{"is": "cut"})
    await real.do("edit_note", customer_id="c1", note="first")
    await real.do("add_tag", customer_id="c1", tag="x" * 21)
    await real.do("mark_signal", mark_id="m", customer_id="c1", signal="birthday", subject="s", action="done")
    await real.do("no_such_mutation", anything=[1, 2])
    await real.do("add_tag", customer_id="c2", tag="last")
    await real.call("line", **{"is": "open"})
    await real.sync()
    view = await lab.same(real, ours)
    assert note_of(view) == "first" and tags_of(view) == [] and tags_of(view, "c2") == ["last"]
    codes = {value["mutation_id"]: value["code"] for key, value in view.items() if key.startswith("rejected/")}
    assert codes == {2: "tag_invalid", 3: "internal", 4: "mutation_unknown"}


async def test_a_guide_moves_to_another_store_with_a_queue_19(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    assert "stock/s1.p1" in await lab.same(real, ours)
    await real.call("line", **{"is": "cut"})
    await real.do("edit_note", customer_id="c1", note="on the way")
    lab.staff("g1", store_id="s2")
    await real.call("line", **{"is": "open"})
    await real.sync()
    view = await lab.same(real, ours)
    assert "stock/s2.p1" in view and not any(key.startswith("stock/s1.") for key in view)
    assert note_of(view) == "on the way"


async def test_a_number_used_by_a_stray_request_is_refused_and_a_pull_heals_it(lab: Lab) -> None:
    real = await lab.real()
    ours = await lab.twin(real)
    await lab.same(real, ours)
    await lab.push_as(real, 1, "edit_note", customer_id="c1", note="the stray request")
    await real.do("edit_note", customer_id="c1", note="the same number, other words")
    assert await real.call("answered", like={"kind": "push", "status": 409, "error": "mutation_reused"})
    await real.pull()
    assert await real.call("pending") == []
    await real.do("add_tag", customer_id="c1", tag="goes on")
    await real.sync()
    view = await lab.same(real, ours)
    assert note_of(view) == "the stray request" and tags_of(view) == ["goes on"]


async def test_a_long_queue_goes_out_in_one_push(lab: Lab) -> None:
    """The real client sends all that waits at once: a limit on their number would block it for ever."""
    real = await lab.real()
    await real.pull()
    await real.call("line", **{"is": "cut"})
    for n in range(205):
        await real.do("edit_note", customer_id="c1", note=f"note {n}")
    await real.call("line", **{"is": "open"})
    await real.sync()
    assert note_of(await lab.same(real, await lab.twin(real))) == "note 204"


async def test_work_done_while_a_pull_is_under_way_is_replayed_over_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await lab.real()
    await real.pull()
    small_pages(monkeypatch, 3)
    for n in range(6):
        lab.hand_over("c5", "g1" if n % 2 == 0 else "g2")
        await asyncio.gather(real.do("add_tag", customer_id="c1", tag=f"tag {n}"))
        await real.pull()
    await real.sync()
    ours = await lab.twin(real)
    assert tags_of(await lab.same(real, ours)) == [f"tag {n}" for n in range(6)]
    assert "customer/c5" not in view_of(ours)
