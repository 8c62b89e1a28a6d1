"""What this device can say of a scanned or typed coupon, and using it (rules 1.9 to 1.11).

Without a network a QR is believed by its signature, a typed code only if the coupon's row is here. With one, the server
is asked first; what it said of a coupon that is not here is kept for ten minutes, so that it may be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.domain.contact import Denied
from app.domain.coupon import CouponRules, CouponState
from app.domain.errors import GuideError, Param, Rejected
from app.domain.instants import from_text, to_text
from app.domain.redemption import used_at, why_not
from app.mutations.client import MutationClient
from app.mutations.mutate import call_of, kick, new_id, perform
from app.protocol import coupon_code
from app.protocol.mutations import RedeemCoupon
from app.protocol.objects import Coupon, Redemption
from app.store import Read, WriteTx
from app.store.queries import redemptions as query
from app.sync import ask

VOUCHED_FOR = timedelta(minutes=10)
VOUCHED_MAX = 20
_LINK = re.compile(r"/c/([^/?#\s]+)", re.IGNORECASE)


class AskingClient(MutationClient, Protocol):
    """A client that can also ask the server."""

    @property
    def http(self) -> ask.Http:
        """The one HTTP client."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is on this device of one coupon: its row, my use of it that stands, what the server said of it."""

    coupon: Coupon | None = None
    use: Redemption | None = None
    said: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """What can be said at once. form: qr | typed. `refusal` says why it cannot be used; None = it may be.

    `rules` are the coupon's as far as they are known here, `fen` the face of a QR, `guide_no` who sent it.
    """

    text: str
    form: str
    code: str = ""
    refusal: Denied | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    fen: int | None = None
    guide_no: int | None = None
    coupon: Coupon | None = None
    valid_until: str | None = None
    guide: str = ""


def judge(
    text: str,
    keys: Mapping[str, bytes],
    known: Callable[[str], Known],
    *,
    now: datetime,
    store_id: str | None,
) -> Scanned:
    """Return what a phone can say of a scanned text, a typed code or a coupon's link; nothing is asked.

    Args:
        text: As it was scanned, typed or pasted.
        keys: The coupon keys pinned at sign-in: key number to raw public key.
        known: What is on this device of the coupon with a typed code.
        now: The bounded time (rule 1.9).
        store_id: Where the coupon is to be used.
    """
    seen = _read(text.strip(), keys, now)
    return seen if seen.refusal is not None else _against_rows(seen, known(seen.code), now, store_id)


def scan(client: MutationClient, text: str) -> Scanned:
    """Return `judge` over the rows of the open client."""
    session, now = client.session, client.clock.bounded()[0]
    return judge(text, session.coupon_keys, known_in(client.store.read, now), now=now, store_id=session.staff.store_id)


async def ask_server(client: AskingClient, scanned: Scanned) -> Scanned:
    """Return what the server says of a coupon that can be read; what it vouches for may then be used.

    Raises:
        GuideError: it cannot be asked now, or asks for patience (`rate_limited`).
    """
    try:
        said = await ask.about_coupon(client.http, scanned.text if scanned.form == "qr" else scanned.code)
    except GuideError as error:
        if error.code in ("coupon_code_invalid", "coupon_code_forged"):
            return Scanned(scanned.text, scanned.form, scanned.code, Denied(error.code))
        raise
    if said["usable"]:
        await client.store.write(lambda tx: _keep(tx, scanned.code, said, to_text(client.clock.now())))
        return _told(scanned, said, None)
    return _told(scanned, said, Denied(str(said["reason"]), said["params"]))


async def redeem(client: MutationClient, text: str, order_no: str = "") -> str:
    """Use a coupon here and queue it for the server; return the id of the redemption.

    Raises:
        Rejected: why this device says no; nothing changed.
    """
    call = call_of(client)
    at, skewed = client.clock.bounded()
    session, redemption_id = client.session, new_id(call)

    def change(tx: WriteTx) -> None:
        found = judge(text, session.coupon_keys, known_in(tx, at), now=at, store_id=session.staff.store_id)
        if found.refusal is not None:
            raise Rejected(found.refusal.code, params=found.refusal.params)
        code = found.text if found.form == "qr" else found.code
        where = session.staff.store_id or ""
        perform(tx, RedeemCoupon(redemption_id, code, found.form, where, to_text(at), skewed, order_no.strip()), call)

    await client.store.write(change)
    kick(client)
    return redemption_id


