"""The engine: one round is push, then pull; a round follows each write, each poke, and the clock."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import logging
from collections.abc import Awaitable, Callable
from random import Random, SystemRandom
from typing import Any

import httpx

from app.domain.errors import GuideError, ProtocolFault, Unauthorized, Unavailable
from app.store import Store, outbox
from app.store.queries import work
from app.sync.backoff import Backoff
from app.sync.clock import ServerClock
from app.sync.live import Live
from app.sync.pull import Pull
from app.sync.push import Push
from app.sync.rebase import Replay
from app.sync.status import Progress, State, SyncStatus
from app.sync.transport import OfflineSwitch

log = logging.getLogger(__name__)
POLL_S = 20.0
RENEW_AFTER = 2
HOLD_MAX_S = 60.0
AWAY = ("offline", "server_away")
ENDED = (State.SIGNED_OUT, State.REVOKED)
WATCHED = frozenset({"outbox", "rejected", "problem", "meta"})


class SyncEngine:
    """Keeps one store in step with the server in the background; screens only look at `status`.

    Args:
        store: The local rows.
        http: From `make_http`.
        switch: The transport's work-offline switch.
        clock: Estimates the server's time; every pull sets it.
        replay: `app.mutations.replay_for(...)`.
        auth: Adds and renews tokens (`account.SessionKeeper`).
        profile: Any stable name of this installation (the device id).
        on_revoked: Wipes this device; called once when the server says that it was taken away.
        on_lease: Takes the lease each complete pull brings.
        poll_s: Seconds between rounds when nothing happens.
        live: Listen to the live channel too.
        random: Jitter; seeded in simulations.
    """

    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        switch: OfflineSwitch,
        clock: ServerClock,
        replay: Replay,
        *,
        auth: httpx.Auth | None = None,
        profile: str = "",
        on_revoked: Callable[[], Awaitable[None]] | None = None,
        on_lease: Callable[[str], None] | None = None,
        poll_s: float = POLL_S,
        live: bool = True,
        random: Random | None = None,
    ) -> None:
        random = random or SystemRandom()
        self._store = store
        self._switch = switch
        self._on_revoked = on_revoked
        self._poll_s = poll_s
        self._push = Push(store, http, auth, profile)
        self._pull = Pull(store, http, auth, clock, replay, profile, self._show_progress, on_lease)
        self._live = Live(http, auth, self.kick, self._heard, random) if live else None
        self._backoff = Backoff(random)
        self._wake = asyncio.Event()
        self._front = asyncio.Event()
        self._front.set()
        self._round = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[None] | None = None
        self._listeners: dict[int, Callable[[SyncStatus], None]] = {}
        self._tokens = itertools.count()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._faults = 0
        clock.restore(store.read)
        state = store.query(work.sync_state)
        self._switch.work_offline = state.work_offline
        self.status = SyncStatus(
            waiting=store.query(work.outbox_count),
            refused=len(store.query(work.rejected)),
            last_sync_at=state.last_sync_at,
            work_offline=state.work_offline,
            partial=not state.complete,
            problems=store.query(work.problem_count),
        )

    def subscribe(self, listener: Callable[[SyncStatus], None]) -> Callable[[], None]:
        """Call `listener(status)` on the loop at each change; return what ends it."""
        token = next(self._tokens)
        self._listeners[token] = listener
        return lambda: self._listeners.pop(token, None) and None

    async def start(self) -> None:
        """Begin to work in the background; the first round starts at once."""
        self._unsubscribe = self._store.subscribe(self._on_commit)
        self._tasks.append(asyncio.create_task(self._run(), name="sync-engine"))
        self.kick()

    async def stop(self) -> None:
        """End the background work; what waits stays in the outbox."""
        self._unsubscribe()
        ours = [*self._tasks, *([self._listening] if self._listening else [])]
        tasks = [task for task in ours if task is not asyncio.current_task()]  # a wipe stops us from within a round
        self._tasks, self._listening = [], None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def kick(self) -> None:
        """Ask for a round now: after a write, a poke, or when the network is back. From the loop only."""
        self._wake.set()

    async def background(self) -> None:
        """Stop polling and listening, for the app is out of sight; what waits is sent on the way out if that goes."""
        self._front.clear()
        self._stop_listening()
        if self.status.waiting and self.status.state not in ENDED and not self._switch.work_offline:
            with contextlib.suppress(GuideError):  # the status shows it; it goes at the next start
                await self.sync_now()

    def foreground(self) -> None:
        """Work again, with a round at once."""
        self._front.set()
        self.kick()

    async def set_work_offline(self, on: bool) -> None:
        """Turn the switch that really cuts the transport; it stays over a restart."""
        self._switch.work_offline = on
        await self._store.write(lambda tx: tx.set_meta("work_offline", on or None))
        self._show(work_offline=on, state=State.OFFLINE if on else self.status.state)
        if on:
            self._stop_listening()
        else:
            self.kick()

    def signed_in(self) -> None:
        """Go on after the user signed in again."""
        self._show(state=State.OFFLINE, problem=None)
        self.kick()

    async def sync_now(self) -> None:
        """Run one round and wait for it.

        Raises:
            GuideError: why it failed; `status` shows it too.
        """
        async with self._round:
            self._show(state=State.SYNCING)
            try:
                await self._one_round()
            except GuideError as exc:
                await self._failed(exc)
                raise
            self._succeeded()

    async def push_now(self) -> None:
        """Send what waits and have it confirmed; raises when that cannot be done now."""
        await self.sync_now()

    async def _run(self) -> None:
        while self.status.state is not State.REVOKED:
            await self._front.wait()
            wait = self._poll_s
            if self.status.state not in ENDED and not self._switch.work_offline:
                wait = await self._try_round()
            await self._sleep(wait)

    async def _try_round(self) -> float:
        try:
            await self.sync_now()
        except GuideError as exc:
            asked_s = getattr(exc, "retry_after_s", None)
            wait = self._backoff.failed(asked_s)
            if asked_s is None:
                return wait
            await asyncio.sleep(min(wait, HOLD_MAX_S))  # the server asked for it: no tap and no poke cuts it short
            return 0.0
        except Exception:  # a fault of ours must not end syncing until the next start; it is shown and tried again
            log.exception("sync round crashed")
            self._show(state=self._reached(), problem="internal", progress=None)
            return self._backoff.failed()
        self._listen()
        return self._poll_s

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):  # not wait_for: on 3.11 it may swallow the cancel that `stop` sends
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _one_round(self) -> None:
        """Push, then pull, whatever became of the push: one that is stuck must not stop downloads.

        The pull heals a push the server cannot place; if that stays, we become a new client. At once when a number
        stands for something else there: the pull would confirm that number, and with it what never went out.
        """
        fault: Unavailable | ProtocolFault | None = None
        try:
            await self._push.run()
        except (Unavailable, ProtocolFault) as exc:
            if exc.code in AWAY:
                raise
            fault = exc
        if fault is not None and fault.code == "mutation_reused":
            await self._renew()
        await self._pull.run()
        if isinstance(fault, ProtocolFault):
            await self._misplaced()
        elif fault is None:
            self._faults = 0
        if fault is not None:
            raise fault

    async def _misplaced(self) -> None:
        self._faults += 1
        if self._faults >= RENEW_AFTER:
            await self._renew()

    async def _renew(self) -> None:
        """Become a new client whose numbers start at 1; the server tells repeated work by its `mid`."""
        await self._store.write(outbox.renew)
        self._faults = 0

    def _succeeded(self) -> None:
        self._backoff.reset()
        state = self._store.query(work.sync_state)
        self._show(state=self._reached(), problem=None, last_sync_at=state.last_sync_at, partial=not state.complete)

    def _reached(self) -> State:
        """Return the state after an answer; the switch may have been turned while it was on its way."""
        return State.OFFLINE if self._switch.work_offline else State.ONLINE

    async def _failed(self, exc: GuideError) -> None:
        log.info("sync round failed: %s", exc)
        if isinstance(exc, Unauthorized) and exc.code == "device_revoked":
            self._stop_listening()
            self._show(state=State.REVOKED, problem=exc.code)
            if self._on_revoked is not None:
                await self._on_revoked()
            return
        state = State.OFFLINE if isinstance(exc, Unavailable) else self._reached()
        if isinstance(exc, Unauthorized):
            state = State.SIGNED_OUT
            self._stop_listening()
        self._show(state=state, problem=exc.code, progress=None)

    def _listen(self) -> None:
        if self._switch.work_offline or self._live is None or not self._tasks or not self._front.is_set():
            return
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._live.run(), name="sync-live")

    def _heard(self, reached: bool) -> None:
        """Look at once when the live channel tells of a server that came back or went."""
        if reached != (self.status.state in (State.ONLINE, State.SYNCING)):
            self.kick()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _on_commit(self, touched: frozenset[str]) -> None:
        if not touched & WATCHED:
            return
        waiting = self._store.query(work.outbox_count)
        if waiting > self.status.waiting:
            self.kick()
        problems = self._store.query(work.problem_count)
        self._show(waiting=waiting, refused=len(self._store.query(work.rejected)), problems=problems)

    def _show_progress(self, progress: Progress | None) -> None:
        self._show(progress=progress)

    def _show(self, **changes: Any) -> None:
        status = dataclasses.replace(self.status, **changes)
        if status == self.status:
            return
        self.status = status
        for listener in list(self._listeners.values()):
            listener(status)
