"""Keeping the access token fresh: the `auth` of every request of a signed-in client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx

from app.account import session as sessions
from app.account.session import Session
from app.device.clock import Clock
from app.domain.errors import Unauthorized
from app.store.sealing import Sealer

UNAUTHORIZED = 401
NO_AUTH = httpx.Auth()  # adds nothing: a refresh must not ask for a refresh


class SessionKeeper(httpx.Auth):
    """Adds the bearer token, renews it when it is over or refused, and keeps the new ones sealed.

    A refresh the server refuses raises `Unauthorized("session_expired")`: the data stays, the user signs in again.
    """

    def __init__(self, http: httpx.AsyncClient, session: Session, folder: Path, sealer: Sealer, clock: Clock) -> None:
        self._http = http
        self._folder = folder
        self._sealer = sealer
        self._clock = clock
        self._renewing = asyncio.Lock()
        self.session = session

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with the token; after a 401 renew once and send again."""
        if sessions.is_expiring(self.session, self._clock.now()):
            await self.refresh(self.session.access_token)
        used = self.session.access_token
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == UNAUTHORIZED:
            await self.refresh(used)
            request.headers["Authorization"] = f"Bearer {self.session.access_token}"
            yield request

    async def refresh(self, used: str) -> None:
        """Renew the tokens unless somebody else just did.

        Raises:
            Unauthorized: `session_expired` or `device_revoked`.
            Unavailable: the server cannot be asked now.
        """
        async with self._renewing:
            if self.session.access_token != used:
                return
            body = {"refresh_token": self.session.refresh_token, "device_id": self.session.device_id}
            answer = await self._http.post("/api/auth/refresh", json=body, auth=NO_AUTH)
            if answer.status_code == UNAUTHORIZED:
                raise Unauthorized("session_expired")
            self.adopt(self.session.renewed(sessions.answer_of(answer), self._clock.now()))

    def adopt(self, session: Session) -> None:
        """Use and keep another session of the same person (after signing in again)."""
        self.session = session
        sessions.save(self._folder, session, self._sealer)
