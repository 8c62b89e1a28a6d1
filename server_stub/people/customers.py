"""Members: signing in on the pages, consent, and the guide they belong to (rules 2, 9.1)."""

from __future__ import annotations

import hashlib
import hmac
import secrets as random_source
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from app.domain import binding as rules
from app.domain import instants
from app.domain.errors import Rejected
from server_stub import tables as t
from server_stub.db import Tx
from server_stub.people import follow_ups, phones
from server_stub.people.names import pinyin_of

CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5
CODES_PER_PHONE = 5  # in 10 minutes
CODES_PER_IP = 30
CODES_WINDOW = timedelta(minutes=10)
CODES_KEPT = timedelta(days=1)
PURPOSES = ("browse", "personal", "marketing", "wechat", "sms")
PERSON_KINDS = ("customer", "visitor")


@dataclass(frozen=True, slots=True)
class Member:
    """A customer as their own pages show them."""

    id: str
    name: str
    phone_masked: str
    level: str
    guide_id: str | None
    store_id: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and whether they became a member just now."""

    customer_id: str
    new_member: bool


def start_sign_in(tx: Tx, phone: str, ip: str = "") -> str:
    """Make and return the 6-digit code for a phone; the caller hands it over (the demo shows it).

    Raises:
        Rejected: `bad_arguments` (phone), or `rate_limited` with `seconds`.
    """
    number = phones.normalise(phone)
    digest = phones.phone_hash(tx.secrets, number)
    since = instants.to_text(tx.now - CODES_WINDOW)
    for column, value, limit in (
        (t.signin_code.c.phone_hash, digest, CODES_PER_PHONE),
        (t.signin_code.c.ip, ip or None, CODES_PER_IP),
    ):
        if value is not None and _count(tx.conn, column == value, t.signin_code.c.created_at > since) >= limit:
            raise Rejected("rate_limited", params={"seconds": int(CODES_WINDOW.total_seconds())})
    tx.conn.execute(delete(t.signin_code).where(t.signin_code.c.created_at < instants.to_text(tx.now - CODES_KEPT)))
    code = f"{random_source.randbelow(1_000_000):06d}"
    row = {
        "id": tx.new_id(), "phone_hash": digest, "code_hash": _code_hash(tx, digest, code), "tries": 0,
        "ip": ip or None, "created_at": tx.now_text, "until": instants.to_text(tx.now + CODE_LIFE),
    }  # fmt: skip
    tx.conn.execute(insert(t.signin_code).values(**row))
    return code


def check_code(tx: Tx, phone: str, code: str) -> bool:
    """Count one try and say whether the code is the phone's newest, unused and in time.

    Commit this before refusing, else the try is not counted.
    """
    digest = phones.phone_hash(tx.secrets, phones.normalise(phone))
    newest = (
        select(t.signin_code)
        .where(t.signin_code.c.phone_hash == digest)
        .order_by(t.signin_code.c.created_at.desc(), t.signin_code.c.id.desc())
        .limit(1)
        .with_for_update()  # tries made side by side are counted one after the other
    )
    row = tx.conn.execute(newest).mappings().first()
    if row is None or row["used_at"] or row["until"] <= tx.now_text or row["tries"] >= CODE_TRIES:
        return False
    good = hmac.compare_digest(row["code_hash"], _code_hash(tx, digest, code.strip()))
    values = {"tries": row["tries"] + 1, "used_at": tx.now_text if good else None}
    tx.conn.execute(update(t.signin_code).where(t.signin_code.c.id == row["id"]).values(**values))
    return good


def sign_in(tx: Tx, phone: str, *, name: str = "", source: str = "page", visitor_id: str | None = None) -> SignedIn:
    """Return the member with this phone, made if new, once `check_code` said yes; joins the browser's views."""
    number = phones.normalise(phone)
    digest = phones.phone_hash(tx.secrets, number)
    known = tx.conn.execute(select(t.customer.c.id).where(t.customer.c.phone_hash == digest)).scalar()
    customer_id = known or create_member(tx, number, name=name, source=source)
    if visitor_id:
        from server_stub.people.views import join_visitor  # views asks this module for consents

        join_visitor(tx, visitor_id, customer_id)
    return SignedIn(customer_id, new_member=known is None)


