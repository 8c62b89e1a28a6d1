"""Signed texts for cookies and forms: `<body>.<expiry>.<signature>`, one purpose each, nothing secret inside."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TOKEN_MAX_CHARS = 1_500


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs small JSON objects with one key; a token of one purpose is worth nothing for another."""

    key: bytes

    def sign(self, purpose: str, body: dict[str, Any], now: datetime, life: timedelta) -> str:
        """Return the token for `body`, good until `now + life`."""
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        head = f"{_encode(raw)}.{int((now + life).timestamp())}"
        return f"{head}.{self._mac(purpose, head)}"

    def read(self, purpose: str, token: str | None, now: datetime) -> dict[str, Any] | None:
        """Return the body of a genuine, unexpired token of this purpose, else None."""
        if not token or len(token) > TOKEN_MAX_CHARS or token.count(".") != 2:
            return None
        head, _, mac = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(mac, self._mac(purpose, head)):
            return None
        raw, _, expiry = head.partition(".")
        if int(expiry) <= now.timestamp():
            return None
        body = json.loads(_decode(raw))
        return body if isinstance(body, dict) else None

    def _mac(self, purpose: str, head: str) -> str:
        digest = hmac.new(self.key, f"{purpose}\0{head}".encode(), hashlib.sha256).digest()
        return _encode(digest[:20])


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
