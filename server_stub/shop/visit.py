"""One request of a customer: who, in which language, through which share; and what their browser may keep.

Cookies, all HttpOnly and SameSite=Lax: `dg_member` an opaque sign-in token, `dg_visitor` a signed browser id made
only after consent, `dg_visit` the present session of such a browser, `dg_declined` the answer "no", `dg_lang` a chosen
language. Before any answer nothing is set. The share a customer came through travels in links and forms as `via`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.domain.errors import Rejected
from app.domain.instants import to_text
from server_stub.db import Database, Tx
from server_stub.people import views as people_views
from server_stub.shop import pages, queries, texts
from server_stub.shop.tokens import Signer

VISITOR_LIFE = timedelta(days=180)
MEMBER_LIFE = timedelta(days=30)
SESSION_GAP = timedelta(minutes=30)
FORM_LIFE = timedelta(hours=12)
LANGUAGE_LIFE = timedelta(days=365)
ZONE = "Asia/Shanghai"
_VIA = re.compile(r"[0-9A-Za-z]{32}")
_PREVIEW = re.compile(r"bot|spider|crawl|preview|slurp|externalhit|curl|python|go-http|okhttp|wget", re.I)


class PageRefused(Rejected):
    """A refusal only the pages know; its code is a `refused.*` key of the shop's catalogue."""


