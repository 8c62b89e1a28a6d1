"""Asking the server for one customer's full phone number; the answer is shown, never stored."""

from __future__ import annotations

import httpx

from app.account import session as sessions

REASONS = ("call_back", "order", "delivery", "asked", "other")


async def reveal_phone(http: httpx.AsyncClient, customer_id: str, reason: str, pin: str = "") -> str:
    """Return the number, "" when none is known.

    Raises:
        Rejected: `step_up_needed` (ask for the PIN and come again), `wrong_pin`, `not_found`.
        Unavailable: no network, `rate_limited`, `account_locked`.
    """
    body = {"reason": reason} | ({"pin": pin} if pin else {})
    answer = sessions.answer_of(await http.post(f"/api/customers/{customer_id}/reveal", json=body))
    return str(answer.get("phone") or "")
