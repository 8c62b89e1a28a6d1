"""Logging without personal values: events with codes, ids and counts; of an error its kind and where."""

from __future__ import annotations

import logging
import traceback

import structlog


def configure(env: str) -> None:
    """Set up structlog: readable in dev, JSON lines in production."""
    renderer = (
        structlog.processors.JSONRenderer() if env == "production" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if env == "test" else logging.INFO),
        cache_logger_on_first_use=False,
    )


def frames(exc: BaseException) -> str:
    """Return where an error came from, without its message: messages of databases hold values."""
    steps = traceback.extract_tb(exc.__traceback__)[-6:]
    return " < ".join(f"{step.name}:{step.lineno}" for step in reversed(steps))