class Visit:
    """What a page needs to know about the request, and the cookies its answer will set."""

    def __init__(self, request: Request, form: dict[str, str]) -> None:
        self.request = request
        self.form = form
        self.db: Database = request.app.state.db
        self.now: datetime = self.db.now()
        self.signer = Signer(self.db.settings.secrets.pages)
        self.demo = self.db.settings.env != "production"
        self.problem = ""
        self.notice = ""
        self._cookies: list[tuple[str, str, int]] = []
        cookies = request.cookies
        chosen = request.query_params.get("lang")
        header = request.headers.get("accept-language")
        self.texts = texts.load(texts.choose(chosen, cookies.get("dg_lang"), header))
        if chosen:
            self.keep("dg_lang", self.texts.language, LANGUAGE_LIFE)
        self.session_token = cookies.get("dg_member", "")
        with self.db.read() as conn:
            self.brand = self.texts.pick(*queries.brand(conn))
            found = queries.session_member(conn, token_hash(self.session_token), to_text(self.now))
            self.session_id: str | None = found[0] if found else None
            self.member_id: str | None = found[1] if found else None
            body = self.signer.read("visitor", cookies.get("dg_visitor"), self.now) or {}
            self.visitor_id: str | None = body.get("v")
            self.may_record = people_views.may_record(conn, self.member_id, self.visitor_id)
        self.declined = cookies.get("dg_declined") == "1"
        via = form.get("via") or request.query_params.get("via") or ""
        self.via = via.upper() if _VIA.fullmatch(via) else ""

    def part(self, name: str) -> str:
        """Return a parameter of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """Return a field of the form, else of the query."""
        return self.form.get(name) or self.request.query_params.get(name) or default

    # --- who --------------------------------------------------------------------------------

    @property
    def ask_consent(self) -> bool:
        """Whether the consent question is still open in this browser."""
        return not self.declined and not self.may_record

    @cached_property
    def is_person(self) -> bool:
        """Whether a person looks at the page: no prefetch, no preview of a messenger, no crawler."""
        headers = self.request.headers
        ahead = headers.get("sec-purpose", "") + headers.get("purpose", "") + headers.get("x-moz", "")
        if self.request.method != "GET" or "prefetch" in ahead or _PREVIEW.search(headers.get("user-agent", "bot")):
            return False
        return headers.get("sec-fetch-dest", "document") == "document"

    def view_session(self) -> str:
        """Return the id of this browser's present session; 30 quiet minutes end it (rule 5.1)."""
        known = self.signer.read("visit", self.request.cookies.get("dg_visit"), self.now)
        session_id = str(known["s"]) if known else secrets.token_hex(12)
        self.keep("dg_visit", self.signer.sign("visit", {"s": session_id}, self.now, SESSION_GAP), None)
        return session_id

    # --- transactions ------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Hand services a snapshot; nothing written there is kept for the phones, so nothing is written."""
        with self.db.read() as conn:
            yield Tx(conn, self.now, self.db.settings, at=self.now)

    # --- forms ------------------------------------------------------------------------------

    @property
    def csrf(self) -> str:
        """The token of this page's forms, bound to the sign-in session."""
        return self.signer.sign("form", {"s": self.session_id or ""}, self.now, FORM_LIFE)

    def check_form(self) -> None:
        """Refuse a form that did not come from our own fresh page.

        Raises:
            PageRefused: `form_expired`.
        """
        body = self.signer.read("form", self.form.get("csrf"), self.now)
        if body is None or body.get("s") != (self.session_id or "") or not self.same_origin:
            raise PageRefused("form_expired")

    @property
    def same_origin(self) -> bool:
        """Whether the browser says that one of our pages sent this."""
        headers = self.request.headers
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        ours = (headers.get("host", ""), urlsplit(self.db.settings.base_url).netloc)
        return origin is None or urlsplit(origin).netloc in ours

    @property
    def signing_in(self) -> bool:
        """Whether this is the sign-in page itself."""
        return self.request.url.path.startswith("/signin")

    # --- links ------------------------------------------------------------------------------

    @property
    def here(self) -> str:
        """This page's own address, to come back to."""
        query = {k: v for k, v in self.request.query_params.items() if k != "lang"}
        return self.request.url.path + (f"?{urlencode(query)}" if query else "")

    @property
    def switch_url(self) -> str:
        """This page in the other language; after a form, the page it stood on."""
        return f"{self.origin}{'&' if '?' in self.origin else '?'}lang={self.texts.other}"

    @property
    def back(self) -> str:
        """Where a form says it came from, if that is one of our pages, else the shop."""
        return safe_path(self.form.get("next") or self.request.query_params.get("next"))

    @property
    def origin(self) -> str:
        """The page a form stands on, also when it is shown again after a refusal."""
        return self.here if self.request.method == "GET" else self.back

    @property
    def signin_url(self) -> str:
        """Sign in and come back here."""
        via = f"&via={self.via}" if self.via else ""
        return f"/signin?next={quote(self.origin, safe='')}{via}"

    def link(self, path: str) -> str:
        """Return `path`, keeping the share the customer came through."""
        return f"{path}{'&' if '?' in path else '?'}via={self.via}" if self.via else path

    # --- answers ----------------------------------------------------------------------------

    def keep(self, name: str, value: str, life: timedelta | None) -> None:
        """Set a cookie with the answer; None = until the browser closes, zero = forget it."""
        self._cookies = [one for one in self._cookies if one[0] != name]
        self._cookies.append((name, value, -1 if life is None else int(life.total_seconds())))

    def forget(self, name: str) -> None:
        """Delete a cookie with the answer."""
        self.keep(name, "", timedelta(0))

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a rendered page."""
        body = pages.render(template, visit=self, t=self.texts, link=self.link, **values)
        return self._finish(HTMLResponse(body, status))

    def go(self, path: str) -> Response:
        """Return a redirect that turns a form's answer into a page."""
        return self._finish(RedirectResponse(path, 303))

    def empty(self, status: int = 204) -> Response:
        """Return an answer without a body."""
        return self._finish(Response(status_code=status))

    def message(self, key: str, status: int, *, sentence: str | None = None, to: str = "/shop") -> Response:
        """Return a page of one clear sentence and one way on."""
        said = sentence or self.texts(f"{key}.sentence")
        values = {"title": self.texts(f"{key}.title"), "sentence": said, "way_on": self.link(to)}
        return self.page("message.html", status, **values, way_on_label=self.texts(f"{key}.way_on"))

    def _finish(self, response: Response) -> Response:
        secure = self.db.settings.base_url.startswith("https://")
        for name, value, age in self._cookies:
            life = None if age < 0 else age
            response.set_cookie(name, value, max_age=life, path="/", secure=secure, httponly=True, samesite="lax")
        for name, value in pages.HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def token_hash(token: str) -> str:
    """Return what the database keeps of a sign-in token."""
    return hashlib.sha256(token.encode()).hexdigest()


def safe_path(path: str | None) -> str:
    """Return `path` if it is a path of ours, else the shop: nobody is sent elsewhere."""
    good = path is not None and re.fullmatch(r"/(?![/\\])[\x21-\x7e]{0,400}", path) is not None and "\\" not in path
    return path if good and path is not None else "/shop"
