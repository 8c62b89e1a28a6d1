"""What screens are made with: live queries, mutations, the session's own small state.

Hooks are positional: never call one inside an `if` or a loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import flet as ft
from flet.components.utils import current_component

from app.domain.errors import GuideError
from app.ui import session as sessions
from app.ui.strings import Strings, error_text

log = logging.getLogger(__name__)
T = TypeVar("T")
DRAWN_S = 0.15  # a first frame is on its way to the screen by then
BUILT_S = 0.08  # what was just sent must be built before it scrolls
COME_BACK_S = (BUILT_S, 0.5)  # once more for a busy device, which takes longer
RootCtx = ft.create_context("")
PathCtx = ft.create_context("")  # the address of the root or page
PlaceCtx = ft.create_context("root")  # where a frame stands: root | pushed | pane


def observe(observable: T) -> T:
    """Re-render the calling component whenever `observable` changes; return it."""
    current_component()._attach_observable_subscription(observable)
    return observable


def peek(context: Any) -> Any:
    """Return a context's value without taking a hook slot (for plain functions called while rendering)."""
    component: Any = current_component()
    while component:
        if context._key in component._contexts:
            return component._contexts[context._key]
        component = component._parent_component() if component._parent_component else None
    return context.default_value


def place() -> str:
    """Return where the rendering component stands: `root`, `pushed` (a page over all) or `pane` (beside a list)."""
    return str(peek(PlaceCtx))


def layout() -> sessions.Layout:
    """Return the class of the window and re-render when it flips."""
    return observe(sessions.current().layout)


def use_session() -> sessions.UiSession:
    """Return this session: `open(path)`, `select(path)`, `back()`, `go(root)`, `run(job)`, `ports`."""
    return sessions.current()


def use_client() -> Any:
    """Return the open client (store, engine, index, clock, staff) of who is in."""
    return observe(sessions.current().gate).client


def use_strings() -> Strings:
    """Return the session's strings; re-renders when the language changes."""
    ui = sessions.current()
    observe(ui.prefs)
    return ui.strings


def use_nav() -> sessions.Nav:
    """Return where the session is (`root`, `stack()`); re-renders on every move."""
    return observe(sessions.current().nav)


def use_shown() -> bool:
    """Return whether the root this stands in is in front; re-renders when that changes, not on every move."""
    return observe(sessions.current().front(str(peek(RootCtx)))).shown


def use_over(root: str | None = None) -> tuple[str, ...]:
    """Return the pages over a root (default: the one this stands in), the top last; re-renders when they change."""
    return observe(sessions.current().over(str(peek(RootCtx)) if root is None else root)).stack


def use_chosen() -> tuple[str, ...]:
    """Return the path chosen in this root's list while its page stands beside it, else ()."""
    return use_over()[:1] if layout().is_wide else ()


def use_same(build: Callable[[], T], *deps: Any) -> T:
    """Return what `build` made until `deps` change: the same object is neither rendered nor compared again.

    It stands where a screen begins, so that a move elsewhere does not draw it. What it needs of the contexts is to be
    given to it within `build`.
    """
    return ft.use_memo(build, [sessions.current().gate.pulse, *deps])


def use_layout() -> sessions.Layout:
    """Return the class of the window; re-renders only when the class flips."""
    return layout()


def use_wide() -> bool:
    """Return whether list and detail stand side by side (1000 and up)."""
    return use_layout().is_wide


def use_sync() -> Any:
    """Return the engine's last status; re-renders when it changes."""
    return observe(sessions.current().sync).status


def use_kept(name: str, default: T) -> tuple[T, Callable[[T], None]]:
    """Return `(value, set_value)` as `ft.use_state` does, kept until the page is left.

    For an open tab or a half-written text: a window that turns from a phone's into a tablet's builds the page anew.
    Where there is no page (the right pane before anything is chosen) nothing is kept.
    """
    kept, path = sessions.current().places.kept, str(peek(PathCtx))
    value, set_value = ft.use_state(kept.get((path, name), default))

    def keep(new: T) -> None:
        if path:
            kept[path, name] = new
        set_value(new)

    return value, keep


def own_key() -> str:
    """Return the key of the rendering component, "" for none."""
    return str(current_component().key or "")


def _nothing(*_: object) -> None:
    """Stand in for a callback nobody gave."""


