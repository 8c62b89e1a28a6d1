"""A full disk in both its faces, and files that a dying disk or a pulled battery left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.errors import LocalFault
from app.mutations import mutate
from app.protocol.mutations import EditNote
from app.store import open_store, outbox
from app.store.queries import customers, work
from app.store.sealing import Sealer
from app.store.store import FILE_NAME, MARK
from server_stub import tables as t
from tests.fakes.device import Device, TestClock
from tests.fakes.server import NOW
from tests.faults import sized
from tests.faults.looking import check_sums
from tests.faults.processes import FORK, tap
from tests.integration.client.conftest import Lab, lab

__all__ = ["lab"]
AT = "2026-11-24T02:30:00Z"
STEPS = 12
CUTS = int(os.environ.get("DAOGOU_CUTS", "50"))
FLIPS = int(os.environ.get("DAOGOU_FLIPS", "60"))
NOTE = 1_900


async def fill(phone: Device, random: Random, limit: int = 400) -> int:
    """Take notes until the disk is full; return how many were taken."""
    for taken in range(limit):
        text = "".join(chr(0x4E00 + random.randrange(5_000)) for _ in range(NOTE))
        try:
            await mutate(phone, EditNote(f"c{taken % 4 + 1}", text))
        except LocalFault as full:
            assert full.code == "disk_full"
            return taken
    raise AssertionError("the disk never fills")


def check_whole(phone: Device, waiting: int) -> None:
    """The rows are those of the outbox, no more and no fewer."""
    assert phone.store.read.value("PRAGMA integrity_check") == "ok"
    pending = phone.store.query(outbox.pending)
    assert len(pending) == waiting
    for one in {one.args["customer_id"]: one for one in pending}.values():
        assert phone.store.query(customers.customer_by_id, one.args["customer_id"]).note == one.args["note"]
    check_sums(phone.store)


async def limit_pages(phone: Device, more: int | None) -> None:
    """Let the file grow by so many pages only; None lifts it."""
    pages = phone.store.read.value("PRAGMA page_count")
    wanted = 2**31 - 2 if more is None else pages + more
    await phone.store.write(lambda tx: tx.conn.execute(f"PRAGMA max_page_count = {wanted}").fetchone())


async def test_on_a_full_disk_every_step_is_whole_or_not_at_all_and_room_heals_it(lab: Lab) -> None:
    phone = await lab.synced()
    random, waiting = Random(3), 0
    for step in range(STEPS):
        await limit_pages(phone, step)
        waiting += await fill(phone, random)
        check_whole(phone, waiting)
    with lab.server.db.begin() as tx:  # and a page of a pull that does not fit
        for number in range(1, 5):
            tx.conn.execute(update(t.product).where(t.product.c.id == f"p{number}").values(name="长" * 9_000))
            tx.touch("product", f"p{number}")
    with pytest.raises(LocalFault, match="disk_full"):
        await phone.sync()
    assert phone.engine.status.problem == "disk_full"
    check_whole(phone, waiting)
    await limit_pages(phone, None)
    await phone.sync()
    assert (phone.engine.status.problem, phone.store.query(work.outbox_count)) == (None, 0)
    assert waiting > STEPS


def test_a_file_that_may_not_grow_is_a_full_disk_too(tmp_path: Path) -> None:
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=sized.run, args=(str(tmp_path / "store"), theirs), daemon=True)
    process.start()
    theirs.close()
    taken, refused = ours.recv()
    process.join()
    assert refused == sized.STEPS and taken > 0


@dataclass
class Worked:
    """A phone's folder as it lay there in the middle of its work: `mids` in the order they were committed."""

    folder: Path
    sealer: Sealer
    mids: list[str]
    notes: dict[str, str]


@pytest.fixture
async def worked(lab: Lab) -> Worked:
    """Return a copy of a store that was worked on and never closed."""
    phone = await lab.synced()
    mids, notes = [], {}
    for number in range(40):
        text = f"第 {number} 条"
        mids.append(str(await tap(phone, EditNote(f"c{number % 4 + 1}", text))))
        notes[mids[-1]] = text
    copy = shutil.copytree(phone.store.folder, lab.root / "worked")
    return Worked(copy, phone.store.sealer, mids, notes)


def reopened(worked: Worked, room: Path) -> tuple[list[str], list[Any]]:
    """Open a damaged copy until it stands, as the app's starts do; return what waits and what it has to tell."""
    for _ in range(3):
        store = open_store(room, worked.sealer, AT)
        try:
            waiting = [one.args["mid"] for one in store.query(outbox.pending)]
            store.query(customers.all_customers)
            return waiting, store.query(work.problems)
        except LocalFault as fault:
            assert fault.code == "database_damaged", fault
        finally:
            store.close()
    raise AssertionError("a damaged store never opens again")


