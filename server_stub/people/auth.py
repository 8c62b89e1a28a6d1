"""Staff sign-in: PIN, device-bound opaque tokens, refresh with reuse detection, and limits on tries."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets as random_source
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from app.domain import instants
from app.domain.errors import Rejected, Unauthorized
from app.protocol import lease, share_code
from app.protocol.limits import ACCESS_TOKEN_S, REFRESH_TOKEN_S, STEP_UP_S
from server_stub import tables as t
from server_stub.config import public_bytes
from server_stub.db import Actor, Database, Tx, upsert
from server_stub.sync.projections import install_id

ACCOUNT_TRIES_A_MINUTE = 5
IP_TRIES_A_MINUTE = 20
SHARE_KEYS = 16
REFRESH_REPEAT_S = 600  # less than an access token lives, so that the repeated one is still good
INSTALL_ID = re.compile(r"[A-Za-z0-9_-]{8,48}")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Session:
    """A valid access token: who acts, and until when."""

    actor: Actor
    token_id: str
    until: str


@lru_cache(maxsize=2)
def _hasher(env: str) -> PasswordHasher:
    # Tests sign in hundreds of times; everywhere else the library's own cost is right.
    return PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1) if env == "test" else PasswordHasher()


@lru_cache(maxsize=2)
def _nobody(env: str) -> str:
    return _hasher(env).hash(random_source.token_hex(8))


def hash_pin(pin: str, env: str = "dev") -> str:
    """Return the Argon2id hash of a PIN."""
    return _hasher(env).hash(pin)


# --- sign-in -------------------------------------------------------------------------------


def login(db: Database, staff_no: str, pin: str, device: str, device_name: str, ip: str) -> dict[str, Any]:
    """Check the PIN under the limits and return the login answer.

    Args:
        device: The installation's own id.
    Raises:
        Unauthorized: `wrong_pin`, also for an unknown number.
        Rejected: `account_locked` or `rate_limited`, both with `seconds`; `bad_arguments`.
    """
    if not INSTALL_ID.fullmatch(device):
        raise Rejected(
            "bad_arguments", "device_id must have 8 to 48 letters, digits, - or _", params={"field": "device_id"}
        )
    number = staff_no.strip().upper()[:32]
    with db.begin() as tx:
        reserve_try(tx, f"staff:{number}", ACCOUNT_TRIES_A_MINUTE, "account_locked")
        reserve_try(tx, f"ip:{ip}", IP_TRIES_A_MINUTE, "rate_limited")
    with db.read() as conn:
        row = conn.execute(select(t.staff).where(t.staff.c.staff_no == number)).mappings().first()
    if not _pin_fits(db, row, pin) or row is None:
        raise Unauthorized("wrong_pin")
    with db.begin() as tx:
        _forget_tries(tx, f"staff:{number}", f"ip:{ip}")
        _one_at_a_time(tx, row["id"])
        device_id = _device(tx, row, device, device_name)
        _pin_proved(tx, device_id)
        tokens = _issue(tx, row["id"], device_id, family=tx.new_id())
        tx.audit("auth.login", f"staff/{row['id']}", {"device": device_id})
        return tokens | _about(tx, row, device_id)


def refresh(db: Database, refresh_token: str, device: str) -> dict[str, Any]:
    """Return new tokens for a refresh token; a used one ends its whole family.

    An answer may be lost on its way: for 10 minutes, and as long as nobody used the new tokens to refresh, the same
    device gets the same ones again.

    Raises:
        Unauthorized: `session_expired` or `device_revoked`.
    """
    with db.begin() as tx:
        row = _token(tx.conn, t.token.c.refresh_hash, refresh_token, lock=True)
        pair = _next_pair(tx, refresh_token)
        good = row is not None and _may_refresh(tx, row, device)
        if row is not None and good:
            tx.conn.execute(update(t.token).where(t.token.c.id == row["id"]).values(used_at=tx.now_text))
            return _issue(tx, row["staff_id"], row["device_id"], family=row["family"], pair=pair)
        if row is not None and _is_repeat(tx, row, device, pair):
            return _answer_again(tx, pair)
        if row is not None and row["used_at"]:
            _end_family(tx, row["family"])
            tx.audit("auth.reuse", f"staff/{row['staff_id']}", {"device": row["device_id"]})
    # Refused only after the family's end has been committed.
    if row is not None and row["device_revoked_at"]:
        raise Unauthorized("device_revoked")
    raise Unauthorized("session_expired")


def logout(tx: Tx, token_id: str) -> None:
    """End this token's family."""
    family = tx.conn.execute(select(t.token.c.family).where(t.token.c.id == token_id)).scalar_one()
    _end_family(tx, family)
    tx.audit("auth.logout", f"token/{token_id}")


