"""Keys, tries, recovery, wiping."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.errors import LocalFault, Rejected
from app.security import FileKeyStore, KeyRing, RowSealer, unfinished, wipe
from tests.unit.client.conftest import NOW

SECRET = b"s" * 32


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "me", FileKeyStore(tmp_path / "keystore.json"), "dev.me")


async def test_the_right_pin_opens_and_forgets_wrong_tries(ring: KeyRing) -> None:
    key = await ring.create("246810", SECRET)
    for _ in range(3):
        with pytest.raises(Rejected, match="unlock_wrong_pin"):
            await ring.unlock("000000", NOW)
    assert await ring.unlock("246810", NOW) == key
    with pytest.raises(Rejected) as wrong:
        await ring.unlock("1", NOW)
    assert wrong.value.params == {"left": 9}


async def test_five_wrong_pins_delay_ten_drop_the_key_and_only_the_server_recovers(ring: KeyRing) -> None:
    key, now = await ring.create("246810", SECRET), NOW
    for left in range(9, 0, -1):
        with pytest.raises(Rejected) as wrong:
            await ring.unlock("000000", now)
        assert (wrong.value.code, wrong.value.params) == ("unlock_wrong_pin", {"left": left})
        if left <= 5:
            with pytest.raises(Rejected) as wait:
                await ring.unlock("246810", now + timedelta(seconds=1))
            assert wait.value.code == "unlock_locked"
            now += timedelta(seconds=int(wait.value.params["seconds"]) + 1)
    with pytest.raises(LocalFault, match="key_lost"):
        await ring.unlock("000000", now)
    with pytest.raises(LocalFault, match="key_lost"):
        await ring.unlock("246810", now + timedelta(days=1))
    assert not ring.can_unlock()
    assert ring.recover(b"x" * 32) is None
    assert ring.recover(SECRET) == key
    await ring.wrap(key, "135790", SECRET)
    assert await ring.unlock("135790", now) == key


async def test_a_stolen_folder_without_the_keystore_opens_nothing(tmp_path: Path, ring: KeyRing) -> None:
    await ring.create("246810", SECRET)
    (tmp_path / "keystore.json").unlink()
    with pytest.raises(LocalFault, match="key_lost"):
        await ring.unlock("246810", NOW)


async def test_key_files_are_for_the_owner_only_and_hold_no_key(tmp_path: Path, ring: KeyRing) -> None:
    key = await ring.create("246810", SECRET)
    for path in (tmp_path / "keystore.json", tmp_path / "me" / "keyring.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert key not in path.read_bytes()
        assert all(key.hex() not in str(v) for v in json.loads(path.read_text()).values())


async def test_wiping_is_finished_at_the_next_start_wherever_it_was_cut(tmp_path: Path) -> None:
    device = tmp_path / "device"
    for cut in range(4):
        folder = device / f"staff{cut}"
        keys = KeyRing(folder, FileKeyStore(tmp_path / "keystore.json"), f"dev.{cut}")
        await keys.create("246810", SECRET)
        for name in ("store.db", "store.db-wal", "session.sealed"):
            (folder / name).write_bytes(b"secret")
        (folder / "WIPE").touch()
        for name in ("keyring.json", "session.sealed", "store.db")[:cut]:
            (folder / name).unlink()
    for folder in unfinished(device):
        keys = KeyRing(folder, FileKeyStore(tmp_path / "keystore.json"), f"dev.{folder.name[-1]}")
        await wipe(folder, keys)
        await wipe(folder, keys)
    assert list(device.iterdir()) == []
    assert json.loads((tmp_path / "keystore.json").read_text()) == {}


def test_the_same_bytes_never_seal_to_the_same_blob() -> None:
    sealer = RowSealer(SECRET)
    sealed = {sealer.seal("customer", "c1", b"x") for _ in range(1_000)}
    assert len(sealed) == 1_000
    with pytest.raises(LocalFault):
        sealer.open("customer", "c1", next(iter(sealed))[:-1] + b"\0")


async def test_tries_at_the_same_moment_count_one_by_one(ring: KeyRing) -> None:
    await ring.create("246810", SECRET)
    tries = await asyncio.gather(*(ring.unlock(f"00000{n}", NOW) for n in range(4)), return_exceptions=True)
    assert sorted(one.params["left"] for one in tries if isinstance(one, Rejected)) == [6, 7, 8, 9]


async def test_two_people_signing_in_and_out_at_once_keep_each_others_secrets(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path / "keystore.json")
    await store.set("leaves", "x")
    await asyncio.gather(store.delete("leaves"), *(store.set(f"p{n}", str(n)) for n in range(20)))
    assert [await store.get(f"p{n}") for n in range(20)] == [str(n) for n in range(20)]
    assert await store.get("leaves") is None
