"""JSON text, by msgspec where its wheel exists, else by the standard library."""

from __future__ import annotations

import json
from typing import Any

try:
    import msgspec
except ImportError:  # a phone without the wheel: slower, same answers
    msgspec = None  # type: ignore[assignment]

JsonDamage: type[Exception] = json.JSONDecodeError if msgspec is None else msgspec.DecodeError


def packed(value: Any) -> bytes:
    """Return `value` as compact JSON in UTF-8."""
    if msgspec is not None:
        return msgspec.json.encode(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def dumps(value: Any) -> str:
    """Return `value` as compact JSON text."""
    return packed(value).decode()


def loads(text: str | bytes) -> Any:
    """Return what JSON `text` holds.

    Raises:
        ValueError: not JSON (msgspec.DecodeError is a ValueError too).
    """
    if msgspec is not None:
        return msgspec.json.decode(text)
    return json.loads(text)