def revoke_device(tx: Tx, device_id: str) -> None:
    """Take a device's trust away: its tokens end, its next contact is told to wipe."""
    tx.conn.execute(update(t.device).where(t.device.c.id == device_id).values(revoked_at=tx.now_text))
    tx.audit("device.revoke", f"device/{device_id}")


def confirm_wiped(db: Database, access_token: str) -> None:
    """Note that a revoked device has erased itself; it knows a token that opens nothing else any more.

    Raises:
        Unauthorized: `session_expired`: no token of a revoked device.
    """
    with db.begin() as tx:
        row = _token(tx.conn, t.token.c.access_hash, access_token, lock=True)
        if row is None or not row["device_revoked_at"]:
            raise Unauthorized("session_expired")
        first = t.device.c.id == row["device_id"], t.device.c.wiped_at.is_(None)
        if tx.conn.execute(update(t.device).where(*first).values(wiped_at=tx.now_text)).rowcount:
            tx.audit("device.wiped", f"device/{row['device_id']}")


def step_up(db: Database, actor: Actor, pin: str | None) -> None:
    """Let through who proved the PIN on this device within 5 minutes, or proves it now.

    Raises:
        Rejected: `step_up_needed`, ask for the PIN and send it; `account_locked` with `seconds`.
        Unauthorized: `wrong_pin`.
    """
    if pin is None:
        since = instants.to_text(db.now() - timedelta(seconds=STEP_UP_S))
        with db.read() as conn:
            proved = conn.execute(select(t.device.c.pin_at).where(t.device.c.id == actor.device_id)).scalar()
        if proved is None or proved < since:
            raise Rejected("step_up_needed")
        return
    with db.begin(actor) as tx:
        reserve_try(tx, f"pin:{actor.staff_id}", ACCOUNT_TRIES_A_MINUTE, "account_locked")
    with db.read() as conn:
        row = conn.execute(select(t.staff).where(t.staff.c.id == actor.staff_id)).mappings().first()
    if not _pin_fits(db, row, pin):
        raise Unauthorized("wrong_pin")
    with db.begin(actor) as tx:
        _pin_proved(tx, actor.device_id)


def _pin_proved(tx: Tx, device_id: str) -> None:
    tx.conn.execute(update(t.device).where(t.device.c.id == device_id).values(pin_at=tx.now_text))


def session(conn: Connection, access_token: str, now: str) -> Session:
    """Return who holds this access token.

    Raises:
        Unauthorized: `session_expired` or `device_revoked`.
    """
    row = _token(conn, t.token.c.access_hash, access_token)
    if row is None:
        raise Unauthorized("session_expired")
    if row["device_revoked_at"]:
        raise Unauthorized("device_revoked")
    if row["revoked_at"] or row["access_until"] <= now or not row["active"]:
        raise Unauthorized("session_expired")
    actor = Actor(row["staff_id"], row["role"], row["store_id"], row["device_id"])
    return Session(actor, row["id"], row["access_until"])


# --- tries ---------------------------------------------------------------------------------


def reserve_try(tx: Tx, subject: str, limit: int, code: str) -> None:
    """Count a try before it is made, so that parallel ones cannot pass the limit."""
    second = int(tx.now.timestamp())
    minute = second // 60
    statement = upsert(tx.conn, t.login_try).values(subject=subject, minute=minute, tries=1, failures=0)
    more = {"tries": t.login_try.c.tries + 1}
    counted = statement.on_conflict_do_update(index_elements=["subject", "minute"], set_=more)
    if tx.conn.execute(counted.returning(t.login_try.c.tries)).scalar_one() > limit:
        raise Rejected(code, params={"seconds": 60 - second % 60})
    tx.conn.execute(delete(t.login_try).where(t.login_try.c.minute < minute - 60))


