"""No red screen, ever: an exception in a screen becomes one card, one in a handler one sentence.

Flet 1.0 stops a session's updates for good when a component raises in a re-render, and replaces the whole app by an
error page when a handler does. `@screen` draws a card in place of the screen; `install` answers for handlers and
restarts the update loop should it ever end.

No touch on an old screen either: on a busy device a letter and the press after it arrive together, and Flet would
give the press to the handler made before the letter (`_in_order`). And no letter is taken back: Flet tells what a field
holds before it tells that it changed, and a screen drawn in between would write the text of before over it (`_whole`).
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import flet as ft

from app.domain.errors import GuideError

log = logging.getLogger(__name__)
Report = Callable[[str, str], None]
TURNS = 100  # of the loop; drawing takes one or two


def screen(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Make `fn` a component that shows an error card, with a way to try again, when it raises.

    Use it instead of `@ft.component` for every screen, page and card.
    """

    @functools.wraps(fn)
    def body(*args: Any, **kwargs: Any) -> Any:
        attempt, set_attempt = ft.use_state(0)
        try:
            return fn(*args, **kwargs)
        except Exception as error:
            if _left(fn):
                return ft.Container(visible=False)
            log.log(logging.INFO if isinstance(error, GuideError) else logging.ERROR, "render %s", fn.__name__,
                    exc_info=True)  # fmt: skip
            from app.ui.parts.states import error_card  # parts use screen, so they cannot be imported first

            return error_card(error, on_retry=lambda: set_attempt(attempt + 1))

    guarded: Callable[..., Any] = ft.component(body)
    return guarded


def _left(fn: Callable[..., Any]) -> bool:
    """Return whether nobody is in any more: what stood behind the login is drawn once more before it goes."""
    from app.ui import session  # it draws with parts, and parts with screens

    page_session = ft.context.page.session.store.get(session.KEY)
    gone = page_session is not None and page_session.gate.client is None
    return gone and not fn.__module__.startswith("app.ui.screens.login")


def install(page: ft.Page, report: Report) -> None:
    """Answer for handlers and effects of `page`'s session in order, and keep its update loop alive.

    Call it after rendering.
    """
    session: Any = page.session
    session.error = lambda message: report("handler", message)
    session.dispatch_event = _whole(session, _in_order(session))
    session._Session__pending_updates = _Outermost(session._Session__pending_updates)

    def watch() -> None:
        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled() or task.exception() is None:
                return
            report("render", repr(task.exception()))
            session.start_updates_scheduler()
            session._Session__updates_ready.set()
            watch()

        session._Session__updates_task.add_done_callback(ended)

    watch()


class _Outermost(set[Any]):
    """What waits to be drawn, the outermost first: what a part around it draws anyway is not drawn once more.

    Flet (1.0.5) draws all that asked, in no order. After a commit a page and the parts in it ask together: each part
    was drawn twice, or once for nothing.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter([_Due(one) for one in sorted(set.__iter__(self), key=_depth)])


class _Due:
    """A control whose turn to be drawn comes."""

    def __init__(self, control: Any) -> None:
        self.control = control

    def update(self) -> None:
        """Draw it, unless it was drawn since it asked."""
        state = getattr(self.control, "_state", None)
        if state is None or state.is_dirty:
            self.control.update()


def _depth(control: Any) -> int:
    """Return how deep a control stands."""
    depth, above = 0, control.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth


Dispatch = Callable[[int, str, Any], Awaitable[None]]


def _whole(session: Any, dispatch: Dispatch) -> Dispatch:
    """Let the text of a field come with the event that says it changed, never before it; return the dispatch for it."""
    apply, fields = session.apply_patch, session.index

    def without_text(control_id: int, patch: dict[str, Any]) -> None:
        field = fields.get(control_id)
        if isinstance(field, ft.TextField) and field.on_change is not None:
            patch = {name: value for name, value in patch.items() if name != "value"}
        apply(control_id, patch)

    async def with_text(control_id: int, event_name: str, event_data: Any) -> None:
        # as dispatch will look it up: a field that was drawn anew meanwhile stands in its place from then on
        if event_name == "change" and isinstance(session._Session__resolve_event_control(control_id), ft.TextField):
            apply(control_id, {"value": event_data})  # its handler is called without a turn of the loop in between
        await dispatch(control_id, event_name, event_data)

    session.apply_patch = without_text
    return with_text


def _in_order(session: Any) -> Dispatch:
    """Return the session's dispatch of events, which waits until what earlier ones changed is drawn.

    A letter does not wait: its field, drawn with the text of before, would be emptied under the hand.
    """
    dispatch: Dispatch = session.dispatch_event

    async def drawn_first(control_id: int, event_name: str, event_data: Any) -> None:
        turns = 0
        while event_name != "change" and session._Session__pending_updates and turns < TURNS:
            await asyncio.sleep(0)
            turns += 1
        await dispatch(control_id, event_name, event_data)

    return drawn_first
