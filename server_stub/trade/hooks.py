"""Where other systems bring their orders: `POST /api/hook/orders`, signed by a secret of each source.

    X-Daogou-Source: pos
    X-Daogou-Time: 2026-11-24T02:30:00Z
    X-Daogou-Signature: sha256=<hex of HMAC-SHA256(secret, time + "." + raw body)>

The secrets stand in `server/hooks.json` of the home, name to 64 hex digits. Outside production the source `demo`
is made there at the first need; in production nothing is let in before `orders source NAME` made a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets as random_source
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from app.domain import instants
from app.domain.errors import Unauthorized
from server_stub import bodies
from server_stub.config import ConfigError, Settings
from server_stub.db import Database
from server_stub.trade import events

DEMO_SOURCE = "demo"
KEY_BYTES = 32
SOURCE_MAX = 32
SKEW_MAX = timedelta(minutes=5)
router = APIRouter(prefix="/api/hook", tags=["hook"])


@router.post("/orders", openapi_extra=bodies.documented(bodies.OrderHookBody))
async def post_orders(request: Request) -> JSONResponse:
    """Take a batch of order events; the answer says what became of each, in their order."""
    raw = await request.body()
    db: Database = request.app.state.db
    source = await run_in_threadpool(check, db.settings, request.headers, raw, db.now())
    body = await bodies.read(request, bodies.OrderHookBody)
    return JSONResponse({"results": await run_in_threadpool(_take_all, db, source, body.events)})


def _take_all(db: Database, source: str, found: list[Any]) -> list[events.Answer]:
    return [events.take(db, one, source=source) for one in found]


def check(settings: Settings, headers: Mapping[str, str], raw: bytes, now: datetime) -> str:
    """Return the source that signed the body.

    Raises:
        Unauthorized: `forbidden`: no such source, another signature, or a time more than 5 minutes off.
    """
    source, at = headers.get("x-daogou-source", ""), headers.get("x-daogou-time", "")
    secret = sources(settings).get(source)
    wanted = sign(secret or "00" * KEY_BYTES, at, raw)
    given = headers.get("x-daogou-signature", "")
    same = hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
    if secret is None or not same or not _is_now(at, now):
        raise Unauthorized("forbidden", "the signature, its time or its source is not good")
    return source


def sign(secret: str, at: str, raw: bytes) -> str:
    """Return the signature of a body sent at `at`; the secret is 64 hex digits."""
    return "sha256=" + hmac.new(bytes.fromhex(secret), at.encode() + b"." + raw, hashlib.sha256).hexdigest()


def sources(settings: Settings) -> dict[str, str]:
    """Return the secret of each source.

    Raises:
        ConfigError: the file is damaged, or readable by others in production.
    """
    path = _path(settings)
    if not path.exists():
        if settings.env == "production":
            return {}
        _write(path, {DEMO_SOURCE: random_source.token_hex(KEY_BYTES)})
    if settings.env == "production" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path.name} must be readable by its owner only (chmod 600)")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        good = isinstance(found, dict) and all(len(bytes.fromhex(key)) == KEY_BYTES for key in found.values())
    except (ValueError, TypeError) as exc:
        raise ConfigError(f"{path.name} is damaged: {exc}") from exc
    if not good:
        raise ConfigError(f"{path.name}: every secret is {2 * KEY_BYTES} hex digits")
    return dict(found)


def add_source(settings: Settings, name: str) -> str:
    """Make the secret of a source and return it; a source that has one keeps it.

    Raises:
        ConfigError: the name is no short word of letters, digits, dashes.
    """
    plain = name.replace("-", "")
    if not (plain.isascii() and plain.isalnum() and len(name) <= SOURCE_MAX):
        raise ConfigError("a source's name is 1 to 32 letters, digits and dashes")
    known = sources(settings) if _path(settings).exists() else {}
    if name not in known:
        _write(_path(settings), known | {name: random_source.token_hex(KEY_BYTES)})
    return sources(settings)[name]


def _is_now(at: str, now: datetime) -> bool:
    try:
        return abs(instants.from_text(at) - now) <= SKEW_MAX
    except ValueError:
        return False


def _path(settings: Settings) -> Path:
    return settings.folder / "hooks.json"


def _write(path: Path, found: Mapping[str, str]) -> None:
    """Replace the file at once, for the owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{random_source.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(json.dumps(found, indent=1, sort_keys=True))
    part.replace(path)
