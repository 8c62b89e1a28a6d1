"""Files that people write: TOML or JSON lists of tables, read strictly, every fault with its file, line and key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.domain import instants, money
from app.domain.errors import Rejected
from server_stub.trade.rows import DEFAULT_ZONE

BYTES_MAX = 1_000_000
TABLES_MAX = 1_000
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class BadFile(Rejected):
    """A file with faults: nothing of it is used. `problems` are lines like `rules.toml:7: rule[1].rate_bp: ...`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("bad_arguments", "; ".join(problems), params={"field": problems[0].split(": ")[0]})
        self.problems = problems


@dataclass(slots=True)
class Source:
    """A file being read, and the faults found in it so far."""

    path: Path
    text: str
    table: str
    problems: list[str] = field(default_factory=list)

    def fault(self, index: int, key: str, reason: str) -> None:
        """Note a fault of a key of the table at `index`."""
        line = self._line(index, key)
        where = f"{self.path.name}:{line}" if line else self.path.name
        self.problems.append(f"{where}: {self.table}[{index}]{f'.{key}' if key else ''}: {reason}")

    def finish(self) -> None:
        """Refuse the file if anything is wrong with it.

        Raises:
            BadFile: with every fault found.
        """
        if self.problems:
            raise BadFile(self.problems)

    def _line(self, index: int, key: str) -> int | None:
        """Return where the key stands in a TOML file, else where its table begins."""
        if self.path.suffix != ".toml":
            return None
        lines = self.text.splitlines()
        heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{self.table}\s*\]\]", line)]
        if index >= len(heads):
            return None
        end = heads[index + 1] if index + 1 < len(heads) else len(lines)
        named = re.compile(rf"\s*{re.escape(key.split('.', maxsplit=1)[0].split('[', maxsplit=1)[0])}\s*[=.]")
        found = (n for n in range(heads[index] + 1, end) if key and named.match(lines[n]))
        return next(found, heads[index]) + 1


def read(path: Path, table: str) -> tuple[Source, list[Fields]]:
    """Return the tables called `table`, `[[table]]` in TOML or a list under that name in JSON.

    Raises:
        BadFile: the file cannot be read as such a list.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise BadFile([f"{path.name}: larger than {BYTES_MAX} bytes"])
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text, object_pairs_hook=_unique)
    except tomllib.TOMLDecodeError as exc:
        raise BadFile([f"{path.name}: {exc}"]) from exc
    except json.JSONDecodeError as exc:
        raise BadFile([f"{path.name}:{exc.lineno}: {exc.msg}"]) from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise BadFile([f"{path.name}: {exc}"]) from exc
    rows = raw.get(table) if isinstance(raw, Mapping) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= TABLES_MAX:
        raise BadFile([f"{path.name}: want 1 to {TABLES_MAX} tables [[{table}]]"])
    source = Source(path, text, table)
    unknown = sorted(set(raw) - {table})
    if unknown:
        source.problems.append(f"{path.name}: {unknown[0]}: unknown key")
    return source, [Fields(source, index, row) for index, row in enumerate(rows)]


class Fields:
    """One table; a getter notes what is wrong and goes on, so that all faults are told at once."""

    def __init__(self, source: Source, index: int, raw: Any, at: str = "") -> None:
        self._source = source
        self._index = index
        self._at = at
        self._asked: set[str] = set()
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        if not isinstance(raw, Mapping):
            source.fault(index, at, "not a table")

    def fault(self, key: str, reason: str) -> None:
        """Note a fault of a key."""
        self._source.fault(self._index, f"{self._at}.{key}" if self._at else key, reason)

    def has(self, key: str) -> bool:
        """Say whether the key is there."""
        return self.raw.get(key) is not None

    def done(self) -> None:
        """Note keys that nobody asked for."""
        for key in sorted(set(self.raw) - self._asked):
            self.fault(key, "unknown key")

    def text(self, key: str, default: str | None = None, longest: int = 200) -> str:
        """Return a printable text; without a default it must be there."""
        value = self._value(key, default)
        if (
            not isinstance(value, str)
            or len(value) > longest
            or not value.isprintable()
            or (default is None and not value)
        ):
            self.fault(key, f"want a text of 1 to {longest} characters")
            return ""
        return value

    def key(self, key: str) -> str:
        """Return a short name that identifies the table for ever."""
        value = self.text(key)
        if value and not _KEY.fullmatch(value):
            self.fault(key, "want small letters, digits and dashes, 40 at most")
        return value

    def one_of(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """Return one of the known words."""
        value = self._value(key, default)
        if not isinstance(value, str) or value not in known:
            self.fault(key, f"want one of {', '.join(sorted(known))}")
            return sorted(known)[0]
        return value

    def number(self, key: str, least: int, most: int, default: int | None = None) -> int | None:
        """Return a whole number in its range; absent is the default."""
        value = self._value(key, default)
        if value is None and default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fault(key, f"want a whole number from {least} to {most}")
            return default
        return value

    def needed(self, key: str, least: int, most: int) -> int:
        """Return a whole number that must be there."""
        if not self.has(key):
            self._asked.add(key)
            self.fault(key, "is needed")
            return least
        found = self.number(key, least, most)
        return least if found is None else found

    def fen(self, key: str, default: int | None = None) -> int | None:
        """Return an amount in whole fen; absent is the default."""
        return self.number(key, 0, money.FEN_MAX, default)

    def flag(self, key: str) -> bool:
        """Return true or false; absent is false."""
        value = self._value(key, False)
        if not isinstance(value, bool):
            self.fault(key, "want true or false")
        return value is True

    def instant(self, key: str) -> str | None:
        """Return an instant; a bare day begins at midnight in the stores' zone. Absent is None."""
        value = self._value(key, None)
        if value is None:
            return None
        try:
            return instants.to_text(_moment(value))
        except (ValueError, OverflowError):
            self.fault(key, "want a day like 2026-12-01 or an instant like 2026-12-01T02:00:00Z")
            return None

    def table(self, key: str) -> Fields:
        """Return a table inside this one."""
        return Fields(self._source, self._index, self._value(key, {}), f"{self._at}.{key}" if self._at else key)

    def items(self, key: str) -> list[Any]:
        """Return a list; absent is empty."""
        value = self._value(key, [])
        if not isinstance(value, list):
            self.fault(key, "want a list")
            return []
        return value

    def _value(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        value = self.raw.get(key)
        return default if value is None else value


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        value = instants.from_text(value) if len(value) == 20 else date.fromisoformat(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), ZoneInfo(DEFAULT_ZONE)).astimezone(UTC)
    raise ValueError("not a time")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made
