"""What a phone in a store asks of the trade services while it has a network."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from server_stub import bodies
from server_stub.db import Actor, Database
from server_stub.people.auth import reserve_try
from server_stub.trade import redemptions

DEVICE_TRIES_A_MINUTE = 10
STORE_TRIES_A_MINUTE = 30
router = APIRouter(prefix="/api/coupon", tags=["coupon"])


@router.post("/check", openapi_extra=bodies.documented(bodies.CouponCheckBody))
async def post_check(request: Request) -> dict[str, Any]:
    """Say what a coupon is and whether it may be used in the actor's store now; nothing changes."""
    body = await bodies.read(request, bodies.CouponCheckBody)
    return await run_in_threadpool(check, request.app.state.db, request.state.actor, body.code)


def check(db: Database, actor: Actor, text: str) -> dict[str, Any]:
    """Return `redemptions.look`; a wrong check symbol costs no try, everything else does.

    Raises:
        Refused: `coupon_code_invalid` or `coupon_code_forged`.
        Rejected: `rate_limited` with `seconds`.
    """
    with db.begin(actor) as tx:
        found = redemptions.look(tx, actor, text)
        reserve_try(tx, f"coupon:{actor.device_id}", DEVICE_TRIES_A_MINUTE, "rate_limited")
        reserve_try(tx, f"coupons:{actor.store_id}", STORE_TRIES_A_MINUTE, "rate_limited")
        return found
