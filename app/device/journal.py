"""The log file of the app, with what looks personal or secret taken out."""

from __future__ import annotations

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 1_000_000
TAIL_BYTES = 64_000
FILE = "app.log"
_SECRET = re.compile(r"(?i)(bearer\s+|(?:pin|token|secret|password|authorization)[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+")
_DIGITS = re.compile(r"\d{7,}")
_MASKED = re.compile(r"\d+\*{2,}\d*|\*{2,}\d+")  # a masked number still tells its ends
_NUMBER = re.compile(r"\d(?:[ -]?\d){3,}")  # also one written in groups
_LONG = re.compile(r"\b[A-Za-z0-9_-]{32,}\b")
_HAN = re.compile(r"[\u4e00-\u9fff]{2,}")


def redact(text: str) -> str:
    """Return `text` without secrets, phone numbers, long ids, and Chinese words (which may be names)."""
    text = _SECRET.sub(r"\1…", text)
    for pattern in (_MASKED, _DIGITS, _LONG, _HAN):
        text = pattern.sub("…", text)
    return text


def redact_words(text: str) -> str:
    """Return what a person wrote without secrets, long ids and numbers of four figures or more; words stay."""
    text = _SECRET.sub(r"\1…", text)
    for pattern in (_MASKED, _NUMBER, _LONG):
        text = pattern.sub("…", text)
    return text


def tail(folder: Path, lines: int) -> list[str]:
    """Return the last lines of the log, redacted once more; nothing when there is no log."""
    path = folder / FILE
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    return [redact(line) for line in text.splitlines()[-lines:]]


class Redacting(logging.Formatter):
    """Formats a record, traceback included, and redacts the whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted line."""
        return redact(super().format(record))


def start(folder: Path, level: str = "INFO") -> None:
    """Write the log to `folder`; calling again is fine."""
    root = logging.getLogger()
    if any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        return
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / FILE, maxBytes=MAX_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("flet", "flet_web", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