def _forget_tries(tx: Tx, account: str, ip: str) -> None:
    """A good PIN clears the account's tries and gives its own back to the address."""
    minute = int(tx.now.timestamp()) // 60
    tries = t.login_try.c
    tx.conn.execute(delete(t.login_try).where(tries.subject == account))
    own = tries.subject == ip, tries.minute == minute, tries.tries > 0
    tx.conn.execute(update(t.login_try).where(*own).values(tries=tries.tries - 1))


def _pin_fits(db: Database, row: Any, pin: str) -> bool:
    """Verify in the same time whether the account exists or not."""
    env = db.settings.env
    stored = row["pin_hash"] if row is not None and row["active"] else _nobody(env)
    try:
        _hasher(env).verify(stored, pin)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return row is not None and bool(row["active"])


# --- devices and tokens --------------------------------------------------------------------


def _device(tx: Tx, staff: Any, install: str, name: str) -> str:
    """Return this installation's device of this staff member, made at first sign-in; its row id is server-wide unique.

    Raises:
        Unauthorized: `device_revoked`; a wiped phone comes back as a new installation.
    """
    device_id = f"{staff['no']}.{install}"
    known = tx.conn.execute(select(t.device).where(t.device.c.id == device_id)).mappings().first()
    if known is not None and known["revoked_at"]:
        raise Unauthorized("device_revoked")
    if known is not None:
        tx.conn.execute(update(t.device).where(t.device.c.id == device_id).values(seen_at=tx.now_text, name=name[:80]))
        return device_id
    row = {
        "id": device_id, "staff_id": staff["id"], "install_id": install, "name": name[:80],
        "share_key_no": _free_key_no(tx, staff["id"]), "created_at": tx.now_text, "seen_at": tx.now_text,
    }  # fmt: skip
    tx.conn.execute(insert(t.device).values(**row))
    return device_id


def _one_at_a_time(tx: Tx, staff_id: str) -> None:
    """Let one installation of a guide sign in after the other: each takes a share key number of its own."""
    tx.conn.execute(select(t.staff.c.id).where(t.staff.c.id == staff_id).with_for_update(key_share=True))


def _free_key_no(tx: Tx, staff_id: str) -> int:
    """Return a share key number no live device of this guide has; the longest unseen device gives its up."""
    c = t.device.c
    live = (
        select(c.id, c.share_key_no)
        .where(c.staff_id == staff_id, c.revoked_at.is_(None))
        .order_by(c.seen_at.nulls_first(), c.id)
    )
    rows = tx.conn.execute(live).all()
    taken = {row.share_key_no for row in rows}
    ever = tx.conn.execute(select(func.count()).select_from(t.device).where(c.staff_id == staff_id)).scalar_one()
    for step in range(SHARE_KEYS):  # a retired number rests as long as it can: its old codes must still verify
        if (ever + step) % SHARE_KEYS not in taken:
            return int((ever + step) % SHARE_KEYS)
    revoke_device(tx, rows[0].id)
    return int(rows[0].share_key_no)


def _next_pair(tx: Tx, refresh_token: str) -> tuple[str, str]:
    """Return the access and refresh token that follow a refresh token: the same each time, and only we know them."""
    made = (f"{kind} after {refresh_token}".encode() for kind in ("access", "refresh"))
    access, renewal = (_b64url(hmac.digest(tx.secrets.cookie, one, "sha256")) for one in made)
    return access, renewal


def _is_repeat(tx: Tx, row: Any, device: str, pair: tuple[str, str]) -> bool:
    """Say whether a used token comes again because its answer was lost: soon, same device, its successor unused."""
    since = instants.to_text(tx.now - timedelta(seconds=REFRESH_REPEAT_S))
    if not _may_refresh(tx, {**row, "used_at": None}, device) or not row["used_at"] or row["used_at"] < since:
        return False
    follower = _token(tx.conn, t.token.c.refresh_hash, pair[1], lock=True)
    return follower is not None and not follower["used_at"] and not follower["revoked_at"]


