"""A phone's line to the server: the network's seven faults, answers out of order, and a server that dies."""

from __future__ import annotations

import asyncio
from random import Random

import httpx

from tests.fakes.transport import FaultyTransport
from tests.sim.server import ServerKilled, SimServer

REORDERED = 0.08


class Line(FaultyTransport):
    """What a faulty transport does, and: a request may wait until others have passed; a killed server answers nobody.

    The server starts again at once; what its last transaction had not committed is gone.
    """

    def __init__(self, server: SimServer, random: Random, rate: float) -> None:
        super().__init__(server.http, random, rate)
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.rate and self._random.random() < REORDERED:
            self.seen["reorder"] += 1
            for _ in range(self._random.randrange(1, 40)):
                await asyncio.sleep(0)
        return await super().handle_async_request(request)

    async def deliver_all(self) -> None:
        """Bring everything that was delayed."""
        while self._late:
            await self._send_late()

    async def _deliver_late(self) -> None:
        while self._late and self._random.random() < 0.5:
            await self._send_late()

    async def _send_late(self) -> None:
        """Deliver one delayed request; nobody waits for its answer."""
        try:
            await self._send(*self._late.pop(self._random.randrange(len(self._late))))
        except httpx.TransportError:
            self.seen["late and lost"] += 1

    async def _send(self, request: httpx.Request, body: bytes) -> httpx.Response:
        try:
            return await super()._send(request, body)
        except ServerKilled:
            self.seen["server killed"] += 1
            self._server.restart()
            raise httpx.ReadError("the server died", request=request) from None
