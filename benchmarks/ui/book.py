"""A device as a guide leaves it for lunch: 5,000 customers in a sealed store that one PIN opens, no network.

Today was looked at that morning; `forget_day` makes it the first start of a day. `RICH` is one of them with a timeline
of 2,000 entries.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.account import session as sessions
from app.account.lease import LeaseGuard
from app.account.sign_in import ring_of
from app.device import paths
from app.insight import CustomerIndex, SignalBoard
from app.protocol import lease
from app.security import FileKeyStore
from app.security.sealed import RowSealer
from app.store import Store, kept, patch
from app.store.store import FILE_NAME
from tests.e2e.world import next_tuesday_half_past_ten
from tests.fakes import sample

DEVICE, PIN, STAFF_NO = "web-bench", "246810", "G0101"
CUSTOMERS, ENTRIES = 5_000, 2_000
RICH = "vip"


@dataclass(frozen=True)
class Book:
    """Where the device lies, what its clock shows, and who is in it; `rich` is the name of one with 2,000 entries."""

    home: Path
    now: datetime
    heroes: dict[str, str]
    index: CustomerIndex
    names: list[tuple[str, str]]  # of every customer, with what a search looks through
    rich: tuple[str, str]

    def count(self, text: str) -> int:
        """Return how many customers a search finds."""
        return len(self.index.search(text))

    def in_order(self) -> list[str]:
        """Return the names in the order of the list."""
        return [row.name for row in self.index.search()]

    @property
    def clock_file(self) -> Path:
        return self.home / "clock"

    def wind(self) -> None:
        """Let every process of this home see the book's present now."""
        self.clock_file.write_text(f"{(self.now - datetime.now(UTC)).total_seconds():.3f}", "ascii")

    def forget_day(self) -> None:
        """Forget whom Today was about, as a night does."""
        (file,) = self.home.rglob(FILE_NAME)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as conn:
            conn.execute("DELETE FROM meta WHERE name = ?", (kept.SIGNALS,))

    def copy(self, home: Path) -> Book:
        """Return the same device in another folder."""
        shutil.copytree(self.home, home)
        return dataclasses.replace(self, home=home)


def make(home: Path, customers: int = CUSTOMERS, entries: int = ENTRIES) -> Book:
    """Fill a home; takes some ten seconds for 5,000 customers."""
    now = next_tuesday_half_past_ten().astimezone(UTC)
    world = sample.World(now, customers)
    world.build()
    rich = next(one for one in world.rows["customer"] if one["id"] == world.heroes[RICH])
    for turn in range(entries):
        days = 2 + turn * 700 / entries
        if turn % 4 == 0:
            world._order(rich, days=days)
        else:
            world._view(rich, world.rows["product"][turn % 72], days=days)
    index = asyncio.run(_fill(home, world))
    names = {c["id"]: (c["name"], f"{c['name']}\n{c['pinyin']}\n{c['phone_tail']}") for c in world.rows["customer"]}
    made = Book(home, now, world.heroes, index, list(names.values()), names[rich["id"]])
    made.wind()
    return made


async def _fill(home: Path, world: sample.World) -> CustomerIndex:
    session, signer = world.session(world.guides[0]), Ed25519PrivateKey.generate()
    public = signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    session = dataclasses.replace(session, device_id=DEVICE, coupon_keys={"1": public})
    folder = paths.staff_folder(DEVICE, session.staff.id, home)
    keystore = FileKeyStore(paths.device_folder(DEVICE, home) / "keystore.json")
    sealer = RowSealer(await ring_of(folder, keystore, DEVICE, session.staff.id).create(PIN, session.share_key))
    sessions.save(folder, session, sealer)
    clock = sample.SampleClock(world.now)
    given = lease.sign(signer, DEVICE, session.staff.id, world.now - timedelta(minutes=1))
    LeaseGuard(folder, session, sealer, clock).take(given)
    store = Store.open(folder, sealer)

    def pull(tx: sample.WriteTx) -> None:
        patch.apply(tx, world.operations())
        tx.set_meta("complete", True)
        tx.set_meta("last_sync_at", sample.to_text(world.now))

    await store.write(pull)
    index = CustomerIndex(store.read, lambda: world.now, sample.ZONE)
    index.load()
    await SignalBoard(store, clock.now, sample.ZONE, session.staff.store_id).today()
    store.close()
    return index
