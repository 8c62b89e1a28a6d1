"""Pull: paging, resuming, resets, forged cookies, hand-over between buckets, restore, sums."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.protocol.sync_sums import SUM_MODULUS, row_sum
from server_stub import tables as t
from server_stub.sync import cookie as cookies
from server_stub.sync import pull as pulls
from server_stub.sync import tombstones
from tests.fakes.server import SECRETS, Phone, Server, running


def set_guide(server: Server, customer: str, guide: str | None) -> None:
    with server.db.begin() as tx:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == customer).values(guide_id=guide))
        tx.touch("customer", customer)


def truth(server: Server, *buckets: str) -> dict[str, Any]:
    c = t.sync_row.c
    with server.db.read() as conn:
        rows = conn.execute(select(c.key, c.value).where(c.bucket.in_(buckets), c.value.is_not(None)))
        return {row.key: json.loads(row.value) for row in rows}


def mine(server: Server) -> dict[str, Any]:
    return truth(server, "brand", "store:s1", "guide:g1")


def add_view(server: Server, customer: str, name: str) -> None:
    row = {
        "id": name, "customer_id": customer, "product_id": "p1", "session_id": name, "at": "2026-11-20T02:00:00Z",
        "dwell_s": 9,
    }  # fmt: skip
    with server.db.begin() as tx:
        tx.conn.execute(insert(t.browse_event).values(**row))
        tx.touch("browse_event", name)


def small_pages(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    real = pulls.pull
    monkeypatch.setattr(pulls, "pull", lambda *args: real(*args, page_rows=rows))


def check_sums(phone: Phone, body: dict[str, Any]) -> None:
    """Recompute count and sum of each bucket from what the phone was told."""
    seen: dict[str, list[int]] = {bucket: [0, 0] for bucket in body["sums"]}
    for key, (bucket, version) in phone.versions.items():
        seen[bucket] = [seen[bucket][0] + 1, (seen[bucket][1] + row_sum(key, version)) % SUM_MODULUS]
    assert seen == body["sums"]


async def test_the_first_pull_clears_then_puts_all_and_an_idle_one_keeps_the_cookie(server: Server) -> None:
    phone = await server.sign_in("G0101")
    first = await phone.pull()
    assert first["patch"][0] == {"op": "clear"} and phone.view == mine(server)
    assert not any(key in phone.view for key in ("customer/c5", "stock/s2.p1", "staff/g3"))
    check_sums(phone, first)
    idle = await phone.pull()
    assert idle["cookie"] == first["cookie"] and idle["patch"] == [] and idle["lastMutationIDChanges"] == {}


async def test_pages_resume_and_hold_mutation_ids_back_to_the_last(server: Server, monkeypatch) -> None:
    phone = await server.sign_in("G0101")
    await phone.do("edit_note", customer_id="c1", note="x")
    small_pages(monkeypatch, 7)
    pages = [await phone.pull()]
    while pages[-1]["more"]:
        if len(pages) == 2:  # the app is killed: the cookie alone is the position
            phone.cookie = json.loads(json.dumps(phone.cookie))
        pages.append(await phone.pull())
    assert all(len(page["patch"]) <= 8 for page in pages) and len(pages) > 4
    assert [bool(page["lastMutationIDChanges"]) for page in pages] == [False] * (len(pages) - 1) + [True]
    assert ["sums" in page for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page["cookie"]["order"] for page in pages] == list(range(1, len(pages) + 1))
    assert {page["progress"]["total"] for page in pages} == {len(phone.view)}
    assert pages[-1]["progress"]["done"] == len(phone.view)
    assert phone.view == mine(server)
    check_sums(phone, pages[-1])


async def test_random_moves_and_changes_give_the_truth_after_every_pull(server: Server, monkeypatch) -> None:
    phone, seed = await server.sign_in("G0101"), random.Random(7)
    small_pages(monkeypatch, 5)
    for n in range(40):
        customer = f"c{seed.randint(1, 6)}"
        if seed.random() < 0.6:
            set_guide(server, customer, seed.choice(["g1", "g2", "g3", None]))
        else:
            add_view(server, customer, f"view-{n}")
        if seed.random() < 0.5:
            await phone.pull()
        if seed.random() < 0.3:
            await phone.pull_all()
            assert phone.view == mine(server)
    while (body := await phone.pull())["more"]:
        pass
    assert phone.view == mine(server)
    check_sums(phone, body)


async def test_a_hand_over_moves_the_customer_and_all_that_follows(server: Server) -> None:
    old, new = await server.sign_in("G0101"), await server.sign_in("G0102")
    add_view(server, "c1", "view-1")
    await old.pull_all()
    await new.pull_all()
    set_guide(server, "c1", "g2")
    moved = [op for op in (await old.pull())["patch"] if op["key"] in ("customer/c1", "browse_event/view-1")]
    assert {op["op"] for op in moved} == {"del"} and len(moved) == 2
    await new.pull()
    assert {"customer/c1", "browse_event/view-1"} <= new.view.keys()
    set_guide(server, "c1", "g1")
    assert "customer/c1" in await old.pull_all() and "customer/c1" not in await new.pull_all()


async def test_a_row_that_moves_between_two_visible_buckets_never_vanishes(server: Server, monkeypatch) -> None:
    """Trap 18: HQ staff stand in `brand`; one who gets a store moves to a bucket that is visible too."""
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    small_pages(monkeypatch, 1)
    for store in ("s1", None, "s1"):
        with server.db.begin() as tx:
            role = "guide" if store else "hq"
            tx.conn.execute(update(t.staff).where(t.staff.c.id == "h1").values(store_id=store, role=role))
            tx.touch("staff", "h1")
        body = await phone.pull()
        while body["more"]:
            body = await phone.pull()
        assert phone.view["staff/h1"]["role"] == role
        check_sums(phone, body)


async def test_another_store_means_a_reset_with_rising_order_and_the_queue_applies(server: Server) -> None:
    phone = await server.sign_in("G0101")
    before = await phone.pull()
    with server.db.begin() as tx:
        tx.conn.execute(update(t.staff).where(t.staff.c.id == "g1").values(store_id="s2"))
        tx.touch("staff", "g1")
    assert (await phone.do("edit_note", customer_id="c1", note="kept"))["status"] == "applied"
    after = await phone.pull()
    assert after["patch"][0] == {"op": "clear"} and after["cookie"]["order"] > before["cookie"]["order"]
    assert "stock/s2.p1" in phone.view and "stock/s1.p1" not in phone.view
    assert phone.view["customer/c1"]["note"] == "kept" and phone.lmids == {phone.client: 1}


def reworked(cookie: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body, _, mac = cookie["t"].partition(".")
    payload = json.loads(base64.urlsafe_b64decode(body)) | changes
    return {**cookie, "t": base64.urlsafe_b64encode(json.dumps(payload).encode()).decode() + "." + mac}


@pytest.mark.parametrize(
    "cookie",
    [
        "abc", 7, {}, {"order": 5}, {"order": 5, "t": "x.y"}, {"order": "10", "t": "é.é"}, {"order": -1, "t": "."},
        {"order": 1e300, "t": None}, {"order": True, "t": "a" * 30_000}, {"forged": {"b": {"guide:g2": 0}}},
        {"forged": {"e": "x"}},
    ],
)  # fmt: skip
async def test_a_cookie_that_is_not_ours_resets_and_never_shows_more(server: Server, cookie: Any) -> None:
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    phone.cookie = (
        reworked(phone.cookie, **cookie["forged"]) if isinstance(cookie, dict) and "forged" in cookie else cookie
    )
    body = await phone.pull()
    assert body["patch"][0] == {"op": "clear"} and phone.view == mine(server)


@pytest.mark.parametrize(
    "changes",
    [{"buckets": {"guide:g1": 1 << 40}}, {"buckets": {"guide:g2": 0}}, {"epoch": "before the restore"}],
)
async def test_a_signed_cookie_that_does_not_fit_any_more_resets(server: Server, changes: dict[str, Any]) -> None:
    phone = await server.sign_in("G0101")
    await phone.pull_all()
    position = cookies.unseal(SECRETS.cookie, phone.cookie)
    assert position is not None
    phone.cookie = cookies.seal(SECRETS.cookie, dataclasses.replace(position, **changes), 41)
    body = await phone.pull()
    assert body["patch"][0] == {"op": "clear"} and body["cookie"]["order"] == 42
    assert phone.view == mine(server)


async def test_the_cookie_of_another_guide_is_worth_nothing(server: Server) -> None:
    one, other = await server.sign_in("G0101"), await server.sign_in("G0201")
    await one.pull_all()
    other.cookie = one.cookie
    assert (await other.pull())["patch"][0] == {"op": "clear"}
    assert other.view == truth(server, "brand", "store:s2", "guide:g3")


async def test_a_forked_group_keeps_the_snapshot_but_not_the_ids(server: Server) -> None:
    phone = await server.sign_in("G0101")
    await phone.do("edit_note", customer_id="c1", note="x")
    await phone.pull_all()
    fork = copy.copy(phone)
    fork.group, fork.client, fork.next_id, fork.lmids = "fork-group", "fork-client", 1, {}
    await fork.do("edit_note", customer_id="c2", note="y")
    body = await fork.pull()
    assert [op["op"] for op in body["patch"]] == ["put"] and body["lastMutationIDChanges"] == {"fork-client": 1}


async def test_a_restored_backup_resets_and_adopts_what_the_phone_saw_confirmed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with running(home) as server:
        phone = await server.sign_in("G0101")
        await phone.do("edit_note", customer_id="c1", note="in the backup")
        await phone.pull_all()
    shutil.copy(home / "server" / "daogou.db", tmp_path / "backup.db")
    async with running(home) as server:
        phone.http = server.http
        for n in range(3):
            await phone.do("edit_note", customer_id="c1", note=f"lost {n}")
        await phone.pull_all()
        server.clock.forward(seconds=5)
    for suffix in ("-wal", "-shm"):
        (home / "server" / f"daogou.db{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", home / "server" / "daogou.db")
    async with running(home) as server:
        phone.http = server.http
        body = await phone.pull()
        assert body["patch"][0] == {"op": "clear"} and phone.view["customer/c1"]["note"] == "in the backup"
        assert (await phone.do("edit_note", customer_id="c1", note="after"))["status"] == "applied"
        assert (await phone.pull_all())["customer/c1"]["note"] == "after" and phone.lmids[phone.client] == 5


async def test_who_missed_purged_tombstones_starts_anew_and_who_saw_them_does_not(server: Server, monkeypatch) -> None:
    away, present = await server.sign_in("G0101"), await server.sign_in("G0101")
    await away.pull_all()
    await present.pull_all()
    set_guide(server, "c1", "g2")
    await present.pull_all()
    server.clock.forward(days=91)
    with server.db.begin() as tx:
        assert tombstones.purge(tx) == 1
    for phone in (away, present):
        phone.session = (await server.sign_in("G0101", phone.session["device"]["id"])).session
    assert (await present.pull())["patch"][:1] != [{"op": "clear"}]
    assert (await away.pull())["patch"][0] == {"op": "clear"} and "customer/c1" not in away.view
    small_pages(monkeypatch, 3)
    fresh = await server.sign_in("G0101")
    await fresh.pull_all()
    assert fresh.view == mine(server)


@pytest.mark.parametrize(
    ("change", "what"), [({"pullVersion": 2}, "pull"), ({"schemaVersion": "0"}, "schema")]
)  # fmt: skip
async def test_unknown_versions_are_named(server: Server, change: dict, what: str) -> None:
    phone = await server.sign_in("G0101")
    answer = await phone.raw_pull(**change)
    assert answer.json() == {"error": "VersionNotSupported", "versionType": what}


async def test_a_manager_sees_the_board_and_no_customers(server: Server) -> None:
    row = {"id": "g1.2026-11-24", "guide_id": "g1", "store_id": "s1", "date": "2026-11-24", "sales_fen": 100}
    with server.db.begin() as tx:
        tx.conn.execute(insert(t.guide_day).values(**row))
        tx.touch("guide_day", row["id"])
    own, other, guide = [await server.sign_in(no) for no in ("M01", "M02", "G0101")]
    for phone in (own, other, guide):
        await phone.pull_all()
    assert own.view["guide_day/g1.2026-11-24"]["sales_fen"] == 100
    assert not any(key.startswith("guide_day") for key in [*other.view, *guide.view])
    assert not any(key.startswith(("customer/", "order/", "coupon/")) for key in own.view)


async def test_rule_9_2_two_devices_at_work_leave_the_contact_slot_with_one_until_it_goes(server: Server) -> None:
    """Each pull once took the slot from the other device, whose poke made it take it back, for ever."""
    one, two = await server.sign_in("G0101"), await server.sign_in("G0101")
    await one.pull_all()
    assert (await two.pull_all())["contact_holder/g1"]["device_id"] == two.session["device"]["id"], "it comes to work"
    await one.pull_all()
    cookies_at_rest = one.cookie, two.cookie
    for _ in range(5):
        server.clock.forward(minutes=1)
        await one.pull_all()
        await two.pull_all()
    assert (one.cookie, two.cookie) == cookies_at_rest
    for _ in range(4):
        server.clock.forward(minutes=1)
        await one.pull_all()
    assert one.view["contact_holder/g1"]["device_id"] == one.session["device"]["id"], "the other has gone"