def use_place(
    column: Any, mark: str = "", before: Callable[[], None] | None = None, after: Callable[[float], None] | None = None
) -> Callable[[float], None]:
    """Bring a scrolling control back to where it was; return what to call with each new offset.

    Flutter forgets the offset of a root that was hidden, of a page built anew and of a reloaded browser.

    Args:
        column: A ref whose `current` scrolls.
        mark: What tells two scrollers of one page apart; begins with `#`.
        before: Called a moment before it scrolls, so that what stands there can be built.
        after: Called with the offset it was brought to: the scroller's own event may come too soon after another to
            be sent.
    """
    ui, place, root = sessions.current(), str(peek(PathCtx)) + mark, str(peek(RootCtx))
    places = ui.places

    async def go_back() -> None:
        wanted = places.offset(place)
        for pause in COME_BACK_S:
            await asyncio.sleep(pause)
            if column.current is None or places.offset(place) != wanted:  # it left, or a hand moved it
                return
            await column.current.scroll_to(offset=wanted, duration=0)
            (after or _nothing)(wanted)

    def come_back() -> None:
        if places.offset(place):
            (before or _nothing)()
            ui.run(go_back)

    def start() -> None:
        places.add(id(column), root, come_back)
        come_back()

    ft.use_effect(start, [place, id(places)], cleanup=lambda: places.remove(id(column)))
    return lambda offset: places.scrolled(place, offset) if place else None


def use_slice(kind: type[T]) -> T:
    """Return this session's instance of an `@ft.observable @dataclass`: what must survive a change of tab."""
    return observe(sessions.current().slice(kind))


def use_live(tables: frozenset[str] | set[str], read: Callable[[], T], *deps: Any) -> T:
    """Return `read()`, run again when a commit touches `tables` or when `deps` change.

    `read` runs on the loop: keep it under 5 ms, or use `use_task`.
    """
    ui = sessions.current()
    live, root = ui.live, ft.use_context(RootCtx)
    _, set_seen = ft.use_state(-1)
    watch = ft.use_ref(None)
    version = live.version(tables)

    def start() -> None:
        if watch.current is not None:
            watch.current[0].remove(watch.current[1])
        wanted = frozenset(tables)
        mine = sessions.Watch(wanted, root, lambda: set_seen(live.version(wanted)))
        watch.current = (live, mine)
        live.add(mine)
        if live.version(wanted) != version:  # a commit came between the render and this effect
            set_seen(live.version(wanted))

    def stop() -> None:
        if watch.current is not None:
            watch.current[0].remove(watch.current[1])
            watch.current = None

    ft.use_effect(start, [id(live), frozenset(tables), root], cleanup=stop)
    return ft.use_memo(read, [id(live), version, *deps])


def use_query(query: Callable[..., T], *args: Any) -> T:
    """Return `query(read, *args)` of the open store, run again when a commit touches what it `@reads`."""
    from app.store.read import tables_of  # the store is imported while a PIN is typed

    client = sessions.current().client
    return use_live(tables_of(query), lambda: query(client.store.read, *args), id(client), query, *args)


@dataclass(frozen=True, slots=True)
class Task:
    """Work off the loop: `value` when done, `error` when it failed, neither while it runs."""

    value: Any = None
    error: Exception | None = None
    running: bool = True


def use_task(job: Callable[[], Awaitable[T]], *deps: Any, keep: bool = False, first: T | None = None) -> Task:
    """Run a coroutine when the component mounts and again when `deps` change; return how it stands.

    An older run never overwrites a newer one. For blocking work: `lambda: asyncio.to_thread(fn, ...)`.
    `keep`: what the last run said stands while the next one is under way, and nothing is drawn in between.
    `first`: what is known before the first run has ended; with `keep`, an equal answer draws nothing.
    """
    state, set_state = ft.use_state(Task() if first is None else Task(first, None, False))
    latest = ft.use_ref(0)

    async def run() -> None:
        latest.current = (latest.current or 0) + 1
        mine = latest.current
        if not keep:
            set_state(Task())
        try:
            done = Task(await job(), None, False)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not isinstance(error, GuideError):
                log.exception("task of a screen failed")
            done = Task(None, error, False)
        if latest.current == mine:
            set_state(done)

    ft.use_effect(run, list(deps), cleanup=lambda: None)
    return state


