"""A local store filled with believable rows, through the same patch path as a pull; no server needed.

    sample = await sample_store(tmp_path, datetime.now(UTC))
    sample.store, sample.session, sample.clock, sample.engine     # what `bootstrap.Client` has, too
    sample.manager                                                # a session of the store's manager
    sample.heroes["views"]                                        # customer id: seen one product three times

Heroes: views, birthday, expiring (coupon), dormant, no_consent, budget_used, vip (long timeline), note.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from app.account.session import Session, StaffInfo
from app.domain import ids
from app.domain.instants import to_text
from app.insight import CustomerIndex, SignalBoard
from app.protocol import coupon_code
from app.protocol import share_code as codes
from app.security.sealed import RowSealer
from app.store import Store, WriteTx, patch
from app.sync.status import State, SyncStatus
from server_stub.demo import brand

ZONE = "Asia/Shanghai"
KEY = bytes(range(32))
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "雨桐", "思远", "佳怡", "子涵", "若曦", "明轩", "静", "丽", "伟", "芳", "晓燕", "欣然", "梓萱", "浩然", "诗琪",
    "文博", "雅婷", "一诺", "可馨", "嘉宁", "敏", "慧", "婉清", "书瑶", "云帆", "宛如", "安琪", "沐阳", "清妍", "念慈",
)  # fmt: skip
PERSONAL_TAGS = ["喜欢浅色", "常出差", "妈妈", "爱穿裙", "通勤", "送礼"]
NOTES = ["喜欢驼色，偏爱宽松版型", "下个月去成都出差，想要轻便的鞋", "女儿明年上小学，周末才有空", "肩宽，上衣要大一码"]
Value = dict[str, Any]


class SampleClock:
    """A server clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def bounded(self) -> tuple[datetime, bool]:
        return self.at, False


class IdleEngine:
    """An engine that never syncs: the badge of a calm day."""

    def __init__(self, now: datetime) -> None:
        self.status = SyncStatus(State.ONLINE, last_sync_at=to_text(now), partial=False)
        self.kicks = 0

    def kick(self) -> None:
        self.kicks += 1

    def subscribe(self, _listener: Any) -> Any:
        return lambda: None

    async def set_work_offline(self, on: bool) -> None:
        self.status = dataclasses.replace(self.status, work_offline=on, state=State.OFFLINE if on else State.ONLINE)


@dataclass
class Sample:
    """The filled store with who works there; usable as the client of `app.mutations`."""

    store: Store
    session: Session
    manager: Session
    clock: SampleClock
    engine: IdleEngine
    index: CustomerIndex
    board: SignalBoard
    heroes: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, tuple[brand.Style, str]] = field(default_factory=dict)

    @property
    def staff(self) -> StaffInfo:
        return self.session.staff


async def sample_store(folder: Path, now: datetime, customers: int = 60, pictures: bool = False) -> Sample:
    """Return a filled store in `folder`.

    Args:
        folder: Where `store.db` goes.
        now: The sample's present; dates are relative to it.
        customers: How many customers the guide has (at least 20).
        pictures: Also draw the product pictures into `folder/blobs/<digest>` (about 3 s).
    """
    world = World(now, customers)
    world.build()
    if pictures:
        world.draw(folder / "blobs")
    store = Store.open(folder, RowSealer(KEY))
    await store.write(lambda tx: _pull(tx, world.operations(), now))
    index = CustomerIndex(store.read, lambda: now, ZONE)
    index.load()
    guide, manager = world.session(world.guides[0]), world.session(world.manager)
    clock = SampleClock(now)
    board = SignalBoard(store, clock.now, ZONE, guide.staff.store_id)
    store.subscribe(board.on_commit)
    return Sample(store, guide, manager, clock, IdleEngine(now), index, board, world.heroes, world.pictures)


