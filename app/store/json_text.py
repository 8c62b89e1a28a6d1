"""JSON text, by msgspec where its wheel exists, else by the standard library."""

from __future__ import annotations

import json
from typing import Any

try:
    import msgspec
except ImportError:  # a phone without the wheel: slower, same answers
    msgspec = None  # type: ignore[assignment]

JsonDamage: type[Exception] = json.JSONDecodeError if msgspec is None else msgspec.DecodeError


def dumps(value: Any) -> str:
    """Return `value` as compact JSON text."""
    if msgspec is not None:
        return msgspec.json.encode(value).decode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """Return what JSON `text` holds.

    Raises:
        ValueError: not JSON (msgspec.DecodeError is a ValueError too).
    """
    if msgspec is not None:
        return msgspec.json.decode(text)
    return json.loads(text)
