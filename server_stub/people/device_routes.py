"""The devices that hold customers' data: whose they are, and the end of one that was lost."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from server_stub import bodies
from server_stub.db import Actor, Database
from server_stub.faults import retrying
from server_stub.people import auth, devices

router = APIRouter(prefix="/api/devices", tags=["devices"])


@router.get("")
async def get_devices(request: Request) -> dict[str, Any]:
    """Return the devices the asker may look after: their own; a manager those of the store's guides too."""
    work = partial(devices.devices_of, request.app.state.db, request.state.actor)
    return {"devices": await run_in_threadpool(retrying, work)}


@router.post("/{device_id}/revoke", openapi_extra=bodies.documented(bodies.RevokeBody))
async def post_revoke(request: Request, device_id: str) -> dict[str, Any]:
    """Revoke a device, after the PIN: it is signed out at once and erases itself at its next contact."""
    body = await bodies.read(request, bodies.RevokeBody)
    work = partial(_revoke, request.app.state.db, request.state.actor, device_id, body)
    return await run_in_threadpool(retrying, work)


def _revoke(db: Database, actor: Actor, device_id: str, body: bodies.RevokeBody) -> dict[str, Any]:
    auth.step_up(db, actor, body.pin)
    return devices.revoke(db, actor, device_id)
