"""Uses of coupons in the store: mine, and what a manager is told of."""

from __future__ import annotations

from typing import Any

from app.protocol.objects import Coupon, Redemption, TeamRedemption
from app.store.read import Read, reads


@reads("coupon")
def coupon_by_code(read: Read, code: str) -> Coupon | None:
    """Return the coupon with this typed code (13 characters), if its row is on this device."""
    return read.one(Coupon, "code = ?", (code,))


@reads("redemption")
def redemption_by_id(read: Read, redemption_id: str) -> Redemption | None:
    """Return one use, or None."""
    return read.get(Redemption, redemption_id)


@reads("redemption")
def standing_use(read: Read, mark: str) -> Redemption | None:
    """Return my use of the coupon with this mark that stands (waiting or accepted), the newest, or None."""
    return read.one(Redemption, "mark = ? AND state IN ('pending', 'accepted') ORDER BY at DESC", (mark,))


@reads("redemption")
def redemptions(read: Read, limit: int = 30) -> list[Redemption]:
    """Return my uses, newest first."""
    return read.all(Redemption, "1 ORDER BY at DESC, id DESC LIMIT ?", (limit,))


@reads("team_redemption")
def team_redemptions(read: Read, limit: int = 30) -> list[TeamRedemption]:
    """Return what the store's manager is told of: contested, refused and doubtful uses, newest first."""
    return read.all(TeamRedemption, "1 ORDER BY at DESC, id DESC LIMIT ?", (limit,))


@reads("staff")
def staff_names(read: Read) -> dict[str, str]:
    """Return staff id to name of everybody on this device."""
    return dict(read.rows("SELECT id, name FROM staff"))


@reads("meta")
def vouched(read: Read, mark: str) -> dict[str, Any] | None:
    """Return what the server last said of a coupon that is not on this device, or None."""
    found: dict[str, Any] = read.meta("coupons_seen") or {}
    said = found.get(mark)
    return said if isinstance(said, dict) else None
