"""The local store: rows in and out, sealed columns, parked rows, notices, faults."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import pii
from app.domain.errors import LocalFault, Rejected
from app.protocol.objects import OBJECTS, Customer
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from app.security import RowSealer
from app.store import SYNC, Store, look_over, migrations, patch, schema
from app.store import store as files
from app.store.queries import customers, work
from app.store.spec import BY_OBJECT, TABLES
from tests.unit.client.values import customer, delete, put

Open = Callable[[], Store]


def test_every_object_has_a_table_and_seals_what_the_register_says() -> None:
    assert set(BY_OBJECT) == set(OBJECTS)
    for table in TABLES:
        assert frozenset(table.sealed) == pii.sealed_fields(table.object), table.object
        names = {field.name for field in dataclasses.fields(table.row)}
        assert {f.name for f in (*table.clear, *table.hidden)} == names


def test_a_file_of_this_version_takes_no_step_and_any_other_does(open_store: Open, tmp_path: Path) -> None:
    assert {step.name for step in migrations.steps.pending(sqlite_utils.Database(memory=True))} == schema.STEPS
    open_store().close()
    with contextlib.closing(sqlite3.connect(tmp_path / "store" / "store.db", isolation_level=None)) as conn:
        assert schema._is_current(conn)
        conn.execute("BEGIN")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm0003%'")
        assert not schema._is_current(conn)
        conn.execute("ROLLBACK")
        conn.execute("ALTER TABLE customer DROP COLUMN spend_fen")
        assert not schema._is_current(conn)
    open_store().submit(lambda tx: tx.put(Customer, customer())).result()


async def test_a_row_comes_back_as_it_came_over_a_restart(open_store: Open) -> None:
    store = open_store()
    await store.write(lambda tx: patch.apply(tx, [put("customer", customer())]))
    store.close()
    found = open_store().query(customers.customer_by_id, "c1")
    assert found is not None
    value = dataclasses.asdict(found)
    assert {k: value[k] for k in ("name", "birthday", "sizes", "likes", "consents")} == {
        k: customer()[k] for k in ("name", "birthday", "sizes", "likes", "consents")
    }
    assert [tag.name for tag in found.tags] == ["通勤"]


async def test_nothing_personal_is_readable_in_the_files(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    await store.write(
        lambda tx: patch.apply(
            tx, [put("customer", customer(nickname="小雨点")), put("gift", {"id": "x", "to": "王小雨"})]
        )
    )

    def touch(tx: object) -> None:
        tx.local = True  # type: ignore[attr-defined]
        tx.update(Customer, "c1", note="改过的备注")  # type: ignore[attr-defined]

    await store.write(touch)
    store.close()
    raw = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    for secret in ("王小雨", "wangxiaoyu", "机密备注", "改过的备注", "羊绒", "11-26", "小雨点", "通勤"):
        assert secret.encode() not in raw, secret
    assert b"138****5678" in raw  # masked before it ever reached us


async def test_a_sealed_blob_does_not_open_in_another_row(open_store: Open) -> None:
    store = open_store()
    await store.write(lambda tx: patch.apply(tx, [put("customer", customer("c1")), put("customer", customer("c2"))]))
    await store.write(
        lambda tx: tx.conn.execute(
            "UPDATE customer SET sealed = (SELECT sealed FROM customer WHERE id='c1') WHERE id='c2'"
        )
    )
    assert store.query(customers.customer_by_id, "c1") is not None
    with pytest.raises(LocalFault, match="database_damaged"):
        store.query(customers.customer_by_id, "c2")


async def test_unknown_fields_and_objects_are_parked_and_bad_rows_stop_nobody(open_store: Open) -> None:
    store = open_store()
    bad = customer("c3")
    del bad["name"]
    operations = [
        put("customer", customer("c1", shoe_last="wide")), put("hologram", {"id": "h1"}), put("customer", bad),
        put("customer", customer("c4", points="many")), put("customer", customer("c2")), {"op": "dance", "key": "x/y"},
    ]  # fmt: skip
    await store.write(lambda tx: patch.apply(tx, operations))
    assert {c.id for c in store.query(customers.all_customers)} == {"c1", "c2"}
    reasons = dict(store.read.rows("SELECT key, reason FROM parked"))
    assert reasons == {
        "hologram/h1": "unknown object", "customer/c3": "name is missing", "customer/c4": "points has the wrong type",
    }  # fmt: skip
    await store.write(lambda tx: tx.update(Customer, "c1", note="x"))  # what we do not know survives what we change
    assert store.read.value("SELECT extra IS NOT NULL FROM customer WHERE id = 'c1'") == 1
    await store.write(lambda tx: patch.apply(tx, [put("customer", customer("c3"), 2), delete("hologram/h1")]))
    assert [row[0] for row in store.read.rows("SELECT key FROM parked")] == ["customer/c4"]


async def test_a_shape_that_fitted_once_lets_no_other_through(open_store: Open) -> None:
    store = open_store()
    whole, short = customer("c1"), customer("c2")
    wrong = [customer("c3", level=7), customer("c4", tags={}), customer("c5", sizes=[1], note=None), customer("")]
    for _ in range(2):  # the second time by what was learnt from the first
        await store.write(lambda tx: patch.apply(tx, [put("customer", one) for one in (whole, short, *wrong)]))
    assert {c.id for c in store.query(customers.all_customers)} == {"c1", "c2", "c5"}
    reasons = dict(store.read.rows("SELECT key, reason FROM parked"))
    assert reasons == {
        "customer/c3": "level has the wrong type", "customer/c4": "tags has the wrong type", "customer/": "no id",
    }  # fmt: skip


async def test_a_changed_row_keeps_its_place_in_the_table(open_store: Open) -> None:
    store = open_store()
    both = [put("customer", customer("c1")), put("customer", customer("c2"))]
    await store.write(lambda tx: patch.apply(tx, both))
    before = store.read.rows("SELECT id, rowid FROM customer ORDER BY id")
    await store.write(lambda tx: patch.apply(tx, [put("customer", customer("c1", level="black"), 2)]))
    await store.write(lambda tx: tx.update(Customer, "c1", note="x"))
    assert store.read.rows("SELECT id, rowid FROM customer ORDER BY id") == before


async def test_the_last_operation_on_a_key_wins(open_store: Open) -> None:
    store = open_store()
    await store.write(
        lambda tx: patch.apply(
            tx, [delete("customer/c1"), put("customer", customer(level="a")), put("customer", customer(level="b"), 2)]
        )
    )
    assert store.query(customers.customer_by_id, "c1").level == "b"


keys = st.sampled_from(["customer/c1", "customer/c2", "hologram/h1", "customer/bad"])
operation = st.tuples(keys, st.sampled_from(["put", "del"]), st.integers(1, 9), st.sampled_from(["guide:g1", "brand"]))


@settings(max_examples=20, deadline=None)
@given(pages=st.lists(st.lists(operation, max_size=6), max_size=6))
def test_bucket_sums_equal_those_of_the_rows_after_any_patches(
    tmp_path_factory: pytest.TempPathFactory, pages: list
) -> None:
    store = Store.open(tmp_path_factory.mktemp("sums"), RowSealer(bytes(32)))
    live: dict[str, tuple[str, int]] = {}
    for page in pages:
        operations = []
        for key, kind, version, bucket in page:
            row_id = key.partition("/")[2]
            value = customer(row_id) if row_id != "bad" else {"id": "bad"}
            operations.append({"op": kind, "key": key, "value": value, "b": bucket, "v": version})
            if kind == "put":
                live[key] = bucket, version
            else:
                live.pop(key, None)
        store.submit(lambda tx, ops=operations: patch.apply(tx, ops)).result()
    expected: dict[str, list[int]] = {}
    for key, (bucket, version) in live.items():
        count, total = expected.get(bucket, [0, 0])
        expected[bucket] = [count + 1, (total + row_sum(key, version)) % SUM_MODULUS]
    held = store.submit(patch.sums).result()
    assert store.submit(patch.recount).result() == held
    store.close()
    assert {bucket: sums for bucket, sums in held.items() if sums[0]} == expected


async def test_a_failed_transaction_leaves_nothing_and_tells_nobody(open_store: Open) -> None:
    store = open_store()
    told: list[frozenset[str]] = []
    store.subscribe(told.append)

    def change(tx: object) -> None:
        tx.put(Customer, customer())  # type: ignore[attr-defined]
        raise Rejected("not_yours")

    with pytest.raises(Rejected):
        await store.write(change)
    await store.write(lambda tx: tx.put(Customer, customer("c2")))
    await asyncio.sleep(0)
    assert [c.id for c in store.query(customers.all_customers)] == ["c2"]
    assert [(set(t), t.ids["customer"]) for t in told] == [({"customer"}, frozenset({"c2"}))]  # type: ignore[attr-defined]


async def test_a_notice_on_its_way_is_not_told_to_who_has_gone(open_store: Open) -> None:
    store, told = open_store(), []
    end = store.subscribe(told.append)
    store.submit(lambda tx: tx.put(Customer, customer())).result()
    end()
    await asyncio.sleep(0)
    assert told == []


async def test_closing_ends_reading_on_the_thread_that_reads_then_writes_what_is_queued(open_store: Open) -> None:
    """Closed by another thread under a running query, SQLite would take the whole process with it."""
    store, held, told = open_store(), threading.Event(), []
    store.subscribe(told.append)
    store.submit(lambda _tx: held.wait(5))
    queued = store.submit(lambda tx: tx.put(Customer, customer()))
    closing = asyncio.create_task(store.aclose())
    await asyncio.sleep(0)
    with pytest.raises(LocalFault, match="internal"):
        store.query(work.outbox_count)
    assert not queued.done()
    held.set()
    await closing
    await asyncio.sleep(0)
    assert queued.done()
    assert told == []
    await store.aclose()
    assert [c.id for c in open_store().query(customers.all_customers)] == ["c1"]


async def test_a_tap_overtakes_queued_pages(open_store: Open) -> None:
    store, order = open_store(), []
    gate = asyncio.get_running_loop().create_future()
    started, held = threading.Event(), threading.Event()

    def blocker(_tx: object) -> None:
        started.set()
        held.wait(5)

    first = store.submit(blocker)
    started.wait(5)
    pages = [store.submit(lambda _tx, n=n: order.append(f"page {n}"), priority=SYNC) for n in range(2)]
    tap = store.submit(lambda _tx: order.append("tap"))
    held.set()
    for done in (first, *pages, tap):
        done.result(5)
    gate.cancel()
    assert order == ["tap", "page 0", "page 1"]


async def test_a_full_disk_is_named_and_loses_nothing(open_store: Open) -> None:
    store = open_store()
    await store.write(lambda tx: tx.put(Customer, customer()))
    pages = store.read.value("PRAGMA page_count")
    await store.write(lambda tx: tx.conn.execute(f"PRAGMA max_page_count = {pages + 1}"))
    with pytest.raises(LocalFault, match="disk_full"):
        await store.write(lambda tx: tx.put(Customer, customer("c2", note="长" * 40_000)))
    assert [c.id for c in store.query(customers.all_customers)] == ["c1"]
    assert store.read.value("PRAGMA integrity_check") == "ok"


async def test_reading_connections_cannot_write(open_store: Open) -> None:
    import sqlite3

    store = open_store()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.read.conn.execute("DELETE FROM customer")
    assert store.query(work.outbox_count) == 0


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with every look at a whole file."""
    made: list[int] = []
    real = files._check
    monkeypatch.setattr(files, "_check", lambda conn: made.append(1) or real(conn))
    return made