def test_a_log_cut_anywhere_opens_with_the_commits_before_the_cut(worked: Worked, tmp_path: Path) -> None:
    log = (worked.folder / f"{FILE_NAME}-wal").read_bytes()
    lengths = set()
    for cut in range(0, len(log), len(log) // CUTS):
        room = Path(shutil.copytree(worked.folder, tmp_path / "room"))
        (room / f"{FILE_NAME}-wal").write_bytes(log[:cut])
        waiting, problems = reopened(worked, room)
        assert waiting == worked.mids[: len(waiting)] and problems == []
        lengths.add(len(waiting))
        shutil.rmtree(room)
    assert len(lengths) > 10, "the cuts did not go through the commits"


def test_flipped_bits_never_crash_and_nothing_goes_unsaid(worked: Worked, tmp_path: Path) -> None:
    random, repaired = Random(11), 0
    for number in range(FLIPS):
        room = Path(shutil.copytree(worked.folder, tmp_path / "room"))
        name = FILE_NAME if number % 2 else f"{FILE_NAME}-wal"
        if number % 2:  # the file itself has no check sums of its own: all is in it, nothing in the log
            with contextlib.closing(sqlite3.connect(room / FILE_NAME)) as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damaged = bytearray((room / name).read_bytes())
        for _ in range(random.choice((1, 8, 200))):
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
        (room / name).write_bytes(damaged)
        waiting, problems = reopened(worked, room)
        repaired += bool(problems)
        assert set(waiting) <= set(worked.mids)
        if name == FILE_NAME:
            assert waiting == worked.mids or problems, "changes went away and nobody was told"
        else:
            assert waiting == worked.mids[: len(waiting)] or problems
        shutil.rmtree(room)
    assert repaired, "nothing was damaged enough to be replaced"
    print(f"{FLIPS} damaged files: {repaired} replaced, the others opened")


async def test_a_repaired_store_gets_everything_again_and_sends_what_it_kept(lab: Lab) -> None:
    phone = await lab.synced()
    for number in range(10):
        await tap(phone, EditNote("c1", f"kept {number}"))
    folder = phone.store.folder
    await phone.close()
    file = bytearray((folder / FILE_NAME).read_bytes())
    root = sqlite3.connect(folder / FILE_NAME)
    page, size = root.execute("SELECT rootpage FROM sqlite_master WHERE name = 'customer'").fetchone()[0], 4096
    root.close()
    file[(page - 1) * size : page * size] = bytes(size)  # the customers' page is gone
    (folder / FILE_NAME).write_bytes(file)
    (folder / MARK).touch()
    again = await Device.unlock(phone.root, lab.transport, "G0101", TestClock(NOW), phone.device_id)
    lab.phones.append(again)
    (problem,) = again.store.query(work.problems)
    assert (problem.code, problem.params) == ("store_repaired", {"kept": 10, "lost": 0})
    await again.sync()
    assert again.store.query(work.outbox_count) == 0
    assert again.store.query(customers.customer_by_id, "c1").note == "kept 9"
    assert len(again.store.query(customers.all_customers)) == 4


async def test_a_store_that_lost_its_end_uses_no_number_twice(lab: Lab) -> None:
    phone = await lab.synced()
    await tap(phone, EditNote("c1", "first"))
    await phone.sync()
    early = shutil.copytree(phone.store.folder, lab.root / "early")
    for number in range(3):
        await tap(phone, EditNote("c2", f"sent {number}"))
    await phone.sync()
    root, folder, device_id = phone.root, phone.store.folder, phone.device_id
    await phone.close()
    for file in folder.glob(f"{FILE_NAME}*"):  # a damaged log: the file is as it was some commits ago
        file.unlink()
    for file in early.glob(f"{FILE_NAME}*"):
        shutil.copy(file, folder)
    again = await Device.unlock(root, lab.transport, "G0101", TestClock(NOW), device_id)
    lab.phones.append(again)
    mid = await tap(again, EditNote("c3", "after the loss"))
    await again.sync()
    with lab.server.db.read() as conn:
        assert mid in conn.exec_driver_sql("SELECT mid FROM seen_mutation").scalars().all()
    assert again.store.query(customers.customer_by_id, "c3").note == "after the loss"
    assert again.store.query(customers.customer_by_id, "c2").note == "sent 2"
    assert again.store.query(work.outbox_count) == 0
