"""What only a database with many writers can get wrong (sync.md section 5), on a real PostgreSQL; soak is larger.

Hazards 1 and 2 (rows never seen, acknowledged mutations without their rows), 3 (deadlocks), 10 (restored backups); 18
stands in test_pull on both databases. Then locks that time out, calls made twice at once, several processes.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select, text, update

from app.domain.errors import Rejected, Unavailable
from app.protocol.sync_sums import SUM_MODULUS, row_sum
from server_stub import tables as t
from server_stub.db import Actor, Database
from server_stub.faults import retrying
from server_stub.people import auth, customers, views
from server_stub.sync import epoch, projections
from server_stub.sync import live as lives
from server_stub.sync import pull as pulls
from server_stub.sync import push as pushes
from server_stub.sync.push import Incoming
from server_stub.trade import coupons, orders
from server_stub.trade.drafts import DraftLine, OrderDraft
from tests.fakes import postgres
from tests.fakes.server import PIN, build_world, open_database, running, settings_at

GUIDE = Actor("g1", "guide", "s1", "11.dev1")
SIZE = int(os.environ.get("DAOGOU_POSTGRES_SIZE", "1"))  # the soak makes everything so many times larger


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database("postgresql", tmp_path / "home")
    with made.begin() as tx:
        row = {"id": "11.dev1", "staff_id": "g1", "install_id": "dev1", "share_key_no": 1, "created_at": tx.now_text}
        tx.conn.execute(insert(t.device).values(**row))
    epoch.ensure(made)
    yield made
    made.close()


class View:
    """A phone that pulls without HTTP and never starts anew, so that what it misses once it misses for good."""

    def __init__(self, db: Database, actor: Actor = GUIDE) -> None:
        self.db, self.actor = db, actor
        self.group = f"group-{actor.staff_id}"
        self.cookie: Any = None
        self.values: dict[str, Any] = {}
        self.lmids: dict[str, int] = {}
        self.clears = 0

    def pull(self) -> None:
        answer = json.loads(pulls.pull(self.db, self.actor, self.group, self.cookie, "1"))
        for op in answer["patch"]:
            if op["op"] == "clear":
                self.values.clear()
                self.clears += 1
            elif op["op"] == "put":
                self.values[op["key"]] = op["value"]
            else:
                self.values.pop(op["key"], None)
        self.lmids |= answer["lastMutationIDChanges"]
        self.cookie = answer["cookie"]


@contextmanager
def thinking(monkeypatch: pytest.MonkeyPatch, seed: int) -> Iterator[None]:
    """Let transactions wait a random while between their last statement and their commit."""
    real, draws = projections.flush, random.Random(seed)
    never = threading.Event()

    def slow(*args: Any) -> frozenset[str]:
        changed = real(*args)
        never.wait(draws.random() / 100)
        return changed

    monkeypatch.setattr(projections, "flush", slow)
    yield
    monkeypatch.setattr(projections, "flush", real)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run these in a thread each and return their results in order."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def mutation(client: str, n: int, name: str, **args: Any) -> Incoming:
    mid = f"01930000-0000-7000-8000-{abs(hash((client, n))) % 16**12:012x}"
    return Incoming(client, n, name, {"mid": mid, "at": "2026-11-24T02:30:00Z", **args})


def hand_over(db: Database, guide: str, *customer_ids: str) -> int:
    """Give customers to a guide and return how many times it was tried."""
    tries = 0

    def work() -> None:
        nonlocal tries
        tries += 1
        with db.begin() as tx:
            for customer_id in customer_ids:
                change = update(t.customer).where(t.customer.c.id == customer_id).values(guide_id=guide)
                tx.conn.execute(change)
                tx.touch("customer", customer_id)

    retrying(work)
    return tries


def add_view(db: Database, session: str, customer: str = "c1") -> None:
    with db.begin() as tx:
        assert views.record_view(tx, product_id="p1", session_id=session, customer_id=customer, dwell_s=9)


def truth(db: Database, *buckets: str) -> dict[str, Any]:
    c = t.sync_row.c
    with db.read() as conn:
        rows = conn.execute(select(c.key, c.value).where(c.bucket.in_(buckets), c.value.is_not(None)))
        return {row.key: json.loads(row.value) for row in rows}


def check_buckets(db: Database) -> None:
    """Every live key stands once, in the bucket of its customer's guide; counts and sums are of what stands there."""
    with db.read() as conn:
        rows = conn.execute(select(t.sync_row).where(t.sync_row.c.value.is_not(None))).all()
        heads = {row.id: [row.rows, row.sum32] for row in conn.execute(select(t.bucket))}
        owner = dict(conn.execute(select(t.customer.c.id, t.customer.c.guide_id)).all())
    assert len({row.key for row in rows}) == len(rows)
    sums = {bucket: [0, 0] for bucket in heads}
    for row in rows:
        found = sums[row.bucket]
        sums[row.bucket] = [found[0] + 1, (found[1] + row_sum(row.key, row.ver)) % SUM_MODULUS]
        value = json.loads(row.value)
        customer = value["id"] if row.key.startswith("customer/") else value.get("customer_id")
        if row.key.startswith(("customer/", "browse_event/", "contact/", "order/", "signal_mark/")):
            assert row.bucket == f"guide:{owner[customer]}", row.key
    assert sums == heads