async def run_mutation(
    mutation: Any, done: str | None = None, undo: Any = None, params: dict[str, Any] | None = None,
    then: Callable[[], None] | None = None,
) -> bool:  # fmt: skip
    """Apply a mutation; a refusal becomes a snackbar with its sentence. Return whether it was applied.

    Args:
        mutation: A dataclass of `app.protocol.mutations`.
        done: Text key of the snackbar to show on success (none: silent).
        undo: The mutation that takes it back; adds an Undo button.
        params: Parameters of `done`.
        then: Called on success, before `done` is said: the toast stands on the page that `then` leads to.
    """
    from app.mutations import mutate  # mutations pull in the store: not needed before the first tap
    from app.ui.parts.snack import say
    from app.ui.strings import t

    ui = sessions.current()
    try:
        await mutate(ui.client, mutation)
    except GuideError as error:
        say(error_text(error), refused=True)
        return False
    if then is not None:
        then()
    if done is not None:
        said, name = t(done, **(params or {})), "" if undo is None else _whose(ui.client, undo)
        if name and name not in said:  # the toast may outlast the page that says whose it is
            said = t("common.said_of", text=said, name=name)
        undone = ("common.undone_of", None, {"name": name}) if name else ()
        on_undo = None if undo is None else (lambda: ui.run(run_mutation, undo, *undone))
        say(said, on_undo=on_undo)
    return True


def _whose(client: Any, mutation: Any) -> str:
    """Return the name of the customer whom a mutation is about, "" where it is about none of ours."""
    from app.store.queries.customers import customer_by_id

    customer_id = getattr(mutation, "customer_id", "")
    found = customer_by_id(client.store.read, customer_id) if customer_id else None
    return found.name if found else ""


def use_drawn() -> bool:
    """Return whether this was on screen once: what lies below the fold comes then, and the first frame sooner."""
    drawn, set_drawn = ft.use_state(False)

    async def wait() -> None:
        await asyncio.sleep(DRAWN_S)
        set_drawn(True)

    ft.use_effect(wait, [], cleanup=lambda: None)
    return drawn


def use_once(late_s: float = 0.0) -> tuple[Callable[[Callable[[], Awaitable[None]]], None], bool]:
    """Return `(start, busy)`: runs one coroutine at a time; a refusal is said, a double tap is ignored. A hook.

    `busy` is said `late_s` seconds after the start, so that what is quicker is not drawn in between.
    """
    ui = sessions.current()
    busy, set_busy = ft.use_state(False)
    running: Any = ft.use_ref(False)

    async def dim() -> None:
        await asyncio.sleep(late_s)
        set_busy(running.current)

    def start(job: Callable[[], Awaitable[None]]) -> None:
        if running.current:
            return
        running.current = True
        if late_s:
            ui.run(dim)
        else:
            set_busy(True)
        ui.run(guarded, job)

    async def guarded(job: Callable[[], Awaitable[None]]) -> None:
        from app.ui.parts.snack import say

        try:
            await job()
        except GuideError as error:
            say(error_text(error), refused=True)
        finally:
            running.current = False
            set_busy(False)

    return start, busy


def use_mutation() -> tuple[Callable[..., None], bool]:
    """Return `(submit, busy)` for plain handlers, safe from double taps.

    `submit(mutation, then=fn, done=…, undo=…, params=…)`: as `run_mutation`; `then()` follows a success. The same
    mutation is ignored while it is under way; another one is a tap of its own and is never dropped.
    """
    busy, set_busy = ft.use_state(False)
    running: Any = ft.use_ref(())
    ui = sessions.current()

    def submit(mutation: Any, then: Callable[[], None] | None = None, **options: Any) -> None:
        if mutation in running.current:
            return
        running.current = (*running.current, mutation)
        set_busy(True)

        async def job() -> None:
            try:
                await run_mutation(mutation, then=then, **options)
            finally:
                running.current = tuple(one for one in running.current if one is not mutation)
                set_busy(bool(running.current))

        ui.run(job)

    return submit, busy


def use_now(minute: bool = True) -> datetime:
    """Return the server's time as known here, re-rendering at each minute (or only when the screen renders).

    A device whose owner set the clock wrong shows the days and signals of the store all the same.
    """
    clock = sessions.current().clock
    now, set_now = ft.use_state(clock.now)

    async def tick() -> None:
        while minute:
            current = clock.now()
            set_now(current)
            after = current.replace(second=0, microsecond=0) + timedelta(minutes=1)
            await asyncio.sleep(max(1.0, (after - current).total_seconds()))

    ft.use_effect(tick, [minute], cleanup=lambda: None)
    return now