def known_in(read: Read, now: datetime) -> Callable[[str], Known]:
    """Return what gives the rows of this device for a typed code; what the server said long ago is not among them."""

    def known(code: str) -> Known:
        mark = coupon_code.mark_of(code)
        said = query.vouched(read, mark)
        fresh = said is not None and now - from_text(said["at"]) <= VOUCHED_FOR
        return Known(query.coupon_by_code(read, code), query.standing_use(read, mark), said if fresh else None)

    return known


def state_of(coupon: Coupon) -> CouponState:
    """Return a coupon's row as the rules see it."""
    return CouponState(
        coupon.state,
        from_text(coupon.lease_until),
        coupon.customer_id,
        coupon.order_id,
        valid_from=_moment(coupon.valid_from),
        valid_until=_moment(coupon.valid_until),
    )


def refusal_of_row(coupon: Coupon, at: datetime, store_id: str | None) -> Denied | None:
    """Return why a coupon whose row is here cannot be used, or None."""
    at = used_at(at, issued_at=_moment(coupon.issued_at), valid_from=_moment(coupon.valid_from))
    reason = why_not(state_of(coupon), CouponRules.from_wire(coupon.rules), store_id=store_id, at=at)
    if reason is None:
        return None
    return Denied(reason, {"at": coupon.redeemed_at} if reason == "coupon_used" and coupon.redeemed_at else {})


def _read(text: str, keys: Mapping[str, bytes], now: datetime) -> Scanned:
    """Return what the text itself says: its form, its signature or check symbol, its outer bounds."""
    form = "qr" if text.startswith(coupon_code.PREFIX) else "typed"
    try:
        if form == "qr":
            qr = coupon_code.verify(text, {int(number): key for number, key in keys.items()}, now=now)
            code = coupon_code.code_of(qr.short_id)
            return Scanned(text, form, code, fen=qr.fen, guide_no=qr.guide_no)
        link = _LINK.search(text)
        return Scanned(text, form, coupon_code.normalise(link[1] if link else text))
    except GuideError as error:
        code = "coupon_not_yet" if error.code == "coupon_not_available" else error.code
        return Scanned(text, form, refusal=Denied(code))


def _against_rows(seen: Scanned, known: Known, now: datetime, store_id: str | None) -> Scanned:
    if known.use is not None:
        params: dict[str, Param] = {"at": known.use.at, "mine": 1}
        return _named(seen, known, Denied("coupon_used", params))
    if known.coupon is not None:
        return _named(seen, known, refusal_of_row(known.coupon, now, store_id))
    if seen.form == "typed" and known.said is None:
        return _named(seen, known, Denied("needs_network"))
    return _named(seen, known, None)


def _named(seen: Scanned, known: Known, refusal: Denied | None) -> Scanned:
    row, said = known.coupon, known.said or {}
    rules: Mapping[str, Any] = row.rules if row else said.get("rules") or {}
    until = row.valid_until if row else said.get("valid_until")
    return Scanned(
        seen.text, seen.form, seen.code, refusal, rules, seen.fen, seen.guide_no, row, until, str(said.get("guide", ""))
    )


def _told(scanned: Scanned, said: Mapping[str, Any], refusal: Denied | None) -> Scanned:
    return _named(scanned, Known(coupon=scanned.coupon, said=said), refusal)


def _keep(tx: WriteTx, code: str, said: Mapping[str, Any], at: str) -> None:
    """Remember what the server vouched for; the oldest go first."""
    mark = coupon_code.mark_of(code)
    old: dict[str, Any] = {k: v for k, v in (tx.meta("coupons_seen") or {}).items() if k != mark}
    newest = dict(list(old.items())[1 - VOUCHED_MAX :])
    kept = {"rules": said["rules"], "valid_until": said["valid_until"], "guide": said["guide"], "at": at}
    tx.set_meta("coupons_seen", newest | {mark: kept})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
