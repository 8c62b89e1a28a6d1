"""Words, numbers and dates in the language of this session.

Catalogues are gettext PO files, one an area: `assets/locale/<language>/<area>.po`, msgid = `area.key` (area `errors`:
msgid = the error's code). `t("customers.count", n=3)` looks the key up and fills `{n}`; an entry with `msgid_plural`
chooses its form by `n`. Module functions speak the current session's language; `Strings` is the same without a page.
"""

from __future__ import annotations

import functools
import logging
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import flet as ft
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

from app.domain.errors import GuideError
from app.domain.instants import from_text
from app.ui import po

log = logging.getLogger(__name__)
LANGUAGES = ("zh_CN", "en")
DAY_LABELS = tuple(f"facts.label_{one}" for one in ("child", "wedding", "partner", "parent"))
DEFAULT = "zh_CN"
PSEUDO = "pseudo"  # English with accents, brackets and 40 % more of it: what overflows or is not translated shows
ZONE = "Asia/Shanghai"
DATE_CHARS = len("2026-11-22")
When = datetime | date | str  # an instant, a date, or either as text on the wire
SESSION_KEY = "daogou.strings"


def assets_dir() -> Path:
    """Return the folder of bundled files (Flet names it on devices)."""
    named = os.environ.get("FLET_ASSETS_DIR")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "assets"


_ACCENTED = str.maketrans("ACDEINOPUYacdeinopuy", "ÀÇĐÈÌŃÖÞÙÝàçđèìńöþùý")  # what the bundled font has
_FIELDS = re.compile(r"(\{[^{}]*\})")
_MORE = "ēxtrà löńg wörđs "


