"""The one HTTP client: a switch that really cuts, and every failure as a `GuideError`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from app.domain.errors import GuideError, ProtocolFault, Rejected, Unauthorized, Unavailable
from app.protocol.codes import CODES

TIMEOUT = httpx.Timeout(15.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """When a network that still lets bytes through counts as none: httpx waits anew for each of them.

    answer_s: until an answer's head is here. window_s, window_bytes: a body brings so much in each such time.
    """

    answer_s: float = 25.0
    window_s: float = 10.0
    window_bytes: int = 1_000


EVENTS = "text/event-stream"


class OfflineSwitch(httpx.AsyncBaseTransport):
    """Wraps the real transport: while `work_offline` is on, no byte leaves and running answers stop."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None, patience: Patience | None = None) -> None:
        self._inner = inner
        self._making = asyncio.Lock()
        self._patience = patience or Patience()
        self.work_offline = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, or raise `Unavailable`."""
        self.require_online()
        try:
            async with asyncio.timeout(self._patience.answer_s):
                response = await (await self._real()).handle_async_request(request)
        except TimeoutError as exc:
            raise Unavailable("timeout", "no answer in time") from exc
        except httpx.TransportError as exc:
            raise unavailable(exc) from exc
        stream = response.stream
        if isinstance(stream, httpx.AsyncByteStream):
            endless = request.headers.get("Accept") == EVENTS
            response.stream = _Cut(stream, self, None if endless else self._patience)
        return response

    def require_online(self) -> None:
        """Raise `Unavailable("offline")` while the switch is on."""
        if self.work_offline:
            raise Unavailable("offline", "the work-offline switch is on")

    async def _real(self) -> httpx.AsyncBaseTransport:
        """Return the real transport, made at the first request: reading the certificates takes 25 ms."""
        async with self._making:
            if self._inner is None:
                self._inner = await asyncio.to_thread(httpx.AsyncHTTPTransport, retries=0)
        return self._inner

    async def aclose(self) -> None:
        """Close the real transport."""
        if self._inner is not None:
            await self._inner.aclose()


class _Cut(httpx.AsyncByteStream):
    """An answer's body that ends with an error when the switch is turned on while it runs."""

    def __init__(self, inner: httpx.AsyncByteStream, switch: OfflineSwitch, patience: Patience | None) -> None:
        self._inner = inner
        self._switch = switch
        self._patience = patience

    async def __aiter__(self) -> AsyncIterator[bytes]:
        began, taken = time.monotonic(), 0
        try:
            async for chunk in self._inner:
                self._switch.require_online()
                taken += len(chunk)
                if self._patience is not None and time.monotonic() - began >= self._patience.window_s:
                    if taken < self._patience.window_bytes:
                        raise Unavailable("timeout", "the answer only trickles in")
                    began, taken = time.monotonic(), 0
                yield chunk
        except httpx.TransportError as exc:
            raise unavailable(exc) from exc

    async def aclose(self) -> None:
        await self._inner.aclose()


class ApiClient(httpx.AsyncClient):
    """An httpx client whose answers of 400 and above, and whose failures, are raised as `GuideError`."""

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send as httpx does; raise what a problem answer says.

        Raises:
            Unavailable, Unauthorized, Rejected, ProtocolFault: see `error_of`.
        """
        try:
            response = await super().send(request, **kwargs)
            if response.status_code >= 400:
                await response.aread()
                await response.aclose()
                raise error_of(response)
        except httpx.DecodingError as exc:
            raise Unavailable("server_fault", "the answer cannot be decoded") from exc
        except httpx.TransportError as exc:
            raise unavailable(exc) from exc
        return response


def make_http(base_url: str, switch: OfflineSwitch, *, app_version: str = "0.1.0") -> httpx.AsyncClient:
    """Return the one client of an app: errors are `GuideError`, redirects are not followed, gzip is taken."""
    return ApiClient(
        base_url=base_url,
        transport=switch,
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"Daogou/{app_version}", "Accept-Encoding": "gzip"},
    )


def unavailable(exc: httpx.TransportError) -> Unavailable:
    """Return which kind of absence a transport error is."""
    if isinstance(exc, httpx.TimeoutException):
        return Unavailable("timeout", str(exc))
    return Unavailable("server_away", f"{type(exc).__name__}: {exc}")


def error_of(response: httpx.Response) -> GuideError:
    """Return what an answer of 400 or more means; problem+json carries `code` and `params`."""
    problem = _problem(response)
    code = problem.get("code")
    code = code if code in CODES else None
    params = {k: v for k, v in (problem.get("params") or {}).items() if isinstance(v, str | int)}
    detail = f"{response.status_code} {str(problem.get('detail') or '')[:200]}"
    status = response.status_code
    if problem.get("error") == "DeviceRevoked" or code == "device_revoked":
        return Unauthorized("device_revoked", detail, params=params)
    if status == 401 and code in (None, "session_expired"):
        return Unauthorized("session_expired", detail, params=params)
    if status == 429 or status >= 500:
        fallback = "rate_limited" if status == 429 else "server_fault"
        return Unavailable(code or fallback, detail, params=params, retry_after_s=_retry_after(response))
    if code in ("version_too_old", "mutation_gap", "mutation_reused", "body_too_large", "body_malformed"):
        return ProtocolFault(code, detail, params=params)
    return Rejected(code, detail, params=params) if code else ProtocolFault("body_malformed", detail)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
