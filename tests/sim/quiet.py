"""The server logs every refusal; in a simulation there are tens of thousands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import structlog

from server_stub import logs


@contextmanager
def quiet() -> Iterator[None]:
    """Log nothing meanwhile."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with mock.patch.object(logs, "configure", lambda env: None):
        yield
    structlog.configure(**before)
