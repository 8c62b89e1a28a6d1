"""The door of the sync routes: who comes when it is full is told when to come again, at once and not all together."""

from __future__ import annotations

import random

from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import Unavailable
from server_stub import problem

AT_ONCE = 64  # pushes and pulls under way in one process; 40 of them run, the others wait
RETRY_FIRST_S, RETRY_LAST_S = 1, 5
PATHS = frozenset({"/api/sync/push", "/api/sync/pull"})


class Door:
    """Answers 503 with Retry-After while `AT_ONCE` pushes and pulls are under way; the rest of the API stays open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
            return
        if self._inside >= AT_ONCE:
            after_s = random.randint(RETRY_FIRST_S, RETRY_LAST_S)  # noqa: S311 - they must not all come back at once
            answer = problem.response_of(Unavailable("server_fault", "busy", retry_after_s=after_s))
            await answer(scope, receive, send)
            return
        self._inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._inside -= 1
