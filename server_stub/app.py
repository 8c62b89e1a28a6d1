"""The ASGI application: routes, the token check before them, errors and headers around them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain import instants
from app.domain.errors import GuideError, ProtocolFault, Rejected, Unauthorized
from app.protocol.limits import API_VERSION, BODY_MAX_BYTES, MIN_APP_VERSION, SCHEMA_VERSION
from server_stub import faults, jobs, logs, migrations, openapi, policy, problem
from server_stub.busy import Door
from server_stub.config import Settings
from server_stub.db import Database
from server_stub.people import auth
from server_stub.people.device_routes import router as device_router
from server_stub.people.privacy_routes import router as privacy_router
from server_stub.people.privacy_routes import team_router
from server_stub.people.routes import router as auth_router
from server_stub.sync import epoch
from server_stub.sync.live import Live
from server_stub.sync.routes import router as sync_router
from server_stub.trade.hooks import router as hook_router
from server_stub.trade.routes import router as trade_router

SHA256 = re.compile(r"[0-9a-f]{64}")
GZIP_LEVEL = 4
log = structlog.get_logger("server")


def open_database(settings: Settings) -> Database:
    """Open the settings' database at the newest schema, with a known epoch; for the server and every command."""
    db = Database.open(settings)
    migrations.upgrade(db)
    epoch.ensure(db)
    return db


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Return the application; a given database is already migrated."""
    logs.configure(settings.env)
    if database is not None:
        epoch.ensure(database)
    app = FastAPI(
        title="Daogou",
        version=MIN_APP_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(authorize)],
        lifespan=_life,
    )
    app.state.settings = settings
    app.state.db = database or open_database(settings)
    app.state.live = Live(app.state.db)
    _add_routes(app)
    _add_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=600, compresslevel=GZIP_LEVEL)
    app.add_middleware(Door)
    app.add_middleware(Frame)
    return app


def from_env() -> FastAPI:
    """Return the application as the environment says; what each worker of `serve --workers` calls."""
    return create_app(Settings.from_env())


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Run the minutely jobs (and the demo's slow tick) beside the served application."""
    stopping = threading.Event()
    threads = [threading.Thread(target=jobs.run_until, args=(app.state.db, stopping), name="jobs", daemon=True)]
    tick = _demo_tick() if os.environ.get("DAOGOU_DEMO_TICK") == "1" else None
    if tick is not None:
        threads.append(threading.Thread(target=tick, args=(app.state.db, stopping), name="tick", daemon=True))
    for thread in threads:
        thread.start()
    yield
    stopping.set()
    await run_in_threadpool(epoch.check, app.state.db)  # a backup made a second before the stop is older too


def _demo_tick() -> Any:
    """Return `tick_until(db, stopping)` of the demo, which a production server does not ship."""
    if importlib.util.find_spec("server_stub.demo.live") is None:
        return None
    return getattr(importlib.import_module("server_stub.demo.live"), "tick_until", None)


async def authorize(request: Request) -> None:
    """Let a request through by its row in the policy; the session of a token goes to `request.state`.

    Raises:
        Unauthorized, Rejected: as `auth.session` and `policy` say.
    """
    path = request.scope["route"].path
    if policy.is_open(request.method, path):
        return
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthorized("session_expired", "no token")
    session = await run_in_threadpool(_session, request.app.state.db, token)
    policy.check_route(request.method, path, session.actor)
    request.state.session = session
    request.state.actor = session.actor


def _session(db: Database, token: str) -> auth.Session:
    with db.read() as conn:
        return auth.session(conn, token, instants.to_text(db.now()))


# --- routes --------------------------------------------------------------------------------


def _add_routes(app: FastAPI) -> None:
    app.include_router(auth_router)
    app.include_router(privacy_router)
    app.include_router(team_router)
    app.include_router(device_router)
    app.include_router(sync_router)
    app.include_router(trade_router)
    app.include_router(hook_router)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/api/meta", get_meta, methods=["GET"])
    app.add_api_route("/api/blob/{sha256}", get_blob, methods=["GET"])
    app.add_api_route("/openapi.json", get_openapi, methods=["GET"], include_in_schema=False)
    shop = _shop()
    if shop is not None:
        app.include_router(shop.router)
        if hasattr(shop, "mount"):
            shop.mount(app)


