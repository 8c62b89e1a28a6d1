"""Today's signals, kept in step: what the rules look at stays in memory, and a commit renews only whom it touched.

The rules themselves run over everybody each time, because time alone moves signals; reading and unsealing is what
costs, and that is done once a day. Equal to `signals_for_today` at the same moment.

Whom the day's list was about is kept sealed: the next start of that day looks at those first, by the same rules, and
at everybody once they are on screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.domain import signal as rules
from app.domain.calendar_days import day_of
from app.domain.errors import GuideError, LocalFault
from app.insight.today import (
    MOST,
    READS,
    ContactGate,
    Ground,
    Known,
    TodaySignal,
    read_known,
    shown,
    signals_of_some,
)
from app.protocol.objects import BrowseEvent, Contact, Coupon, Order, SignalMark
from app.store import Read, Store, kept
from app.store.queries import customers
from app.store.store import SYNC

GROUND = frozenset({"product", "stock", "setting"})
ROWS: tuple[type, ...] = (BrowseEvent, Order, Coupon, Contact, SignalMark)
RENEW_MAX = 400
BURST_MAX = 4_000
FRAME_S = 0.3  # what is remembered is drawn before everybody is looked at


class SignalBoard:
    """The signals of one open store; give every commit's notice to `on_commit`, then ask `today`.

    Runs never overlap: whoever asks while one is under way shares the next, so a burst of commits costs two runs.

    Args:
        store: The local rows; read on its reader thread.
        now: The best guess of the server's time.
        zone: The store's zone.
        store_id: Whose stock counts; None = stock is not looked at.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], zone: str, store_id: str | None) -> None:
        self._store, self._now, self._zone, self._store_id = store, now, ZoneInfo(zone), store_id
        self._running: asyncio.Task[tuple[rules.Signal, ...]] | None = None
        self._next: asyncio.Task[tuple[rules.Signal, ...]] | None = None
        self._dirty: dict[str, set[str]] = {}  # the loop's side; a run takes it away
        self._stale = True
        self._remembered: tuple[date, tuple[TodaySignal, ...]] | None = None
        self._kept: tuple[str, frozenset[str]] = ("", frozenset())
        self._known: dict[str, Known] = {}  # from here on: the reader thread's side
        self._owner: dict[tuple[str, str], str] = {}
        self._ground: Ground | None = None
        self._day: date | None = None
        self.runs = 0
        self.answered = asyncio.Event()  # set once the day was told to somebody

    def on_commit(self, touched: frozenset[str]) -> None:
        """Note whom a commit touched; nothing is read before `today`."""
        ids: dict[str, frozenset[str] | None] = getattr(touched, "ids", {})
        for name in touched.intersection(READS):
            self._remembered = None
            found = ids.get(name)
            if name in GROUND:
                self._dirty.setdefault(name, set())
            elif found is None:
                self._stale = True
            else:
                self._dirty.setdefault(name, set()).update(found)

    async def recall(self) -> None:
        """Look at whom this day's list was about when the app was last open; call it before a screen asks."""
        now = self._now()
        with contextlib.suppress(GuideError):  # then Today waits for the first run
            found = await self._store.query_in_thread(self._recalled, now)
            self._remembered = (day_of(now, self._zone), found) if found else None

    def remembered(self) -> tuple[TodaySignal, ...] | None:
        """Return the signals of those, before the first run of this day has ended; some of others may be missing."""
        if self._remembered is None or self._remembered[0] != day_of(self._now(), self._zone):
            return None
        return self._remembered[1]

    def _recalled(self, read: Read, now: datetime) -> tuple[TodaySignal, ...]:
        found = kept.value(read, kept.SIGNALS)
        if found is None or found["day"] != day_of(now, self._zone).isoformat():
            return ()
        self._kept = (found["day"], frozenset(found["customer_ids"]))
        return signals_of_some(read, found["customer_ids"], now, self._zone, self._store_id)

    def _keep(self, found: tuple[rules.Signal, ...], now: datetime) -> None:
        """Keep whom the list is about, where somebody came to it: whoever went is not found again."""
        day, whom = day_of(now, self._zone).isoformat(), frozenset(one.customer_id for one in found[:MOST])
        if day == self._kept[0] and whom <= self._kept[1]:
            return
        self._kept = (day, whom)
        value = {"day": day, "customer_ids": sorted(whom)}
        with contextlib.suppress(LocalFault):  # it was closed meanwhile
            self._store.submit(lambda tx: kept.keep(tx, kept.SIGNALS, value, tell=False), priority=SYNC)

    async def today(self, limit: int = 50) -> tuple[TodaySignal, ...]:
        """Return the best signals as of now, off the loop."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running), name="signals")
        found = await asyncio.shield(self._next)  # a screen that leaves must not take the others' answer along
        told = await self._store.query_in_thread(shown, found[:limit])
        self._remembered = None
        self.answered.set()
        return told

    async def _after(self, before: asyncio.Task[tuple[rules.Signal, ...]] | None) -> tuple[rules.Signal, ...]:
        if before is not None:
            await asyncio.wait([before])
        if self._remembered is not None:
            await asyncio.sleep(FRAME_S)
        self._running, self._next = self._next, None
        dirty, self._dirty = self._dirty, {}
        stale = self._stale or sum(map(len, dirty.values())) > BURST_MAX
        self._stale = False
        now = self._now()
        try:
            found = await self._store.query_in_thread(self._run, now, dirty, stale)
        except BaseException:
            self._stale = True  # what this run took away is not lost
            raise
        self._keep(found, now)
        return found

    def _run(self, read: Read, now: datetime, dirty: dict[str, set[str]], stale: bool) -> tuple[rules.Signal, ...]:
        self.runs += 1
        if self._ground is None or stale or GROUND & dirty.keys():
            before, self._ground = self._ground, Ground.of(read, self._store_id)
            stale = stale or before is None or before.policy != self._ground.policy  # it says how far back to read
        policy = self._ground.policy
        whom = self._whom(read, dirty)
        if stale or len(whom) > RENEW_MAX or self._day != day_of(now, self._zone):
            self._day = day_of(now, self._zone)
            self._known, self._owner = {}, {}
            self._take(read_known(read, None, now, policy))
        elif whom:
            self._forget(whom)
            self._take(read_known(read, sorted(whom), now, policy))
        context, is_open = self._ground.context(now, self._zone), ContactGate(self._ground.contact, now, self._zone)
        found = [one for k in self._known.values() if is_open(k) for one in rules.signals(k.facts, context)]
        return rules.rank(found)

    def _whom(self, read: Read, dirty: dict[str, set[str]]) -> set[str]:
        """Return the customers of touched rows: who has them now, and who had them before."""
        whom = set(dirty.get("customer", ()))
        for row in ROWS:
            name = str(row.OBJECT)  # type: ignore[attr-defined]
            ids = dirty.get(name)
            if ids:
                whom.update(owner for one in ids if (owner := self._owner.get((name, one))))
                whom.update(customers.owners_of(read, row, ids))
        return whom

    def _forget(self, whom: Iterable[str]) -> None:
        for customer_id in whom:
            gone = self._known.pop(customer_id, None)
            for row in gone.rows if gone else ():
                self._owner.pop(row, None)

    def _take(self, found: Iterable[Known]) -> None:
        for known in found:
            customer_id = known.facts.customer_id
            self._known[customer_id] = known
            self._owner.update(dict.fromkeys(known.rows, customer_id))