def _pull(tx: WriteTx, operations: list[Value], now: datetime) -> None:
    patch.apply(tx, operations)
    tx.set_meta("complete", True)
    tx.set_meta("last_sync_at", to_text(now))
    tx.set_meta("server_time", to_text(now))
    tx.set_meta("clock_offset_s", 0.0)


class World:
    """One store with its guides; the first guide's view of it, and the manager's."""

    def __init__(self, now: datetime, customers: int) -> None:
        self.now = now
        self.random = Random(20_241_122)
        self.count = max(20, customers)
        self.rows: dict[str, list[Value]] = {}
        self.heroes: dict[str, str] = {}
        self.pictures: dict[str, tuple[brand.Style, str]] = {}
        self.store_id = self.id()
        self.guides = [
            self._staff(n, f"G010{n}", name, "guide") for n, name in enumerate(("林知夏", "周沐", "许念", "唐果"), 1)
        ]
        self.manager = self._staff(5, "M01", "陈澜", "manager")
        self.guide_id = self.guides[0]["id"]

    def id(self) -> str:
        return ids.uuid7(self.now, self.random.randbytes(10))

    def at(self, days: float = 0.0, hours: float = 0.0) -> str:
        """Return the instant so long before now."""
        return to_text(self.now - timedelta(days=days, hours=hours))

    def add(self, kind: str, /, **value: Any) -> Value:
        value.setdefault("id", self.id())
        self.rows.setdefault(kind, []).append(value)
        return value

    def build(self) -> None:
        self._brand()
        self._products()
        self._templates()
        for number in range(self.count):
            self._customer(number)
        self._heroes()
        self._lease()
        self._shares()
        self._commission()
        self._team()
        self._refused()

    def operations(self) -> list[Value]:
        """Return the patch of a first pull."""
        puts = [
            {"op": "put", "key": f"{kind}/{value['id']}", "value": value, "b": "guide:sample", "v": version}
            for kind, values in self.rows.items()
            for version, value in enumerate(values, 1)
        ]
        return [{"op": "clear"}, *puts]

    def session(self, staff: Value) -> Session:
        known = {name: staff[name] for name in ("id", "no", "staff_no", "name", "role", "store_id")}
        return Session(
            staff=StaffInfo(**known), device_id="sample-device", share_key=b"k" * 32, share_key_no=1, coupon_keys={},
            pack_keys={}, public_url="http://127.0.0.1:8000", zone=ZONE, access_token="a", refresh_token="r",
            expires_at=self.at(-1), server_time=self.at(),
        )  # fmt: skip

    def draw(self, folder: Path) -> None:
        from server_stub.demo.pictures import render

        folder.mkdir(parents=True, exist_ok=True)
        for product in self.rows["product"]:
            style, colour = self.pictures.pop(product["picture"])
            jpeg = render(style, colour)
            product["picture"] = hashlib.sha256(jpeg).hexdigest()
            self.pictures[product["picture"]] = (style, colour)
            (folder / product["picture"]).write_bytes(jpeg)

    def _staff(self, no: int, staff_no: str, name: str, role: str) -> Value:
        return self.add(
            "staff", no=no, staff_no=staff_no, name=name, role=role, store_id=self.store_id, active=True, card_code=None
        )

    def _brand(self) -> None:
        shop = brand.SHOPS[0]
        self.add(
            "store", id=self.store_id, no=1, name=shop.name, name_en=shop.name_en, city=shop.city, address=shop.address,
            zone=ZONE, hours=shop.hours(),
        )  # fmt: skip
        self.add(
            "setting", id="brand", brand=brand.NAME, brand_en=brand.NAME_EN, contact=brand.CONTACT,
            attribution=brand.ATTRIBUTION, after_sales_days=7, signal=brand.SIGNAL, dormant_days=365,
        )  # fmt: skip
        for guide in self.guides:
            self.add("goal", id=guide["id"], day_fen=300_000, month_fen=8_000_000)
        self.rule = self.add(
            "commission_rule", version=1, name="全品 3%", name_en="All goods 3%", level="brand", target_id=None,
            from_at=self.at(700), rate_bp=300, tiers=[], closing_bp=7000, store_share_bp=0,
        )  # fmt: skip
        self.add("contact_holder", id=self.guide_id, device_id="sample-device", since=self.at(1))

    def _products(self) -> None:
        number = 0
        for style in brand.STYLES:
            for key in style.colours:
                number += 1
                colour = brand.COLOURS[key]
                digest = hashlib.sha256(f"{style.no}/{key}".encode()).hexdigest()
                self.pictures[digest] = (style, key)
                product = self.add(
                    "product", no=number, style_no=style.style_no, name=style.name, name_en=style.name_en,
                    category=style.category, series=style.series, colour=colour.name, colour_en=colour.name_en,
                    colour_hex=colour.cloth, sizes=list(style.sizes), list_price_fen=style.list_fen,
                    price_fen=style.price_fen, picture=digest, description=style.text, description_en=style.text_en,
                    private_only=style.private_only, released_at=self.at(style.age_days),
                )  # fmt: skip
                self.add(
                    "stock", id=f"{self.store_id}.{product['id']}", store_id=self.store_id, product_id=product["id"],
                    sizes={size: self.random.choice((0, 1, 2, 3, 5)) for size in style.sizes} | {style.sizes[-1]: 2},
                )  # fmt: skip

    def _templates(self) -> None:
        self.templates = []
        for one in brand.COUPONS:
            value = {f.name: getattr(one, f.name) for f in dataclasses.fields(one)}
            self.templates.append(
                self.add(
                    "coupon_template",
                    **value,
                    threshold_base="after_promotions",
                    channel="both",
                    stack_group="default",
                    exclusive=False,
                    stopped=False,
                )
            )

    def _customer(self, number: int) -> None:
        from pypinyin import lazy_pinyin  # 54 MB: only who makes people needs it

        random = self.random
        name = random.choice(SURNAMES) + random.choice(GIVEN)
        syllables = lazy_pinyin(name)
        tail = f"{random.randrange(10_000):04d}"
        birthday = (self.now + timedelta(days=30 + number * 5 % 300)).strftime("%m-%d")
        tags = (
            [{"name": random.choice(PERSONAL_TAGS), "kind": "personal", "at": self.at(40)}] if number % 3 == 0 else []
        )
        customer = self.add(
            "customer", guide_id=self.guide_id, store_id=self.store_id, name=name, pinyin="".join(syllables),
            initials="".join(s[0] for s in syllables),
            phone_masked=f"13{random.randrange(10)}****{tail}", phone_tail=tail,
            level=random.choice(("normal", "silver", "gold", "diamond")), joined_at=self.at(40 + number * 8),
            gender=random.choice(("f", "f", "m")), birthday=birthday if number % 4 else None,
            note=random.choice(NOTES) if number % 5 == 0 else "",
            sizes={"top": "M", "shoe": "37"} if number % 2 else {},
            likes=["羊绒", "浅色"] if number % 4 == 1 else [], tags=tags,
            consents={"marketing": number % 7 != 6, "browse": True}, points=random.randrange(3000),
            stored_value_fen=random.choice((0, 0, 0, 50_000)), spend_fen=0, order_count=0, order_days=0,
            bound_at=self.at(40 + number * 8), protected_until=self.at(-300), bound_until=self.at(-600),
            source="card", stage="member",
        )  # fmt: skip
        rhythm = (number % 6) * 2
        for turn in range(rhythm if number % 11 else 0):
            self._order(customer, days=5 + number % 30 + turn * random.randrange(20, 70), hours=random.random() * 8)
        for _ in range(random.randrange(0, 20)):
            self._view(customer, random.choice(self.rows["product"]), days=random.uniform(20, 170))

    def _order(self, customer: Value, days: float, hours: float = 0.0) -> Value:
        random = self.random
        lines = []
        for position in range(random.choice((1, 1, 1, 2))):
            product = random.choice(self.rows["product"])
            price = product["price_fen"]
            lines.append({
                "id": f"{self.id()}.{position}", "product_id": product["id"], "name": product["name"], "qty": 1,
                "price_fen": price, "discount_fen": 0, "paid_fen": price, "size": product["sizes"][0],
                "colour": product["colour"], "refunded_fen": 0, "refunded_qty": 0,
            })  # fmt: skip
        paid, at = sum(line["paid_fen"] for line in lines), self.at(days, hours)
        order = self.add(
            "order", no=f"YT{random.randrange(10**8):08d}", customer_id=customer["id"], store_id=self.store_id,
            channel=random.choice(("store", "store", "miniprogram", "marketplace", "private")), status="paid",
            created_at=at, paid_at=at, paid_fen=paid, refunded_fen=0, lines=lines, discount_fen=0,
            bound_guide_id=self.guide_id, closing_guide_id=self.guide_id, reason="bound", evidence={}, flags=[],
            historic=False,
        )  # fmt: skip
        customer["spend_fen"] += paid
        customer["order_count"] += 1
        customer["order_days"] += 1
        customer["first_order_at"] = min(customer.get("first_order_at") or at, at)
        customer["last_order_at"] = max(customer.get("last_order_at") or at, at)
        return order

    def _view(self, customer: Value, product: Value, days: float, share_id: str | None = None) -> None:
        self.add(
            "browse_event", customer_id=customer["id"], product_id=product["id"], session_id=self.id(),
            at=self.at(days), dwell_s=self.random.randrange(3, 90), share_id=share_id, channel="chat",
        )  # fmt: skip

    def _heroes(self) -> None:
        people = self.rows["customer"]
        named = dict(
            zip(
                ("views", "birthday", "expiring", "dormant", "no_consent", "budget_used", "vip", "note"),
                people[1:],
                strict=False,
            )
        )
        self.heroes = {name: person["id"] for name, person in named.items()}
        for person in named.values():
            person["consents"] = {"marketing": True, "browse": True}
        for days in (5.2, 2.1, 0.1):
            self._view(named["views"], self.rows["product"][0], days)
        named["birthday"]["birthday"] = (self.now + timedelta(days=2)).strftime("%m-%d")
        self._coupon(named["expiring"], self.templates[0], issued_days=12, valid_days=-1.5, state="claimed")
        self._quiet(named["dormant"])
        named["no_consent"]["consents"]["marketing"] = False
        for person, days in ((named["budget_used"], 0.05), (named["vip"], 9)):
            self.add(
                "contact", customer_id=person["id"], guide_id=self.guide_id, kind="message", channel="chat",
                at=self.at(days), by="guide", transactional=False,
            )  # fmt: skip
        for turn in range(14):
            self._order(named["vip"], days=3 + turn * 21)
            self._view(named["vip"], self.rows["product"][turn], days=2 + turn * 6)
        self._coupon(named["vip"], self.templates[1], issued_days=20, valid_days=-4, state="redeemed")
        self._coupon(named["note"], self.templates[3], issued_days=1, valid_days=-6, state="issued")
        named["note"]["note"] = NOTES[0]

    def _quiet(self, customer: Value) -> None:
        """Move a customer's whole past more than a year back."""
        for kind in ("order", "browse_event"):
            self.rows[kind] = [r for r in self.rows[kind] if r["customer_id"] != customer["id"]]
        customer |= {"spend_fen": 0, "order_count": 0, "order_days": 0, "joined_at": self.at(700)}
        customer |= {"first_order_at": None, "last_order_at": None}
        self._order(customer, days=420)
        self._order(customer, days=390)

    def _coupon(
        self, customer: Value | None, template: Value, *, issued_days: float, valid_days: float, state: str
    ) -> None:
        raw = self.random.randbytes(coupon_code.RANDOM_BYTES)
        rules = {k: v for k, v in template.items() if k not in ("id", "no", "total", "per_guide", "per_day", "stopped")}
        used: Value = {}
        if customer:
            used = {
                "customer_id": customer["id"],
                "issued_at": self.at(issued_days),
                "valid_from": self.at(issued_days),
            }
            used |= {"opened_at": self.at(issued_days - 0.2), "valid_until": self.at(valid_days)}
        if state == "issued":
            used["opened_at"] = None
        if state in ("claimed", "redeemed"):
            used["claimed_at"] = self.at(issued_days - 0.3)
        if state == "redeemed":
            used["redeemed_at"] = self.at(issued_days - 2)
        self.add(
            "coupon", template_id=template["id"], lease_id="lease-1", device_id="sample-device", guide_id=self.guide_id,
            code=coupon_code.new_code(raw), qr="GC1:SAMPLE", state=state, rules=rules, lease_until=self.at(-6), **used,
        )  # fmt: skip

    def _lease(self) -> None:
        for template in self.templates:
            for _ in range(5):
                self._coupon(None, template, issued_days=0, valid_days=0, state="allotted")

    def _shares(self) -> None:
        for turn in range(12):
            product, at = self.rows["product"][turn * 3], self.now - timedelta(days=turn * 1.7, hours=turn)
            code = codes.encode(
                b"k" * 32, key_no=1, guide_no=self.guides[0]["no"], kind="product", item_no=product["no"],
                channel=("chat", "moments", "group")[turn % 3], at=at, random20=turn,
            )  # fmt: skip
            opened = self.random.randrange(0, 30)
            self.add(
                "share", code=code, guide_id=self.guide_id, kind="product", item_id=product["id"],
                channel=("chat", "moments", "group")[turn % 3], created_at=to_text(at), caption="今天刚到的新款",
                opened=opened, viewed=opened * 2 // 3, claimed=opened // 6, bought=opened // 12,
            )  # fmt: skip

    def _commission(self) -> None:
        for order in self.rows["order"]:
            if order["paid_at"] < self.at(75):
                continue
            for line in order["lines"]:
                base, amount = line["paid_fen"], line["paid_fen"] * 300 // 10_000
                params = {"rule_id": self.rule["id"], "rule_version": 1, "level": "brand", "bp": 300}
                state = "pending" if order["paid_at"] > self.at(7) else "confirmed"
                self.add(
                    "commission_entry", guide_id=self.guide_id, order_id=order["id"], order_no=order["no"],
                    line_id=line["id"], label=line["name"], kind="accrual", role="sole",
                    state="settled" if order["paid_at"] < self.at(40) else state, base_fen=base, amount_fen=amount,
                    rule_id=self.rule["id"], rule_version=1,
                    steps=[
                        {"op": "base", "params": {"fen": base}, "fen": base},
                        {"op": "rate", "params": params, "fen": amount},
                    ],
                    event_id=f"paid/{order['id']}", created_at=order["paid_at"], reason="bound", sleep=False,
                )  # fmt: skip

    def _team(self) -> None:
        for back in range(35):
            day = (self.now - timedelta(days=back)).date().isoformat()
            for guide in self.guides:
                orders = self.random.randrange(0, 5)
                self.add(
                    "guide_day", id=f"{guide['id']}.{day}", guide_id=guide["id"], store_id=self.store_id, date=day,
                    sales_fen=orders * self.random.randrange(20_000, 90_000), orders=orders,
                    shares=self.random.randrange(0, 9), visits=self.random.randrange(0, 25),
                    contacts=self.random.randrange(0, 7), redeemed=self.random.randrange(0, 3),
                    bindings=self.random.randrange(0, 3),
                )  # fmt: skip

    def _refused(self) -> None:
        self.add(
            "rejected", id="other-client/7", client_id="other-client", mutation_id=7, name="issue_coupon",
            code="coupon_limit_customer", params={}, at=self.at(0.2), subject=f"customer/{self.heroes['vip']}",
        )  # fmt: skip


def fresh_folder(root: Path) -> Path:
    """Return a new empty folder for one more store."""
    return root / os.urandom(4).hex()
