"""One whole phone without a screen: the real store, engine and mutations; it can be killed between two statements."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from app.domain.errors import GuideError, LocalFault, Rejected
from app.domain.follow_up import KINDS, STAGES
from app.domain.instants import to_text
from app.mutations import make_share, mutate, redeem, replay_for, retry_refused, send_coupon
from app.protocol import mutations as m
from app.protocol.objects import FollowUp
from app.security import RowSealer
from app.store import Store, outbox
from app.store import store as store_module
from app.store.queries import customers, work
from app.sync import OfflineSwitch, ServerClock, SyncEngine, make_http
from tests.sim.line import Line
from tests.sim.server import Seat, SimServer

KEY = bytes(range(32))


class Killed(BaseException):
    """The phone's process ends here."""


class Fuse:
    """Burns with each statement of the writer; at the end the process is dead and does nothing more."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.dead = False

    def burn(self) -> None:
        """Take one statement; raises `Killed` at the last and for ever after."""
        if self.left is not None:
            self.left -= 1
            self.dead |= self.left <= 0
        if self.dead:
            raise Killed


class Wire(sqlite3.Connection):
    """The writer's connection with a fuse: a kill may come before each statement and right after each COMMIT."""

    fuse = Fuse()

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        self.fuse.burn()
        done = super().execute(sql, *args)
        if sql == "COMMIT":
            self.fuse.burn()
        return done

    def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
        self.fuse.burn()
        return super().executemany(sql, *args)


def _die(conn: Wire) -> None:
    """Let go of what a dead process held."""
    conn.fuse = Fuse()
    with contextlib.suppress(sqlite3.Error):  # it was closed already, or had begun nothing
        conn.rollback()
    conn.close()


class SimStore(Store):
    """A store whose writes and slower queries run at once in the caller's task: a seed has one order of things."""

    async def write(self, change: Callable[..., Any], *, priority: int = 0) -> Any:
        await asyncio.sleep(0)
        self._require_open()
        return self._transact(change)

    async def query_in_thread(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        self._require_open()
        return query(self.read, *args, **kwargs)

    async def checkpoint(self) -> bool:
        await asyncio.sleep(0)
        self._require_open()
        return self._write_back()

    def _require_open(self) -> None:
        if self._closed:
            raise LocalFault("internal", "the store is closed")


class SimClock:
    """The device's clock: the world's time, wrong by `skew`; the monotonic one only counts."""

    def __init__(self, server: SimServer) -> None:
        self._server = server
        self.skew = timedelta(0)

    def now(self) -> datetime:
        return self._server.clock.now() + self.skew

    def monotonic(self) -> float:
        return self._server.clock.now().timestamp()


def make_store(folder: Path) -> Path:
    """Return a folder with an empty store at the newest schema."""
    SimStore.open(folder, RowSealer(KEY)).close()
    return folder


@contextlib.contextmanager
def _wired(fuse: Fuse) -> Iterator[list[Wire]]:
    """Let the store's writer be a `Wire` with this fuse, and give those that were made; no disk waits."""
    made: list[Wire] = []

    def writer(folder: Path) -> sqlite3.Connection:
        name = folder / store_module.FILE_NAME
        conn = sqlite3.connect(name, isolation_level=None, check_same_thread=False, factory=Wire)
        conn.fuse = fuse
        made.append(conn)
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "secure_delete = ON", "recursive_triggers = ON"):
            conn.execute(f"PRAGMA {pragma}")
        return conn

    with mock.patch.object(store_module, "_writer", writer):
        yield made


