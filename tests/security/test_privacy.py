"""Reveal, audit, erase with receipts, the lease and the wipe: the server and real phones together."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from app.account import finish_wipes, sign_out
from app.account.sign_out import wipe_folder
from app.account.tokens import NO_AUTH
from app.device import journal
from app.domain import instants, pii
from app.domain.errors import GuideError, LocalFault, Rejected, Unauthorized
from app.mutations import mutate
from app.protocol import lease
from app.protocol.mutations import AddTag, EditNote, MarkSignal, PlanFollowUp, SetFact
from app.security import FileKeyStore, KeyRing, unfinished
from app.security.wipe import wipe
from app.store.queries import customers, work
from app.sync import State
from server_stub import audit
from server_stub import tables as t
from server_stub.config import public_bytes
from server_stub.people import auth, erase
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW, PIN, SECRETS, Phone, Server, open_database, running
from tests.integration.client.conftest import Lab
from tests.security.matrix_world import first_answer
from tests.security.traces import traces, traces_in

CANARY = {"name": "欧阳金丝雀", "note": "金丝雀喜欢亚麻西装", "birthday": "02-29", "phone_masked": "199****7731"}


async def ask(server: Server, phone: Phone, customer: str = "c1", **more: object) -> tuple[int, dict[str, object]]:
    body = {"reason": "order", **more}
    answer = await server.http.post(f"/api/customers/{customer}/reveal", json=body, headers=phone.headers)
    return answer.status_code, answer.json()


def lines(server: Server, action: str) -> list[dict[str, object]]:
    with server.db.read() as conn:
        return [dict(row) for row in conn.execute(select(t.audit).where(t.audit.c.action == action)).mappings()]


# --- reveal ------------------------------------------------------------------------------------------------------


async def test_a_reveal_needs_the_pin_a_reason_and_leaves_a_line(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        phone = await server.sign_in("G0101")
        assert await ask(server, phone) == (200, {"phone": "13800000001"})
        other, missing = await ask(server, phone, "c5"), await ask(server, phone, "nobody")
        assert other[0] == 404 and other == missing
        assert (await ask(server, phone, reason="curious"))[0] == 422
        server.clock.forward(minutes=6)
        assert (await ask(server, phone))[1]["code"] == "step_up_needed"
        assert (await ask(server, phone, pin="000000"))[1]["code"] == "wrong_pin"
        assert (await ask(server, phone, pin=PIN, note="call 13800000001"))[0] == 200
        made = lines(server, "customer.reveal")
        assert [(one["staff_id"], one["object"], one["fields"]) for one in made] == 2 * [
            ("g1", "customer/c1", {"reason": "order"})
        ]
        assert all(one["device_id"] == f"11.{phone.session['device']['id']}" for one in made)


async def test_the_twenty_first_reveal_of_an_hour_is_refused_and_told_once(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        phone = await server.sign_in("G0101")
        assert {(await ask(server, phone, f"c{1 + n % 4}"))[0] for n in range(20)} == {200}
        for _ in range(2):
            status, said = await ask(server, phone)
            assert (status, said["code"]) == (429, "rate_limited")
        assert len(lines(server, "alert.reveals")) == 1
        server.clock.forward(hours=1, seconds=1)
        phone = await server.sign_in("G0101", phone.session["device"]["id"])
        assert (await ask(server, phone))[0] == 200


# --- audit -------------------------------------------------------------------------------------------------------


def test_the_audit_cannot_be_changed_and_every_altered_line_is_found(backend: str, tmp_path: Path) -> None:
    db = open_database(backend, tmp_path / "home")
    with db.begin() as tx:
        for n in range(20):
            tx.audit("test.line", f"customer/c{n}", {"n": n, "text": "值"})
    for change in (update(t.audit).values(action="x"), delete(t.audit)):
        with pytest.raises(DatabaseError), db.begin() as tx:
            tx.conn.execute(change)
    with db.read() as conn:
        whole = audit.verify(conn)
        known = conn.execute(select(t.audit.c.hash).order_by(t.audit.c.seq)).scalars().all()
    assert whole.broken is None and whole.head == known[-1] and whole.lines == len(known)
    with db.read() as conn:
        assert audit.verify(conn, known[3]).holds_known and not audit.verify(conn, "0" * 64).holds_known
    if backend == "sqlite":
        assert altered_and_found(db) == (True, True)
    db.close()


def altered_and_found(db: object) -> tuple[bool, bool]:
    """Flip a bit of each byte of four lines' columns, past the triggers; say whether any was tried, and all found."""
    columns = ("at", "staff_id", "action", "object", "fields", "prev_hash", "hash")
    tried = missed = 0
    with db.engine.connect() as conn:  # type: ignore[attr-defined]
        conn.exec_driver_sql("DROP TRIGGER audit_stays_u")
        rows = conn.execute(text(f"SELECT seq, {', '.join(columns)} FROM audit ORDER BY seq LIMIT 4")).all()
        for row in rows:
            for name in columns:
                raw = getattr(row, name).encode()
                for place in range(len(raw)):
                    bad = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
                    set_to = text(f"UPDATE audit SET {name} = CAST(:v AS TEXT) WHERE seq = :seq")
                    conn.execute(set_to, {"v": bad, "seq": row.seq})
                    tried += 1
                    missed += is_whole(conn)
                conn.execute(
                    text(f"UPDATE audit SET {name} = :v WHERE seq = :seq"), {"v": raw.decode(), "seq": row.seq}
                )
        assert audit.verify(conn).broken is None
    return tried > 500, missed == 0


