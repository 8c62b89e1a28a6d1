"""Local stores for unit tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.security import RowSealer
from app.store import Store
from tests.fakes.sample import Sample, sample_store

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # a Tuesday, 10:30 in Shanghai
KEY = bytes(range(32))


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Return what opens the same folder's store, again and again."""
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store.open(tmp_path / "store", RowSealer(KEY)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Sample]:
    made = await sample_store(tmp_path / "sample", NOW, customers=30)
    yield made
    made.store.close()
