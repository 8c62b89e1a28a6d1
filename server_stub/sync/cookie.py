"""The pull cookie: the whole position of a client group, signed; nothing about it is kept on the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

ORDER_MAX = 1 << 52
TEXT_MAX = 20_000


@dataclass(slots=True)
class Position:
    """What a client has: bucket versions, horizons at the start of its load, and the mutations it saw confirmed."""

    epoch: str
    group: str
    schema: str
    buckets: dict[str, int] = field(default_factory=dict)
    horizons: dict[str, int] = field(default_factory=dict)
    group_version: int = 0
    lmids: dict[str, int] = field(default_factory=dict)
    sent: int = 0  # rows of the load under way, 0 once complete

    def to_payload(self) -> dict[str, Any]:
        """Return the short form that is signed."""
        return {
            "e": self.epoch, "g": self.group, "sv": self.schema, "b": self.buckets, "h": self.horizons,
            "cg": self.group_version, "lm": self.lmids, "n": self.sent,
        }  # fmt: skip


def order_of(cookie: Any) -> int:
    """Return the order a cookie claims, 0 when it claims none; it needs no trust, it only has to rise."""
    order = cookie.get("order") if isinstance(cookie, dict) else None
    return order if isinstance(order, int) and not isinstance(order, bool) and 0 <= order < ORDER_MAX else 0


def seal(key: bytes, position: Position, order: int) -> dict[str, Any]:
    """Return the cookie for a position."""
    raw = json.dumps(position.to_payload(), separators=(",", ":"), sort_keys=True).encode()
    body = base64.urlsafe_b64encode(raw).decode()
    return {"order": order, "t": f"{body}.{_mac(key, body)}"}


def unseal(key: bytes, cookie: Any) -> Position | None:
    """Return the position in a cookie of ours, None for every other one."""
    text = cookie.get("t") if isinstance(cookie, dict) else None
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        return None
    body, _, mac = text.rpartition(".")
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(key, body).encode()):
        return None
    raw = json.loads(base64.urlsafe_b64decode(body))
    return Position(raw["e"], raw["g"], raw["sv"], raw["b"], raw["h"], raw["cg"], raw["lm"], raw["n"])


def _mac(key: bytes, body: str) -> str:
    return hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
