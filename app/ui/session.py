"""One Flet session: who is in, where they are, how they like it, and what their screens read.

Nothing here is shared by two sessions (an observable shared by two patches the wrong one); the store and the engine
behind `client` are. Commits and sync states arrive from the store's and engine's notices through `UiSession.post`,
which sets the page of this session and the loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import flet as ft

from app.ui import routes, theme
from app.ui.strings import SESSION_KEY, ZONE, Strings, language_of

log = logging.getLogger(__name__)
KEY = "daogou.session"
T = TypeVar("T")


@ft.observable
@dataclass
class Layout:
    """The class of the window: `phone`, `tablet` (rail, one pane) or `wide` (rail, two panes).

    `short`: too low for a whole bar, as a phone on its side is. `scale`: how much larger than usual the device shows
    text. `calm`: the device asks for less motion. A change of these is a render; width and height alone are not.
    """

    kind: str = "phone"
    short: bool = False
    scale: float = 1.0
    calm: bool = False
    _width: float = 390
    _height: float = 844

    @property
    def is_phone(self) -> bool:
        """Return whether the bottom bar is shown."""
        return self.kind == "phone"

    @property
    def height(self) -> float:
        """Return the window's height at the last change."""
        return self._height

    @property
    def width(self) -> float:
        """Return the window's width at the last change."""
        return self._width

    @property
    def pane(self) -> float:
        """Return the width of the narrowest pane now: what must fit everywhere fits this."""
        return theme.LIST_WIDTH if self.is_wide else self._width - (0 if self.is_phone else theme.RAIL_WIDTH)

    @property
    def is_large(self) -> bool:
        """Return whether text is so large that what stands side by side stands in two rows."""
        return self.scale >= theme.LARGE_TEXT

    @property
    def is_wide(self) -> bool:
        """Return whether lists and details stand side by side."""
        return self.kind == "wide"


def layout_of(width: float | None, height: float | None = None) -> str:
    """Return the class of a window; a phone on its side stays a phone, so nothing is built anew when it turns."""
    wide = width or 0
    if wide >= theme.WIDE_MIN:
        return "wide"
    if height is not None and height < theme.SHORT_MAX:
        return "phone"
    return "tablet" if wide >= theme.PHONE_MAX else "phone"


@ft.observable
@dataclass
class Prefs:
    """What this device prefers: `system`, `zh_CN` or `en`; `system`, `light` or `dark`."""

    language: str = "system"
    theme: str = "system"
    spoken: str = "zh_CN"  # the language in force


@ft.observable
@dataclass
class Nav:
    """Where this session is: the root, and the pages pushed over each root."""

    root: str = ""
    stacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    visited: tuple[str, ...] = ()

    def stack(self, root: str | None = None) -> tuple[str, ...]:
        """Return the pages over `root` (default: the shown one), the top last."""
        return tuple(self.stacks.get(root or self.root, ()))


@ft.observable
@dataclass
class Front:
    """Whether one root is in front; its own screens follow this, not every move of the session."""

    shown: bool = False


@ft.observable
@dataclass
class Over:
    """The pages over one root, the top last."""

    stack: tuple[str, ...] = ()


@ft.observable
@dataclass
class Gate:
    """Who is in: the open client, or None while the login shows; `stage` counts changes."""

    client: Any = None
    stage: int = 0
    why: str = ""  # the code of why the last session ended; the login says it until somebody is in
    pulse: int = 0  # grows when the browser is back: what changed meanwhile is drawn


@ft.observable
@dataclass
class SyncView:
    """The engine's last status (`app.sync.SyncStatus`), or None before the first.

    `settled`: the last state that was not "syncing", so that a badge does not flicker at every try.
    """

    status: Any = None
    settled: str = "offline"

    def take(self, status: Any) -> None:
        """Show a status."""
        if str(status.state) != "syncing":
            self.settled = str(status.state)
        self.status = status