def create_member(tx: Tx, phone: str | None, *, name: str, source: str, **fields: Any) -> str:
    """Insert a customer without a guide and return the id; `fields` are further columns."""
    customer_id = tx.new_id()
    pinyin, initials = pinyin_of(name)
    row = {
        "id": customer_id, "name": name, "pinyin": pinyin, "initials": initials, "source": source,
        "joined_at": tx.now_text, "level": "regular", **fields,
    }  # fmt: skip
    if phone:
        number = phones.normalise(phone)
        row |= asdict(phones.columns(tx.secrets, customer_id, number))
        row["staff_member"] = is_staff(tx.conn, row["phone_hash"])
    tx.conn.execute(insert(t.customer).values(**row))
    tx.touch("customer", customer_id)
    return customer_id


def member(conn: Connection, customer_id: str) -> Member | None:
    """Return a member for their own pages, or None."""
    columns = (t.customer.c[name] for name in ("id", "name", "phone_masked", "level", "guide_id", "store_id"))
    row = conn.execute(select(*columns).where(t.customer.c.id == customer_id)).mappings().first()
    return Member(**row) if row else None


def rename(tx: Tx, customer_id: str, name: str) -> None:
    """Set the member's name and its pinyin."""
    pinyin, initials = pinyin_of(name)
    values = {"name": name, "pinyin": pinyin, "initials": initials}
    tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(**values))
    tx.touch("customer", customer_id)


# --- consent -------------------------------------------------------------------------------


def record_consent(
    tx: Tx, person_kind: str, person_id: str, purpose: str, granted: bool, *, source: str = "page", wording: str = ""
) -> None:
    """Append what a customer or visitor agreed to or took back; never overwritten.

    Raises:
        Rejected: `bad_arguments` for an unknown kind or purpose.
    """
    if person_kind not in PERSON_KINDS or purpose not in PURPOSES:
        raise Rejected("bad_arguments", "unknown person kind or purpose", params={"field": "purpose"})
    row = {
        "id": tx.new_id(), "person_kind": person_kind, "person_id": person_id, "purpose": purpose,
        "granted": granted, "at": tx.now_text, "source": source, "wording": wording,
    }  # fmt: skip
    tx.conn.execute(insert(t.consent).values(**row))
    if person_kind == "customer":
        tx.touch("customer", person_id)


def consents_of(conn: Connection, person_kind: str, person_id: str) -> dict[str, bool]:
    """Return purpose to the latest answer; an absent purpose was never asked."""
    asked = (
        select(t.consent.c.purpose, t.consent.c.granted)
        .where(t.consent.c.person_kind == person_kind, t.consent.c.person_id == person_id)
        .order_by(t.consent.c.at, t.consent.c.id)
    )
    return {purpose: bool(granted) for purpose, granted in conn.execute(asked)}


# --- binding -------------------------------------------------------------------------------


def bind(tx: Tx, customer_id: str, guide_id: str, *, source: str = "card", new_member: bool = False) -> str:
    """Bind a customer to a guide under rule 2 and return bound | kept | rebound.

    Raises:
        Rejected: `binding_*` codes of rules 2.2 and 2.3, or `not_found`.
    """
    customer = _row(tx.conn, t.customer, customer_id, lock=True)
    guide = _row(tx.conn, t.staff, guide_id)
    decision = rules.decide(
        open_binding(tx.conn, customer_id), _request(tx, customer, guide, new_member), binding_policy(tx.conn)
    )
    if decision.outcome != "kept":
        _write_binding(tx, decision, customer_id, guide, source)
    return decision.outcome


def renew_binding(tx: Tx, customer_id: str, paid_at: datetime) -> None:
    """Run both clocks again from a paid order (rule 2.2); nothing without an open binding."""
    current = open_binding(tx.conn, customer_id)
    if current is None:
        return
    renewed = rules.renew(current, paid_at, binding_policy(tx.conn))
    clocks = {
        "protected_until": instants.to_text(renewed.protected_until),
        "bound_until": instants.to_text(renewed.valid_until),
    }
    still_open = (t.binding.c.customer_id == customer_id, t.binding.c.until_at.is_(None))
    tx.conn.execute(update(t.binding).where(*still_open).values(**clocks))
    tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(**clocks))
    tx.touch("customer", customer_id)


