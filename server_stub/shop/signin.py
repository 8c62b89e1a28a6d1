"""Signing in with a phone and a 6-digit code, and how the code reaches the phone."""

from __future__ import annotations

import secrets
from typing import Protocol

import structlog
from fastapi.responses import Response

from app.domain.errors import Rejected
from app.domain.instants import to_text
from server_stub.people import customers, phones
from server_stub.people import views as people_views
from server_stub.shop import queries
from server_stub.shop.edge import Pages
from server_stub.shop.visit import MEMBER_LIFE, VISITOR_LIFE, PageRefused, Visit, safe_path, token_hash
from server_stub.trade import shares
from server_stub.trade.drafts import Person

log = structlog.get_logger("shop")
page = Pages()


class CodeSender(Protocol):
    """Hands a code to its phone; a real messenger is put at `app.state.code_sender`."""

    shows_code: bool

    def send(self, phone: str, code: str, language: str) -> None:
        """Send `code` to `phone` in the language of the page."""
        ...


class DemoSender:
    """The demo's messenger: the code stands in the server's log and on the page, marked as demo."""

    shows_code = True

    def send(self, phone: str, code: str, language: str) -> None:
        """Write the code to the log; the number stays masked."""
        log.info("demo_sign_in_code", phone=phones.mask(phone), code=code, language=language)


def sender_of(visit: Visit) -> CodeSender:
    """Return the messenger; the demo's never works in production.

    Raises:
        PageRefused: `no_sender`.
    """
    sender: CodeSender | None = getattr(visit.request.app.state, "code_sender", None)
    if sender is None and not visit.demo:
        raise PageRefused("no_sender")
    return sender or DemoSender()


@page("/signin")
def ask_phone(visit: Visit) -> Response:
    """Ask for the phone; who is signed in goes on at once."""
    if visit.member_id:
        return visit.go(visit.back)
    return _form(visit, status=200)


@page("/signin", methods=("POST",))
def send_code(visit: Visit) -> Response:
    """Send a code and ask for it."""
    visit.check_form()
    sender = sender_of(visit)
    client = visit.request.client
    try:
        phone = phones.normalise(visit.asked("phone"))
    except Rejected:
        visit.problem = visit.texts("refused.phone")
        return _form(visit, status=422)
    with visit.db.begin() as tx:
        code = customers.start_sign_in(tx, phone, client.host if client else "")
    sender.send(phone, code, visit.texts.language)
    return _form(visit, 200, phone, code if sender.shows_code else "")


@page("/signin/code", methods=("POST",))
def check(visit: Visit) -> Response:
    """Check the code; a good one signs in and joins what this browser agreed to keep."""
    visit.check_form()
    phone = phones.normalise(visit.asked("phone"))
    with visit.db.begin() as tx:  # committed before any refusal, so that every try counts
        good = customers.check_code(tx, phone, visit.asked("code"))
    if not good:
        visit.problem = visit.texts("signin.wrong")
        sender = sender_of(visit)
        return _form(visit, 422, phone, visit.asked("shown") if sender.shows_code else "")
    token = secrets.token_urlsafe(32)
    with visit.db.begin() as tx:
        who = customers.sign_in(tx, phone, visitor_id=visit.visitor_id)
        share = shares.resolve(tx, visit.via) if visit.via else None
        if share is not None:
            shares.touch(tx, Person(who.customer_id), share, visit.now)
        queries.open_session(tx, who.customer_id, token_hash(token), to_text(visit.now + MEMBER_LIFE))
    visit.keep("dg_member", token, MEMBER_LIFE)
    return visit.go(visit.back)


@page("/signout", methods=("POST",))
def sign_out(visit: Visit) -> Response:
    """End this browser's session."""
    visit.check_form()
    if visit.session_id:
        with visit.db.begin() as tx:
            queries.end_session(tx, visit.session_id)
    for name in ("dg_member", "dg_visit"):
        visit.forget(name)
    return visit.go("/signin?out=1")


@page("/consent", methods=("POST",))
def consent(visit: Visit) -> Response:
    """Note the answer to the browse question: yes makes the visitor cookie, no keeps nothing but the no."""
    visit.check_form()
    if visit.asked("answer") != "yes":
        visit.keep("dg_declined", "1", VISITOR_LIFE)
        visit.forget("dg_visitor")
        return visit.go(visit.back)
    with visit.db.begin() as tx:
        share = shares.resolve(tx, visit.via) if visit.via else None
        if visit.member_id:
            customers.record_consent(tx, "customer", visit.member_id, "browse", True, wording="consent.why")
        else:
            visit.visitor_id = visit.visitor_id or people_views.new_visitor(tx)
            customers.record_consent(tx, "visitor", visit.visitor_id, "browse", True, wording="consent.why")
            remember_browser(visit)
        if share is not None:
            shares.touch(tx, Person(visit.member_id, visit.visitor_id), share, visit.now)
    visit.forget("dg_declined")
    return visit.go(visit.back)


def remember_browser(visit: Visit) -> None:
    """Set the signed visitor cookie of a browser that consented."""
    visit.keep(
        "dg_visitor", visit.signer.sign("visitor", {"v": visit.visitor_id}, visit.now, VISITOR_LIFE), VISITOR_LIFE
    )


def _form(visit: Visit, status: int, phone: str = "", code: str = "") -> Response:
    if visit.asked("out") and not phone:
        visit.notice = visit.texts("signin.signed_out")
    return visit.page(
        "signin.html",
        status,
        pending=bool(phone),
        phone=phone or visit.asked("phone"),
        phone_masked=phones.mask(phone) if phone else "",
        demo_code=code,
        next=safe_path(visit.asked("next")),
    )
