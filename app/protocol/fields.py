"""Reading untrusted JSON objects field by field; every wrong type or size is one refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain.errors import Refused
from app.domain.instants import from_text
from app.protocol.limits import TEXT_MAX

ITEMS_MAX = 2_000


class Fields:
    """One JSON object; each reader returns a checked value or raises `Refused("pack_malformed")`."""

    def __init__(self, value: Mapping[str, Any], where: str = "") -> None:
        self._value = value
        self._where = where

    def names(self) -> list[str]:
        """Return the object's keys, at most 2,000."""
        if len(self._value) > ITEMS_MAX:
            raise self._wrong("*")
        return list(self._value)

    def text(self, name: str, longest: int = TEXT_MAX) -> str:
        """Return a non-empty text without lone surrogates or NUL."""
        return self._text(name, self._value.get(name), longest)

    def text_or_none(self, name: str, longest: int = TEXT_MAX) -> str | None:
        """Return a text, or None if it is absent or null."""
        value = self._value.get(name)
        return None if value is None else self._text(name, value, longest)

    def number(self, name: str, least: int, most: int) -> int:
        """Return a whole number in [least, most]."""
        return self._number(name, self._value.get(name), least, most)

    def number_or_none(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number, or None if it is absent or null."""
        value = self._value.get(name)
        return None if value is None else self._number(name, value, least, most)

    def instant(self, name: str) -> datetime:
        """Return an instant."""
        try:
            return from_text(self.text(name, 20))
        except ValueError as wrong:
            raise self._wrong(name) from wrong

    def section(self, name: str) -> Fields:
        """Return an object's fields."""
        value = self._value.get(name)
        if not isinstance(value, dict):
            raise self._wrong(name)
        return Fields(value, f"{self._where}.{name}")

    def sections(self, name: str) -> list[Fields]:
        """Return a list of objects; absent is empty."""
        items = self._items(name)
        if not all(isinstance(item, dict) for item in items):
            raise self._wrong(name)
        return [Fields(item, f"{self._where}.{name}") for item in items]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; absent is empty."""
        return tuple(self._text(name, item, 64) for item in self._items(name))

    def numbers(self, name: str, least: int, most: int) -> tuple[int, ...]:
        """Return a list of whole numbers; absent is empty."""
        return tuple(self._number(name, item, least, most) for item in self._items(name))

    def _items(self, name: str) -> list[Any]:
        value = self._value.get(name, [])
        if not isinstance(value, list) or len(value) > ITEMS_MAX:
            raise self._wrong(name)
        return value

    def _text(self, name: str, value: object, longest: int) -> str:
        whole = isinstance(value, str) and 0 < len(value) <= longest
        if not whole or any(char == "\0" or 0xD800 <= ord(char) < 0xE000 for char in str(value)):
            raise self._wrong(name)
        return str(value)

    def _number(self, name: str, value: object, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name)
        return value

    def _wrong(self, name: str) -> Refused:
        return Refused("pack_malformed", f"field {self._where}.{name}")
