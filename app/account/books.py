"""Asking the server whom a guide serves, for handing some of them over; the answer is shown, never stored."""

from __future__ import annotations

import httpx

from app.account import session as sessions
from app.domain.handover import Listed, latest_first

FIELDS = ("id", "name", "pinyin", "initials", "level", "category", "last_order_at", "again_at")


async def names_of_book(http: httpx.AsyncClient, guide_id: str, pin: str = "") -> tuple[Listed, ...]:
    """Return the customers of a guide of the manager's store, who bought last first.

    Raises:
        Rejected: `step_up_needed` (ask for the PIN and come again), `wrong_pin`, `not_found`.
        Unavailable: no network, `account_locked`.
    """
    body = {"pin": pin} if pin else {}
    answer = sessions.answer_of(await http.post(f"/api/team/books/{guide_id}", json=body))
    return latest_first(Listed(**{name: one.get(name) for name in FIELDS}) for one in answer["customers"])
