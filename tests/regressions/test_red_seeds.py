"""Every seed of the simulation that was ever red, run again (tests/regressions/sim.txt)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.quiet import quiet
from tests.sim.world import run

LINES = Path(__file__).with_name("sim.txt").read_text("utf-8").splitlines()
RED = [line.split(maxsplit=2) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(("database", "seed", "found"), RED)
async def test_a_red_seed_stays_green(database: str, seed: str, found: str) -> None:
    with quiet():
        assert await run(int(seed), database), found
