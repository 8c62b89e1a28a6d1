"""Where every test puts its files, and the two databases the server runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.memory import place

os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place()))  # read by tmp_path; a folder of one's own choice stands


@pytest.fixture(params=("sqlite", "postgresql"))
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a database; who asks for it is run once on each."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _forget_databases() -> Iterator[None]:
    yield
    made = sys.modules.get("tests.fakes.postgres")  # a test that needs no PostgreSQL never loads it
    if made is not None:
        made.drop_all()