def test_a_file_that_was_looked_over_is_opened_without_another_look_once(
    open_store: Open, tmp_path: Path, looks: list[int]
) -> None:
    folder = tmp_path / "store"
    look_over(folder)
    assert not (folder / "store.db").exists()  # a look makes nothing
    stores = [open_store()]
    stores[0].submit(lambda tx: tx.put(Customer, customer())).result()
    look_over(folder)
    stores[0].submit(lambda tx: tx.put(Customer, customer())).result()
    looks.clear()
    stores.append(open_store())
    assert len(looks) == 1  # it changed since
    for is_closed in (False, True):  # as after a kill, with all in the log; and as it is left by its last owner
        for store in stores if is_closed else ():
            store.close()
        assert (folder / "store.db-wal").exists() is not is_closed
        look_over(folder)
        looks.clear()
        stores.append(open_store())
        assert not looks
    open_store()
    assert len(looks) == 1


def test_damage_that_a_look_finds_or_that_comes_after_it_is_met_when_it_is_opened(
    open_store: Open, tmp_path: Path
) -> None:
    file = tmp_path / "store" / "store.db"
    store = open_store()
    store.submit(lambda tx: tx.put(Customer, customer())).result()
    store.close()
    sound = file.read_bytes()
    for look_first in (True, False):
        file.write_bytes(sound)
        if look_first:
            look_over(file.parent)
        file.write_bytes(sound[:4096] + bytes(len(sound) - 4096))
        if not look_first:
            look_over(file.parent)
        with pytest.raises(LocalFault, match="database_damaged"):
            open_store()
