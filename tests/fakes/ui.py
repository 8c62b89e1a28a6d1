"""Screens without a browser: a real Flet session over a connection that only remembers.

    ui = await FakeUi.screen(client, CustomerPage, "c1")
    assert "王芳" in ui.texts()
    await ui.type("备注", "喜欢亚麻")
    await ui.press("保存")

What is pressed and typed into is found by role and accessible name, as in the browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import flet as ft
import msgpack
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from app.device.clock import SystemClock
from app.ui import guards, hooks, shell
from app.ui.session import UiSession
from tests.fakes.flying import Flying
from tests.fakes.ports import FakeDevice

_encode = configure_encode_object_for_msgpack(BaseControl)
_BUTTONS = (ft.FilledButton, ft.OutlinedButton, ft.TextButton, ft.SnackBarAction)


class FakeUi(Connection):
    """One session; every message is packed for real (packing takes the snapshots that diffing needs)."""

    def __init__(self, *, width: float = 390, height: float = 844, route: str = "/", replies: Any = None) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(1)
        self.flying = Flying.of(self.loop)
        self.pubsubhub = PubSubHub(loop=self.loop, executor=self.executor)
        self.page_url = "http://test"
        self.sizes: list[int] = []
        self.calls: list[tuple[str, Any]] = []
        self.reports: list[tuple[str, str]] = []
        self.replies: dict[str, Any] = replies or {}
        self.device = FakeDevice()
        self.session = Session(self)
        self.page = self.session.page
        _context_page.set(self.page)
        self.session.apply_page_patch({"route": route, "width": width, "height": height, "platform": "android"})
        body = RegisterClientResponseBody(self.session.id, self.session.get_page_patch(), "")
        self.send_message(Message(MessageAction.REGISTER_CLIENT, body))
        self.ui: UiSession = UiSession(
            self.page, SimpleNamespace(clock=SystemClock(), known_staff=lambda: ()), self.device.ports
        )

    @classmethod
    async def screen(
        cls, client: Any, component: Callable[..., Any], *args: Any, place: str = "pushed", language: str = "zh_CN",
        **options: Any,
    ) -> FakeUi:  # fmt: skip
        """Show one component as a signed-in session would."""
        fake = cls(**options)
        fake.enter(client, language)

        @ft.component
        def Host() -> Any:
            return hooks.PlaceCtx(place, lambda: component(*args))

        fake.page.render(Host)
        fake.guard()
        await fake.settle()
        return fake

    @classmethod
    async def app(
        cls, client: Any = None, *, language: str = "zh_CN", installation: Any = None, **options: Any
    ) -> FakeUi:
        """Show the whole app: the login without a client, else the shell."""
        fake = cls(**options)
        if installation is not None:
            fake.ui.installation = installation
        fake.replies.setdefault("push_route", None)
        if client is not None:
            fake.enter(client, language)
        else:
            fake.ui.speak(language)
        fake.page.on_route_change = lambda e: fake.ui.on_address(e.route)
        fake.page.render_views(shell.App)
        fake.guard()
        await fake.settle()
        return fake

    def enter(self, client: Any, language: str) -> None:
        self.ui.installation = getattr(client, "installation", None) or self.ui.installation
        self.ui.speak(language)
        self.flying.watch(getattr(client, "store", None))
        self.ui.enter(client)

    def guard(self) -> None:
        guards.install(self.page, lambda kind, what: self.reports.append((kind, what)))

    # --- what Flet asks of a connection ----------------------------------------------------------------------
    def send_message(self, message: Message) -> None:
        body = message.body
        self.sizes.append(len(msgpack.packb([message.action, body], default=_encode)))
        if hasattr(body, "call_id"):
            self.calls.append((body.name, body.args))
            answer = self.replies.get(body.name)
            self.loop.call_soon(self.session.handle_invoke_method_results, body.control_id, body.call_id, answer, None)

    # --- time and events -------------------------------------------------------------------------------------
    async def settle(self, rounds: int = 40, wait_s: float = 0.0) -> None:
        """Let renders, effects and handlers run, and what they began in threads; `wait_s` for what a timer begins."""
        if wait_s:
            await asyncio.sleep(wait_s)
        await _turns(rounds)
        await self.flying.landed(lambda: _turns(rounds))

    async def until(self, done: Callable[[], bool], limit_s: float = 20.0) -> None:
        """Wait until `done()`, as a person watches the screen."""
        for _ in range(int(limit_s / 0.01)):
            await self.settle()
            if done():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"did not happen; on screen: {self.texts()}")

    async def sees(self, text: str) -> None:
        """Wait until some text contains `text`: what is said comes a moment after what is written."""
        await self.until(lambda: self.shows(text))

    async def _seen(self, find: Callable[[], BaseControl]) -> BaseControl:
        """Return what `find` finds, once it is there; what it says when it never comes."""

        def there() -> bool:
            with contextlib.suppress(AssertionError):
                find()
                return True
            return False

        with contextlib.suppress(AssertionError):
            await self.until(there)
        return find()

    async def fire(self, control: BaseControl, event: str, data: Any = None, **props: Any) -> None:
        """Send an event of the client, with the property changes that come before it."""
        if props:
            self.session.apply_patch(control._i, props)
        await self.session.dispatch_event(control._i, event, data)
        await self.settle()

    # --- what is on screen -----------------------------------------------------------------------------------
    def walk(self) -> Iterator[BaseControl]:
        """Yield every visible control, dialogs included."""
        seen: set[int] = set()
        yield from _walk(self.page.views, seen)
        yield from _walk([d for d in self.page._dialogs.controls if d.open], seen)

    def inside(self, control: BaseControl) -> Iterator[BaseControl]:
        """Yield every visible control of one."""
        yield from _walk(control, set())

    def texts(self) -> list[str]:
        """Return every text on screen."""
        return _texts(self.walk())

    def shows(self, text: str) -> bool:
        """Return whether some text contains `text`."""
        return any(text in one for one in self.texts())

    def count(self) -> int:
        """Return how many controls are mounted and visible."""
        return sum(1 for _ in self.walk())

    def buttons(self) -> list[str]:
        """Return the accessible names of everything one can press."""
        return [name for name, _ in self._pressables()]

    def button(self, name: str) -> BaseControl:
        """Return the button whose name contains `name` (an exact one first)."""
        found = self._pressables()
        for exact in (True, False):
            for label, control in found:
                if (label == name) if exact else (name in label):
                    return control
        raise AssertionError(f"no button {name!r}; there are {[label for label, _ in found]}")

    async def press(self, name: str) -> None:
        """Press the button, row, chip or tab called `name`, waiting for it as a person does."""
        await self.fire(await self._seen(lambda: self.button(name)), "click")

    def field(self, label: str) -> ft.TextField:
        """Return the text field labelled (or hinted) `label`."""
        fields = [c for c in self.walk() if isinstance(c, ft.TextField)]
        for one in fields:
            if label in (one.label, one.hint_text):
                return one
        raise AssertionError(f"no field {label!r}; there are {[f.label or f.hint_text for f in fields]}")

    async def type(self, label: str, text: str) -> None:
        """Put `text` into the field labelled `label`."""
        await self.fire(await self._seen(lambda: self.field(label)), "change", text, value=text)

    async def toggle(self, label: str, on: bool) -> None:
        """Set the switch labelled `label`."""
        for control in self.walk():
            if isinstance(control, ft.Semantics) and control.label == label and isinstance(control.content, ft.Switch):
                await self.fire(control.content, "change", on, value=on)
                return
        raise AssertionError(f"no switch {label!r}")

    async def tab(self, label: str) -> None:
        """Choose a root in the bar or the rail."""
        for control in self.walk():
            if isinstance(control, ft.NavigationBar | ft.NavigationRail):
                labels = [d.label for d in control.destinations]
                index = labels.index(label)
                await self.fire(control, "change", index, selected_index=index)
                return
        raise AssertionError("no bar and no rail")

    def _pressables(self) -> list[tuple[str, BaseControl]]:
        found: list[tuple[str, BaseControl]] = []
        named: set[int] = set()
        for control in self.walk():
            if isinstance(control, ft.MergeSemantics):
                inner = list(_walk(control.content, set()))
                target = next(
                    (c for c in inner if getattr(c, "on_click", None) and not getattr(c, "disabled", False)), None
                )
                if target is not None:
                    label = getattr(control.content, "label", None)
                    found.append((label or " ".join(_texts(inner)), target))
                    named.update(id(c) for c in inner)
        for control in self.walk():
            if (
                id(control) in named
                or getattr(control, "on_click", None) is None
                or getattr(control, "disabled", False)
            ):
                continue
            if isinstance(control, _BUTTONS):
                label = getattr(control, "content", None) or getattr(control, "label", "")
                found.append((label if isinstance(label, str) else " ".join(_texts(_walk(label, set()))), control))
            elif isinstance(control, ft.ListTile):
                found.append((" ".join(_texts(_walk(control, set()))), control))
        return found


def _walk(value: Any, seen: set[int]) -> Iterator[BaseControl]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item, seen)
        return
    if not isinstance(value, BaseControl) or id(value) in seen or getattr(value, "visible", True) is False:
        return
    seen.add(id(value))
    yield value
    for field in dataclasses.fields(value):
        if not field.metadata.get("skip") and not field.name.startswith("_parent"):
            yield from _walk(getattr(value, field.name, None), seen)


def _texts(controls: Iterator[BaseControl] | list[BaseControl]) -> list[str]:
    found: list[str] = []
    for control in controls:
        for name in ("value", "label", "title", "subtitle", "content", "helper", "error"):
            if name == "value" and not isinstance(control, ft.Text):
                continue
            text = getattr(control, name, None)
            if name == "value" and getattr(control, "spans", None):
                text = f"{text or ''}{''.join(span.text for span in control.spans)}"
            if isinstance(text, str) and text and not isinstance(control, ft.Semantics | ft.Page):
                found.append(text)
    return found


async def _turns(rounds: int) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)