def open_binding(conn: Connection, customer_id: str) -> rules.Binding | None:
    """Return the customer's open interval, or None."""
    wanted = select(t.binding).where(t.binding.c.customer_id == customer_id, t.binding.c.until_at.is_(None))
    row = conn.execute(wanted).mappings().first()
    if row is None:
        return None
    return rules.Binding(
        customer_id=customer_id,
        guide_id=row["guide_id"],
        from_at=instants.from_text(row["from_at"]),
        protected_until=instants.from_text(row["protected_until"] or row["from_at"]),
        valid_until=instants.from_text(row["bound_until"] or row["from_at"]),
        reason=row["end_reason"],
    )


def binding_policy(conn: Connection) -> rules.BindingPolicy:
    """Return the brand's binding policy; the rule's defaults where the brand says nothing."""
    stored = conn.execute(select(t.setting.c.binding)).scalar() or {}
    return rules.BindingPolicy(**stored)


def _request(tx: Tx, customer: Any, guide: Any, new_member: bool) -> rules.BindRequest:
    same = bool(customer["phone_hash"]) and customer["phone_hash"] == guide["phone_hash"]
    return rules.BindRequest(
        customer_id=customer["id"],
        guide_id=guide["id"],
        at=tx.at,
        new_member=new_member,
        customer_is_guide=same,
        customer_is_staff=is_staff(tx.conn, customer["phone_hash"]),
        guide_active=bool(guide["active"] and guide["guide_enabled"] and guide["role"] == "guide"),
        store_id=guide["store_id"],
    )


def _write_binding(tx: Tx, decision: rules.BindDecision, customer_id: str, guide: Any, source: str) -> None:
    new = decision.binding
    if decision.closed is not None:
        still_open = (t.binding.c.customer_id == customer_id, t.binding.c.until_at.is_(None))
        ended = {"until_at": instants.to_text(new.from_at), "end_reason": decision.outcome}
        tx.conn.execute(update(t.binding).where(*still_open).values(**ended))
    clocks = {
        "protected_until": instants.to_text(new.protected_until),
        "bound_until": instants.to_text(new.valid_until),
    }
    row = {
        "id": tx.new_id(), "customer_id": customer_id, "guide_id": guide["id"], "store_id": guide["store_id"],
        "from_at": instants.to_text(new.from_at), "source": source, "mode": decision.outcome, **clocks,
    }  # fmt: skip
    tx.conn.execute(insert(t.binding).values(**row))
    owner = {"guide_id": guide["id"], "store_id": guide["store_id"], "bound_at": row["from_at"], **clocks}
    owner |= {"no_guide": False}  # they chose one themselves
    if decision.closed is not None:
        before = _row(tx.conn, t.customer, customer_id)
        note = rules.note_after_hand_over(before["note"], bool(before["note_private"]))
        owner |= {"note": note, "note_private": False}
        follow_ups.pass_on(tx, [customer_id], guide["id"])
    tx.conn.execute(update(t.customer).where(t.customer.c.id == customer_id).values(**owner))
    tx.touch("customer", customer_id)
    tx.audit("binding.open", f"customer/{customer_id}", {"guide_id": guide["id"], "source": source})
    from server_stub.trade import figures  # trade stands on people; only this one call goes back

    figures.bump(tx, guide["id"], new.from_at, "bindings")


def is_staff(conn: Connection, digest: str | None) -> bool:
    """Say whether a phone's hash is of somebody who works here."""
    if not digest:
        return False
    return conn.execute(select(t.staff.c.id).where(t.staff.c.phone_hash == digest)).first() is not None


def _row(conn: Connection, table: Any, row_id: str, *, lock: bool = False) -> Any:
    query = select(table).where(table.c.id == row_id)
    row = conn.execute(query.with_for_update(key_share=True) if lock else query).mappings().first()
    if row is None:
        raise Rejected("not_found", params={"object": table.name})
    return row


def _count(conn: Connection, *where: Any) -> int:
    return conn.execute(select(func.count()).select_from(t.signin_code).where(*where)).scalar_one()


def _code_hash(tx: Tx, digest: str, code: str) -> str:
    return hmac.new(tx.secrets.phone_hash, f"{digest}:{code}".encode(), hashlib.sha256).hexdigest()