class SimPhone:
    """`made` are the mids of what its owner was told is kept, in order; `lost` those that a wipe took."""

    def __init__(self, server: SimServer, seat: Seat, folder: Path, random: Random, rate: float) -> None:
        self.server, self.seat, self.folder, self.random = server, seat, folder, random
        self.session = seat.session
        self.line = Line(server, random, rate)
        self.device_clock = SimClock(server)
        self.made: list[str] = []
        self.lost: set[str] = set()
        self.dismissed: set[str] = set()
        self.wiped = False
        self.kills = 0
        self.fuse = Fuse()
        self.switch = OfflineSwitch(self.line)
        self.http = make_http("http://server.test", self.switch)
        self.http.headers.update(
            {"Authorization": f"Bearer {self.session.access_token}", "Accept-Encoding": "identity"}
        )
        self.open()

    # --- life ----------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Start the app over what is on the disk."""
        with _wired(self.fuse) as made:
            try:
                self.store = SimStore.open(self.folder, RowSealer(KEY))
            except Killed:
                self._leave(lambda: [_die(conn) for conn in made])
                raise
        self.clock = ServerClock(self.device_clock)
        replay = replay_for(self.staff_id, self.session.device_id, self.session.zone)
        self.engine = SyncEngine(
            self.store, self.http, self.switch, self.clock, replay,
            profile=self.session.device_id, on_revoked=self._wipe, live=False, random=self.random,
        )  # fmt: skip

    @property
    def staff_id(self) -> str:
        return self.session.staff.id

    def restart(self) -> None:
        """Close in good order and start again."""
        self.store.close()
        self.open()

    def revive(self) -> None:
        """Start again after a kill, over the bytes that were in the files then; a kill may come at the start too."""
        self._drop()
        for _ in range(3):
            self.fuse = Fuse()
            if self.random.random() < 0.3:
                self.fuse.left = self.random.randrange(1, 130)
            try:
                self.open()
                break
            except Killed:
                continue
        else:
            self.fuse = Fuse()
            self.open()
        self.fuse.left = None
        self._count_what_was_kept()

    def _drop(self) -> None:
        """End the process."""

        def die() -> None:
            self.store._writer.fuse = Fuse()
            self.store._roll_back()
            self.store.close()

        self._leave(die)

    def _leave(self, die: Callable[[], Any]) -> None:
        """Take the files as they are before any connection can tidy up, then let the connections go."""
        self.kills += 1
        after = self.folder.with_name(f"{self.folder.name.partition('~')[0]}~{self.kills}")
        after.mkdir()
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                name = f"{store_module.FILE_NAME}{suffix}"
                shutil.copy(self.folder / name, after / name)
        die()
        shutil.rmtree(self.folder)
        self.folder = after

    def _count_what_was_kept(self) -> None:
        """A kill right after the commit: the work is kept, though nobody was told."""
        self.made += [mid for mid in self.waiting() if mid not in self.made]

    async def _wipe(self) -> None:
        self._count_what_was_kept()
        self.lost |= set(self.waiting())
        self.wiped = True
        self.store.close()
        shutil.rmtree(self.folder)

    async def close(self) -> None:
        if not self.wiped:
            self.store.close()
        await self.http.aclose()

    # --- what its owner does -------------------------------------------------------------------------------------
    async def tap(self, shown: list[str]) -> str:
        """Let the owner do something; what the rules on the phone refuse is no work. Return what it was."""
        if self.wiped:
            return ""
        what = self.random.choice(TAPS if self.session.staff.role == "guide" else ("redeem", "dismiss"))
        known = self.store.query(customers.all_customers)
        before = set(self.waiting())
        try:
            if what in ("redeem", "undo", "dismiss", "again"):
                await getattr(self, f"_{what}")(shown)
            elif known:
                customer_id = self.random.choice(sorted(c.id for c in known))
                await getattr(self, f"_{what}")(customer_id, *([shown] if what == "send" else []))
        except Rejected:
            return f"no {what}"
        except LocalFault:
            if self.wiped:  # in the midst of it the server said that this phone was taken away
                return ""
            raise
        if self.wiped:
            return ""
        self.made += [mid for mid in self.waiting() if mid not in before and mid not in self.made]
        return what

    def _id(self) -> str:
        return f"{self.seat.name}-{self.random.randbytes(6).hex()}"

    async def _note(self, customer_id: str) -> None:
        text = f"{self.seat.name}.{self.random.randrange(1000)}"
        await mutate(self, m.EditNote(customer_id, text, self.random.random() < 0.2))

    async def _tag(self, customer_id: str) -> None:
        await mutate(self, m.AddTag(customer_id, f"tag {self.random.randrange(4)}"))

    async def _untag(self, customer_id: str) -> None:
        await mutate(self, m.RemoveTag(customer_id, f"tag {self.random.randrange(4)}"))

    async def _mark(self, customer_id: str) -> None:
        mark_id = self._id()
        await mutate(self, m.MarkSignal(mark_id, customer_id, "birthday", "x", "done"))
        if len(self.made) % 3 == 0:  # a thumb slipped
            await mutate(self, m.UnmarkSignal(mark_id, customer_id))

    async def _stage(self, customer_id: str) -> None:
        await mutate(self, m.SetStage(customer_id, self.random.choice(STAGES)))

    async def _fact(self, customer_id: str) -> None:
        kind, name, values = self.random.choice(FACTS)
        await mutate(self, m.SetFact(customer_id, kind, name, self.random.choice(values)))

    async def _unfact(self, customer_id: str) -> None:
        kind, name, _ = self.random.choice(FACTS)
        await mutate(self, m.RemoveFact(customer_id, kind, name))

    async def _plan(self, customer_id: str) -> None:
        kind = self.random.choice(KINDS)
        due = to_text(self.clock.now() + timedelta(hours=self.random.randrange(200)))
        private = self.random.random() < 0.3
        await mutate(self, m.PlanFollowUp(self._id(), customer_id, kind, due, f"plan {self.seat.name}", private))

    async def _follow(self, customer_id: str) -> None:
        """Do something with a follow-up of any state: what the rules refuse here is no work."""
        found = self.store.read.all(FollowUp, "customer_id = ? ORDER BY id", (customer_id,))
        if not found:
            return
        one = self.random.choice(found)
        about = (one.id, customer_id)
        product, size = self.random.choice(("p1", "p2", "p3")), self.random.choice(("S", "M"))
        due = to_text(self.clock.now() + timedelta(hours=self.random.randrange(200)))
        kept = [[piece.product_id, piece.size] for piece in one.pieces if self.random.random() < 0.5]
        steps = (
            m.MoveFollowUp(*about, due), m.TakePiece(*about, product, size), m.TakePiece(*about, product, size),
            m.TakePiece(*about, product, size, False), m.CloseFollowUp(*about, kept), m.CloseFollowUp(*about, kept),
            m.CancelFollowUp(*about), m.ReopenFollowUp(*about),
        )  # fmt: skip
        await mutate(self, self.random.choice(steps))

    async def _contact(self, customer_id: str) -> None:
        await mutate(self, m.RecordContact(self._id(), customer_id, "message", "copied"))

    async def _send(self, customer_id: str, shown: list[str]) -> None:
        sent = await send_coupon(self, "t1", customer_id)
        shown += [sent.code, sent.qr]

    async def _share(self, customer_id: str) -> None:
        made = make_share(self, "product", 1, "chat")
        about = customer_id if self.random.random() < 0.5 else None
        await mutate(
            self, m.RecordShare(made.share_id, made.code, "product", "p1", "chat", made.created_at, "hi", about)
        )

    async def _undo(self, shown: list[str]) -> None:
        sent = self.store.read.rows("SELECT id FROM coupon WHERE state = 'issued' ORDER BY id")
        if sent:
            await mutate(self, m.UndoCoupon(self.random.choice(sent)[0]))

    async def _redeem(self, shown: list[str]) -> None:
        if shown:
            await redeem(self, self.random.choice(shown[-3:]))

    async def _dismiss(self, shown: list[str]) -> None:
        refused = sorted(row.id for row in self.store.query(work.rejected))
        if refused:
            self.dismissed.add(refused[0])
            await mutate(self, m.DismissRejected(refused[0]))

    async def _again(self, shown: list[str]) -> None:
        refused = sorted(self.store.query(work.retryable) & {row.id for row in self.store.query(work.rejected)})
        if refused:
            self.dismissed.add(refused[0])
            await retry_refused(self, refused[0])

    # --- the network ---------------------------------------------------------------------------------------------
    async def sync(self) -> bool:
        """Run one round; say whether it went through."""
        if self.wiped:
            return False
        try:
            await self.engine.sync_now()
        except GuideError:
            return False
        return True

    # --- what it shows -------------------------------------------------------------------------------------------
    def waiting(self) -> list[str]:
        """Return the mids that wait, oldest first."""
        return [row[0] for row in self.store.read.rows("SELECT mid FROM outbox ORDER BY id")]

    def pending(self) -> list[outbox.Pending]:
        return self.store.query(outbox.pending)


TAPS = (
    "note", "note", "note", "tag", "tag", "untag", "mark", "contact", "send", "send", "send", "undo", "redeem",
    "redeem", "share", "dismiss", "again", "plan", "plan", "follow", "follow", "follow", "fact", "fact", "unfact",
    "stage",
)  # fmt: skip
FACTS = (
    ("size", "top", ("M", "L")), ("size", "shoe", ("37", "38")), ("like", "linen", ("",)), ("price", "", ("free",)),
    ("date", "wedding", ("05-24", "06-01")),
)  # fmt: skip


def install(server: SimServer, seat: Seat, folder: Path) -> None:
    """Put a phone's first files into a folder, its cookie made good for this seed's epoch."""
    shutil.copytree(seat.folder, folder)
    with contextlib.closing(sqlite3.connect(folder / store_module.FILE_NAME)) as conn, conn:
        (text,) = conn.execute("SELECT value FROM meta WHERE name = 'cookie'").fetchone()
        cookie = server.reseal(json.loads(text))
        conn.execute("UPDATE meta SET value = ? WHERE name = 'cookie'", (json.dumps(cookie),))
