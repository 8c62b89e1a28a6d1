"""A network that misbehaves by seed: every way a request or its answer can go wrong."""

from __future__ import annotations

from collections import Counter
from random import Random

import httpx

FAULTS = ("drop_request", "drop_response", "duplicate", "delay", "error", "truncate", "garbage")


class FaultyTransport(httpx.AsyncBaseTransport):
    """Wraps a transport; each request meets a fault with probability `rate`.

    drop_request: nothing arrives. drop_response: it is processed, the answer is lost. duplicate: it is processed
    twice. delay: the answer is lost and the request arrives again later, before another one. error: 503 before
    anything. truncate and garbage: it is processed, the answer's bytes are wrong. `seen` counts what happened.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, random: Random, rate: float) -> None:
        self._inner = inner
        self._random = random
        self.rate = rate
        self.seen: Counter[str] = Counter()
        self._late: list[tuple[httpx.Request, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        await self._deliver_late()
        fault = self._random.choice(FAULTS) if self._random.random() < self.rate else "none"
        self.seen[fault] += 1
        if fault == "drop_request":
            raise httpx.ConnectError("dropped", request=request)
        if fault == "error":
            return httpx.Response(503, headers={"Retry-After": "1"}, request=request)
        if fault == "delay":
            self._late.append((request, body))
            raise httpx.ReadTimeout("delayed", request=request)
        answer = await self._send(request, body)
        if fault == "duplicate":
            answer = await self._send(request, body)
        if fault == "drop_response":
            raise httpx.ReadError("lost", request=request)
        if fault == "truncate":
            return httpx.Response(200, content=answer.content[: len(answer.content) // 2], request=request)
        if fault == "garbage":
            return httpx.Response(200, content=self._random.randbytes(40), request=request)
        return answer

    async def _deliver_late(self) -> None:
        while self._late and self._random.random() < 0.5:
            await self._send(*self._late.pop(self._random.randrange(len(self._late))))

    async def _send(self, request: httpx.Request, body: bytes) -> httpx.Response:
        again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(again)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=content, request=request)
