"""Sign-in of staff."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from server_stub import bodies
from server_stub.db import Actor, Database
from server_stub.faults import retrying
from server_stub.people import auth
from server_stub.sync.before import top_up

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post("/login", openapi_extra=bodies.documented(bodies.LoginBody))
async def post_login(request: Request) -> dict[str, Any]:
    """Sign a member of staff in on an installation."""
    body = await bodies.read(request, bodies.LoginBody)
    ip = request.client.host if request.client else "-"
    return await run_in_threadpool(retrying, partial(_login, request.app.state.db, body, ip))


def _login(db: Database, body: bodies.LoginBody, ip: str) -> dict[str, Any]:
    answer = auth.login(db, body.staff_no, body.pin, body.device_id, body.device_name, ip)
    staff = answer["staff"]
    device_id = f"{staff['no']}.{body.device_id}"
    top_up(db, Actor(staff["id"], staff["role"], staff["store_id"], device_id))
    return answer


@router.post("/refresh", openapi_extra=bodies.documented(bodies.RefreshBody))
async def post_refresh(request: Request) -> dict[str, Any]:
    """Change a refresh token for new tokens."""
    body = await bodies.read(request, bodies.RefreshBody)
    work = partial(auth.refresh, request.app.state.db, body.refresh_token, body.device_id)
    return await run_in_threadpool(retrying, work)


@router.post("/wiped", status_code=204, openapi_extra=bodies.documented(bodies.WipedBody))
async def post_wiped(request: Request) -> None:
    """Take a revoked device's word that nothing is left on it."""
    body = await bodies.read(request, bodies.WipedBody)
    await run_in_threadpool(retrying, partial(auth.confirm_wiped, request.app.state.db, body.access_token))


@router.post("/logout", status_code=204)
async def post_logout(request: Request) -> None:
    """End this sign-in."""
    await run_in_threadpool(retrying, partial(_logout, request.app.state.db, request.state.session))


def _logout(db: Database, session: auth.Session) -> None:
    with db.begin(session.actor) as tx:
        auth.logout(tx, session.token_id)
