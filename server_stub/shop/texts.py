"""The shop's words in two languages, read once from `locale/<language>.po`; the msgid is the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton
from babel.messages.pofile import read_po

from app.protocol.limits import BROWSE_KEEP_DAYS
from server_stub.people.customers import CODE_LIFE, CODES_WINDOW
from server_stub.people.views import JOIN_DAYS

LANGUAGES = ("zh_CN", "en")
FIGURES: Mapping[str, object] = {
    "keep_days": BROWSE_KEEP_DAYS,
    "join_days": JOIN_DAYS,
    "code_minutes": CODE_LIFE.seconds // 60,
    "code_wait": CODES_WINDOW.seconds // 60,
}
"""Limits that stand in sentences; they come from where they are enforced."""
DEFAULT = "zh_CN"
_FOLDER = Path(__file__).parent / "locale"
_HTML_LANG = {"zh_CN": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Texts:
    """One language: its sentences, and how it writes days and money."""

    language: str
    sentences: Mapping[str, str]

    @property
    def html_lang(self) -> str:
        """The value of the page's `lang` attribute."""
        return _HTML_LANG[self.language]

    @property
    def other(self) -> str:
        """The other language, for the switch."""
        return "en" if self.language == "zh_CN" else "zh_CN"

    def __call__(self, key: str, **params: object) -> str:
        """Return the sentence of `key`, filled; an unknown key is an error, never shown to a customer."""
        return self.sentences[key].format_map({**FIGURES, **params})

    def refusal(self, code: str, params: Mapping[str, object]) -> str:
        """Return what a refusal of `code` says; codes without a sentence of their own say the general one."""
        key = f"refused.{code}"
        return self(key if key in self.sentences else "refused.internal", **params)

    def has(self, key: str) -> bool:
        """Say whether there is a sentence of this key."""
        return key in self.sentences

    def money(self, fen: int) -> str:
        """Return `fen` as ¥ with fen only where there are any."""
        sign, fen = ("-", -fen) if fen < 0 else ("", fen)
        cents = f".{fen % 100:02d}" if fen % 100 else ""
        return f"{sign}¥{fen // 100:,}{cents}"

    def day(self, at: datetime, zone: str) -> str:
        """Return the day of `at` in the store's zone."""
        return format_skeleton("yMMMd", at, tzinfo=ZoneInfo(zone), locale=self.language)

    def moment(self, at: datetime, zone: str) -> str:
        """Return day and minute of `at` in the store's zone."""
        local = at.astimezone(ZoneInfo(zone))
        pattern = "y年M月d日 HH:mm" if self.language == "zh_CN" else "d MMM y, HH:mm"
        return format_datetime(local, pattern, locale=self.language)

    def pick(self, chinese: str, english: str) -> str:
        """Return the text of this language; a missing translation falls back to the other."""
        return (english or chinese) if self.language == "en" else (chinese or english)


@cache
def load(language: str) -> Texts:
    """Return the texts of one of `LANGUAGES`."""
    with (_FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Texts(language, {str(m.id): str(m.string) for m in catalogue if m.id})


def choose(query: str | None, cookie: str | None, accept: str | None) -> str:
    """Return the language of a page: what the link says, else the cookie, else the browser's first known one."""
    for text in (query, cookie):
        if text and (found := _match(text)):
            return found
    ranked = sorted(_accepted(accept or ""), key=lambda pair: -pair[1])
    return next((found for tag, _ in ranked if (found := _match(tag))), DEFAULT)


def _match(tag: str) -> str | None:
    head = re.split(r"[-_]", tag.strip().lower())[0]
    return {"zh": "zh_CN", "en": "en"}.get(head)


def _accepted(header: str) -> list[tuple[str, float]]:
    pairs = []
    for part in header[:400].split(","):
        tag, _, quality = part.partition(";q=")
        pairs.append((tag, float(quality) if re.fullmatch(r"[01](\.\d{1,3})?", quality.strip()) else 1.0))
    return pairs
