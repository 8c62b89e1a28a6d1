"""The real server in-process over ASGI, on a SQLite file or a PostgreSQL database with a small world in it.

    async with running(tmp_path, backend="postgresql") as server:
        phone = await server.sign_in("G0101")
        view = await phone.pull_all()
    db = open_database("postgresql", tmp_path)      # or only the database; world=False: its schema alone

A home belongs to one database: opened again, it is the same one, and `settings_at(home)` says which.

World: stores S1, S2; guides G0101 and G0102 (S1), G0201 (S2); managers M01, M02; headquarters H01; PIN 246810.
Customers c1..c4 of G0101 (c1..c3 consent to marketing), c5 of G0102, c6 of G0201; products p1..p4; templates
t1 (¥50 off ¥200), t2 (15 % off, stopped); one 5 % rule in force since 2024. Ids are these names.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert

from app.domain import ids, instants
from server_stub import migrations
from server_stub import tables as t
from server_stub.clock import FixedClock
from server_stub.config import Secrets, Settings
from server_stub.db import Database
from server_stub.people import auth, phones
from server_stub.sync import projections

PIN = "246810"
URL_FILE = "database.url"
NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # a Tuesday, 10:30 in Shanghai
START = "2025-06-01T02:00:00Z"
FAR = "2027-12-31T00:00:00Z"
SECRETS = Secrets(*(bytes([n]) * 32 for n in range(1, 8)))
HOURS = {str(day): [["10:00", "22:00"]] for day in range(7)}


def settings_at(home: Path) -> Settings:
    """Return the settings of the server in `home`, with the database that was made for it."""
    url = home / URL_FILE
    return Settings(
        home=home, env="test", public_url="http://shop.test", secrets=SECRETS,
        database_url=url.read_text("ascii") if url.exists() else "",
    )  # fmt: skip


def build_world(db: Database) -> None:
    """Insert the world's rows and project them."""
    with db.begin() as tx:
        for table, rows in _world().items():
            tx.conn.execute(insert(table), rows)
        projections.project_all(tx.conn, now=tx.now)


def _world() -> dict[Any, list[dict[str, Any]]]:
    return {
        t.setting: [_setting()],
        t.store: [
            {"id": f"s{n}", "no": n, "name": f"{n} 号店", "name_en": f"Store {n}", "city": "上海", "hours": HOURS}
            for n in (1, 2)
        ],
        t.staff: [
            _staff("g1", 11, "G0101", "林知夏", "guide", "s1"), _staff("g2", 12, "G0102", "周沐", "guide", "s1"),
            _staff("g3", 21, "G0201", "许念", "guide", "s2"), _staff("m1", 1, "M01", "陈经理", "manager", "s1"),
            _staff("m2", 2, "M02", "赵经理", "manager", "s2"), _staff("h1", 3, "H01", "总部", "hq", None),
        ],
        t.product: [_product(n) for n in range(1, 5)],
        t.stock: [
            {"id": f"s{s}.p{p}", "store_id": f"s{s}", "product_id": f"p{p}", "sizes": {"S": 3, "M": 2}}
            for s in (1, 2) for p in range(1, 5)
        ],
        t.customer: [_customer(n, guide) for n, guide in enumerate(("g1", "g1", "g1", "g1", "g2", "g3"), start=1)],
        t.binding: [
            {"id": f"b{n}", "customer_id": f"c{n}", "guide_id": guide, "store_id": _store_of(guide), "from_at": START,
             "protected_until": FAR, "bound_until": FAR, "mode": "bound", "source": "seed"}
            for n, guide in enumerate(("g1", "g1", "g1", "g1", "g2", "g3"), start=1)
        ],
        t.consent: [
            {"id": f"consent-{n}-{purpose}", "person_kind": "customer", "person_id": f"c{n}", "purpose": purpose,
             "granted": True, "at": START, "source": "seed"}
            for n in (1, 2, 3, 5, 6) for purpose in ("browse", "marketing")
        ],
        t.coupon_template: [
            _template(1, kind="amount_off", face_fen=5_000, threshold_fen=20_000),
            _template(2, kind="percent_off", pay_bp=8_500, stopped=True),
        ],
        t.commission_rule: [
            {"id": "r1", "version": 1, "name": "品牌 5%", "name_en": "Brand 5 %", "level": "brand",
             "from_at": "2024-01-01T00:00:00Z", "rate_bp": 500}
        ],
        t.goal: [{"id": guide, "day_fen": 300_000, "month_fen": 6_000_000} for guide in ("g1", "g2", "g3")],
    }  # fmt: skip