def _shop() -> Any:
    """Return the module of the customer's pages; without it the server is an API only."""
    if importlib.util.find_spec("server_stub.shop.routes") is None:
        return None
    return importlib.import_module("server_stub.shop.routes")


async def healthz(request: Request) -> dict[str, str]:
    """Say that the server and its database answer."""
    return {"status": "ok", "time": await run_in_threadpool(_probe, request.app.state.db)}


def _probe(db: Database) -> str:
    with db.read() as conn:
        conn.exec_driver_sql("SELECT 1")
    return instants.to_text(db.now())


async def get_meta(request: Request) -> dict[str, Any]:
    """Return the versions spoken here, the clock and the base of links."""
    return {
        "api": API_VERSION,
        "schema": SCHEMA_VERSION,
        "min_app_version": MIN_APP_VERSION,
        "server_time": instants.to_text(request.app.state.db.now()),
        "public_url": request.app.state.settings.base_url,
    }


async def get_blob(request: Request, sha256: str) -> Response:
    """Return a content-addressed file; its name is its digest, so it never changes."""
    path = request.app.state.settings.blobs / sha256[:2] / sha256
    if not SHA256.fullmatch(sha256) or not path.is_file():
        raise Rejected("not_found")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "ETag": f'"{sha256}"'}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


async def get_openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(openapi.document(request.app))


# --- errors and headers --------------------------------------------------------------------


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(GuideError)
    async def on_guide_error(_request: Request, exc: GuideError) -> Response:
        return problem.response_of(exc)

    @app.exception_handler(HTTPException)
    async def on_http_error(_request: Request, exc: HTTPException) -> Response:
        return problem.of_status(exc.status_code)

    @app.exception_handler(SQLAlchemyError)
    async def on_database_fault(_request: Request, exc: SQLAlchemyError) -> Response:
        answer = faults.passing(exc)
        if isinstance(answer, GuideError):
            return problem.response_of(answer)
        raise exc

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, exc: RequestValidationError) -> Response:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"][1:]) if exc.errors() else ""
        return problem.problem(422, "bad_arguments", params={"field": where[:64]})


SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
API_HEADERS = {"cache-control": "no-store", "content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
PAGE_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
}


class Frame:
    """The outermost layer: compressed requests are refused, headers added, crashes logged and answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        extra = {**SECURITY_HEADERS, **(API_HEADERS if scope["path"].startswith("/api/") else PAGE_HEADERS)}

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower() for name, _ in message["headers"]}
                more = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, _limited(receive), send_with_headers)
        except ClientDisconnect:  # the phone was killed or lost its line while it sent: nobody is left to answer
            log.info("gone", path=_shape(scope["path"]))
        except Exception as exc:  # the last wall: the reader gets a code, the log the place, nobody the values
            log.error("crash", path=_shape(scope["path"]), kind=type(exc).__name__, at=logs.frames(exc))
            if started:
                raise
            await problem.problem(500, "internal")(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> Response | None:
    """Return the refusal of a request whose head already says that its body is not for us."""
    heads = {name: value for name, value in scope["headers"] if name in (b"content-encoding", b"content-length")}
    if b"content-encoding" in heads:
        return problem.of_status(415, "send the body uncompressed")
    length = heads.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_MAX_BYTES:
        return problem.of_status(413)
    return None


def _limited(receive: Receive) -> Receive:
    """Count the body as it comes, for senders that do not tell its length or lie."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_MAX_BYTES:
            raise ProtocolFault("body_too_large")
        return message

    return counted


def _shape(path: str) -> str:
    """Return a path without what follows its second segment: codes and ids stay out of the log."""
    return "/".join(path.split("/")[:3])[:64]
