"""The demo goes on living: missed days on a later start, `simulate`, and a slow tick while it runs."""

from __future__ import annotations

from collections.abc import Callable

from server_stub.db import Database


def simulate(db: Database, days: int, report: Callable[[str], None] = print) -> int:
    """Live `days` days up to now through the real services; return how many events happened."""
    raise NotImplementedError


def catch_up(db: Database, report: Callable[[str], None] = print) -> int:
    """Live through the days since the brand was last alive, at most 30; return how many days."""
    raise NotImplementedError
