"""Each test has a live server of its own, on both databases, and a Node process for real clients."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.replicache.lab import Lab, LiveServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package() -> None:
    """The pinned npm package, installed first if need be."""
    with (Path(__file__).parent / "package.json").open() as lock:  # the workers of one run may ask at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([ROOT / ".ci/replicache"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
async def lab(tmp_path: Path, backend: str, package: None) -> AsyncIterator[Lab]:
    server = LiveServer(tmp_path / "home", backend)
    server.start()
    made = Lab(server, tmp_path)
    await made.node.start()
    yield made
    await made.close()
    server.stop()
