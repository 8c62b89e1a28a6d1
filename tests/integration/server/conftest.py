"""A server with a small world of its own for each test, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fakes.server import Server, running


@pytest_asyncio.fixture
async def server(tmp_path: Path, backend: str) -> AsyncIterator[Server]:
    async with running(tmp_path / "home", backend) as made:
        yield made
