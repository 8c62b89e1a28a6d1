"""72 hours of work without a network, 27 days in a drawer, two schema versions behind; then everything arrives.

`DAOGOU_OFFLINE_TAPS` says how many; `make soak` asks for 5,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from app.domain.errors import LocalFault, ProtocolFault, Rejected
from app.mutations import make_share, mutate, send_coupon
from app.protocol.limits import SCHEMA_VERSION
from app.protocol.mutations import AddTag, EditNote, MarkSignal, RecordContact, RecordShare, RemoveTag
from app.store import outbox
from app.store.queries import customers, products, work
from app.sync import wire
from server_stub import tables as t
from server_stub.sync import routes, tombstones
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW, Server, running
from tests.faults.layouts import take_back
from tests.integration.client.conftest import Lab, lab

__all__ = ["lab"]
TAPS = int(os.environ.get("DAOGOU_OFFLINE_TAPS", "500"))
HOURS_72 = 72 * 3600
DRAWER_S = 27 * 86_400 + 3600
QUEUES = sorted((Path(__file__).parents[1] / "data").glob("queue_v*.json"))


async def one_of_many(phone: Device, random: Random, number: int) -> bool:
    """Do one thing a guide does; False when the rules on the phone say no."""
    who = f"c{random.randrange(1, 5)}"
    try:
        match number % 10:
            case 0 | 1 | 2:
                await mutate(phone, EditNote(who, f"记 {number}"))
            case 3 | 4:
                await mutate(phone, AddTag(who, f"t{random.randrange(30)}"))
            case 5:
                await mutate(phone, RemoveTag(who, f"t{random.randrange(30)}"))
            case 6 | 7:
                await mutate(phone, MarkSignal(f"mark-{number:08d}", who, "birthday", "2026", "done"))
            case 8:
                await mutate(phone, RecordContact(f"contact-{number:08d}", who, "message", "wechat"))
            case _:
                made = make_share(phone, "product", 1, "chat")
                await mutate(phone, record(phone, made))
    except Rejected:
        return False
    return True


def record(phone: Device, made: object) -> RecordShare:
    return RecordShare(made.share_id, made.code, "product", "p1", "chat", made.created_at)  # type: ignore[attr-defined]


@pytest.mark.parametrize("layout", [1, 2])
async def test_72_hours_offline_then_a_month_in_a_drawer_and_all_arrives(lab: Lab, layout: int) -> None:
    clock, random = TestClock(NOW), Random(layout)
    phone = await lab.synced(clock=clock)
    taps = TAPS // 2 if layout == 2 else TAPS
    made = 0
    for who in ("c1", "c2"):
        await send_coupon(phone, "t1", who)
        made += 1
    number = 0
    while made < taps:
        clock.advance(HOURS_72 / taps)
        made += await one_of_many(phone, random, number)
        number += 1
    mids = {one.args["mid"] for one in phone.store.query(outbox.pending)}
    assert len(mids) == made == taps
    root, device_id = phone.root, phone.device_id
    folder, sealer = phone.store.folder, phone.store.sealer
    await phone.close()
    take_back(folder, sealer, layout)
    clock.advance(DRAWER_S)
    lab.server.clock.forward(seconds=HOURS_72 + DRAWER_S)
    await hand_over_and_purge(lab)

    with pytest.raises(LocalFault, match="offline_too_long"):  # the PIN is asked online now; nothing is lost
        await Device.unlock(root, lab.transport, "G0101", clock, device_id)
    phone = await Device.sign_in(root, lab.transport, "G0101", clock, device_id)
    lab.phones.append(phone)
    assert phone.store.query(work.outbox_count) == taps
    assert {one.id for one in phone.store.query(customers.all_customers)} == {"c1", "c2", "c3", "c4"}
    assert all(one.series == "2026 秋" for one in phone.store.query(products.products))  # parked before, now known
    await phone.sync()
    await phone.sync()
    assert phone.store.query(work.outbox_count) == 0
    assert [one.code for one in phone.store.query(work.problems)] == []
    with lab.server.db.read() as conn:
        seen = Counter(tuple(row) for row in conn.exec_driver_sql("SELECT name, status, code FROM seen_mutation"))
    assert sum(seen.values()) == taps
    refused = phone.store.query(work.rejected)
    assert len(refused) == sum(count for (_, status, _), count in seen.items() if status == "rejected")
    reasons = {one.name: one.code for one in refused}
    assert reasons.get("issue_coupon") in ("lease_over", "coupon_not_available"), reasons  # past their time, and said
    assert "internal" not in reasons.values() and "bad_arguments" not in reasons.values()
    assert {one.id for one in phone.store.query(customers.all_customers)} == {"c1", "c2", "c3"}  # c4 went meanwhile
    print(f"layout {layout}: {taps} taps, {dict(Counter((status) for _, status, _ in seen.elements()))}, {reasons}")


async def hand_over_and_purge(lab: Lab) -> None:
    """Give a customer to a colleague, and let the tombstone go: the phone was away for longer than they are kept."""
    with lab.server.db.begin() as tx:
        tx.conn.execute(update(t.customer).where(t.customer.c.id == "c4").values(guide_id="g2"))
        tx.touch("customer", "c4")
    with lab.server.db.begin() as tx:
        tx.conn.execute(update(t.sync_row).where(t.sync_row.c.value.is_(None)).values(at="2026-01-01T00:00:00Z"))
    with lab.server.db.begin() as tx:
        assert tombstones.purge(tx) > 0


async def test_an_app_too_old_to_pull_still_delivers_what_waits(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "from the old app"))
    monkeypatch.setattr(routes, "SCHEMA_VERSION", "3")
    monkeypatch.setattr(routes, "PUSH_SCHEMAS", frozenset({"1", "2", "3"}))
    with pytest.raises(ProtocolFault, match="version_too_old"):
        await phone.sync()
    assert phone.engine.status.problem == "version_too_old"
    with lab.server.db.read() as conn:
        assert conn.exec_driver_sql("SELECT note FROM customer WHERE id = 'c1'").scalar() == "from the old app"
    monkeypatch.setattr(wire, "SCHEMA_VERSION", "3")  # and after the update it goes on where it was
    await phone.sync()
    assert phone.store.query(work.outbox_count) == 0


@pytest.mark.parametrize("file", QUEUES, ids=lambda file: file.stem)
async def test_the_queue_of_every_released_version_is_taken_for_ever(file: Path, tmp_path: Path) -> None:
    queue = json.loads(file.read_text("utf-8"))
    assert queue["schemaVersion"] in routes.PUSH_SCHEMAS
    async with running(tmp_path) as server:
        phone = await server.sign_in("G0101")
        answer = await push_queue(server, phone, queue)
        assert [one["status"] if one["status"] != "rejected" else one["code"] for one in answer] == queue["expected"]


async def push_queue(server: Server, phone: object, queue: dict) -> list[dict]:
    body = {key: queue[key] for key in ("profileID", "clientGroupID", "mutations", "pushVersion", "schemaVersion")}
    answer = await server.http.post("/api/sync/push", json=body, headers=phone.headers)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_every_schema_version_that_was_released_has_a_queue_here() -> None:
    assert {json.loads(file.read_text("utf-8"))["schemaVersion"] for file in QUEUES} == routes.PUSH_SCHEMAS
    assert SCHEMA_VERSION in routes.PUSH_SCHEMAS
