"""What the database's errors mean: another's turn (try again), a fault of ours (503), or the request's own doing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError

from app.domain.errors import Unavailable

T = TypeVar("T")
ATTEMPTS = 10
FIRST_PAUSE_S = 0.005
LAST_PAUSE_S = 0.25
RETRY_AFTER_S = 2
# Rolled back for another's sake: serialization failure, deadlock; and a row that another made a moment before us,
# which the second look finds.
YIELDED = frozenset({"40001", "40P01"})
MADE_MEANWHILE = "23505"
log = structlog.get_logger("db")


def sqlstate(exc: BaseException) -> str:
    """Return PostgreSQL's five-letter code of an error, empty when there is none."""
    return str(getattr(getattr(exc, "orig", None), "sqlstate", None) or "")


def is_passing(exc: BaseException) -> bool:
    """Say whether an error is the machinery's and may be gone a moment later: locks, timeouts, lost connections."""
    return isinstance(exc, OperationalError | InterfaceError | TimeoutError) or sqlstate(exc) in YIELDED


def retrying(call: Callable[[], T]) -> T:
    """Return what `call` returns; it runs again when its transaction was broken off for another's sake.

    `call` must be good to run again: its last transaction was rolled back, those before it stand.

    Raises:
        Unavailable: `server_fault` with when to come again, for every passing fault that stays.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except DBAPIError as exc:
            if attempt == ATTEMPTS or not _is_worth_another_try(exc, attempt):
                raise passing(exc) from exc
            log.info("again", attempt=attempt, state=sqlstate(exc))
            pause_s = min(LAST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
            time.sleep(pause_s * random.random())  # noqa: S311  -- two that met must not meet again
        except SQLAlchemyError as exc:
            raise passing(exc) from exc
    raise AssertionError("the last attempt returns or raises")


def passing(exc: SQLAlchemyError) -> Exception:
    """Return the answer to a passing fault, and any other error as it is."""
    if not is_passing(exc):
        return exc
    log.error("fault", kind=type(exc).__name__, state=sqlstate(exc))
    return Unavailable("server_fault", type(exc).__name__, retry_after_s=RETRY_AFTER_S)


def _is_worth_another_try(exc: DBAPIError, attempt: int) -> bool:
    state = sqlstate(exc)
    return state in YIELDED or (state == MADE_MEANWHILE and attempt <= 2)
