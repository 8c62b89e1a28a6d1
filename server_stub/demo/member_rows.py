"""Rows of the members and of what they looked at: customers, consents, bindings, shares, touches, views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app.domain import binding as binding_rules
from app.domain.instants import to_text
from app.protocol import share_code
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.demo import care_rows
from server_stub.demo.brand_rows import Book, Row
from server_stub.demo.history import Life, Share
from server_stub.people import phones

CHUNK = 5_000
LEVELS = ((2_500_000, "diamond"), (1_000_000, "gold"), (300_000, "silver"), (0, "regular"))
BRINGS_FRIENDS, FRIENDS = "会带朋友", 2
CONSENT_WORDING = "demo"
BOUND_FOR = timedelta(days=330)


def write_all(tx: Tx, table: Any, rows: Sequence[Row]) -> None:
    """Insert rows in bulk, a few thousand at a time."""
    for start in range(0, len(rows), CHUNK):
        tx.conn.execute(insert(table), rows[start : start + CHUNK])


def write_members(tx: Tx, book: Book, lives: Sequence[Life], figures: dict[str, Row]) -> None:
    """Insert the customers with their figures, tags, consents and bindings."""
    policy = binding_rules.BindingPolicy()
    bindings = [_binding(book, life, policy) for life in lives]
    rows = [
        _customer(tx, book, life, figures[life.member.id], bound) for life, bound in zip(lives, bindings, strict=True)
    ]
    write_all(tx, t.customer, rows)
    write_all(tx, t.customer_tag, list(_tags(book, lives)))
    write_all(tx, t.consent, list(_consents(book, lives)))
    write_all(tx, t.binding, bindings)
    write_all(tx, t.customer_fact, care_rows.fact_rows(book, lives))
    write_all(tx, t.follow_up, care_rows.follow_up_rows(book, lives))


def _binding(book: Book, life: Life, policy: binding_rules.BindingPolicy) -> Row:
    """Return the member's one binding, renewed by each paid order (rule 2.2)."""
    member = life.member
    bound = first_binding(book, life, policy)
    for order in life.orders:
        if order.at >= bound.from_at:
            bound = binding_rules.renew(bound, order.at, policy)
    return {
        "id": book.id("binding", member.id), "customer_id": member.id, "guide_id": bound.guide_id,
        "store_id": book.shop_of(member.guide), "from_at": to_text(bound.from_at), "until_at": None, "mode": "bound",
        "source": member.source, "protected_until": to_text(bound.protected_until),
        "bound_until": to_text(bound.valid_until),
    }  # fmt: skip


def first_binding(book: Book, life: Life, policy: binding_rules.BindingPolicy) -> binding_rules.Binding:
    """Return the binding a member began with: the brand gave everybody a guide eleven months ago."""
    member = life.member
    at = max(member.joined_at, book.now - BOUND_FOR)
    request = binding_rules.BindRequest(
        member.id, book.guides[member.guide], at, new_member=True, store_id=book.shop_of(member.guide)
    )
    return binding_rules.decide(None, request, policy).binding


def _customer(tx: Tx, book: Book, life: Life, figures: Row, bound: Row) -> Row:
    member = life.member
    return {
        "id": member.id, **asdict(phones.columns(tx.secrets, member.id, member.phone)), "name": member.name,
        "pinyin": member.pinyin, "initials": member.initials, "gender": member.gender, "birthday": member.birthday,
        "note": member.note, "sizes": member.sizes, "likes": member.likes, "level": level_of(figures["spend_fen"]),
        "points": figures["spend_fen"] // 100, "stored_value_fen": member.stored_value_fen,
        "stored_value_topped_up_at": to_text(member.topped_up_at) if member.topped_up_at else None, **figures,
        "joined_at": to_text(member.joined_at), "source": member.source, "stage": care_rows.stage_of(life, book.now),
        "referrals": FRIENDS if BRINGS_FRIENDS in member.tags else 0,
        "guide_id": bound["guide_id"], "store_id": bound["store_id"], "bound_at": bound["from_at"],
        "protected_until": bound["protected_until"], "bound_until": bound["bound_until"], "staff_member": False,
    }  # fmt: skip


def level_of(spend_fen: int) -> str:
    """Return the member's level by what they spent."""
    return next(level for least, level in LEVELS if spend_fen >= least)