def _answer_again(tx: Tx, pair: tuple[str, str]) -> dict[str, Any]:
    until = tx.conn.execute(
        select(t.token.c.access_until).where(t.token.c.refresh_hash == _digest(pair[1]))
    ).scalar_one()
    left_s = int((instants.from_text(until) - tx.now).total_seconds())
    return {"access_token": pair[0], "refresh_token": pair[1], "expires_in": left_s}


def _issue(tx: Tx, staff_id: str, device_id: str, family: str, pair: tuple[str, str] | None = None) -> dict[str, Any]:
    access, renewal = pair or (random_source.token_urlsafe(32), random_source.token_urlsafe(32))
    row = {
        "id": tx.new_id(), "family": family, "staff_id": staff_id, "device_id": device_id,
        "access_hash": _digest(access), "refresh_hash": _digest(renewal), "created_at": tx.now_text,
        "access_until": instants.to_text(tx.now + timedelta(seconds=ACCESS_TOKEN_S)),
        "refresh_until": instants.to_text(tx.now + timedelta(seconds=REFRESH_TOKEN_S)),
    }  # fmt: skip
    tx.conn.execute(insert(t.token).values(**row))
    tx.conn.execute(delete(t.token).where(t.token.c.refresh_until < tx.now_text))
    return {"access_token": access, "refresh_token": renewal, "expires_in": ACCESS_TOKEN_S}


def _token(conn: Connection, column: Any, token: str, *, lock: bool = False) -> Any:
    return conn.execute(_token_query(column, lock), {"digest": _digest(token)}).mappings().first()


@cache
def _token_query(column: Any, lock: bool) -> Select[Any]:
    """Return the query of every request's token; made once, for making it takes longer than running it."""
    query = (
        select(
            t.token, t.device.c.revoked_at.label("device_revoked_at"), t.staff.c.role, t.staff.c.store_id,
            t.staff.c.active,
        )
        .join(t.device, t.device.c.id == t.token.c.device_id)
        .join(t.staff, t.staff.c.id == t.token.c.staff_id)
        .where(column == bindparam("digest"))
    )  # fmt: skip
    # The same refresh token sent twice at once is used once.
    return query.with_for_update(of=t.token) if lock else query


def _may_refresh(tx: Tx, row: Any, device: str) -> bool:
    own = hmac.compare_digest(install_id(row["device_id"]).encode(), install_id(device).encode())
    over = row["used_at"] or row["revoked_at"] or row["device_revoked_at"]
    return bool(own and not over and row["active"] and row["refresh_until"] > tx.now_text)


def _end_family(tx: Tx, family: str) -> None:
    open_ones = t.token.c.family == family, t.token.c.revoked_at.is_(None)
    tx.conn.execute(update(t.token).where(*open_ones).values(revoked_at=tx.now_text))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- the login answer ----------------------------------------------------------------------


def _about(tx: Tx, staff: Any, device_id: str) -> dict[str, Any]:
    device = tx.conn.execute(select(t.device).where(t.device.c.id == device_id)).mappings().one()
    zone = tx.conn.execute(select(t.store.c.zone).where(t.store.c.id == staff["store_id"])).scalar()
    key_no = device["share_key_no"]
    key = share_code.derive_share_key(tx.secrets.share_master, device_id, key_no)
    keys = tx.secrets
    return {
        "staff": {name: staff[name] for name in ("id", "staff_no", "name", "role", "store_id", "no")},
        "device": {"id": device["install_id"], "share_key": _b64url(key), "share_key_no": key_no},
        "trust": {
            "coupon_keys": {keys.coupon_kid: _b64(public_bytes(keys.coupon_key()))},
            "pack_keys": {keys.pack_kid: _b64(public_bytes(keys.pack_key()))},
        },
        "lease": lease.sign(keys.coupon_key(), device["install_id"], staff["id"], tx.now),
        "public_url": tx.settings.base_url,
        "server_time": tx.now_text,
        "zone": zone or ZONE,
    }


def _b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
