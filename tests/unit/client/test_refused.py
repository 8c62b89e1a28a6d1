"""Refused mutations: what they said stays on the device that sent them, until retried, dismissed or gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import Rejected
from app.mutations import retry_refused
from app.mutations.mutate import perform
from app.protocol.mutations import AddTag, DismissRejected, EditNote, IssueCoupon
from app.store import Store, outbox, refused
from app.store.queries import customers, work
from app.store.store import FILE_NAME
from app.sync.rebase import apply_page
from app.sync.wire import Page
from tests.fakes.sample import Sample, SampleClock
from tests.unit.client.conftest import NOW
from tests.unit.client.test_rebase import begin, call, note, page, replay
from tests.unit.client.values import put

Open = Callable[[], Store]


def refusal(client_id: str, number: int, name: str = "edit_note") -> dict[str, Any]:
    row = {
        "id": f"{client_id}/{number}", "client_id": client_id, "mutation_id": number, "name": name,
        "code": "not_yours", "params": {}, "at": "2026-11-24T02:30:00Z", "subject": "customer/c1",
    }  # fmt: skip
    return put("rejected", row)


async def send(store: Store, *mutations: Any) -> None:
    for one in mutations:
        await store.write(lambda tx, m=one: perform(tx, m, call()))


async def take(store: Store, answer: Page, order: int) -> None:
    assert await store.write(lambda tx: apply_page(tx, answer, {"order": order}, replay))


def client_of(store: Store) -> Any:
    session = SimpleNamespace(staff=SimpleNamespace(id="g1"), device_id="dev-1", zone="Asia/Shanghai")
    return SimpleNamespace(store=store, session=session, clock=SampleClock(NOW), engine=None)


async def test_only_refused_arguments_are_kept_and_a_retry_is_a_new_mutation(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    await send(store, EditNote("c1", "mine"), AddTag("c1", "fine"))
    first = store.query(outbox.pending)[0]
    await take(store, page(2, [refusal(me, 1)], {me: 2}), 1)
    assert (note(store), store.query(work.retryable)) == ("机密备注", {f"{me}/1"})
    number = await retry_refused(client_of(store), f"{me}/1")
    assert (number, note(store), store.query(work.rejected)) == (3, "mine", [])
    again, dismissed = store.query(outbox.pending)
    assert (again.name, again.args["note"], dismissed.name) == ("edit_note", "mine", "dismiss_rejected")
    assert again.args["mid"] != first.args["mid"]
    assert store.query(work.retryable) == frozenset()


async def test_arguments_wait_for_the_page_that_brings_the_refusal(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    await send(store, EditNote("c1", "mine"))
    await take(store, Page({"order": 2}, {me: 1}, [], True, 1, 2, None, None), 1)
    await take(store, page(3, [refusal(me, 1)]), 2)
    assert store.query(work.retryable) == {f"{me}/1"}


async def test_a_dismissal_and_another_devices_dismissal_drop_the_arguments(open_store: Open) -> None:
    store = open_store()
    me = await begin(store)
    await send(store, EditNote("c1", "one"), EditNote("c1", "two"))
    await take(store, page(2, [refusal(me, 1), refusal(me, 2), refusal("other", 7)], {me: 2}), 1)
    assert store.query(work.retryable) == {f"{me}/1", f"{me}/2"}
    with pytest.raises(Rejected) as elsewhere:
        await retry_refused(client_of(store), "other/7")
    assert elsewhere.value.code == "not_found"
    await send(store, DismissRejected(f"{me}/1"))
    assert store.query(work.retryable) == {f"{me}/2"}
    await take(store, page(3, [{"op": "del", "key": f"rejected/{me}/2", "b": "guide:g1", "v": 3}]), 2)
    assert store.query(work.retryable) == frozenset()


async def test_a_refused_retry_changes_nothing(sample: Sample) -> None:
    store, person = sample.store, sample.heroes["no_consent"]
    me = (await store.write(outbox.identity)).client_id
    spare = store.read.value("SELECT id FROM coupon WHERE state = 'allotted' LIMIT 1")

    def refuse(tx: Any) -> None:
        args = {"coupon_id": spare, "customer_id": person, "signal": None, "product_id": None}
        outbox.append(tx, IssueCoupon.NAME, args | {"mid": "m-1", "at": "2026-11-24T02:00:00Z"}, f"customer/{person}")
        row = refusal(me, 1, IssueCoupon.NAME)["value"]
        from app.protocol.objects import RejectedMutation

        tx.put(RejectedMutation, row)
        refused.keep(tx, me, 1)
        outbox.prune(tx, 1)

    await store.write(refuse)
    with pytest.raises(Rejected) as no:
        await retry_refused(sample, f"{me}/1")
    assert no.value.code == "no_marketing_consent"
    assert (store.query(work.outbox_count), store.query(work.retryable)) == (0, {f"{me}/1"})


async def test_what_a_refusal_said_is_sealed_and_an_older_store_takes_the_step(
    open_store: Open, tmp_path: Path
) -> None:
    store = open_store()
    await begin(store)
    store.close()
    file = tmp_path / "store" / FILE_NAME
    with sqlite3.connect(file) as conn:  # as the version before left it
        conn.execute("DROP TABLE refused_args")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm0003_refused_args'")
    conn.close()
    store = open_store()
    me = (await store.write(outbox.identity)).client_id
    await send(store, EditNote("c1", "独角兽的秘密"))
    await take(store, page(2, [refusal(me, 1)], {me: 1}), 1)
    assert store.query(work.retryable) == {f"{me}/1"}
    assert store.query(customers.customer_by_id, "c1") is not None
    sealed = store.read.value("SELECT args FROM refused_args")
    assert isinstance(sealed, bytes) and "独角兽".encode() not in sealed