def pseudo(text: str) -> str:
    """Return `text` accented, 40 % longer and in brackets, its `{fields}` untouched."""
    missing = -(-len(text) * 2 // 5)
    filler = _MORE if " " in text else _MORE.replace(" ", "")  # a lone word stays one, as German would have it
    more = (filler * (missing // len(filler) + 1))[:missing].rstrip()
    parts = _FIELDS.split(text)
    shown = "".join(part if index % 2 else part.translate(_ACCENTED) for index, part in enumerate(parts))
    return f"[{shown}{' ' if ' ' in text else ''}{more}]"


def has_pseudo() -> bool:
    """Return whether the pseudo-language may be spoken here: never in production."""
    return os.environ.get("DAOGOU_ENV") != "production"


@functools.cache
def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Return every entry of `language`: key to its forms (one, or one a plural form)."""
    if language == PSEUDO:
        return {key: tuple(pseudo(form) for form in forms) for key, forms in catalogue("en").items()}
    entries: dict[str, tuple[str, ...]] = {}
    for path in sorted((assets_dir() / "locale" / language).glob("*.po")):
        entries.update(po.entries(path.read_text("utf-8")))
    return entries


def language_of(setting: str, system: str | None) -> str:
    """Return the language of the setting (`system`, `zh_CN` or `en`) on a device speaking `system`.

    Tests may set `pseudo`; production takes it for `system`.
    """
    if setting in LANGUAGES or (setting == PSEUDO and has_pseudo()):
        return setting
    return "en" if (system or "").lower().startswith("en") else DEFAULT


class _Params(dict[str, Any]):
    """Parameters of a sentence; one that is missing shows as nothing, and is logged."""

    def __missing__(self, key: str) -> str:
        log.error("sentence lacks parameter %s", key)
        return ""


class Strings:
    """One language and one store zone."""

    def __init__(self, language: str = DEFAULT, zone: str = ZONE) -> None:
        if language == PSEUDO and not has_pseudo():
            raise ValueError("the pseudo-language is for tests only")
        self.language = language
        self.zone = ZoneInfo(zone)
        self.locale = Locale.parse("en" if language == PSEUDO else language)
        self.is_chinese = language.startswith("zh")

    def has(self, key: str) -> bool:
        """Return whether the catalogue knows `key`."""
        return key in catalogue(self.language)

    def t(self, key: str, **params: Any) -> str:
        """Return the sentence of `key` with its parameters filled; `n` chooses the plural form."""
        forms = catalogue(self.language).get(key)
        if not forms:
            log.error("no text for %s in %s", key, self.language)
            return key
        text = forms[self._form(params.get("n"), len(forms))]
        return text.format_map(_Params(params)) if "{" in text else text

    def day_label(self, text: str) -> str:
        """Return what an important day is called: one of those offered in this language, whichever it was chosen in."""
        for key in DAY_LABELS:
            if any(catalogue(one)[key][0] == text for one in LANGUAGES):
                return self.t(key)
        return text

    def _form(self, n: Any, forms: int) -> int:
        if forms == 1 or not isinstance(n, int):
            return forms - 1
        return 0 if self.locale.plural_form(n) == "one" else forms - 1

    def error(self, error: BaseException | str, params: Mapping[str, Any] | None = None) -> str:
        """Return the one sentence of an error or error code; an unknown one reads as `internal`."""
        if isinstance(error, GuideError):
            return self.error(error.code, error.params)
        code = error if isinstance(error, str) and self.has(error) else "internal"
        shown = self._shown(params or {})
        wanted = {name for _, name, _, _ in Formatter().parse(catalogue(self.language)[code][0]) if name}
        return self.t(code if wanted <= shown.keys() else f"{code}.plain", **shown)

    def limit(self, code: str, params: Mapping[str, Any]) -> str:
        """Return why somebody may not be contacted now, said before anything was tried: nothing was refused."""
        return self.error(f"limit.{code}" if self.has(f"limit.{code}") else code, params)

    def _shown(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return an error's parameters as people read them: fen as money, instants in the store's time."""
        shown: dict[str, Any] = {}
        for name, value in params.items():
            if name.endswith("_fen") and isinstance(value, int):
                shown[name] = self.money(value)
            elif name.endswith("_at") and isinstance(value, str):
                shown[name] = f"{self.date_short(value)} {self.time_short(value)}"
            else:
                shown[name] = value
        if isinstance(params.get("seconds"), int):
            shown["minutes"] = max(1, -(-params["seconds"] // 60))
        return shown

    def money(self, fen: int, *, exact: bool = False) -> str:
        """Return `¥28,460`; fen are shown when there are some on a small sum, or always with `exact`."""
        yuan = Decimal(abs(fen)) / 100
        with_fen = exact or (fen % 100 != 0 and abs(fen) < 1_000_00)
        text = format_decimal(yuan, format="#,##0.00" if with_fen else "#,##0", locale=self.locale)
        return f"{'−' if fen < 0 else ''}¥{text}"

    def number(self, value: int | float) -> str:
        """Return a number with its thousands grouped."""
        return str(format_decimal(value, locale=self.locale))

    def percent(self, ratio: float) -> str:
        """Return `70%` of 0.7."""
        return str(format_percent(ratio, locale=self.locale))

    def local(self, at: When) -> datetime | date:
        """Return an instant (also as text) in the store's zone; a date (also as text) stays."""
        if isinstance(at, str):
            at = date.fromisoformat(at) if len(at) == DATE_CHARS else from_text(at)
        return at.astimezone(self.zone) if isinstance(at, datetime) else at

    def _day(self, at: When) -> date:
        here = self.local(at)
        return here.date() if isinstance(here, datetime) else here

    def date_short(self, at: When, now: When | None = None) -> str:
        """Return `11月21日` (`Nov 21`), with the year when it is not that of `now`."""
        day = self._day(at)
        same_year = now is None or self._day(now).year == day.year
        patterns = ("M月d日", "y年M月d日") if self.is_chinese else ("MMM d", "MMM d, y")
        return str(format_date(day, patterns[0 if same_year else 1], locale=self.locale))

    def date_weekday(self, at: When) -> str:
        """Return `11月22日 周六` (`Sat, Nov 22`)."""
        pattern = "M月d日 EEE" if self.is_chinese else "EEE, MMM d"
        return str(format_date(self._day(at), pattern, locale=self.locale))

    def weekday(self, at: When) -> str:
        """Return `周六` (`Sat`)."""
        return str(format_date(self._day(at), "EEE", locale=self.locale))

    def month(self, at: When) -> str:
        """Return `2026年11月` (`November 2026`)."""
        return str(format_date(self._day(at), "y年M月" if self.is_chinese else "MMMM y", locale=self.locale))

    def month_short(self, at: When) -> str:
        """Return `11月` (`Nov`)."""
        return str(format_date(self._day(at), "M月" if self.is_chinese else "MMM", locale=self.locale))

    def time_short(self, at: datetime | str) -> str:
        """Return `14:05`."""
        return str(format_time(self.local(at), "HH:mm", tzinfo=self.zone, locale=self.locale))

    def relative_day(self, at: When, now: When) -> str:
        """Return 今天, 昨天, 3 天前 within a week, tomorrow's too; a date beyond."""
        days = (self._day(now) - self._day(at)).days
        near = {0: "common.today", 1: "common.yesterday", -1: "common.tomorrow"}
        if days in near:
            return self.t(near[days])
        if 1 < days < 7:
            return self.t("common.days_ago", n=days)
        if -7 < days < -1:
            return self.t("common.in_days", n=-days)
        return self.date_short(at, now)

    def moment(self, at: datetime | str, now: When) -> str:
        """Return `14:05` today, otherwise the relative day."""
        return self.time_short(at) if self._day(at) == self._day(now) else self.relative_day(at, now)


_default = Strings()


def current() -> Strings:
    """Return the strings of the session whose event or render is running; Chinese outside of one."""
    try:
        store = ft.context.page.session.store
    except RuntimeError:
        return _default
    found = store.get(SESSION_KEY)
    return found if isinstance(found, Strings) else _default


def t(key: str, **params: Any) -> str:
    """Return the sentence of `key` in the session's language."""
    return current().t(key, **params)


def error_text(error: BaseException | str, params: Mapping[str, Any] | None = None) -> str:
    """Return the one sentence of an error or code: what happened, what is safe, what to do."""
    return current().error(error, params)


def limit_text(code: str, params: Mapping[str, Any]) -> str:
    """Return why somebody may not be contacted now, said before anything was tried."""
    return current().limit(code, params)


def money(fen: int, *, exact: bool = False) -> str:
    """Return fen as money (`Strings.money`)."""
    return current().money(fen, exact=exact)


def number(value: int | float) -> str:
    """Return a number with its thousands grouped."""
    return current().number(value)


def percent(ratio: float) -> str:
    """Return a ratio as a percentage."""
    return current().percent(ratio)


def date_short(at: When, now: When | None = None) -> str:
    """Return a short date (`Strings.date_short`)."""
    return current().date_short(at, now)


def date_weekday(at: When) -> str:
    """Return a date with its weekday."""
    return current().date_weekday(at)


def weekday(at: When) -> str:
    """Return the short name of a day of the week."""
    return current().weekday(at)


def month(at: When) -> str:
    """Return a month with its year."""
    return current().month(at)


def time_short(at: datetime | str) -> str:
    """Return a time of day in the store's zone."""
    return current().time_short(at)


def relative_day(at: When, now: When) -> str:
    """Return a day relative to `now` within a week."""
    return current().relative_day(at, now)


def moment(at: datetime | str, now: When) -> str:
    """Return the time today, otherwise the relative day."""
    return current().moment(at, now)
