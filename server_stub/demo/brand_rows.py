"""The brand's own rows: shops, staff, goods with pictures and stock, coupons, rules, goals, settings."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import insert

from app.domain.ids import uuid7
from app.domain.instants import to_text
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.demo import brand, pictures
from server_stub.demo.history import COLOURS_PER_STYLE
from server_stub.demo.people import ZONE

FIRST_PRODUCT_NO = 1_000
FIRST_STAFF_NO = 101
BRAND_AGE = timedelta(days=1_200)
# The demo's PIN is printed on the screen: a fast hash loses nothing and keeps the seed quick.
_HASHER = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)

Row = dict[str, Any]


@dataclass(slots=True)
class Book:
    """Ids of everything the brand is made of, in the order of `brand`."""

    seed: int
    now: datetime
    shops: list[str] = field(default_factory=list)
    guides: list[str] = field(default_factory=list)
    staff: dict[str, str] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    templates: list[Row] = field(default_factory=list)
    rules: list[Row] = field(default_factory=list)

    def id(self, kind: str, key: object) -> str:
        """Return the id of a named thing of this seed."""
        return uuid7(self.now - BRAND_AGE, self.draw(kind, key, 10))

    def draw(self, kind: str, key: object, size: int) -> bytes:
        """Return bytes that look random and are the same for the same name."""
        return hashlib.sha256(f"{self.seed}/{kind}/{key}".encode()).digest()[:size]

    def guide_no(self, guide: int) -> int:
        """Return the number of a guide in share codes."""
        return FIRST_STAFF_NO + guide

    def shop_of(self, guide: int) -> str:
        """Return the id of a guide's shop."""
        return self.shops[guide // 4]


def write_brand(tx: Tx, book: Book, album: dict[tuple[int, str], str]) -> None:
    """Insert the whole brand; `album` gives the digest of each style's picture by colour."""
    _shops(tx, book)
    _people(tx, book)
    _products(tx, book, album)
    _stock(tx, book)
    _coupons(tx, book)
    _rules(tx, book)
    _settings(tx, book)


def _shops(tx: Tx, book: Book) -> None:
    rows: list[Row] = [
        {
            "id": book.id("store", shop.no), "no": shop.no, "name": shop.name, "name_en": shop.name_en,
            "city": shop.city, "address": shop.address, "zone": brand.ZONE, "hours": shop.hours(),
        }
        for shop in brand.SHOPS
    ]  # fmt: skip
    tx.conn.execute(insert(t.store), rows)
    book.shops = [row["id"] for row in rows]


def _people(tx: Tx, book: Book) -> None:
    rows: list[Row] = []
    for place, person in enumerate(brand.PEOPLE):
        card = hashlib.sha256(book.draw("card", person.staff_no, 16)).hexdigest()[:10].upper()
        rows.append({
            "id": book.id("staff", person.staff_no), "no": FIRST_STAFF_NO + place, "staff_no": person.staff_no, 
            "name": person.name, "role": person.role, "store_id": book.shops[person.shop - 1] if person.shop else None,
            "pin_hash": _HASHER.hash(brand.PIN), "active": True, "card_code": card if person.role == "guide" else None,
            "created_at": to_text(book.now - BRAND_AGE), "guide_enabled": True,
        })  # fmt: skip
    tx.conn.execute(insert(t.staff), rows)
    book.staff = {row["staff_no"]: row["id"] for row in rows}
    book.guides = [row["id"] for row in rows if row["role"] == "guide"]
    _old_phones(tx, book)
    goals = [
        {"id": book.staff[one.staff_no], "day_fen": one.day_goal_fen, "month_fen": one.day_goal_fen * 26}
        for one in brand.PEOPLE
        if one.role == "guide"
    ]
    tx.conn.execute(insert(t.goal), goals)


def _old_phones(tx: Tx, book: Book) -> None:
    """The phone each guide used so far: what signed the shares and held the coupons of the history."""
    rows: list[Row] = []
    for place, person in enumerate(brand.PEOPLE):
        if person.role == "guide":
            install = book.id("install", person.staff_no)
            rows.append({
                "id": f"{FIRST_STAFF_NO + place}.{install}", "staff_id": book.staff[person.staff_no],
                "install_id": install,
                "name": "店里的旧手机", "share_key_no": 0, "created_at": to_text(book.now - BRAND_AGE),
                "seen_at": to_text(book.now - timedelta(hours=14)),
            })  # fmt: skip
    tx.conn.execute(insert(t.device), rows)
    book.devices = [row["id"] for row in rows]


def _products(tx: Tx, book: Book, album: dict[tuple[int, str], str]) -> None:
    for style in brand.STYLES:
        series = brand.SERIES[style.series]
        for turn, key in enumerate(style.colours):
            colour = brand.COLOURS[key]
            no = FIRST_PRODUCT_NO + style.no * 10 + turn + 1
            book.products.append({
                "id": book.id("product", no), "no": no, "style_no": style.style_no, "name": style.name,
                "name_en": style.name_en, "category": style.category, "series": f"{series.name} {series.name_en}",
                "colour": colour.name, "colour_en": colour.name_en, "colour_hex": colour.cloth,
                "sizes": list(style.sizes), "list_price_fen": style.list_fen, "price_fen": style.price_fen,
                "picture": album[style.no, key], "description": style.text, "description_en": style.text_en,
                "private_only": style.private_only, "active": True,
                "released_at": to_text(book.now - timedelta(days=style.age_days)),
            })  # fmt: skip
    tx.conn.execute(insert(t.product), book.products)


def _stock(tx: Tx, book: Book) -> None:
    rng = random.Random(f"{book.seed}/stock")
    rows = []
    for shop in book.shops:
        for place, product in enumerate(book.products):
            sizes = {size: max(0, round(rng.gauss(5, 3))) for size in product["sizes"]}
            if place % COLOURS_PER_STYLE == 0 and not any(sizes.values()):
                sizes[product["sizes"][0]] = 2
            rows.append({
                "id": f"{shop}.{product['id']}", "store_id": shop, "product_id": product["id"], "sizes": sizes,
            })  # fmt: skip
    tx.conn.execute(insert(t.stock), rows)


def _coupons(tx: Tx, book: Book) -> None:
    for one in brand.COUPONS:
        book.templates.append({
            "id": book.id("template", one.no), "no": one.no, "name": one.name, "name_en": one.name_en, "kind": one.kind,
            "scope": one.scope, "validity": one.validity, "face_fen": one.face_fen, "pay_bp": one.pay_bp,
            "cap_fen": one.cap_fen, "threshold_fen": one.threshold_fen, "threshold_base": "after_promotions",
            "channel": "both", "stack_group": "default", "exclusive": False, "total": one.total,
            "per_guide": one.per_guide, "per_customer": one.per_customer, "per_day": one.per_day,
            "purpose": one.purpose, "stopped": False,
        })  # fmt: skip
    tx.conn.execute(insert(t.coupon_template), book.templates)


def rules_since(now: datetime) -> datetime:
    """Return when today's commission rules came into force: the first of the month three months ago."""
    first = now.astimezone(ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(3):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _rules(tx: Tx, book: Book) -> None:
    since = to_text(rules_since(book.now))
    targets = {style.no: book.products[place * COLOURS_PER_STYLE]["id"] for place, style in enumerate(brand.STYLES)}
    for rule in brand.RULES:
        shop = book.shops[rule.shop - 1] if rule.shop else None
        target = rule.category or shop or targets.get(rule.style or 0)
        book.rules.append({
            "id": book.id("rule", rule.key), "version": 1, "name": rule.name, "name_en": rule.name_en,
            "level": rule.level, "target_id": target, "from_at": since, "until_at": None, "rate_bp": rule.rate_bp,
            "fixed_fen": rule.fixed_fen, "tiers": [list(tier) for tier in rule.tiers],
            "closing_bp": brand.CLOSING_BP, "store_share_bp": rule.store_share_bp,
        })  # fmt: skip
    tx.conn.execute(insert(t.commission_rule), book.rules)


def _settings(tx: Tx, book: Book) -> None:
    row = {
        "id": "brand", "brand": brand.NAME, "brand_en": brand.NAME_EN, "contact": brand.CONTACT,
        "attribution": brand.ATTRIBUTION, "after_sales_days": brand.AFTER_SALES_DAYS, "signal": brand.SIGNAL,
        "dormant_days": brand.DORMANT_DAYS,
        "binding": {"mode": "override", "protection_days": 90, "validity_days": 365},
        "rewards": brand.REWARDS,
    }  # fmt: skip
    tx.conn.execute(insert(t.setting).values(**row))


# --- pictures ------------------------------------------------------------------------------


def make_album(blobs: Path, cache: Path, report: Callable[[str], None]) -> dict[tuple[int, str], str]:
    """Make (or find) every product picture among the blobs; return style number and colour to digest.

    `cache` is an index of earlier runs; a picture it names that is still there is not drawn again.
    """
    index = cache / f"pictures-{pictures.VERSION}.json"
    known: dict[str, str] = json.loads(index.read_text("utf-8")) if index.exists() else {}
    wanted = [(style, key) for style in brand.STYLES for key in style.colours]

    def one(job: tuple[brand.Style, str]) -> str:
        style, key = job
        digest = known.get(f"{style.style_no}/{key}")
        if digest and blob_path(blobs, digest).exists():
            return digest
        return store_blob(blobs, pictures.render(style, key))

    with ThreadPoolExecutor(2) as pool:  # Pillow works outside the interpreter's lock
        digests = list(pool.map(one, wanted))
    album = {(style.no, key): digest for (style, key), digest in zip(wanted, digests, strict=True)}
    index.parent.mkdir(parents=True, exist_ok=True)
    names = {f"{style.style_no}/{key}": album[style.no, key] for style, key in wanted}
    index.write_text(json.dumps(names, indent=1), "utf-8")
    report(f"{len(album)} product pictures")
    return album


def blob_rows(tx: Tx, blobs: Path, album: dict[tuple[int, str], str]) -> None:
    """Tell the database which pictures it may serve."""
    rows = [
        {
            "sha256": digest, "size": blob_path(blobs, digest).stat().st_size, "media_type": "image/jpeg",
            "created_at": tx.now_text,
        }
        for digest in sorted(set(album.values()))
    ]  # fmt: skip
    tx.conn.execute(insert(t.blob), rows)


def blob_path(blobs: Path, digest: str) -> Path:
    """Return where a content-addressed file lies."""
    return blobs / digest[:2] / digest


def store_blob(blobs: Path, data: bytes) -> str:
    """Keep bytes under their SHA-256 and return it; a half-written file never has the final name."""
    digest = hashlib.sha256(data).hexdigest()
    path = blob_path(blobs, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
    return digest
