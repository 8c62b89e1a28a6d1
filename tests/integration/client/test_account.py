"""Signing in, unlocking, renewing tokens, signing out, losing keys; against the real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.account import export_unsent, import_unsent, sign_out
from app.account import session as sessions
from app.device import paths
from app.device.known import SESSION, known_staff
from app.domain.errors import LocalFault, Rejected, Unauthorized, Unavailable
from app.domain.instants import to_text
from app.mutations import dismiss_problem, mutate
from app.protocol.mutations import EditNote
from app.store import aside
from app.store.queries import customers, work
from app.sync import State
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW, PIN
from tests.integration.client.conftest import Lab


class Away(httpx.AsyncBaseTransport):
    """A server that is not there."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")


async def test_the_first_sign_in_needs_the_server_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as first:
        await Device.sign_in(tmp_path, Away(), "G0101", TestClock(NOW))
    assert first.value.code == "first_login_offline"
    with pytest.raises(Unavailable) as unlock:
        await Device.unlock(tmp_path, Away(), "G0101", TestClock(NOW), "dev-unknown1")
    assert unlock.value.code == "first_login_offline"


async def test_a_wrong_pin_at_the_server_is_named(lab: Lab) -> None:
    phone = await lab.phone()
    body = {"staff_no": "G0101", "pin": "000000", "device_id": phone.device_id, "device_name": "x"}
    with pytest.raises(Rejected) as wrong:
        await phone.http.post("/api/auth/login", json=body)
    assert wrong.value.code == "wrong_pin"


async def test_a_known_person_unlocks_with_the_server_away_and_finds_everything(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "offline note"))
    folder, device_id = phone.root, phone.device_id
    await phone.close()
    (known,) = known_staff(paths.device_folder(device_id, folder))
    assert (known.staff_no, known.name, known.role) == ("G0101", "林知夏", "guide")
    clock = TestClock(NOW, skew_s=-500)  # the owner set the clock back a little
    again = await Device.unlock(folder, Away(), "G0101", clock, device_id)
    assert again.store.query(customers.customer_by_id, "c1").note == "offline note"
    assert again.clock.now() >= NOW  # never below what the server last said
    with pytest.raises(Unavailable):
        await again.sync()
    await again.close()
    back = await Device.unlock(folder, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(back)
    await back.sync()
    assert back.store.query(work.outbox_count) == 0


async def test_an_expired_token_is_renewed_without_a_word(lab: Lab) -> None:
    clock = TestClock(NOW)
    phone = await lab.synced(clock=clock)
    tokens = [phone.session.access_token]
    lab.server.clock.forward(hours=1)  # the server refuses the token, the phone's clock has not moved
    await phone.sync()
    tokens.append(phone.session.access_token)
    lab.server.clock.forward(hours=1)
    clock.advance(7_200)  # the phone knows that it is over and asks first
    await phone.sync()
    tokens.append(phone.session.access_token)
    assert len(set(tokens)) == 3
    assert phone.engine.status.state is State.ONLINE
    saved = sessions.load(phone.store.folder, phone.session.staff.id, phone.store.sealer)
    assert saved.access_token == tokens[-1]
    assert tokens[-1].encode() not in (phone.store.folder / SESSION).read_bytes()


async def test_a_session_the_server_ended_keeps_the_data_and_asks_to_sign_in(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "kept"))
    with lab.server.db.begin() as tx:
        from sqlalchemy import update

        from server_stub import tables as t

        tx.conn.execute(update(t.token).values(revoked_at=tx.now_text, refresh_hash="gone"))
    with pytest.raises(Unauthorized, match="session_expired"):
        await phone.sync()
    assert phone.engine.status.state is State.SIGNED_OUT
    assert phone.store.query(work.outbox_count) == 1
    folder, device_id = phone.root, phone.device_id
    await phone.close()
    again = await Device.sign_in(folder, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(again)
    await again.sync()
    assert again.store.query(work.outbox_count) == 0
    assert again.store.query(customers.customer_by_id, "c1").note == "kept"


async def test_ten_wrong_pins_then_an_online_login_loses_no_work(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "kept"))
    folder, device_id, clock = phone.root, phone.device_id, TestClock(NOW)
    await phone.close()
    for _ in range(10):
        with pytest.raises((Rejected, LocalFault)):
            await Device.unlock(folder, Away(), "G0101", clock, device_id, pin="000000")
        clock.advance(3_600)
    with pytest.raises(LocalFault, match="key_lost"):
        await Device.unlock(folder, Away(), "G0101", clock, device_id)
    again = await Device.sign_in(folder, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(again)
    assert again.store.query(work.outbox_count) == 1
    await again.sync()
    assert again.store.query(customers.customer_by_id, "c1").note == "kept"


async def test_a_lost_key_is_reported_with_what_waited_never_silently(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "lost"))
    folder, device_id, home = phone.root, phone.device_id, phone.store.folder
    await phone.close()
    (home / "keyring.json").unlink()
    again = await Device.sign_in(folder, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(again)
    (problem,) = again.store.query(work.problems)
    assert (problem.code, problem.params) == ("key_lost", {"count": 1})
    assert list(home.glob("lost-*.db"))
    await again.sync()
    assert again.store.query(customers.customer_by_id, "c1") is not None


async def test_signing_out_sends_first_then_erases(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "sent at the end"))
    home = phone.store.folder
    answer = await sign_out(phone.store, phone.engine, phone.http, phone.keystore, phone.session)
    assert (answer.outcome, answer.waiting) == ("done", 0)
    assert not home.exists()
    other = await lab.synced()
    assert other.store.query(customers.customer_by_id, "c1").note == "sent at the end"


