"""Rows of the coupons of the past: leases, coupons through their states, and the contacts that carried them."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.domain.calendar_days import day_of, week_start
from app.domain.coupon import CouponEvent, CouponRules, CouponState, apply, validity_at_issue
from app.domain.ids import uuid7
from app.domain.instants import to_text
from app.protocol import coupon_code
from app.protocol.coupon_code import CouponQr
from server_stub.db import Tx
from server_stub.demo import brand
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life, UsedCoupon
from server_stub.demo.people import NEW_HERE, ZONE, at_shop_time
from server_stub.demo.trade_rows import Placed
from server_stub.trade.leases import QR_YEARS, SNAPSHOT

CONTACT_DAYS = 62
SENT_PER_GUIDE = 9
MESSAGES_A_DAY = (1, 4)


@dataclass(slots=True)
class CouponRows:
    """Everything that follows from the coupons, ready to insert."""

    leases: list[Row]
    coupons: list[Row]
    events: list[Row]
    contacts: list[Row]
    claimed: Counter[str]
    redeemed: list[tuple[int, datetime]]


@dataclass(frozen=True, slots=True)
class _Held:
    life: Life
    coupon: UsedCoupon
    placed: Placed | None = None


def coupon_rows(tx: Tx, book: Book, lives: Sequence[Life], placed: Sequence[Placed]) -> CouponRows:
    """Return the coupons that were used, wait in a wallet, or were sent lately, with their leases and contacts."""
    held = [_Held(one.life, one.order.coupon, one) for one in placed if one.order.coupon]
    held += [_Held(life, used) for life in lives for used in life.coupons]
    held += [one for guide in range(len(book.guides)) for one in _sent_lately(book, lives, guide)]
    rows = CouponRows([], [], [], [], Counter(), [])
    blocks: dict[tuple[int, int, datetime], list[_Held]] = defaultdict(list)
    for one in held:
        monday = week_start(day_of(one.coupon.issued_at, ZONE))
        begins = datetime.combine(monday, time.min, ZONE)
        blocks[one.life.member.guide, one.coupon.template, begins].append(one)
    for (guide, template, begins), ones in sorted(blocks.items(), key=lambda item: item[0]):
        _write_block(tx, book, rows, guide, template, begins, ones)
    rows.contacts += _messages(book, lives, rows.contacts)
    return rows


def _sent_lately(book: Book, lives: Sequence[Life], guide: int) -> Iterator[_Held]:
    """Coupons of the last days that nobody has used yet, for members without a part in the opening scene."""
    rng = random.Random(f"{book.seed}/sent/{guide}")
    willing = [
        life
        for life in lives
        if life.member.guide == guide and life.member.consents["marketing"] and life.member.place > NEW_HERE[-1]
    ]
    for life in rng.sample(willing, SENT_PER_GUIDE):
        day = (book.now - timedelta(days=rng.uniform(1.2, 24))).astimezone(ZONE).date()
        at = at_shop_time(day, rng.uniform(10.2, 20.4))
        claimed = at + timedelta(minutes=rng.randint(3, 900)) if rng.random() < 0.5 else None
        yield _Held(life, UsedCoupon(uuid7(at, rng.randbytes(10)), rng.choice((0, 0, 1)), at, claimed))


def _write_block(
    tx: Tx, book: Book, rows: CouponRows, guide: int, template: int, begins: datetime, ones: Sequence[_Held]
) -> None:
    """Write one week's lease of a guide's phone and the coupons handed out from it (rule 1.4)."""
    until = begins + timedelta(days=7)
    lease_id = book.id("lease", f"{guide}/{template}/{begins:%Y-%m-%d}")
    rows.leases.append({
        "id": lease_id, "template_id": book.templates[template]["id"], "device_id": book.devices[guide],
        "guide_id": book.guides[guide], "size": len(ones), "from_at": to_text(begins), "until_at": to_text(until),
        "released_at": to_text(until) if until <= book.now else None,
    })  # fmt: skip
    for one in sorted(ones, key=lambda held: held.coupon.id):
        row, events = _coupon(tx, book, lease_id, until, one)
        rows.coupons.append(row)
        rows.events += events
        rows.contacts.append(_contact(book, one.life, one.coupon.issued_at, "coupon", one.coupon.id))
        if row["redeemed_at"] and one.placed:
            rows.redeemed.append((guide, one.placed.order.at))
        share = _last_share(one) if one.coupon.claimed_at else None
        if share:
            rows.claimed[share] += 1


def _last_share(one: _Held) -> str | None:
    """Return the share through which the member last came before claiming."""
    claimed, guide = one.coupon.claimed_at, one.life.member.guide
    if claimed is None:
        return None
    since = claimed - timedelta(days=brand.ATTRIBUTION["default_days"])
    seen = [v.share for v in one.life.views if v.share and v.share.guide == guide and since <= v.at <= claimed]
    return seen[-1].id if seen else None


def _coupon(tx: Tx, book: Book, lease_id: str, until: datetime, one: _Held) -> tuple[Row, list[Row]]:
    """Move one coupon through its life by the domain and return its row and events."""
    template, used = book.templates[one.coupon.template], one.coupon
    draw = book.draw("coupon", used.id, coupon_code.RANDOM_BYTES)
    code = coupon_code.new_code(draw)
    row: Row = {
        "id": used.id, "template_id": template["id"], "lease_id": lease_id,
        "device_id": book.devices[one.life.member.guide],
        "guide_id": book.guides[one.life.member.guide], "code": code,
        "qr": _qr(tx, book, template, one, code), "rules": {name: template.get(name) for name in SNAPSHOT},
        "lease_until": to_text(until), "issued_at": to_text(used.issued_at), "opened_at": None, "claimed_at": None,
        "redeemed_at": None, "voided_at": None, "signal": None, "product_id": None,
    }  # fmt: skip
    events: list[Row] = []
    state = CouponState("allotted", until)
    for event in _life_of(one, CouponRules.from_wire(template)):
        after = apply(state, event)
        events.append({
            "id": book.id("coupon_event", f"{used.id}/{event.kind}"), "coupon_id": used.id,
            "idempotency_key": f"{used.id}:{event.key}", "event": event.kind, "from_state": state.state,
            "to_state": after.state, "at": to_text(event.at), "order_id": event.order_id, "params": {},
        })  # fmt: skip
        state = after
        stamp = {"claim": "claimed_at", "redeem": "redeemed_at"}.get(event.kind)
        if stamp:
            row[stamp] = to_text(event.at)
    row |= {
        "state": state.state, "customer_id": state.customer_id, "order_id": state.order_id,
        "opened_at": row["claimed_at"], "valid_from": to_text(state.valid_from or used.issued_at),
        "valid_until": to_text(state.valid_until or used.issued_at),
    }  # fmt: skip
    return row, events


def _life_of(one: _Held, rules: CouponRules) -> Iterator[CouponEvent]:
    used, who = one.coupon, one.life.member.id
    begins, ends = validity_at_issue(rules, used.issued_at, ZONE)
    yield CouponEvent("issue", "issue", used.issued_at, who, valid_from=begins, valid_until=ends)
    if used.claimed_at:
        yield CouponEvent("claim", "claim", used.claimed_at, who)
    if one.placed:
        order = one.placed.order
        yield CouponEvent("redeem", f"redeem:demo-order/{order.id}", order.at, order_id=order.id)
        if order.refund and one.placed.coupon_effect != "keep":
            yield CouponEvent("give_back", f"refund:{order.refund.event_id}", order.refund.at, order_id=order.id)


def _qr(tx: Tx, book: Book, template: Row, one: _Held, code: str) -> str:
    qr = CouponQr(
        key_no=int(tx.secrets.coupon_kid), short_id=coupon_code.short_id_of(code), not_before=one.coupon.issued_at,
        expires_at=one.coupon.issued_at + QR_YEARS, fen=template["face_fen"],
        guide_no=book.guide_no(one.life.member.guide),
    )  # fmt: skip
    return coupon_code.sign(qr, tx.secrets.coupon_key())


def _contact(book: Book, life: Life, at: datetime, kind: str, coupon_id: str | None = None) -> Row:
    key = f"{life.member.id}/{kind}/{to_text(at)}"
    return {
        "id": uuid7(at, book.draw("contact", key, 10)), "customer_id": life.member.id,
        "guide_id": book.guides[life.member.guide], "kind": kind, "channel": "wechat", "at": to_text(at), "by": "guide",
        "coupon_id": coupon_id, "share_id": None, "signal": None, "transactional": False,
    }  # fmt: skip


def _messages(book: Book, lives: Sequence[Life], earlier: Sequence[Row]) -> Iterator[Row]:
    """A few messages a day by each guide, within every customer's budget (rule 9.2)."""
    used: dict[str, set[str]] = defaultdict(set)
    for row in earlier:
        used[row["customer_id"]].add(row["at"][:7])
    today = day_of(book.now, ZONE)
    for guide in range(len(book.guides)):
        rng = random.Random(f"{book.seed}/messages/{guide}")
        willing = [
            life
            for life in lives
            if life.member.guide == guide and life.member.consents["marketing"] and life.member.place > NEW_HERE[-1]
        ]
        for ago in range(1, CONTACT_DAYS):
            for life in rng.sample(willing, rng.randint(*MESSAGES_A_DAY)):
                at = at_shop_time(today - timedelta(days=ago), rng.uniform(10.0, 20.7))
                month = to_text(at)[:7]
                if at > life.member.joined_at and month not in used[life.member.id]:
                    used[life.member.id].add(month)
                    yield _contact(book, life, at, rng.choice(("message", "message", "poster")))
