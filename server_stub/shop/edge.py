"""The edge of the pages: reads the form, runs the page in a thread, and turns every refusal into one clear sentence."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.domain.errors import GuideError, Unavailable
from server_stub import logs
from server_stub.faults import retrying
from server_stub.shop.visit import PageRefused, Visit

FORM_MAX_BYTES = 16_384
_STATUS = {"not_found": 404, "rate_limited": 429, "form_expired": 403, "server_fault": 503}
log = structlog.get_logger("shop")

Page = Callable[[Visit], Response]


class Pages:
    """Collects pages and puts them on a router; each path is reached in small and capital letters."""

    def __init__(self) -> None:
        self.router = APIRouter(include_in_schema=False)

    def __call__(self, *paths: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[Page], Page]:
        """Register a page for these paths; path parameters are read with `visit.part(name)`."""

        def register(page: Page) -> Page:
            verbs = [*methods, "HEAD"] if "GET" in methods else list(methods)
            for path in paths:
                self.router.add_api_route(path, _endpoint(page), methods=verbs, name=page.__name__)
            return page

        return register


def _endpoint(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_answer, page, request, form)

    return endpoint


def _answer(page: Page, request: Request, form: dict[str, str] | None) -> Response:
    visit = Visit(request, form or {})
    try:
        if form is None:
            raise PageRefused("bad_arguments")
        return retrying(lambda: page(visit))
    except GuideError as refusal:
        log.info("refused", page=page.__name__, code=refusal.code)
        return _say(visit, refusal)
    except Exception as exc:  # the last wall before a customer: the log gets the place, the page one sentence
        log.error("page_failed", page=page.__name__, kind=type(exc).__name__, at=logs.frames(exc))
        return visit.message("refused", 500, sentence=visit.texts("refused.internal"))


def _say(visit: Visit, refusal: GuideError) -> Response:
    key = "refused.internal" if isinstance(refusal, Unavailable) else f"refused.{refusal.code}"
    if refusal.code == "bad_arguments" and refusal.params.get("field") == "phone":
        key = "refused.phone"
    if not visit.texts.has(key):
        log.error("no_sentence", code=refusal.code)
        key = "refused.internal"
    answer = visit.message("refused", _STATUS.get(refusal.code, 409), sentence=visit.texts(key), to=visit.back)
    if isinstance(refusal, Unavailable) and refusal.retry_after_s:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form or the beacon's JSON; None for what is too long or not readable."""
    if request.method != "POST":
        return {}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            return None
    try:
        if "json" in request.headers.get("content-type", ""):
            fields = json.loads(body)
            return {str(k): str(v) for k, v in fields.items()} if isinstance(fields, dict) else None
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=40))
    except (ValueError, RecursionError):
        return None
