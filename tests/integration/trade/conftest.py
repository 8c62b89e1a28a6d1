"""The fixture of every trade test, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server_stub.clock import FixedClock
from tests.fakes.server import NOW, open_database
from tests.integration.trade.world import World


@pytest.fixture
def world(tmp_path: Path, backend: str) -> Iterator[World]:
    clock = FixedClock(NOW)
    db = open_database(backend, tmp_path / "home", clock)
    made = World(db, clock)
    made.device()
    yield made
    db.close()
