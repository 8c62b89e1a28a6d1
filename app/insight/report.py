"""The report of a problem: what a guide wrote, how this device stands, the end of its log; nobody's name or number.

Every line goes through the log's redaction, and then every name this device knows is taken out: of customers, of
staff. Refusals and problems are named by their codes, never by what they were about.
"""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.device import journal
from app.protocol.objects import Staff
from app.store.queries import work
from app.store.read import Read
from app.sync.status import SyncStatus

LOG_LINES = 200
REFUSALS = 20
HIDDEN = "…"
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]")


@dataclass(frozen=True, slots=True)
class Report:
    """What is sent beside the guide's own words; every text is redacted. `names`: what is taken out of those words."""

    version: str
    platform: str
    state: str
    refusals: tuple[str, ...]
    waiting: tuple[str, ...]
    problems: tuple[str, ...]
    log: tuple[str, ...]
    names: tuple[str, ...]

    def text(self, words: str) -> str:
        """Return the whole report as it is sent, with the guide's own `words` made safe."""
        parts = [
            "Daogou report",
            f"version: {self.version}",
            f"platform: {self.platform}",
            f"sync: {self.state}",
            _block("refused", self.refusals),
            _block("waiting", self.waiting),
            _block("problems", self.problems),
            _block("what happened", safe_words(words, self.names).splitlines()),
            _block("log", self.log),
        ]
        return "\n".join(parts) + "\n"


def _block(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"\n{title}:", *(f"  {line}" for line in lines)])


def gather(
    read: Read, status: SyncStatus, names: Iterable[str], *, version: str, log_folder: Path, looks: str = ""
) -> Report:
    """Return the report of an open store.

    Args:
        read: The store's reader.
        status: The engine's last status.
        names: Of every customer here and of whoever else must not be named; staff are found in the store.
        version: The app's.
        log_folder: Where the log of the app lies.
        looks: Window, language and theme in a few words.
    """
    hidden = to_hide([*names, *(one.name for one in read.all(Staff, "1"))])
    last = status.last_sync_at or "never"
    state = (
        f"{status.state}, last {last}, waiting {status.waiting}, partial {status.partial}, "
        f"work offline {status.work_offline}, problem {status.problem or 'none'}"
    )
    waits = Counter(one.name for one in work.waiting(read))
    device = f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    return Report(
        version=version,
        platform=", ".join(part for part in (device, looks) if part),
        state=state,
        refusals=tuple(f"{one.at} {one.name} {one.code}" for one in work.rejected(read)[:REFUSALS]),
        waiting=tuple(f"{name} {count}" for name, count in sorted(waits.items())),
        problems=tuple(f"{one.at} {one.code}" for one in work.problems(read)[:REFUSALS]),
        log=tuple(without(line, hidden) for line in journal.tail(log_folder, LOG_LINES)),
        names=hidden,
    )


def to_hide(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names to take out, the longest first; of a Chinese name also the given name, of two or more."""
    found = {name.strip() for name in names}
    chinese = [name for name in found if name and _HAN.fullmatch(name[0]) and _HAN.fullmatch(name[-1])]
    found |= {name[surname:] for name in chinese for surname in (1, 2)}
    return tuple(sorted((name for name in found if len(name) > 1), key=lambda name: (-len(name), name)))


def safe_words(words: str, names: Collection[str]) -> str:
    """Return what a guide wrote without numbers, secrets and the names of people."""
    return without(journal.redact_words(words), names)


def without(text: str, names: Collection[str]) -> str:
    """Return `text` with each of `names` hidden, in any case."""
    low = text.casefold()
    for name in names:
        if name.casefold() in low:
            text = re.sub(re.escape(name), HIDDEN, text, flags=re.IGNORECASE)
            low = text.casefold()
    return text