async def test_a_sealed_file_brings_unsent_work_back_after_the_next_login(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "from the file"))
    await phone.engine.set_work_offline(True)
    data = await export_unsent(phone.store, phone.keystore, phone.session, PIN, NOW)
    args = (phone.store, phone.engine, phone.http, phone.keystore, phone.session)
    assert (await sign_out(*args, "discard")).outcome == "done"
    await phone.http.aclose()
    again = await Device.sign_in(phone.root, lab.transport, "G0101", TestClock(NOW), phone.device_id)
    lab.phones.append(again)
    await again.sync()
    assert again.store.query(customers.customer_by_id, "c1").note != "from the file"
    for taken in (1, 1):  # the second time it is known at the server by its `mid`
        assert await import_unsent(again.store, again.session, data, PIN) == taken
        await again.sync()
        assert again.store.query(work.outbox_count) == 0
    assert again.store.query(customers.customer_by_id, "c1").note == "from the file"
    assert again.store.query(work.rejected) == []
    other = await lab.synced("G0102")
    with pytest.raises(Rejected, match="unsent_file_invalid"):
        await import_unsent(other.store, other.session, data, PIN)


async def test_local_problems_are_counted_by_the_engine(lab: Lab) -> None:
    phone = await lab.synced()
    await phone.engine.start()
    at = to_text(NOW)
    await phone.store.write(lambda tx: aside.add_problem(tx, "key_lost", {"count": 2}, at))
    (told,) = phone.store.query(work.problems)
    while phone.engine.status.problems != 1:
        await asyncio.sleep(0.01)
    await dismiss_problem(phone, told.id)
    while phone.engine.status.problems:
        await asyncio.sleep(0.01)


async def test_signing_out_offline_asks_and_can_keep_or_discard_by_name(lab: Lab) -> None:
    phone = await lab.synced()
    await mutate(phone, EditNote("c1", "waits"))
    await phone.engine.set_work_offline(True)
    args = (phone.store, phone.engine, phone.http, phone.keystore, phone.session)
    asked = await sign_out(*args)
    assert (asked.outcome, asked.waiting, asked.code) == ("decide", 1, "offline")
    assert phone.store.query(work.outbox_count) == 1
    locked = await sign_out(*args, "lock")
    assert (locked.outcome, locked.waiting) == ("locked", 1)
    assert (phone.store.folder / SESSION).exists()
    again = await Device.unlock(phone.root, Away(), "G0101", TestClock(NOW), phone.device_id)
    assert again.store.query(work.outbox_count) == 1
    gone = await sign_out(again.store, again.engine, again.http, again.keystore, again.session, "discard")
    assert (gone.outcome, gone.waiting) == ("done", 1)
    assert not again.store.folder.exists()
    await again.http.aclose()


@pytest.mark.parametrize("choice", ["ask", "discard"])
async def test_a_tap_of_another_tab_while_signing_out_is_kept_locked(lab: Lab, choice: Any) -> None:
    phone = await lab.synced()

    class Tapped:
        push_now = staticmethod(phone.engine.push_now)

        async def stop(self) -> None:
            await mutate(phone, EditNote("c1", "tapped in the other tab"))
            await phone.engine.stop()

    answer = await sign_out(phone.store, Tapped(), phone.http, phone.keystore, phone.session, choice)
    assert (answer.outcome, answer.waiting) == ("locked", 1)
    again = await Device.unlock(phone.root, lab.transport, "G0101", TestClock(NOW), phone.device_id)
    lab.phones.append(again)
    await again.sync()
    assert again.store.query(customers.customer_by_id, "c1").note == "tapped in the other tab"
