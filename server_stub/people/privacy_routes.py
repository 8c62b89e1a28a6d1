"""What is asked about personal data: a customer's full number, to be forgotten, and the names of a guide's book."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from server_stub import bodies
from server_stub.db import Actor, Database
from server_stub.faults import retrying
from server_stub.people import auth, book_names, erase, reveal

router = APIRouter(prefix="/api/customers", tags=["customers"])
team_router = APIRouter(prefix="/api/team", tags=["team"])


@router.post("/{customer_id}/reveal", openapi_extra=bodies.documented(bodies.RevealBody))
async def post_reveal(request: Request, customer_id: str) -> dict[str, Any]:
    """Return the full phone number of an own customer, after the PIN, with a reason; counted and audited."""
    body = await bodies.read(request, bodies.RevealBody)
    work = partial(_reveal, request.app.state.db, request.state.actor, customer_id, body)
    return {"phone": await run_in_threadpool(retrying, work)}


def _reveal(db: Database, actor: Actor, customer_id: str, body: bodies.RevealBody) -> str | None:
    auth.step_up(db, actor, body.pin)
    return reveal.reveal(db, actor, customer_id, body.reason, body.note)


@router.post("/{customer_id}/erase", openapi_extra=bodies.documented(bodies.EraseBody))
async def post_erase(request: Request, customer_id: str) -> dict[str, Any]:
    """Erase a customer of the manager's store here and, at their next pull, on every phone; return the receipts."""
    body = await bodies.read(request, bodies.EraseBody)
    work = partial(_erase, request.app.state.db, request.state.actor, customer_id, body)
    return await run_in_threadpool(retrying, work)


def _erase(db: Database, actor: Actor, customer_id: str, body: bodies.EraseBody) -> dict[str, Any]:
    auth.step_up(db, actor, body.pin)
    return erase.erase_for(db, actor, customer_id, body.reason)


@team_router.post("/books/{guide_id}", openapi_extra=bodies.documented(bodies.BookBody))
async def post_book(request: Request, guide_id: str) -> dict[str, Any]:
    """Return whom a guide of the manager's store serves, for handing some over: after the PIN, audited."""
    body = await bodies.read(request, bodies.BookBody)
    work = partial(_book, request.app.state.db, request.state.actor, guide_id, body)
    return {"customers": await run_in_threadpool(retrying, work)}


def _book(db: Database, actor: Actor, guide_id: str, body: bodies.BookBody) -> list[dict[str, Any]]:
    auth.step_up(db, actor, body.pin)
    return book_names.names(db, actor, guide_id)