def is_whole(conn: object) -> bool:
    try:
        return audit.verify(conn).broken is None  # type: ignore[arg-type]
    except (UnicodeDecodeError, DatabaseError):  # no text any more: seen before any hash
        return False


async def test_who_had_whom_at_a_time(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        phone = await server.sign_in("G0101")
        await phone.pull_all()
        device = f"11.{phone.session['device']['id']}"
        with server.db.begin() as tx:
            left = t.binding.c.customer_id == "c2"
            gone = instants.to_text(NOW + timedelta(hours=1))
            tx.conn.execute(update(t.binding).where(left).values(until_at=gone))
        for after, theirs in (
            (-1, []),
            (0, ["c1", "c2", "c3", "c4"]),
            (72, ["c1", "c2", "c3", "c4"]),
            (74, ["c1", "c3", "c4"]),
        ):
            with server.db.read() as conn:
                assert audit.who_had(conn, device, NOW + timedelta(hours=after)) == theirs, after


# --- erase -------------------------------------------------------------------------------------------------------


async def plant(server: Server, customer: str = "c1") -> None:
    with server.db.begin() as tx:
        tx.conn.execute(
            update(t.customer).where(t.customer.c.id == customer).values(**CANARY, pinyin="jinsique-ouyang")
        )
        tx.touch("customer", customer)


async def test_an_erased_customer_leaves_nothing_on_server_and_phones_after_one_pull(lab: Lab) -> None:
    await plant(lab.server)
    values = [*CANARY.values(), "jinsique-ouyang", "金丝雀标签", "没送出的金丝雀", "金丝雀的女儿", "金丝雀试裙子"]
    values.remove("02-29")  # a day and month of anybody; the sealed row it stood in is gone, see below
    phones = [await lab.synced() for _ in range(2)]
    at_work, away = phones
    await mutate(at_work, AddTag("c1", "金丝雀标签"))
    due = instants.to_text(NOW + timedelta(days=1))
    await mutate(at_work, PlanFollowUp("plan-0001", "c1", "visit", due, "金丝雀试裙子", pieces=[["p1", "M"]]))
    await mutate(at_work, SetFact("c1", "date", "金丝雀的女儿", "05-24"))
    await at_work.sync()
    await mutate(away, EditNote("c1", "没送出的金丝雀"))
    await mutate(away, MarkSignal("mark-0001", "c1", "dormant", "", "done"))
    await mutate(away, AddTag("c2", "留下"))
    found = erase.erase_for(lab.server.db, None, "c1", "asked")
    assert [one["state"] for one in found["devices"]] == ["waiting", "waiting"]
    await mutate(at_work, EditNote("c1", "没送出的金丝雀"))
    await at_work.sync()  # sent before the pull: refused, and what it said goes with the person
    await away.engine._pull.run()  # not sent: dropped here, and said
    assert [one.code for one in at_work.store.query(work.rejected)] == ["not_yours"]
    for phone in phones:
        assert phone.store.query(customers.customer_by_id, "c1") is None
        assert phone.store.read.rows("SELECT * FROM refused_args") == []
        for table, column in (("customer", "id"), ("follow_up", "id"), ("outbox", "subject"), ("undo", "id")):
            assert not [row for row in phone.store.read.rows(f"SELECT {column} FROM {table}") if "c1" in row[0]]
    assert phones[1].store.query(customers.customer_by_id, "c2").tags[0].name == "留下"
    assert [one.params for one in away.store.query(work.problems) if one.code == "customer_erased"] == [{"count": 2}]
    assert traces_in(lab.root, values) == []
    assert [one["state"] for one in erase.status(lab.server.db, "c1")["devices"]] == ["waiting", "waiting"]
    for phone in phones:
        await phone.sync()  # comes back with a cookie behind the erasure: that is the receipt
    assert {one["state"] for one in erase.status(lab.server.db, "c1")["devices"]} == {"erased"}
    with pytest.raises(Rejected, match="not_found"):
        erase.status(lab.server.db, "c2")
    with lab.server.db.read() as conn:
        assert audit.verify(conn).broken is None


# --- lease -------------------------------------------------------------------------------------------------------


async def test_without_the_server_data_is_locked_after_72_hours_and_what_waits_is_kept(lab: Lab) -> None:
    clock = TestClock(NOW)
    phone = await lab.synced(clock=clock)
    await phone.engine.set_work_offline(True)
    await mutate(phone, AddTag("c1", "离线"))
    clock.advance(72 * 3_600 - 60)
    phone.lease.check()
    clock.advance(61)
    with pytest.raises(LocalFault, match="offline_too_long"):
        phone.lease.check()
    root, device_id = phone.root, phone.device_id
    await phone.close()
    with pytest.raises(LocalFault, match="offline_too_long"):
        await Device.unlock(root, lab.transport, "G0101", clock, device_id)
    clock.skew_s = -30 * 86_400.0
    with pytest.raises(LocalFault, match="clock_set_back"):
        await Device.unlock(root, lab.transport, "G0101", clock, device_id)
    clock.skew_s = 0
    lab.server.clock.forward(hours=72)
    back = await Device.sign_in(root, lab.transport, "G0101", clock, device_id)
    lab.phones.append(back)
    await back.engine.set_work_offline(False)
    assert back.store.query(work.outbox_count) == 1
    await back.sync()
    assert back.store.query(work.outbox_count) == 0
    back.lease.check()


def test_a_lease_of_another_forged_or_too_long_is_refused() -> None:
    key = SECRETS.coupon_key()
    ours = (public_bytes(key),)
    good = lease.sign(key, "dev-1", "g1", NOW)
    assert lease.verify(good, ours, "dev-1", "g1").expires == instants.to_text(NOW + timedelta(hours=72))
    body, _, signature = good.partition(".")
    bad = [good[:-2], f"{body}x.{signature}", "", ".", lease.sign(SECRETS.pack_key(), "dev-1", "g1", NOW)]
    bad += [lease.sign(key, "dev-2", "g1", NOW), lease.sign(key, "dev-1", "g2", NOW)]
    for one in bad:
        with pytest.raises(Exception, match="lease_invalid"):
            lease.verify(one, ours, "dev-1", "g1")


# --- wipe --------------------------------------------------------------------------------------------------------


async def folder_to_wipe(root: Path, n: int) -> tuple[Path, KeyRing]:
    folder = root / "device" / f"staff{n}"
    ring = KeyRing(folder, FileKeyStore(root / "keystore.json"), f"dev.staff{n}")
    await ring.create(PIN, b"s" * 32)
    for name in (
        "session.sealed",
        "lease.sealed",
        "profile.json",
        "store.db",
        "store.db-wal",
        "store.db-shm",
        "lost-1.db",
    ):
        (folder / name).write_bytes(b"secret")
    (folder / "exports").mkdir()
    (folder / "exports" / "list.csv").write_bytes(b"secret")
    return folder, ring


CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from app.security import FileKeyStore, KeyRing
from app.security.wipe import wipe
folder, left = Path(sys.argv[1]), [int(sys.argv[2])]
def done(step):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
async def main():
    ring = KeyRing(folder, FileKeyStore(folder.parent.parent / "keystore.json"), "dev." + folder.name)
    async def tell(proof): return True
    await wipe(folder, ring, proof="proof", confirm=tell, done=done)
asyncio.run(main())
"""


async def finish(root: Path) -> list[str]:
    told: list[str] = []

    async def tell(proof: str) -> bool:
        told.append(proof)
        return True

    for folder in unfinished(root / "device"):
        assert await wipe(
            folder, KeyRing(folder, FileKeyStore(root / "keystore.json"), f"dev.{folder.name}"), confirm=tell
        )
    return told


class Cut(Exception):
    pass


async def test_a_wipe_cut_at_any_step_is_finished_at_the_next_start(tmp_path: Path) -> None:
    steps: list[str] = []

    async def tell(proof: str) -> bool:
        return True

    folder, ring = await folder_to_wipe(tmp_path, 0)
    assert await wipe(folder, ring, proof="proof", confirm=tell, done=steps.append)
    assert steps[:3] == ["mark", "secret", "ring"] and steps[-2:] == ["told", "unmarked"] and len(steps) == 13
    for n, at in enumerate(steps, start=1):

        def cut(step: str, at: str = at) -> None:
            if step == at:
                raise Cut(step)

        folder, ring = await folder_to_wipe(tmp_path, n)
        with pytest.raises(Cut):
            await wipe(folder, ring, proof="proof", confirm=tell, done=cut)
        if n >= 2:  # the key goes first: from then on nothing opens
            with pytest.raises((LocalFault, FileNotFoundError)):
                await ring.unlock(PIN, NOW)
        told = await finish(tmp_path)
        assert told == ([] if at == "unmarked" else ["proof"])
        leftover = [one for one in folder.rglob("*") if one.is_file()] if folder.exists() else []
        assert leftover == []
    assert FileKeyStore(tmp_path / "keystore.json")._load() == {}


async def test_a_wipe_killed_at_any_step_is_finished_at_the_next_start(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for n in (1, 2, 3, 6, 12):
        folder, _ = await folder_to_wipe(tmp_path, n)
        child = [sys.executable, "-c", CHILD, str(folder), str(n)]
        assert subprocess.run(child, env=env, check=False).returncode == -signal.SIGKILL
        assert await finish(tmp_path) == ["proof"]
        assert not folder.exists()
    assert FileKeyStore(tmp_path / "keystore.json")._load() == {}


async def test_a_revoked_device_wipes_at_the_next_contact_and_the_server_hears_of_it(lab: Lab) -> None:
    phone = await lab.synced()
    device_id = f"11.{phone.device_id}"
    with lab.server.db.begin() as tx:
        auth.revoke_device(tx, device_id)
    with pytest.raises(Unauthorized, match="device_revoked"):
        await phone.sync()
    assert phone.engine.status.state is State.REVOKED
    home, session = phone.store.folder, phone.session
    phone.store.close()
    await wipe_folder(home, phone.keystore, session, revoked=True)
    assert [one.name for one in home.iterdir()] == ["WIPE"], "only the word to the server is left"
    await finish_wipes(phone.keystore, phone.device_id, phone.root, phone.http)
    assert not home.exists()
    with lab.server.db.read() as conn:
        assert conn.execute(select(t.device.c.wiped_at).where(t.device.c.id == device_id)).scalar() is not None
    assert len(lines(lab.server, "device.wiped")) == 1


# --- canary ------------------------------------------------------------------------------------------------------


async def test_after_signing_out_nothing_of_the_own_customers_is_left_on_the_device(lab: Lab) -> None:
    await plant(lab.server)
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "金丝雀新备注"))
    assert (await sign_out(phone.store, phone.engine, phone.http, phone.keystore, phone.session)).outcome == "done"
    await phone.http.aclose()
    lab.phones.remove(phone)
    assert traces_in(phone.root, [*CANARY.values(), "金丝雀新备注", "客人2", "客人3", "138****0002"]) == []


async def test_nothing_personal_of_anothers_customers_reaches_a_guide(lab: Lab) -> None:
    """Everything guide A receives while both work: pulls, pushes, routes, errors, the live channel, pages."""
    await plant(lab.server, "c5")
    values = [
        *(one for one in CANARY.values() if one != "02-29"),
        "jinsique-ouyang",
        "13800000005",
        "138****0005",
        "金丝雀B标签",
    ]
    wire = Recorder(lab.transport)
    mine = await lab.synced("G0101", transport=wire)
    other = await lab.synced("G0102")
    await mutate(other, AddTag("c5", "金丝雀B标签"))
    await other.sync()
    headers = {"Authorization": f"Bearer {mine.session.access_token}"}
    await mutate(mine, AddTag("c1", "我的"))
    await mutate(mine, MarkSignal("mark-0009", "c1", "dormant", "", "done"))
    await mine.sync()
    foreign = {"mid": "0193" + "0" * 28, "at": instants.to_text(NOW), "customer_id": "c5"}
    for name, args in (
        ("edit_note", {"note": "x"}),
        ("add_tag", {"tag": "x"}),
        ("issue_coupon", {"coupon_id": "none"}),
    ):
        one = {"id": 1, "name": name, "args": foreign | args, "clientID": "stranger", "timestamp": 0}
        body = {"clientGroupID": "strange-group", "mutations": [one], "pushVersion": 1, "schemaVersion": "1"}
        await wire.send(mine.http, "POST", "/api/sync/push", json=body, headers=headers)
    for path in ("/api/customers/c5/reveal", "/api/customers/c5/erase", "/api/coupon/check"):
        await wire.send(mine.http, "POST", path, json={"reason": "order", "code": "x"}, headers=headers)
    for path in (
        "/",
        "/shop",
        "/me",
        "/p/1",
        "/g/CARD12",
        "/g/CARD11",
        "/order/none",
        "/api/sync/mutations",
        "/openapi.json",
    ):
        await wire.send(mine.http, "GET", path, headers=headers)
    status, live = await first_answer(lab.server.app, "/api/sync/live", headers)
    await mine.sync()
    assert status == 200 and wire.answers > 15 and b"c1" in bytes(wire.received), "the recorder hears what is said"
    assert traces(bytes(wire.received) + live, values) == []
    assert traces_in(mine.root, values) == []
    assert traces(bytes(wire.received), ["客人1"]) == ["客人1"], "and the own customer's name was in it"


class Recorder(httpx.AsyncBaseTransport):
    """Keeps every byte of every answer, heads and bodies, unpacked."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.received, self.answers = inner, bytearray(), 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        body = await answer.aread()
        self.answers += 1
        self.received += repr(answer.headers.raw).encode() + body
        kept = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(answer.status_code, headers=kept, content=body)

    async def send(self, http: httpx.AsyncClient, method: str, path: str, **options: Any) -> None:
        """Ask, whatever the answer: what was said stands in `received`."""
        with contextlib.suppress(GuideError):
            await http.request(method, path, auth=NO_AUTH, **options)


async def test_no_object_of_managers_and_headquarters_holds_a_personal_field(lab: Lab) -> None:
    await plant(lab.server)
    personal = {(one.kind, one.name) for one in pii.FIELDS}
    allowed = {("rejected", "name"), ("rejected", "subject"), ("rejected", "params")}  # their own refused changes
    for staff_no in ("M01", "M02", "H01"):
        phone = await lab.server.sign_in(staff_no)
        view = await phone.pull_all()
        held = {(key.partition("/")[0], name) for key, value in view.items() for name in value}
        assert held & personal <= allowed, staff_no
        assert traces(json.dumps(view, ensure_ascii=False).encode(), ["金丝雀", *CANARY.values(), "客人"]) == []


async def test_logs_of_app_and_server_hold_nothing_personal_and_stay_small(
    lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await plant(lab.server)
    root = logging.getLogger()
    before = list(root.handlers)
    journal.start(tmp_path / "log", "DEBUG")
    (handler,) = [one for one in root.handlers if one not in before]
    try:
        phone = await lab.synced()
        await mutate(phone, EditNote("c1", CANARY["note"]))
        await phone.sync()
        with pytest.raises(Rejected):
            await mutate(phone, EditNote("c1", CANARY["note"] * 500))
        try:
            raise ValueError(f"{CANARY['name']} {CANARY['note']} 19912347731 pin=246810")
        except ValueError:
            logging.getLogger("app.test").exception("failed for %s", CANARY["name"])
        for _ in range(3_000):
            logging.getLogger("app.test").info("%s", "filler " * 200)
    finally:
        root.removeHandler(handler)
        handler.close()
    assert traces_in(tmp_path / "log", [*CANARY.values(), "19912347731", PIN]) == []
    assert all(one.stat().st_size <= journal.MAX_BYTES for one in (tmp_path / "log").iterdir())
    said = capfd.readouterr()
    assert traces((said.out + said.err).encode(), [CANARY["name"], CANARY["note"], "19912347731"]) == []


def test_the_page_on_personal_data_names_every_field() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
    for one in pii.FIELDS:
        assert f"| `{one.kind}.{one.name}` | {one.purpose} | {one.basis} |" in page
    assert page.count("\n| `") == len(pii.FIELDS)
