"""Nothing is logged while seeds run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.quiet import quiet


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    with quiet():
        yield
