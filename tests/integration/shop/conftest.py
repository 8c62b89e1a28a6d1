"""The customer's pages over ASGI, on a small world of their own; a browser that keeps cookies and finds forms."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert

from app.protocol import share_code
from server_stub import tables as t
from server_stub.app import create_app
from server_stub.clock import FixedClock
from server_stub.db import Database
from server_stub.trade import coupons
from tests.fakes.server import NOW, open_database

CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
PHONE_OF_C1 = "13800000001"
NEW_PHONE = "13911112222"


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: dict[str, Form] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get")))
        elif tag == "input" and self.forms and "name" in has and "disabled" not in has:
            checkable = has.get("type") in ("radio", "checkbox")
            if not checkable or "checked" in has:
                self.forms[-1].fields[has["name"]] = has.get("value", "")


class Http:
    """httpx over ASGI, one call at a time: the tests read as a customer's clicks."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self._runner = runner
        transport = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers={"user-agent": CHROME}, follow_redirects=True
        )

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.post(path, **options))


@dataclass
class Browser:
    """One customer's browser."""

    http: Http
    page: Any = None

    def open(self, path: str, **headers: str) -> str:
        self.page = self.http.get(path, headers=headers)
        return str(self.page.text)

    def form(self, action: str) -> Form:
        parser = _Forms()
        parser.feed(self.page.text)
        return next(form for form in parser.forms if form.action.split("?")[0] == action)

    def submit(self, action: str, **fields: str) -> str:
        form = self.form(action)
        send = self.http.post if form.method == "post" else self.http.get
        data = {**form.fields, **fields}
        self.page = send(form.action, data=data) if form.method == "post" else send(form.action, params=data)
        return str(self.page.text)

    def sign_in(self, phone: str, then: str = "/me") -> str:
        self.open(f"/signin?next={then}")
        self.submit("/signin", phone=phone)
        code = re.search(r'demo-code">(\d{6})<', self.page.text)
        assert code, self.page.text
        return self.submit("/signin/code", code=code[1])

    def view(self, seconds: int) -> int:
        token = re.search(r'data-view="([^"]+)"', self.page.text)
        assert token, "the page does not measure"
        return int(self.http.post("/shop/view", json={"token": token[1], "dwell_s": seconds}).status_code)

    @property
    def measures(self) -> bool:
        return "data-view" in self.page.text


@dataclass
class Shop:
    app: FastAPI
    db: Database
    clock: FixedClock
    runner: asyncio.Runner

    def browser(self) -> Browser:
        return Browser(Http(self.app, self.runner))

    def share(self, random20: int = 7, *, product_no: int = 1) -> str:
        """Return a code made on the phone of G0101, which the server has not seen."""
        key = share_code.derive_share_key(self.db.settings.secrets.share_master, "d1", 1)
        parts = {"key_no": 1, "guide_no": 11, "kind": "product", "item_no": product_no, "channel": "chat"}
        return share_code.encode(key, **parts, at=self.clock.now(), random20=random20)

    def coupon(self, customer_id: str = "c1", *, template_id: str = "t1", issued: bool = True) -> coupons.CouponView:
        """Return a coupon of G0101's lease, issued to a customer."""
        with self.db.begin() as tx:
            coupons.ensure_leases(tx, "d1")
            free = t.coupon.select().where(t.coupon.c.template_id == template_id, t.coupon.c.state == "allotted")
            row = tx.conn.execute(free.limit(1)).mappings().one()
            if not issued:
                return coupons.get(tx, row["id"])
            at = self.clock.now()
            return coupons.issue(
                tx,
                coupon_id=row["id"],
                customer_id=customer_id,
                guide_id="g1",
                key=f"i-{row['id']}",
                at=at,
                device_id="d1",
            )

    def rows(self, table: Any) -> list[Any]:
        with self.db.read() as conn:
            return list(conn.execute(table.select()).mappings())


@pytest.fixture
def shop(tmp_path: Path, backend: str) -> Iterator[Shop]:
    clock = FixedClock(NOW)
    db = open_database(backend, tmp_path, clock)
    with db.begin() as tx:
        row = {"id": "d1", "staff_id": "g1", "install_id": "phone", "name": "", "share_key_no": 1}
        tx.conn.execute(insert(t.device).values(**row, created_at=tx.now_text))
    app = create_app(db.settings, database=db)
    with asyncio.Runner() as runner:
        yield Shop(app, db, clock, runner)
    db.close()