def _setting() -> dict[str, Any]:
    return {
        "id": "brand", "brand": "榆汀", "brand_en": "Elmshore", "after_sales_days": 7, "dormant_days": 365,
        "contact": {"day": 1, "week": 2, "month": 4, "quiet": ["21:00", "09:00"]},
        "attribution": {"default_days": 14, "chat": 7, "print": 30}, "signal": {"views": 3, "days": 14},
    }  # fmt: skip


def _staff(staff_id: str, no: int, staff_no: str, name: str, role: str, store: str | None) -> dict[str, Any]:
    return {
        "id": staff_id, "no": no, "staff_no": staff_no, "name": name, "role": role, "store_id": store,
        "pin_hash": auth.hash_pin(PIN, "test"), "card_code": f"CARD{no}", "created_at": START,
    }  # fmt: skip


def _store_of(guide: str) -> str:
    return "s2" if guide == "g3" else "s1"


def _product(n: int) -> dict[str, Any]:
    return {
        "id": f"p{n}", "no": n, "style_no": f"EY{n:04d}", "name": f"风衣 {n}", "name_en": f"Trench {n}",
        "category": "coat" if n < 3 else "scarf", "series": "2026 秋", "colour": "雾蓝", "colour_en": "Mist blue",
        "colour_hex": "#8FA3B5", "sizes": ["S", "M", "L"], "list_price_fen": 50_000 * n, "price_fen": 45_000 * n,
        "picture": "0" * 64, "released_at": START,
    }  # fmt: skip


def _customer(n: int, guide: str) -> dict[str, Any]:
    phone = phones.columns(SECRETS, f"c{n}", f"138000000{n:02d}")
    return {
        "id": f"c{n}", "name": f"客人{n}", "pinyin": f"keren{n}", "initials": "kr", "level": "gold", "joined_at": START,
        "guide_id": guide, "store_id": _store_of(guide), "bound_at": START, "protected_until": FAR, "bound_until": FAR,
        "birthday": "11-26", "source": "seed", "phone_sealed": phone.phone_sealed, "phone_hash": phone.phone_hash,
        "phone_masked": phone.phone_masked, "phone_tail": phone.phone_tail,
    }  # fmt: skip


def _template(n: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"t{n}", "no": n, "name": f"券 {n}", "name_en": f"Coupon {n}", "scope": {"kind": "all", "ids": []},
        "validity": {"kind": "days", "n": 14}, "total": 1_000, "per_customer": 2, "lease_size": 5,
        "face_fen": 0, "pay_bp": 10_000, "threshold_fen": 0, "stopped": False, **fields,
    }  # fmt: skip


_TEMPLATES: dict[tuple[int, bool], Path] = {}


def template_db(*, world: bool = True) -> Path:
    """Return a migrated database file with the world in it, built once per process and copied by tests.

    It stands in a folder of its own: that of a test is removed when the test has passed.
    """
    key = os.getpid(), world
    if key not in _TEMPLATES:
        home = Path(tempfile.mkdtemp(prefix="daogou-world-"))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        db = Database.open(settings_at(home), FixedClock(NOW))
        _fill(db, world=world)
        with db.engine.connect() as conn:
            conn.exec_driver_sql("COMMIT")
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            conn.exec_driver_sql("BEGIN")
        db.close()
        _TEMPLATES[key] = home / "server" / "daogou.db"
    return _TEMPLATES[key]


def _fill(db: Database, *, world: bool) -> None:
    migrations.upgrade(db)
    if world:
        build_world(db)


def open_database(backend: str, home: Path, clock: FixedClock | None = None, *, world: bool = True) -> Database:
    """Return the database of `home`, made at first: with the small world in it, or with the schema alone.

    A PostgreSQL database is removed at the end of the test; elsewhere, call `postgres.drop(db.settings.url)`.
    """
    target = home / "server" / "daogou.db" if backend == "sqlite" else home / URL_FILE
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        if backend == "sqlite":
            shutil.copy(template_db(world=world), target)
        else:
            target.write_text(_copy_in_postgres(world=world), "ascii")
    return Database.open(settings_at(home), clock or FixedClock(NOW))