# --- hazards 1 and 2 -----------------------------------------------------------------------


def test_hazards_1_and_2_what_was_written_is_seen_and_what_is_acknowledged_is_there(db: Database, monkeypatch) -> None:
    """Writers think before they commit; a reader pulls all the while, each time from where it was."""
    writers, each = 6, 12 * SIZE
    reader, done = View(db), threading.Event()
    pulled = 0

    def write_views(n: int) -> None:
        for k in range(each):
            add_view(db, f"view-{n}-{k}", f"c{n % 3 + 1}")

    def push_notes(n: int) -> None:
        for k in range(1, each + 1):
            sent = mutation(f"client-{n}", k, "edit_note", customer_id=f"c{n + 1}", note=str(k))
            assert pushes.push(db, GUIDE, reader.group, [sent])[0].status == "applied"

    def read() -> None:
        nonlocal pulled
        while not done.is_set():
            reader.pull()
            pulled += 1
            for client, lmid in reader.lmids.items():
                note = reader.values[f"customer/c{int(client[-1]) + 1}"]["note"]
                assert int(note) >= lmid, "a mutation was acknowledged without its row"

    reader.pull()
    with thinking(monkeypatch, 1), ThreadPoolExecutor(writers + 1) as pool:
        reading = pool.submit(read)
        work = [pool.submit(write_views if n % 2 else push_notes, n // 2) for n in range(writers)]
        failures = [one.exception() for one in work]
        done.set()
        reading.result()
    assert failures == [None] * writers and pulled > 3 and reader.clears == 1
    reader.pull()
    assert reader.values == truth(db, "brand", "store:s1", "guide:g1")
    assert sum(key.startswith("browse_event/") for key in reader.values) == 3 * each
    check_buckets(db)


def test_hazard_2_a_pull_is_one_read_only_snapshot(db: Database) -> None:
    with db.read() as conn:
        how = [conn.execute(text(f"SHOW transaction_{name}")).scalar() for name in ("isolation", "read_only")]
        before = conn.execute(select(func.count()).select_from(t.sync_row)).scalar()
        add_view(db, "view-meanwhile")
        assert conn.execute(select(func.count()).select_from(t.sync_row)).scalar() == before
    assert how == ["repeatable read", "on"]


# --- hazard 3 ------------------------------------------------------------------------------


def test_hazard_3_hand_overs_at_random_never_deadlock(db: Database) -> None:
    def work(n: int) -> None:
        draws = random.Random(n)
        for k in range(15 * SIZE):
            assert hand_over(db, draws.choice(["g1", "g2", "g3"]), f"c{draws.randint(1, 6)}") == 1
            if k % 5 == 0:
                add_view(db, f"view-{n}-{k}", f"c{draws.randint(1, 3)}")

    at_once(*(lambda n=n: work(n) for n in range(8)))
    check_buckets(db)


def test_hazard_3_two_that_wait_for_each_other_both_get_through(db: Database) -> None:
    """Two customers each, in opposite order: the server breaks one off, which nobody notices."""
    meet, tries = threading.Barrier(2, timeout=20), []

    def work(first: str, second: str) -> None:
        with db.begin() as tx:
            tries.append(first)
            tx.conn.execute(update(t.customer).where(t.customer.c.id == first).values(note=first))
            if len(tries) <= 2:
                meet.wait()
            tx.conn.execute(update(t.customer).where(t.customer.c.id == second).values(note=first))
            tx.touch("customer", first, second)

    at_once(lambda: retrying(lambda: work("c1", "c2")), lambda: retrying(lambda: work("c2", "c1")))
    assert len(tries) == 3


def test_what_is_written_during_a_hand_over_goes_to_the_new_guide(db: Database, monkeypatch) -> None:
    """The view is projected for the old guide and not yet committed when the hand-over looks what must move along."""
    real, started = projections.write, threading.Event()
    pool = ThreadPoolExecutor(1)
    futures: list[Any] = []

    def write_slowly(conn: Any, new: Any, *rest: Any) -> frozenset[str]:
        changed = real(conn, new, *rest)
        if "browse_event/view-1" in new and not started.is_set():
            started.set()
            futures.append(pool.submit(hand_over, db, "g2", "c1"))
            _until_someone_waits(db)
        return changed

    monkeypatch.setattr(projections, "write", write_slowly)
    row = {"id": "view-1", "customer_id": "c1", "product_id": "p1", "session_id": "x"}  # without the service's lock
    with db.begin() as tx:
        tx.conn.execute(insert(t.browse_event).values(**row, at=tx.now_text))
        tx.touch("browse_event", "view-1")
    futures[0].result()
    pool.shutdown()
    assert "browse_event/view-1" in truth(db, "guide:g2") and "browse_event/view-1" not in truth(db, "guide:g1")
    check_buckets(db)


def _until_someone_waits(db: Database) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with db.connect_without_transaction() as conn:
        while not conn.execute(text(query)).scalar():
            pass


# --- hazard 10 -----------------------------------------------------------------------------


def test_hazard_10_a_restored_dump_resets_the_phones_and_takes_over_their_ids(tmp_path: Path, db: Database) -> None:
    phone = View(db)
    send = [mutation("client", n, "edit_note", customer_id="c1", note=f"note {n}") for n in range(1, 6)]
    pushes.push(db, GUIDE, phone.group, send[:1])
    phone.pull()
    dump = subprocess.run([postgres.bin_folder() / "pg_dump", *_to(db)], capture_output=True, check=True).stdout
    pushes.push(db, GUIDE, phone.group, send[1:4])
    phone.pull()
    assert phone.values["customer/c1"]["note"] == "note 4" and phone.lmids == {"client": 4}
    before = epoch.ensure(db)
    db.close()
    url = postgres.create_empty()
    copy = Database.open(_settings_for(tmp_path, url), db.clock)
    subprocess.run(
        [postgres.bin_folder() / "psql", "-q", "-v", "ON_ERROR_STOP=1", *_to(copy)],
        input=dump, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    assert epoch.ensure(copy) != before
    phone.db = copy
    phone.pull()
    assert phone.clears == 2 and phone.values["customer/c1"]["note"] == "note 1"
    assert pushes.push(copy, GUIDE, phone.group, send[4:])[0].status == "applied"
    phone.pull()
    assert phone.values["customer/c1"]["note"] == "note 5" and phone.lmids == {"client": 5}
    assert epoch.ensure(copy) == epoch.ensure(copy)
    copy.close()


def test_hazard_10_a_log_that_went_back_is_an_older_copy_of_the_folder(db: Database) -> None:
    """A copied data folder has the same cluster, timeline and tables; only the side file knows better."""
    before = epoch.ensure(db)
    side = db.settings.folder / "epoch.json"
    kept = json.loads(side.read_text("ascii"))
    assert epoch.ensure(db) == before
    side.write_text(json.dumps({**kept, "counter": kept["counter"] + 1_000_000}), "ascii")
    after = epoch.ensure(db)
    assert after != before and after.partition("~")[0] == before.partition("~")[0]
    assert epoch.ensure(db) == after
    side.unlink()  # another machine's process knows nothing and believes the database
    assert epoch.ensure(db) == after


def _to(db: Database) -> list[str]:
    url = db.engine.url
    return ["-h", str(url.query["host"]), "-U", str(url.username), str(url.database)]


def _settings_for(tmp_path: Path, url: str) -> Any:
    (tmp_path / "home" / "database.url").write_text(url, "ascii")
    return settings_at(tmp_path / "home")


# --- locks and timeouts --------------------------------------------------------------------


async def test_a_lock_that_is_not_given_in_time_is_503_and_consumes_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("server_stub.db.POSTGRES_OPTIONS", "-c lock_timeout=50 -c statement_timeout=15000")
    async with running(tmp_path / "home", "postgresql") as server:
        phone = await server.sign_in("G0101")
        await phone.pull_all()
        sent = phone.mutation("edit_note", customer_id="c1", note="kept")
        with server.db.begin() as tx:
            tx.conn.execute(select(t.customer.c.id).where(t.customer.c.id == "c1").with_for_update())
            answer = await phone.raw_push(sent)
        assert (answer.status_code, answer.json()["code"]) == (503, "server_fault")
        assert float(answer.headers["retry-after"]) > 0
        with server.db.read() as conn:
            assert conn.execute(select(t.client.c.lmid)).scalars().all() in ([], [0])
            assert conn.execute(select(func.count()).select_from(t.rejected)).scalar() == 0
        assert [one["status"] for one in await phone.push(sent)] == ["applied"]


def test_a_statement_that_takes_too_long_and_an_empty_pool_are_passing_faults(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("server_stub.db.POSTGRES_OPTIONS", "-c statement_timeout=20")
    monkeypatch.setattr("server_stub.db.POOL_WAIT_S", 0.01)
    db = open_database("postgresql", tmp_path / "home")

    def sleep() -> None:
        with db.read() as conn:
            conn.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(Unavailable) as no:
        retrying(sleep)
    assert no.value.code == "server_fault" and no.value.retry_after_s
    with ExitStack() as stack:
        for _ in range(2 * db.settings.pool_size):
            stack.enter_context(db.engine.connect())
        with pytest.raises(Unavailable):
            retrying(sleep)
    db.close()


# --- twice at once -------------------------------------------------------------------------


def test_the_same_push_twice_at_once_has_one_effect(db: Database, monkeypatch) -> None:
    sent = [mutation("client", n, "add_tag", customer_id="c1", tag=f"tag {n}") for n in range(1, 9)]
    with thinking(monkeypatch, 2):
        results = at_once(*[lambda: pushes.push(db, GUIDE, "group-g1", sent)] * 3)
    for n in range(len(sent)):
        assert sorted(one[n].status for one in results) == ["applied", "skipped", "skipped"]
    assert len(truth(db, "guide:g1")["customer/c1"]["tags"]) == len(sent)


def test_the_same_order_twice_at_once_is_one_order_and_the_last_piece_is_sold_once(db: Database, monkeypatch) -> None:
    def place(event: str) -> str:
        def work() -> str:
            with db.begin() as tx:
                return orders.place(tx, OrderDraft(event, "c1", "private", (DraftLine("p1", 3, "S"),), store_id="s1"))

        return retrying(work)

    with thinking(monkeypatch, 3):
        ids = at_once(*(lambda e=e: place(e) for e in ("e1", "e1", "e1", "e2")))
    assert len(set(ids[:3])) == 1 and len(set(ids)) == 2
    with db.read() as conn:
        flags = [row.flags for row in conn.execute(select(t.orders.c.flags))]
        left = conn.execute(select(t.stock.c.sizes).where(t.stock.c.id == "s1.p1")).scalar_one()
        spent = conn.execute(select(t.customer.c.spend_fen).where(t.customer.c.id == "c1")).scalar()
        day = conn.execute(select(t.guide_day.c.sales_fen, t.guide_day.c.orders)).one()
        paid = conn.execute(select(func.sum(t.orders.c.paid_fen))).scalar()
    assert sorted("no_stock" in one for one in flags) == [False, True] and left["S"] == 0
    assert spent == paid == day.sales_fen and day.orders == 2


def test_rule_1_11_one_coupon_claimed_and_redeemed_by_many_at_once_is_used_once(db: Database, monkeypatch) -> None:
    with db.begin() as tx:
        coupons.ensure_leases(tx, GUIDE.device_id)
        coupon_id = tx.conn.execute(select(t.coupon.c.id).order_by(t.coupon.c.id).limit(1)).scalar_one()
        code = tx.conn.execute(select(t.coupon.c.code).where(t.coupon.c.id == coupon_id)).scalar_one()

    def buy(n: int) -> str:
        def work() -> str:
            with db.begin() as tx:
                coupons.claim(tx, code, "c1", "claim")
                return coupons.redeem(tx, coupon_id, f"order-{n}", f"key-{n}").order_id or ""

        try:
            return retrying(work)
        except Rejected as no:
            return no.code

    with thinking(monkeypatch, 4):
        answers = at_once(*(lambda n=n: buy(n) for n in range(4)))
    assert sorted(answer == "coupon_used" for answer in answers) == [False, True, True, True]


def test_rule_1_5_a_quota_holds_when_many_issue_and_lease_at_once(db: Database, monkeypatch) -> None:
    with db.begin() as tx:
        tx.conn.execute(update(t.coupon_template).where(t.coupon_template.c.id == "t1").values(total=7, per_customer=1))
        for n in (2, 3, 4):
            row = {"id": f"11.dev{n}", "staff_id": "g1", "install_id": f"dev{n}", "share_key_no": n}
            tx.conn.execute(insert(t.device).values(**row, created_at=tx.now_text))

    def lease(n: int) -> int:
        with db.begin() as tx:
            return coupons.ensure_leases(tx, f"11.dev{n}")

    with thinking(monkeypatch, 5):
        assert sum(at_once(*(lambda n=n: lease(n) for n in (1, 2, 3, 4)))) == 7

    with db.read() as conn:
        mine = select(t.coupon.c.id, t.coupon.c.device_id).order_by(t.coupon.c.id)
        leased = conn.execute(mine.limit(4)).all()

    def issue(coupon_id: str, device_id: str) -> str:
        def work() -> str:
            with db.begin() as tx:
                details = {"customer_id": "c1", "guide_id": "g1", "at": tx.now, "device_id": device_id}
                return coupons.issue(tx, coupon_id=coupon_id, key=coupon_id, **details).state

        try:
            return retrying(work)
        except Rejected as no:
            return no.code

    with thinking(monkeypatch, 6):
        answers = at_once(*(lambda one=one: issue(*one) for one in leased))
    assert sorted(answers)[-1] == "issued" and answers.count("issued") == 1


def test_codes_and_refresh_tokens_sent_many_times_at_once_count_once(db: Database) -> None:
    with db.begin() as tx:
        good = customers.start_sign_in(tx, "13911112222")

    def check(code: str) -> bool:
        with db.begin() as tx:
            return customers.check_code(tx, "13911112222", code)

    assert sum(at_once(*[lambda: check(good)] * 4)) == 1
    answer = auth.login(db, "G0101", PIN, "phone-one-1", "phone", "ip")

    def refresh() -> str:
        return str(auth.refresh(db, answer["refresh_token"], "phone-one-1")["refresh_token"])

    assert len(set(at_once(*[refresh] * 4))) == 1  # a repeated one gets the same successor, never a second


def test_phones_that_sign_in_at_once_get_a_share_key_each(db: Database) -> None:
    names = [f"phone-{n:04d}" for n in range(4)]
    made = at_once(*(lambda one=one: retrying(lambda: auth.login(db, "G0101", PIN, one, "", one)) for one in names))
    assert len({one["device"]["share_key_no"] for one in made}) == 4


# --- several processes ---------------------------------------------------------------------


async def test_a_commit_elsewhere_wakes_the_live_channel_without_a_poll(db: Database, monkeypatch) -> None:
    async def looked(_self: Any, *_args: Any) -> None:
        raise AssertionError("polled")

    here, elsewhere = lives.Live(db), Database.open(db.settings, db.clock)
    events = here.stream(("guide:g1", "brand"), 60)
    assert (await anext(events)).startswith(":")
    monkeypatch.setattr(lives.Live, "_look_round", looked)
    monkeypatch.setattr(lives.Live, "_poll", looked)
    for database in (elsewhere, db, elsewhere):
        with database.begin() as tx:
            tx.conn.execute(update(t.customer).where(t.customer.c.id == "c6").values(note=tx.new_id()))
            tx.touch("customer", "c6")  # another guide's
            tx.conn.execute(update(t.customer).where(t.customer.c.id == "c1").values(note=tx.new_id()))
            tx.touch("customer", "c1")
        assert await anext(events) == "event: poke\ndata: guide:g1\n\n"
    await events.aclose()
    elsewhere.close()


THROW_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()
"""


async def test_the_live_channel_survives_its_connection(db: Database, monkeypatch) -> None:
    """While it cannot listen the heads are polled; what was committed meanwhile is told, and it listens again."""
    monkeypatch.setattr(lives, "RECONNECT_FIRST_S", 0.02)
    monkeypatch.setattr(lives, "POLL_SERVER_S", 0.01)
    here, refused = lives.Live(db), []
    real = lives.Live._connect

    async def connect(self: lives.Live) -> Any:
        if len(refused) < 2:
            refused.append(1)
            raise OSError
        return await real(self)

    monkeypatch.setattr(lives.Live, "_connect", connect)
    events = here.stream(("guide:g1",), 60)
    assert (await anext(events)).startswith(":")
    for n in range(3):
        with db.begin() as tx:
            tx.conn.execute(update(t.customer).where(t.customer.c.id == "c1").values(note=f"{n}"))
            tx.touch("customer", "c1")
        assert "guide:g1" in await anext(events)
        with db.connect_without_transaction() as conn:  # whoever listens is thrown out
            conn.execute(text(THROW_OUT))
    assert len(refused) == 2
    await events.aclose()


def test_two_processes_start_at_once_on_an_empty_database_and_wake_each_others_phones(tmp_path: Path) -> None:
    url = postgres.create_empty()
    home = tmp_path / "home"
    home.mkdir()
    settings = _settings_for(tmp_path, url)
    settings.secrets.save(settings.folder / "secrets.json")
    with serving(home, url) as one, serving(home, url) as other:
        first, second = one(), other()
        db = Database.open(settings)
        build_world(db)
        with httpx.Client(base_url=first) as a, httpx.Client(base_url=second, timeout=60) as b:
            body = {"staff_no": "G0101", "pin": PIN, "device_id": "phone-one-1", "device_name": ""}
            token = a.post("/api/auth/login", json=body).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            a.post("/api/sync/pull", json={"clientGroupID": "g", "cookie": None, "schemaVersion": "1"}, headers=headers)
            with b.stream("GET", "/api/sync/live", headers=headers) as live:
                lines = live.iter_lines()
                assert next(lines) == ": ready"
                sent = mutation("client", 1, "edit_note", customer_id="c1", note="from the first")
                push = {
                    "clientGroupID": "g", "schemaVersion": "1",
                    "mutations": [{"clientID": "client", "id": 1, "name": sent.name, "args": sent.args}],
                }  # fmt: skip
                assert a.post("/api/sync/push", json=push, headers=headers).json()["results"][0]["status"] == "applied"
                assert next(line for line in lines if line.startswith("data:")) == "data: guide:g1"
        db.close()


@contextmanager
def serving(home: Path, url: str) -> Iterator[Callable[[], str]]:
    """Start a server process on a free port; call what is yielded to wait for it and get its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "DATABASE_URL": url, "DAOGOU_HOME": str(home), "DAOGOU_ENV": "test", "DAOGOU_SERVER_PORT": str(port),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "server_stub", "serve"], cwd=postgres.ROOT, env=env)

    def address() -> str:
        base = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, timeout=60) as http:
            while process.poll() is None:
                try:
                    assert http.get(f"{base}/healthz").status_code == 200
                    return base
                except httpx.ConnectError:
                    continue
        raise AssertionError(f"the server ended with {process.returncode}")

    try:
        yield address
    finally:
        process.terminate()
        process.wait()