class Watch:
    """One screen's interest in tables; `refresh` runs on the loop in this session's page."""

    def __init__(self, tables: frozenset[str], root: str, refresh: Callable[[], None]) -> None:
        self.tables, self.root, self.refresh = tables, root, refresh


class Live:
    """Which tables changed how often, and who wants to know; queries of hidden roots wait until shown."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._watches: list[Watch] = []
        self._stale: set[Watch] = set()
        self.shown: str = ""

    def version(self, tables: Iterable[str]) -> int:
        """Return a number that grows with every commit to one of `tables`."""
        return sum(self._versions.get(table, 0) for table in tables)

    def add(self, watch: Watch) -> None:
        """Start telling `watch`."""
        self._watches.append(watch)

    def remove(self, watch: Watch) -> None:
        """Stop telling `watch`."""
        with contextlib.suppress(ValueError):
            self._watches.remove(watch)
        self._stale.discard(watch)

    def commit(self, tables: Iterable[str]) -> None:
        """Note a commit and refresh what is on screen."""
        touched = frozenset(tables)
        for table in touched:
            self._versions[table] = self._versions.get(table, 0) + 1
        for watch in [w for w in self._watches if w.tables & touched]:
            if watch.root in ("", self.shown):
                watch.refresh()
            else:
                self._stale.add(watch)

    def show(self, root: str) -> None:
        """Bring `root` to the front and refresh what it missed."""
        self.shown = root
        due = [watch for watch in self._stale if watch.root == root]
        self._stale.difference_update(due)
        for watch in due:
            watch.refresh()


class Places:
    """Where a guide was on each page: how far it was scrolled, and what it kept; forgotten when the page is left."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Any] = {}
        self._offsets: dict[str, float] = {}
        self._scrollers: dict[int, tuple[str, Callable[[], None]]] = {}

    def scrolled(self, path: str, offset: float) -> None:
        """Note how far a page is scrolled."""
        self._offsets[path] = offset

    def offset(self, path: str) -> float:
        """Return how far a page was scrolled."""
        return self._offsets.get(path, 0.0)

    def add(self, key: int, root: str, come_back: Callable[[], None]) -> None:
        """Call `come_back` when the page of a scroller is drawn anew: a hidden root loses its place in Flutter."""
        self._scrollers[key] = (root, come_back)

    def remove(self, key: int) -> None:
        """Forget a scroller."""
        self._scrollers.pop(key, None)

    def shown(self, root: str) -> None:
        """Bring every scroller of `root` back to its place ("" for those of all roots)."""
        for at, come_back in list(self._scrollers.values()):
            if not root or at == root:
                come_back()

    def leave(self, paths: Iterable[str]) -> None:
        """Forget pages that were left."""
        gone = set(paths)
        self._offsets = {place: at for place, at in self._offsets.items() if place.partition("#")[0] not in gone}
        self.kept = {key: value for key, value in self.kept.items() if key[0] not in gone}


class Feet:
    """How high the foot of each frame stands, by where it is: what is said for a moment stands above it."""

    def __init__(self) -> None:
        self._high: dict[int, tuple[str, str, float]] = {}

    def stands(self, key: int, root: str, path: str, height: float) -> None:
        """Note that the frame of `path` in `root` ("" for a page over all) has a foot this high."""
        self._high[key] = (root, path, height)

    def gone(self, key: int) -> None:
        """Forget a foot that left the screen."""
        self._high.pop(key, None)

    def height(self, root: str, paths: Collection[str]) -> float:
        """Return the height of the highest foot of `paths` in `root` or over it, 0 where none stands."""
        return max((high for at, path, high in self._high.values() if at in ("", root) and path in paths), default=0.0)