def _tags(book: Book, lives: Iterable[Life]) -> Iterator[Row]:
    for life in lives:
        for name in life.member.tags:
            yield {
                "customer_id": life.member.id, "name": name, "kind": "personal", "reason": None,
                "at": to_text(life.member.joined_at + timedelta(days=1)), "by_staff": book.guides[life.member.guide],
            }  # fmt: skip


def _consents(book: Book, lives: Iterable[Life]) -> Iterator[Row]:
    for life in lives:
        for purpose, granted in life.member.consents.items():
            yield {
                "id": book.id("consent", f"{life.member.id}/{purpose}"), "person_kind": "customer",
                "person_id": life.member.id, "purpose": purpose, "granted": granted,
                "at": to_text(life.member.joined_at), "source": "member_form", "wording": CONSENT_WORDING,
            }  # fmt: skip


def touch_rows(book: Book, lives: Iterable[Life]) -> list[Row]:
    """Return who came through which share when: what attribution rests on."""
    return [
        {
            "id": view.touch_id, "person_kind": "customer", "person_id": life.member.id, "share_id": view.share.id,
            "guide_id": book.guides[view.share.guide], "channel": view.share.channel, "at": to_text(view.at),
            "session_id": None,
        }
        for life in lives
        for view in life.views
        if view.share
    ]  # fmt: skip


def view_rows(book: Book, lives: Iterable[Life]) -> list[Row]:
    """Return the browse events of the last 180 days."""
    return [
        {
            "id": view.id, "customer_id": life.member.id, "product_id": book.products[view.product]["id"],
            "session_id": view.session_id, "at": to_text(view.at), "dwell_s": view.dwell_s,
            "share_id": view.share.id if view.share else None,
            "channel": view.share.channel if view.share else "miniprogram",
        }
        for life in lives
        for view in life.views
    ]  # fmt: skip


LEFT_EACH = 2
LEFT_WITHIN = timedelta(hours=60)


def left_rows(book: Book, lives: Iterable[Life]) -> list[Row]:
    """Return the check-outs that a few of each guide's members began in the last days and did not finish."""
    found: list[Row] = []
    count: Counter[int] = Counter()
    for life in lives:
        member, last = life.member, life.views[-1] if life.views else None
        if last is None or member.is_staged or not member.consents.get("marketing"):
            continue
        bought = {line.product for order in life.orders for line in order.lines}
        began = last.at + timedelta(seconds=last.dwell_s)
        if last.product in bought or not book.now - LEFT_WITHIN <= began < book.now or count[member.guide] >= LEFT_EACH:
            continue
        count[member.guide] += 1
        row = {"id": f"{last.id}-begun", "customer_id": member.id, "product_id": book.products[last.product]["id"]}
        row |= {"session_id": last.session_id, "at": to_text(began), "dwell_s": 0, "kind": "checkout"}
        found.append(row | {"share_id": None, "channel": ""})
    return found


def share_rows(
    tx: Tx, book: Book, shares: Iterable[Share], lives: Iterable[Life], claimed: Counter[str], bought: Counter[str]
) -> list[Row]:
    """Return the guides' shares with their codes and funnels."""
    seen = Counter(view.share.id for life in lives for view in life.views if view.share)
    sign = _signer(tx, book)
    return [
        {
            "id": share.id, "code": sign(share), "guide_id": book.guides[share.guide],
            "device_id": book.devices[share.guide], "kind": "product", "item_id": book.products[share.product]["id"],
            "channel": share.channel, "created_at": to_text(share.at), "caption": "", "synced": True,
            # Every fourth visitor or so leaves the page before it counts as a view.
            "opened": seen[share.id] + seen[share.id] // 4, "viewed": seen[share.id], "claimed": claimed[share.id],
            "bought": bought[share.id],
        }
        for share in shares
    ]  # fmt: skip


def _signer(tx: Tx, book: Book) -> Callable[[Share], str]:
    """Return the function that makes a share's signed code as the guide's phone would (rule 3.1)."""
    keys = [share_code.derive_share_key(tx.secrets.share_master, device, 0) for device in book.devices]

    def sign(share: Share) -> str:
        return share_code.encode(
            keys[share.guide], key_no=0, guide_no=book.guide_no(share.guide), kind="product",
            item_no=book.products[share.product]["no"], channel=share.channel, at=share.at, random20=share.nonce,
        )  # fmt: skip

    return sign
