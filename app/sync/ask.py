"""Questions that only the server can answer, asked while somebody waits at the counter."""

from __future__ import annotations

from typing import Any

import httpx

from app.domain.errors import ProtocolFault, Unavailable

Http = httpx.AsyncClient
TIMEOUT_S = 6.0


async def about_coupon(http: Http, code: str) -> dict[str, Any]:
    """Return whether a coupon may be used in this store now: `usable`, `reason`, `params`, `rules`, `valid_until`.

    Raises:
        GuideError: it cannot be asked now, or it refused the code.
    """
    answer = await http.post("/api/coupon/check", json={"code": code}, timeout=TIMEOUT_S)
    try:
        said = answer.json()
    except ValueError as exc:
        raise Unavailable("server_away", "an answer that is not JSON") from exc
    if not _well_formed(said):
        raise ProtocolFault("body_malformed", "the answer about a coupon is not as agreed")
    return {"rules": {}, "valid_until": None, "guide": "", **said}


def _well_formed(said: Any) -> bool:
    if not isinstance(said, dict) or not isinstance(said.get("usable"), bool):
        return False
    refused = isinstance(said.get("reason"), str) and isinstance(said.get("params"), dict)
    return refused if not said["usable"] else isinstance(said.get("rules"), dict)