def _copy_in_postgres(*, world: bool) -> str:
    from tests.fakes import postgres  # only who wants it starts a cluster

    def build(url: str) -> None:
        settings = Settings(home=Path("unused"), env="test", secrets=SECRETS, database_url=url)
        db = Database.open(settings, FixedClock(NOW))
        _fill(db, world=world)
        db.close()

    return postgres.create("world" if world else "schema", build)


def open_world(home: Path, clock: FixedClock | None = None, backend: str = "sqlite") -> Database:
    """Return a database of its own with the world in it."""
    return open_database(backend, home, clock)


@dataclass
class Phone:
    """A plain client of the protocol: no store, only what it was told."""

    http: httpx.AsyncClient
    session: dict[str, Any]
    group: str = field(default_factory=lambda: uuid.uuid4().hex)
    client: str = field(default_factory=lambda: uuid.uuid4().hex)
    cookie: Any = None
    view: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, tuple[str, int]] = field(default_factory=dict)
    lmids: dict[str, int] = field(default_factory=dict)
    next_id: int = 1
    clock: FixedClock | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session['access_token']}"}

    async def pull(self) -> dict[str, Any]:
        """Make one pull and apply it; the raw answer is returned."""
        answer = await self.raw_pull()
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        self.apply(body)
        return body

    async def raw_pull(self, **changes: Any) -> httpx.Response:
        body = {
            "profileID": "p", "clientGroupID": self.group, "cookie": self.cookie, "pullVersion": 1,
            "schemaVersion": "1", **changes,
        }  # fmt: skip
        return await self.http.post("/api/sync/pull", json=body, headers=self.headers)

    def apply(self, body: dict[str, Any]) -> None:
        for op in body["patch"]:
            if op["op"] == "clear":
                self.view.clear()
                self.versions.clear()
            elif op["op"] == "put":
                self.view[op["key"]] = op["value"]
                self.versions[op["key"]] = op["b"], op["v"]
            else:
                self.view.pop(op["key"], None)
                self.versions.pop(op["key"], None)
        self.lmids |= body["lastMutationIDChanges"]
        self.cookie = body["cookie"]

    async def pull_all(self) -> dict[str, Any]:
        """Pull until complete and return the view."""
        while (await self.pull()).get("more"):
            pass
        return self.view

    def mutation(self, name: str, /, **args: Any) -> dict[str, Any]:
        """Return the next mutation in wire form."""
        now = self.clock.now() if self.clock else NOW
        mid = ids.uuid7(now, os.urandom(10))
        made = {
            "id": self.next_id, "name": name, "args": {"mid": mid, "at": instants.to_text(now), **args},
            "timestamp": 1.5, "clientID": self.client,
        }  # fmt: skip
        self.next_id += 1
        return made

    async def raw_push(self, *mutations: dict[str, Any], **changes: Any) -> httpx.Response:
        body = {
            "profileID": "p", "clientGroupID": self.group, "mutations": list(mutations), "pushVersion": 1,
            "schemaVersion": "1", **changes,
        }  # fmt: skip
        return await self.http.post("/api/sync/push", content=json.dumps(body), headers=self.headers)

    async def push(self, *mutations: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.raw_push(*mutations)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    async def do(self, name: str, /, **args: Any) -> dict[str, Any]:
        """Push one new mutation and return its result."""
        return (await self.push(self.mutation(name, **args)))[0]


@dataclass
class Server:
    """A running world: the app, its database and clock, an anonymous client."""

    app: Any
    db: Database
    clock: FixedClock
    http: httpx.AsyncClient

    async def sign_in(self, staff_no: str, device: str | None = None) -> Phone:
        body = {
            "staff_no": staff_no, "pin": PIN, "device_id": device or f"dev-{uuid.uuid4().hex}", "device_name": "test",
        }  # fmt: skip
        answer = await self.http.post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return Phone(self.http, answer.json(), clock=self.clock)


@asynccontextmanager
async def running(home: Path, backend: str = "sqlite") -> AsyncIterator[Server]:
    """Yield a server over ASGI with a world of its own in `home`."""
    from server_stub.app import create_app

    clock = FixedClock(NOW)
    db = open_database(backend, home, clock)
    app = create_app(db.settings, database=db)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://server.test") as http:
        try:
            yield Server(app, db, clock, http)
        finally:
            db.close()