class UiSession:
    """Everything one Flet session owns; reach it with `current()`."""

    def __init__(self, page: ft.Page, installation: Any, ports: Any) -> None:
        self.page, self.installation, self.ports = page, installation, ports
        self.layout, self.places = Layout(), Places()
        self.resized(page.width or 0, page.height or self.layout.height)
        self.prefs, self.nav, self.gate, self.sync = Prefs(), Nav(), Gate(), SyncView()
        self.live, self.feet = Live(), Feet()
        self.searches: dict[str, ft.TextField] = {}  # the search field of each root
        self.strings = Strings()
        self._loop = asyncio.get_running_loop()  # page.loop is gone while the browser is away
        self._tasks: set[asyncio.Task[None]] = set()
        self._slices: dict[type, Any] = {}
        self._fronts: dict[str, Front] = {}
        self._overs: dict[str, Over] = {}
        self._disposers: list[Callable[[], None]] = []
        self._context = contextvars.copy_context()
        self._deep_link = page.route or "/"
        self.guided = False  # show the first steps once, and tips: what a person meets, not what a test walks
        self.ended = ""  # whose session the server ended: the next PIN goes to the server
        page.session.store.set(KEY, self)

    @property
    def client(self) -> Any:
        """Return the open client; only screens behind the login ask."""
        return self.gate.client

    @property
    def clock(self) -> Any:
        """Return the best guess of the server's time; before the login, the device's own clock."""
        return getattr(self.client, "clock", None) or self.installation.clock

    @property
    def clock_ahead_s(self) -> float:
        """Return by how many seconds the device's clock is ahead of the server's, 0 while that is not known."""
        ahead = getattr(self.clock, "ahead_s", None)  # the device's own clock, before the login, knows no better
        return float(ahead()) if ahead else 0.0

    @property
    def role(self) -> str:
        """Return the role of who is in."""
        return str(getattr(getattr(self.client, "staff", None), "role", routes.GUIDE))

    def post(self, fn: Callable[[], None]) -> None:
        """Run `fn` on this session's loop with its page set; callable from any thread."""
        run = self._context.copy().run
        with contextlib.suppress(RuntimeError):  # the loop is closed: the session is over
            self._loop.call_soon_threadsafe(run, self._guarded, fn)

    @staticmethod
    def _guarded(fn: Callable[[], None]) -> None:
        try:
            fn()
        except Exception:  # a notice must not take the session down
            log.exception("notice to a session failed")

    def slice(self, kind: type[T]) -> T:
        """Return this session's one instance of an observable slice; forgotten at sign-out."""
        if kind not in self._slices:
            self._slices[kind] = kind()
        found: T = self._slices[kind]
        return found

    # --- who is in -------------------------------------------------------------------------------------------
    def enter(self, client: Any) -> None:
        """Show the shell over an open client and go where the link pointed."""
        self.leave_quietly()
        getattr(client, "users", set()).add(self)
        self._disposers = [
            client.store.subscribe(lambda tables: self.post(lambda: self.live.commit(tables))),
            client.engine.subscribe(lambda status: self.post(lambda: self.sync.take(status))),
        ]
        self.sync.take(client.engine.status)
        self.speak(zone=getattr(client, "zone", None) or ZONE)
        self.gate.client, self.gate.why = client, ""
        self.ended = ""
        self.nav.stacks, self.nav.visited = {}, ()
        self.deep_link(self._deep_link)
        self.gate.stage += 1
        if self.guided:
            from app.ui.seen import greet  # it needs this module

            self.run(greet, self)

    def leave_quietly(self) -> None:
        """Forget the client and everything its screens kept."""
        for dispose in self._disposers:
            dispose()
        self._disposers, self._slices = [], {}
        self.live, self.places = Live(), Places()
        self._fronts, self._overs = {}, {}
        self.searches.clear()

    def leave(self) -> None:
        """Show the login again."""
        self.leave_quietly()
        self.nav.root, self.nav.stacks, self.nav.visited = "", {}, ()
        self._deep_link = "/"
        self.gate.client = None
        self.gate.stage += 1
        self._address("/")

    def kick(self) -> None:
        """Ask the engine for a round: the app came to the front, or the network came back."""
        if self.gate.client is not None:
            self.gate.client.engine.kick()

    def background(self) -> None:
        """Let the engine rest: the device shows another app."""
        if self.gate.client is not None:
            self.run(self.gate.client.engine.background)

    def foreground(self) -> None:
        """Let the engine work again: the app is back in front."""
        if self.gate.client is not None:
            self.gate.client.engine.foreground()

    def pulse(self) -> None:
        """Draw everything again: the browser is back, and missed what happened; a reloaded one lost its places."""
        self.gate.pulse += 1
        self.places.shown("")

    def resized(self, width: float, height: float) -> None:
        """Note the window's size; screens render again only when its class flips."""
        before = self.layout.kind, self.layout.short
        self.layout._width, self.layout._height = width, height
        self.layout.kind, self.layout.short = layout_of(width, height), height < theme.SHORT_MAX
        if before != (self.layout.kind, self.layout.short):  # lists stand in other boxes, at their top
            self.places.shown("")

    def foot_height(self) -> float:
        """Return how high the foot of what is shown stands, the highest where two panes have one."""
        top = self.nav.stack()[-1:]
        beneath = (f"/{self.nav.root}", "") if self.layout.is_wide or not top else ()
        return self.feet.height(self.nav.root, (*top, *beneath))

    def tell(self, text: str) -> None:
        """Say one sentence at the foot of the screen."""
        from app.ui.parts.snack import say  # parts need this module

        say(text, refused=True)

    def shut_out(self, code: str) -> None:
        """Say at the login why this session ended: the device was revoked, or its lease is over."""
        self.gate.why = code

    def close(self) -> None:
        """End the session: the browser did not come back in time, or the app closes."""
        client = self.gate.client
        self.leave_quietly()
        if client is not None:
            self.run(self.installation.release, self, client)

    # --- language and theme ----------------------------------------------------------------------------------
    def speak(self, setting: str | None = None, system: str | None = None, zone: str | None = None) -> None:
        """Choose the language of the setting and tell Flet's own widgets."""
        if setting is not None:
            self.prefs.language = setting
        language = language_of(self.prefs.language, system or _system_language(self.page))
        self.strings = Strings(language, zone or str(self.strings.zone))
        self.page.session.store.set(SESSION_KEY, self.strings)
        locales = [ft.Locale("zh", "CN"), ft.Locale("en", "US")]
        chosen = locales[0] if self.strings.is_chinese else locales[1]
        self.page.locale_configuration = ft.LocaleConfiguration(locales, chosen)
        self.page.title = self.strings.t("common.app_name")
        self.prefs.spoken = language

    def dress(self, setting: str) -> None:
        """Use the theme `system`, `light` or `dark`."""
        self.prefs.theme = setting
        self.page.theme_mode = theme.theme_mode(setting)

    # --- moving ----------------------------------------------------------------------------------------------
    @property
    def roots(self) -> tuple[routes.Root, ...]:
        """Return the roots of who is in."""
        return routes.roots_of(self.role)

    def bar_roots(self) -> tuple[routes.Root, ...]:
        """Return the roots the bar or rail shows now."""
        return tuple(r for r in self.roots if not (r.rail_only and self.layout.is_phone))

    def go(self, root: str) -> None:
        """Show a root; choosing the shown one again returns to its first page."""
        if root == self.nav.root:
            self._set_stack(())
        self._show(root)
        self._address()

    def open(self, path: str) -> None:
        """Push a page over the shown root; one already below is returned to."""
        if any(path == r.path for r in self.bar_roots()):
            self.go(path[1:])
            return
        if routes.page_of(path) is None:
            log.warning("no page at %s", urlsplit(path).path.split("/")[1:2])
            return
        stack = self.nav.stack()
        self._set_stack((*stack[: stack.index(path)], path) if path in stack else (*stack, path))
        self._address()

    def select(self, path: str) -> None:
        """Choose a row of a list: on wide screens its page replaces the right pane's, on phones it is pushed."""
        self._set_stack(())
        self.open(path)

    def replace(self, path: str) -> None:
        """Show a page in place of the top one: what is finished is not gone back to."""
        stack = self.nav.stack()
        self._set_stack((*[one for one in stack[:-1] if one != path], path))
        self._address()

    def back(self) -> bool:
        """Take the top page away; False when there is none."""
        stack = self.nav.stack()
        if not stack:
            return False
        self._set_stack(stack[:-1])
        self._address()
        return True

    def deep_link(self, address: str) -> None:
        """Go to an address from outside; an unknown one shows the first root."""
        path = urlsplit(address).path.rstrip("/") or "/"
        names = {root.name for root in self.roots}
        first = self.nav.root or self.roots[0].name
        found = routes.page_of(path)
        if path[1:] in names and (found is None or not self.layout.is_phone):
            self._show(path[1:])
            self._set_stack(())
        elif found is not None:
            self._show(found[0].root if found[0].root in names else first)
            self._set_stack((path,))
        else:
            self._show(first)

    def on_address(self, address: str) -> None:
        """Follow the browser's back, forward and typed addresses; our own changes echo here and are ignored."""
        path = urlsplit(address).path.rstrip("/") or "/"
        if self.gate.client is None:
            self._deep_link = path
            return
        stack = self.nav.stack()
        if path == self.address():
            return
        if path in stack:
            self._set_stack(stack[: stack.index(path) + 1])
        else:
            self.deep_link(path)

    def address(self) -> str:
        """Return the address of what is shown."""
        stack = self.nav.stack()
        return stack[-1] if stack else f"/{self.nav.root}"

    def _show(self, root: str) -> None:
        if root not in self.nav.visited:
            self.nav.visited = (*self.nav.visited, root)
        hidden = root != self.nav.root
        self.nav.root = root
        self._tell_roots()
        self.live.show(root)
        if hidden:
            self.places.shown(root)

    def _set_stack(self, stack: tuple[str, ...]) -> None:
        before = {path for one in self.nav.stacks.values() for path in one}
        self.nav.stacks = {**self.nav.stacks, self.nav.root: stack}
        self._tell_roots()
        self.places.leave(before - {path for one in self.nav.stacks.values() for path in one})

    def front(self, root: str) -> Front:
        """Return whether `root` is in front, to be observed; outside of all roots always."""
        return self._fronts.setdefault(root, Front(not root or root == self.nav.root))

    def over(self, root: str) -> Over:
        """Return the pages over `root`, to be observed."""
        return self._overs.setdefault(root, Over(self.nav.stack(root)))

    def _tell_roots(self) -> None:
        """Let those roots know that this move concerns; an equal value tells nobody."""
        for root, front in self._fronts.items():
            front.shown = not root or root == self.nav.root
        for root, over in self._overs.items():
            over.stack = self.nav.stack(root)

    def _address(self, address: str | None = None) -> None:
        where = address or self.address()
        if self.page.route != where:
            self.run(self.page.push_route, where)

    def run(self, job: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Start a coroutine of this session; a failure is reported, never lost."""

        async def guarded() -> None:
            try:
                await job(*args)
            except Exception:
                log.exception("background work of a session failed")

        task = self._loop.create_task(guarded(), context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _system_language(page: ft.Page) -> str | None:
    configuration = page.locale_configuration
    current = getattr(configuration, "current_locale", None) if configuration else None
    return getattr(current, "language_code", None)


def current() -> UiSession:
    """Return the session whose render, handler or notice is running."""
    found = ft.context.page.session.store.get(KEY)
    if not isinstance(found, UiSession):
        raise RuntimeError("no session here: call this from a component or a handler")
    return found
