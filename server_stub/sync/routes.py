"""The sync routes: push, pull, the live channel and the list of mutations."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.domain import instants
from app.protocol.limits import SCHEMA_VERSION
from server_stub import bodies
from server_stub.db import Actor, Database
from server_stub.faults import retrying
from server_stub.people.auth import Session
from server_stub.sync import pull as pulls
from server_stub.sync.arguments import schemas
from server_stub.sync.audience import buckets_of
from server_stub.sync.before import top_up
from server_stub.sync.live import Live
from server_stub.sync.push import Incoming, Result, push

router = APIRouter(prefix="/api/sync", tags=["sync"])
PUSH_SCHEMAS = frozenset({"1", SCHEMA_VERSION})  # every one ever shipped: a queue on a phone must never be lost
VERSIONS = 1


@router.post("/push", openapi_extra=bodies.documented(bodies.PushBody))
async def post_push(request: Request) -> JSONResponse:
    """Take mutations in order; the answer says what became of each."""
    body = await bodies.read(request, bodies.PushBody)
    refusal = _version_refusal("push", body.pushVersion, body.schemaVersion in PUSH_SCHEMAS)
    if refusal is not None:
        return refusal
    sent = [Incoming(one.clientID, one.id, one.name, one.args) for one in body.mutations]
    work = partial(_push, _db(request), _session(request).actor, body.clientGroupID, sent)
    results = await run_in_threadpool(retrying, work)
    return JSONResponse({"results": [one.to_wire() for one in results]})


def _push(db: Database, actor: Actor, group_id: str, sent: list[Incoming]) -> list[Result]:
    results = push(db, actor, group_id, sent)
    issued = {
        one.id
        for one, done in zip(sent, results, strict=True)
        if one.name == "issue_coupon" and done.status == "applied"
    }
    if issued:
        top_up(db, actor)
    return results


@router.post("/pull", openapi_extra=bodies.documented(bodies.PullBody))
async def post_pull(request: Request) -> Response:
    """Return what changed since the cookie."""
    body = await bodies.read(request, bodies.PullBody)
    refusal = _version_refusal("pull", body.pullVersion, body.schemaVersion == SCHEMA_VERSION)
    if refusal is not None:
        return refusal
    about = body.clientGroupID, body.cookie, body.schemaVersion
    work = partial(pulls.pull, _db(request), _session(request).actor, *about)
    answer = await run_in_threadpool(retrying, work)
    return Response(answer, media_type="application/json")


@router.get("/live")
async def get_live(request: Request) -> StreamingResponse:
    """Stream the names of buckets that changed; it ends with the access token."""
    session, db = _session(request), _db(request)
    life = instants.from_text(session.until) - db.now()
    live: Live = request.app.state.live
    events = live.stream(buckets_of(session.actor), max(life, timedelta(0)).total_seconds())
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/mutations")
async def get_mutations() -> dict[str, Any]:
    """Return every mutation with the JSON Schema of its arguments."""
    return {"mutations": [{"name": name, **about} for name, about in schemas().items()]}


def _version_refusal(kind: str, version: int, schema_known: bool) -> JSONResponse | None:
    if version == VERSIONS and schema_known:
        return None
    what = kind if version != VERSIONS else "schema"
    return JSONResponse({"error": "VersionNotSupported", "versionType": what})


def _db(request: Request) -> Database:
    found: Database = request.app.state.db
    return found


def _session(request: Request) -> Session:
    found: Session = request.state.session
    return found
